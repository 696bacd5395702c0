"""Adds the rows of a CSV to the data: which are new, which changed, which are there already."""

from __future__ import annotations

import csv
import filecmp
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from training.errors import TrainingError
from training.study.csv_file import read_csv
from training.study.declaration import Study
from training.study.files import csv_files
from training.study.table import Table, load_table

Row = dict[str, str]


@dataclass(frozen=True)
class Additions:
    """The rows of a CSV beside those that are there, each by its id."""

    new: tuple[Row, ...]
    changed: tuple[tuple[Row, Row], ...]
    """Rows there, and what they would become."""
    double: tuple[Row, ...]
    """Rows that are there as they are."""


def compare_rows(path: Path, folder: Path, study: Study) -> Additions:
    """What a CSV would add to a folder's data; nothing is written.

    Raises TrainingError where the study has no id, InvalidTableError where the CSV by itself
    breaks a rule of the study, NoTableError where there is none.
    """
    heading = study.data.id
    if heading is None:
        raise TrainingError(
            "data add knows rows by their id, and the study declares none ([data].id): "
            "use `data fetch`"
        )
    load_table(path, study)
    there = {row[heading]: row for each in csv_files(folder) for row in _read(each)}
    new, changed, double = list[Row](), list[tuple[Row, Row]](), list[Row]()
    for row in _read(path):
        known = there.get(row[heading])
        if known is None:
            new.append(row)
        elif all(known.get(name, "") == value for name, value in row.items()):
            double.append(row)
        else:
            changed.append((known, {**known, **row}))
    return Additions(tuple(new), tuple(changed), tuple(double))


def with_additions(additions: Additions, name: str, folder: Path, to: Path, study: Study) -> Table:
    """Writes the folder's data with the additions to another folder, and checks all of it.

    New rows go to a file of that name, changed ones into the file they are in. Raises
    InvalidTableError where the whole breaks a rule of the study.
    """
    heading = study.data.id or ""
    changes = {before[heading]: after for before, after in additions.changed}
    for each in csv_files(folder):
        target = to / each.relative_to(folder)
        target.parent.mkdir(parents=True, exist_ok=True)
        rows = _read(each)
        if changes.keys() & {row[heading] for row in rows}:
            _write(target, [changes.get(row[heading], row) for row in rows])
        else:
            shutil.copyfile(each, target)
    if additions.new:
        target = to / name
        _write(target, [*(_read(target) if target.exists() else ()), *additions.new])
    return load_table(to, study)


def replace_csvs(made: Path, folder: Path) -> None:
    """Puts the CSVs of one folder into another; where that fails, all is as it was."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        kept = Path(scratch) / "kept"
        copy_csvs(folder, kept)
        try:
            copy_csvs(made, folder)
        except OSError:
            restore_folder(kept, folder)
            raise


def copy_csvs(folder: Path, to: Path) -> None:
    """Copies a folder's CSVs over those of another."""
    for each in csv_files(folder):
        target = to / each.relative_to(folder)
        target.parent.mkdir(parents=True, exist_ok=True)
        # What is there already needs no room on a disk that may be full.
        if target.is_file() and filecmp.cmp(each, target, shallow=False):
            continue
        # A file that DVC put there is read-only, and may be a link into its cache.
        target.unlink(missing_ok=True)
        shutil.copyfile(each, target)


def restore_folder(kept: Path, folder: Path) -> None:
    """Makes a folder's CSVs what a copy of them holds."""
    for each in csv_files(folder):
        if not (kept / each.relative_to(folder)).is_file():
            each.unlink()
    copy_csvs(kept, folder)


def _read(path: Path) -> list[Row]:
    file = read_csv(path, path.name, ())
    return [dict(zip(file.header, row, strict=True)) for row in file.rows]


def _write(path: Path, rows: Sequence[Row]) -> None:
    headings = list(dict.fromkeys(name for row in rows for name in row))
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, headings, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
