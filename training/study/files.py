"""Which files of a folder are a study's data, and the hash by which DVC knows them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from training.errors import NoTableError

_NAME: Final = "name a CSV, or a folder that holds CSVs"


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


def find_csvs(path: Path) -> list[Path]:
    """The CSV of this name, or those of the folder; raises NoTableError where there is none."""
    if not path.is_dir():
        if path.is_file():
            return [path]
        rule = (
            "it is no file"
            if path.exists()
            else "it points to nothing"
            if path.is_symlink()
            else ""
        )
        raise NoTableError(f"no data at {path}{rule and f' ({rule})'}: {_NAME}")
    linked = [each for each in path.rglob("*") if each.is_symlink() and each.is_dir()]
    found = csv_files(path)
    for each in (*(each for each in found if not each.is_file()), *linked):
        raise NoTableError(
            f"no data at {path}: {each} is no file but a folder, a link or the like. Put files in "
            "its place."
        )
    if not found:
        others = ", ".join(sorted(each.name for each in path.iterdir())[:3])
        raise NoTableError(f"no data at {path}{others and f' (it holds {others})'}: {_NAME}")
    return found


def directory_hash(files: Mapping[str, str]) -> str:
    """The MD5 that DVC gives a folder (without its `.dir`) from the MD5s of its files."""
    listing = [{"md5": md5, "relpath": name} for name, md5 in sorted(files.items())]
    return hashlib.md5(json.dumps(listing, sort_keys=True).encode()).hexdigest()  # noqa: S324
