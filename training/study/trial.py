"""Reads a trial from one CSV or a folder of them, and names every fault by file and row."""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
import pandera.errors
import pandera.pandas as pa

from training import config
from training.errors import Fault, InvalidTableError, NoTableError
from training.study import schema

Source = Literal["published", "simulated", "custom"]

Places = Sequence[tuple[str, int]]
"""File and line of each row; the header is line 1."""


@dataclass(frozen=True)
class Trial:
    """A trial that keeps its schema."""

    seedlings: pd.DataFrame
    """The rows whose Event is known, in order of No."""
    source: Source
    md5: str
    """Of the one CSV; of several, the hash that DVC gives their folder."""
    files: Mapping[str, str]
    """MD5 of each CSV by its name."""
    rows: int
    """Rows read, those that were dropped too."""
    dropped: Sequence[str]
    """A notice for each row that could not be used."""


def load(path: Path) -> Trial:
    """Reads and checks a CSV, or every CSV of a folder as one trial.

    Raises NoTableError where there is nothing to read, and InvalidTableError with every
    fault where a row breaks a rule.
    """
    paths = csv_files(path) if path.is_dir() else [path]
    if not paths or not all(each.is_file() for each in paths):
        raise NoTableError(f"no trial at {path}: a CSV, or a folder of CSVs, is asked for")
    read = [_read(each) for each in paths]
    places = [place for _, found in read for place in found]
    table = check_table(pd.concat([cells for cells, _ in read], ignore_index=True), places)
    known = table["Event"].notna()
    dropped = [
        f"Dropped row {row} of {file} (No {number}): its Event is missing."
        for (file, row), number, kept in zip(places, table["No"], known, strict=True)
        if not kept
    ]
    files = {each.name: hashlib.md5(each.read_bytes()).hexdigest() for each in paths}  # noqa: S324
    return Trial(
        seedlings=_typed(table[known]),
        source=_source(table, files),
        md5=next(iter(files.values())) if len(files) == 1 else directory_hash(files),
        files=files,
        rows=len(table),
        dropped=dropped,
    )


def csv_files(folder: Path) -> list[Path]:
    """The CSVs of a folder, by name; none where there is no such folder."""
    if not folder.is_dir():
        return []
    return sorted(each for each in folder.iterdir() if each.suffix.lower() == ".csv")


def directory_hash(files: Mapping[str, str]) -> str:
    """The MD5 that DVC gives a folder (without its `.dir`) from the MD5s of its files."""
    listing = [{"md5": md5, "relpath": name} for name, md5 in sorted(files.items())]
    return hashlib.md5(json.dumps(listing, sort_keys=True).encode()).hexdigest()  # noqa: S324


def check_table(cells: pd.DataFrame, places: Places) -> pd.DataFrame:
    """Typed columns of a trial read as text; raises InvalidTableError with every fault."""
    table, faults = _parsed(cells)
    unread = {(i, column) for i, column, _ in faults}
    faults += [fault for fault in _broken(schema.CELLS, table) if fault[:2] not in unread]
    sound = ~table.index.isin([i for i, _, _ in faults])
    faults += _broken(schema.ROWS, table[sound])
    faults += _twice(table["No"], places)
    if faults:
        raise InvalidTableError(
            [
                Fault(places[i][1], column, str(cells[column].iloc[i]), rule, places[i][0])
                for i, column, rule in sorted(faults)
            ]
        )
    return table


_Found = tuple[int, str, str]
"""A fault by number of the row, column and rule."""


def _parsed(cells: pd.DataFrame) -> tuple[pd.DataFrame, list[_Found]]:
    """Numbers from text; a cell that holds none becomes missing, and a fault."""
    table, faults = pd.DataFrame(index=cells.index), []
    for column in schema.COLUMNS:
        values = cells[column].mask(cells[column] == schema.MISSING)
        if column in (*schema.WHOLE, *schema.NUMBERS):
            numbers = pd.to_numeric(values, errors="coerce").astype(float)
            wrong = values.notna() & ~np.isfinite(numbers)
            rule = "a number"
            if column in schema.WHOLE:
                wrong |= numbers % 1 > 0
                rule = "a whole number"
            faults += [(int(i), column, rule) for i in np.flatnonzero(wrong)]
            values = numbers.mask(wrong)
            if column in schema.WHOLE:
                values = values.astype("Int64")
        table[column] = values
    return table, faults


def _broken(rules: pa.DataFrameSchema, table: pd.DataFrame) -> Iterator[_Found]:
    try:
        rules.validate(table, lazy=True)
    except pandera.errors.SchemaErrors as errors:
        cases = errors.failure_cases
        for column, rule, i in cases[["column", "check", "index"]].itertuples(index=False):
            # A rule over a row comes once for every column, with its own named in its text.
            if rules is schema.ROWS:
                told, _, rule = rule.partition(": ")
                if told != column:
                    continue
            yield int(i), column, "a value, not NA" if rule == "not_nullable" else rule


def _twice(numbers: pd.Series, places: Places) -> Iterator[_Found]:
    seen: dict[int, int] = {}
    for i, number in enumerate(numbers):
        if pd.isna(number):
            continue
        first = seen.setdefault(number, i)
        if first != i:
            file, row = places[first]
            yield i, "No", f"each seedling once; it is also in row {row} of {file}"


def _read(path: Path) -> tuple[pd.DataFrame, Places]:
    """A CSV's cells as text, and where each row stands."""

    def fault(row: int, column: str, value: str, rule: str) -> Fault:
        return Fault(row, column, value, rule, path.name)

    try:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            reader = csv.reader(lines, strict=True)
            header = next(reader, [])
            rows = [(reader.line_num, row) for row in reader if row]
    except UnicodeDecodeError as error:
        raise InvalidTableError([fault(0, "", "", f"text in UTF-8 ({error.reason})")]) from error
    except csv.Error as error:
        raise InvalidTableError([fault(0, "", "", f"a CSV ({error})")]) from error

    if not rows:
        raise InvalidTableError([fault(0, "", "", "at least one row below a header")])
    expected = list(schema.COLUMNS)
    wrong = [fault(1, name, "", "needed, not there") for name in expected if name not in header]
    wrong += [
        fault(1, name, "", "no column of the trial" if name not in expected else "each column once")
        for i, name in enumerate(header)
        if name not in expected or name in header[:i]
    ]
    wrong += [
        fault(line, "", f"{len(row)} cells", f"{len(header)} cells, as in the header")
        for line, row in rows
        if len(row) != len(header)
    ]
    if wrong:
        raise InvalidTableError(wrong)
    cells = pd.DataFrame([row for _, row in rows], columns=header, dtype=str)[expected]
    return cells, [(path.name, line) for line, _ in rows]


def _source(table: pd.DataFrame, files: Mapping[str, str]) -> Source:
    if (table["Adult"] == config.SIMULATED_ADULT).any():
        return "simulated"
    return "published" if list(files.values()) == [config.PUBLISHED_MD5] else "custom"


def _typed(table: pd.DataFrame) -> pd.DataFrame:
    whole = dict.fromkeys(schema.WHOLE, np.int64)
    return table.sort_values("No").reset_index(drop=True).astype(whole)
