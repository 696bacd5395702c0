"""Whether a folder that serves as a remote is the one used before, not an empty mount point."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from pathlib import Path
from typing import Final

from training.errors import StoreError

MARKER: Final = ".dvc-remote"
"""A file at the top of the folder: a disk that is not mounted does not show it."""
_RECORD: Final = Path(".dvc/tmp/folder-remotes.json")
_TEXT: Final = "Objects of a DVC remote are kept in this folder. This file shows it is mounted.\n"


def mark(folder: Path) -> None:
    """Mark a folder as in use, there and in this checkout; a read-only one stays unmarked."""
    with suppress(OSError):
        (folder / MARKER).write_text(_TEXT, encoding="utf-8")
        _RECORD.parent.mkdir(parents=True, exist_ok=True)
        _RECORD.write_text(json.dumps(sorted({*_known(), os.fspath(folder)})), encoding="utf-8")


def require_same_folder(name: str, folder: Path) -> None:
    """Raises StoreError where the folder of a remote is gone, or has lost the mark it had."""
    before = os.fspath(folder) in _known()
    if not folder.is_dir():
        held = "held objects before and " if before else ""
        raise StoreError(
            f"The folder {folder} of the remote {name} {held}does not exist.",
            f"Mount its disk, or create it: `python -m training store use {folder}`.",
        )
    if before and not (folder / MARKER).exists():
        raise StoreError(
            f"The folder {folder} of the remote {name} held objects before, and its {MARKER} is "
            "gone: its disk may not be mounted.",
            f"Mount it, or begin a new remote there: `python -m training store use {folder}`.",
        )


def _known() -> list[str]:
    try:
        return list(json.loads(_RECORD.read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return []
