"""What a study and a CSV say of each other: columns that are not there, ranges never seen."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import numpy as np

from training.errors import InvalidStudyError, StudyFault
from training.study.csv_file import read_csv
from training.study.declaration import Study
from training.study.files import find_csvs
from training.study.table import Table, load_table
from training.study.vocabulary import near, shown

FEW: Final = 20
"""Subjects under observation at the horizon below which it is named."""

_TINY: Final = 30
"""How many times smaller than usual a group is that is named."""


def check_against(path: Path, study: Study) -> tuple[Table, list[str]]:
    """The table of a CSV or a folder, and what to know of it.

    Raises InvalidStudyError where the study names columns that the CSV has not, or a horizon
    beyond its times; else what `load_table` raises.
    """
    files = find_csvs(path)
    roles = dict(_roles(study))
    header = read_csv(files[0], files[0].name, list(roles.values())).header
    absent = [
        StudyFault(key, shown(column), f"a column of {files[0].name}; {near(column, header)}")
        for key, column in roles.items()
        if column not in header
    ]
    if absent:
        raise InvalidStudyError(absent)
    table = load_table(path, study)
    last = float(table.subjects.frame[study.time.column].max())
    if last < study.time.horizon - 1e-9:
        allowed = f"at most the last time in the data, {last:g}"
        raise InvalidStudyError([StudyFault("time.horizon", f"{study.time.horizon:g}", allowed)])
    return table, list(notices(table, study))


def _roles(study: Study) -> Iterator[tuple[str, str]]:
    """The key that names each column a CSV must have, and the column."""
    yield "time.column", study.time.column
    yield "event.column", study.event.column
    if study.data.id is not None:
        yield "data.id", study.data.id
    if study.data.group is not None:
        yield "data.group.column", study.data.group.column
    for each in study.inputs:
        yield f"inputs[{each.name}].column", each.column
    named = {study.data.id, study.data.group and study.data.group.column}
    for name, column in study.columns.items():
        if column.required and name not in named:
            yield f"columns.{name}", name


def notices(table: Table, study: Study) -> Iterator[str]:
    """What of sound data is too little to learn from."""
    subjects, horizon = table.subjects, study.time.horizon
    many = study.study.row.en.many
    remain = int((subjects.time >= horizon - 1e-9).sum())
    if remain < FEW:
        yield f"Only {remain} {many} are under observation at the horizon, {horizon:g}."
    if not subjects.event.any():
        yield "The event never happened before the horizon: there is nothing to learn from."
    for place, factor in enumerate(study.factors):
        counts = np.bincount(subjects.codes[:, place], minlength=len(factor.names))
        yield from _levels(factor.name, factor.names, counts)
        for level in np.flatnonzero(counts):
            if subjects.event.any() and not subjects.event[subjects.codes[:, place] == level].any():
                yield f"The event never happened to {factor.name} {factor.names[level]}."
    sizes = np.bincount(subjects.group, minlength=len(subjects.groups))
    for name, size in zip(subjects.groups, sizes, strict=True):
        if study.data.group is not None and size * _TINY < np.median(sizes):
            yield f"{study.data.group.column} {name} holds {size} of the rows only: is it right?"
    if len(subjects.groups) < 5:
        number = f"{len(subjects.groups)} group{'s' * (len(subjects.groups) != 1)}"
        yield f"The data hold {number} only: intervals over them are wide."


def _levels(name: str, levels: Sequence[str], counts: np.ndarray) -> Iterator[str]:
    for level, count in zip(levels, counts, strict=True):
        if not count:
            yield f"No row has {name} {level}: the model can only guess at it."
