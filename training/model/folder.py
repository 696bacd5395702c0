"""The folder `model/`: `model.onnx` and `metadata.json`, written whole or not at all."""

from __future__ import annotations

import errno
import json
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

GRAPH: Final = "model.onnx"
METADATA: Final = "metadata.json"
_ROOM: Final = 1_000_000
"""Bytes that a folder must have room for before a model is trained for it."""


def write_model(folder: Path, graph: bytes, metadata: Mapping[str, object]) -> None:
    """Puts both files into a new folder and swaps it in; an interruption leaves the old one."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    new = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        new.chmod(0o755)
        (new / GRAPH).write_bytes(graph)
        (new / METADATA).write_text(serialise_metadata(metadata), encoding="utf-8")
        replace_folder(folder, new)
    finally:
        shutil.rmtree(new, ignore_errors=True)


def require_writable(folder: Path) -> None:
    """Raises OSError, naming the folder, unless it can be made or written, with room for a model.

    Hours of training would else end in that error.
    """
    for each in (folder, folder.parent):
        place = next(at for at in (each, *each.absolute().parents) if at.exists())
        try:
            with tempfile.TemporaryFile(dir=place) as probe:
                probe.write(b"\0" * _ROOM)
        except OSError as error:
            raise OSError(error.errno, error.strerror, str(place)) from error


def serialise_metadata(metadata: Mapping[str, object]) -> str:
    """The text of `metadata.json`; it refuses a number that JSON has no word for."""
    return json.dumps(metadata, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def read_metadata(folder: Path) -> dict[str, Any]:
    """What `metadata.json` of a model folder holds; raises FileNotFoundError without one."""
    metadata: dict[str, Any] = json.loads((folder / METADATA).read_text(encoding="utf-8"))
    return metadata


def replace_folder(folder: Path, new: Path) -> None:
    """Swaps a folder for a new one beside it, by renaming.

    A folder that is a mount point can't be renamed: there each file is replaced in its place.
    """
    old = _aside(folder)
    recover_folder(folder)
    try:
        if folder.exists():
            folder.rename(old)
        new.rename(folder)
    except OSError as error:
        if error.errno not in (errno.EBUSY, errno.EXDEV):
            raise
        if old.exists() and not folder.exists():
            old.rename(folder)
        _replace_files(folder, new)
    shutil.rmtree(old, ignore_errors=True)


def _replace_files(folder: Path, new: Path) -> None:
    """Makes a folder hold the files of another; each is swapped whole, METADATA last."""
    folder.mkdir(exist_ok=True)
    names = sorted((path.name for path in new.iterdir()), key=lambda name: name == METADATA)
    for name in names:
        copy = folder / f".{name}.new"
        shutil.copyfile(new / name, copy)
        copy.replace(folder / name)
    for path in folder.iterdir():
        if path.name not in names and path.is_file():
            path.unlink()


def recover_folder(folder: Path) -> None:
    """Undoes a swap that was cut off between its two renames."""
    old = _aside(folder)
    if old.exists() and not folder.exists():
        old.rename(folder)
    shutil.rmtree(old, ignore_errors=True)


def _aside(folder: Path) -> Path:
    return folder.with_name(f".{folder.name}-old")
