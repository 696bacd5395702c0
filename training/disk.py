"""Writing a file whole or not at all, and which disks have no room left."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, TextIO

_ROOM: Final = 10_000_000
"""Bytes below which a disk is taken for the one that was full: what was begun is gone again."""
_PLACES: Final = (".", "data", "model", "build", ".dvc/cache")


@contextmanager
def whole_file(path: Path) -> Iterator[TextIO]:
    """A text file that takes its place when it is whole; an error leaves what was there.

    Raises OSError, naming the file.
    """
    part = path.with_name(f".{path.name}.part")
    try:
        with part.open("w", encoding="utf-8", newline="") as file:
            yield file
        part.replace(path)
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from error
    finally:
        part.unlink(missing_ok=True)


def full_disks() -> str:
    """Where the disks that a command writes to and that are full are mounted, as ` at /a, /b`."""
    found: dict[str, None] = {}
    for place in (*_PLACES, tempfile.gettempdir()):
        if Path(place).exists():
            usage = shutil.disk_usage(place)
            if usage.free < min(_ROOM, usage.total / 10):
                found[mount_of(place)] = None
    return f" at {', '.join(found)}" if found else ""


def mount_of(place: str) -> str:
    """Where the disk of a file or folder is mounted; it may not exist."""
    path = Path(place).resolve()
    return str(next(at for at in (path, *path.parents) if at.is_mount()))
