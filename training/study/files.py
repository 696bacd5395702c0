"""Which files of a folder are a study's data, and the hash by which DVC knows them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path


def csv_files(folder: Path) -> list[Path]:
    """The CSVs of a folder and the folders in it, by name; none where there is no such folder.

    Files and folders that an operating system or a spreadsheet hides there (`.…`, `~$…`) are
    no data.
    """
    if not folder.is_dir():
        return []
    return sorted(
        each
        for each in folder.rglob("*")
        if each.suffix.lower() == ".csv"
        and not any(part.startswith((".", "~$")) for part in each.relative_to(folder).parts)
    )


def directory_hash(files: Mapping[str, str]) -> str:
    """The MD5 that DVC gives a folder (without its `.dir`) from the MD5s of its files."""
    listing = [{"md5": md5, "relpath": name} for name, md5 in sorted(files.items())]
    return hashlib.md5(json.dumps(listing, sort_keys=True).encode()).hexdigest()  # noqa: S324
