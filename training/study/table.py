"""Reads the data of a study from one CSV or a folder of them; every fault by file and row."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import numpy as np
import pandas as pd

from training.errors import Fault, InvalidTableError
from training.study.arrange import as_subjects
from training.study.columns import YES, CellFault, broken_rules, typed
from training.study.csv_file import CsvFile, read_csv
from training.study.declaration import SIMULATED, Study
from training.study.files import directory_hash, find_csvs
from training.study.findings import event_findings
from training.study.header import checked_header, required_columns
from training.study.subjects import Subjects
from training.study.unseen import unseen

Source = Literal["published", "simulated", "custom"]

_NOTICES: Final = 10
"""Rows dropped for one reason that are named one by one."""
_SHIFTED: Final = 6
"""Faults of a row from which, being half of its cells, they are one: the row is no such row."""


@dataclass(frozen=True)
class Table:
    """The data of a study that keep its rules."""

    subjects: Subjects
    """The rows that can be used, in order of their id, else of their cells."""
    source: Source
    md5: str
    """Of the one CSV; of several, the hash that DVC gives their folder."""
    files: Mapping[str, str]
    """MD5 of each CSV by its path within the folder."""
    rows: int
    """Rows read, those that were dropped too."""
    dropped: Sequence[str]
    """Notices of the rows that could not be used."""


@dataclass(frozen=True)
class _Rows:
    """Cells of all files, and where each row is from."""

    cells: pd.DataFrame
    origins: Sequence[tuple[str, int]]


def load_table(path: Path, study: Study) -> Table:
    """Reads and checks a CSV, or every CSV of a folder, as the data of a study.

    Raises NoTableError where there is nothing to read, and InvalidTableError with every fault
    where a cell or a row breaks a rule of the study.
    """
    paths = find_csvs(path)
    names = [each.relative_to(path).as_posix() if path.is_dir() else each.name for each in paths]
    rows = _gathered(
        [checked_header(read_csv(*pair, list(required_columns(study))), study)
         for pair in zip(paths, names, strict=True)]
    )  # fmt: skip
    table, faults = _checked(rows, study)
    if faults:
        raise InvalidTableError(faults)
    contents = zip(names, paths, strict=True)
    files = {name: hashlib.md5(each.read_bytes()).hexdigest() for name, each in contents}  # noqa: S324
    kept, dropped = _usable(table, rows, study)
    return Table(
        subjects=as_subjects(table[kept], study),
        source=_source(table, files, study),
        md5=next(iter(files.values())) if len(files) == 1 else directory_hash(files),
        files=files,
        rows=len(table),
        dropped=dropped,
    )


def _gathered(files: Sequence[CsvFile]) -> _Rows:
    frames = []
    for file in files:
        frame = pd.DataFrame(file.rows, columns=list(file.header), dtype=str)
        frames.append(frame.loc[:, ~frame.columns.duplicated()])
    origins = [(file.name, number) for file in files for number in file.numbers]
    return _Rows(pd.concat(frames, ignore_index=True), origins)


def _checked(rows: _Rows, study: Study) -> tuple[pd.DataFrame, list[Fault]]:
    """The typed table, and every fault of its cells and rows."""
    # A column that one of several files leaves out is missing there, not wrong.
    absent = rows.cells.isna()
    table, faults = typed(study, rows.cells)
    faults = [f for f in faults if f.row < 0 or not absent.iat[f.row, _place(rows, f.column)]]
    sound = ~table.index.isin([fault.row for fault in faults])
    faults = list(_without_shifted(faults, len(rows.cells.columns)))
    faults += broken_rules(study, table[sound])
    faults += _instant_events(study, table)
    faults += _duplicates(rows, table, study, sound)
    if study.event.column not in {fault.column for fault in faults}:
        faults += event_findings(study, table)
    return table, [
        Fault(
            row=rows.origins[found.row][1] if found.row >= 0 else 0,
            column=found.column,
            value=(value := _text(rows.cells, found)),
            rule=found.rule + (unseen(value) if found.column else ""),
            file=rows.origins[max(found.row, 0)][0],
        )
        for found in sorted(set(faults))
    ]


def _without_shifted(faults: Sequence[CellFault], width: int) -> Iterator[CellFault]:
    """The faults, those of a row whose cells mostly fit no column as one."""
    number = Counter(fault.row for fault in faults if fault.row >= 0)
    shifted = {row for row, count in number.items() if count >= max(_SHIFTED, width / 2)}
    yield from (fault for fault in faults if fault.row not in shifted)
    for row in shifted:
        yield CellFault(
            row,
            "",
            f"cells that fit their columns; {number[row]} of {width} do not: "
            "is the row shifted, or a title or a total?",
        )


def _place(rows: _Rows, column: str) -> int:
    return list(rows.cells.columns).index(column)


def _text(cells: pd.DataFrame, fault: CellFault) -> str:
    if fault.row < 0:
        return ""
    if not fault.column:
        text = ",".join(cells.iloc[fault.row].fillna(""))
        return text if len(text) <= 40 else f"{text[:39]}…"
    return str(cells[fault.column].iloc[fault.row])


def _instant_events(study: Study, table: pd.DataFrame) -> Iterator[CellFault]:
    happened = table[study.event.column] == str(study.event.happened)
    for row in np.flatnonzero(happened & (table[study.time.column] == 0)):
        yield CellFault(int(row), study.time.column, "more than 0 where the event happened")


def _duplicates(
    rows: _Rows, table: pd.DataFrame, study: Study, sound: np.ndarray
) -> Iterator[CellFault]:
    """Subjects that are in the data twice: with one id, or with all else but the id alike."""
    name = study.data.id
    if name is None:
        return
    one = study.study.row.en.one
    yield from _repeated(rows, table[name], name, f"duplicate {one}; it is also")
    if study.data.duplicates == "refuse":
        others = table.drop(columns=[name])
        real = ~_simulated(table) & table[name].notna()
        keys = pd.Series(pd.util.hash_pandas_object(others.astype(str), index=False), table.index)
        different = ~table[name].duplicated(keep=False)
        text = f"duplicate {one} under another id; the same row is"
        yield from _repeated(rows, keys.where(real & different & sound), name, text)


def _repeated(rows: _Rows, keys: pd.Series, column: str, text: str) -> Iterator[CellFault]:
    first: dict[object, int] = {}
    for row, key in enumerate(keys):
        if pd.isna(key):
            continue
        earlier = first.setdefault(key, row)
        if earlier != row:
            file, number = rows.origins[earlier]
            yield CellFault(row, column, f"{text} in row {number} of {file}")


def _usable(table: pd.DataFrame, rows: _Rows, study: Study) -> tuple[np.ndarray, list[str]]:
    """Which rows have all that a subject needs, and a notice of those that have not."""
    columns = [study.event.column, *(each.column for each in study.inputs)]
    kept = np.ones(len(table), dtype=bool)
    notices = []
    for column in columns:
        missing = np.flatnonzero(kept & table[column].isna().to_numpy())
        kept[missing] = False
        for row in missing[:_NOTICES]:
            file, number = rows.origins[row]
            named = (
                f" ({study.data.id} {rows.cells[study.data.id].iat[row]})" if study.data.id else ""
            )
            notices.append(f"Dropped row {number} of {file}{named}: its {column} is missing.")
        if len(missing) > _NOTICES:
            happened = (table[study.event.column].iloc[missing] == str(study.event.happened)).sum()
            with_event = "" if column == study.event.column else f", {happened} with the event"
            notices.append(
                f"Dropped {len(missing)} rows in all whose {column} is missing{with_event}."
            )
    return kept, notices


def _simulated(table: pd.DataFrame) -> pd.Series:
    if SIMULATED not in table:
        return pd.Series(data=False, index=table.index)
    return (table[SIMULATED] == YES).astype(bool)


def _source(table: pd.DataFrame, files: Mapping[str, str], study: Study) -> Source:
    if _simulated(table).any():
        return "simulated"
    published = study.study.published_md5
    return "published" if list(files.values()) == [published] else "custom"
