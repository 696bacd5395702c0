"""Which columns of an unknown CSV have a role of their own, and whether they can fill it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import pandas as pd

from training.errors import TrainingError
from training.study.columns import YES
from training.study.columns_seen import rows_of
from training.study.csv_file import read_csv
from training.study.declaration import SIMULATED
from training.study.subjects import FEWEST_GROUPS
from training.study.vocabulary import near

MISSING: Final = ("NA", "", "na", "N/A", "NaN", "nan", "null", "NULL", ".")

FEW_GROUPS: Final = 5
"""Groups below which intervals over them are named as wide."""


@dataclass(frozen=True)
class Roles:
    """Which columns of the CSV have a role of their own."""

    time: str
    event: str
    group: str | None = None
    id: str | None = None
    happened: str | None = None
    """Value of the event's column that says that it happened; derived from its values if None."""

    @property
    def columns(self) -> Mapping[str, str]:
        """Role by column; raises TrainingError where a column has two."""
        named = {"time": self.time, "event": self.event, "group": self.group, "id": self.id}
        roles: dict[str, str] = {}
        for role, column in named.items():
            if column in roles:
                raise TrainingError(f"the column {column} can have one role only: name another")
            if column is not None:
                roles[column] = role
        return roles


def read_cells(path: Path, roles: Roles) -> pd.DataFrame:
    """The cells of a CSV as text or missing; raises TrainingError where a role has no column."""
    file = read_csv(path, path.name, list(roles.columns))
    for name in roles.columns:
        if name not in file.header:
            raise TrainingError(
                f"{path} has no column {name}; {near(name, file.header)}. Name one of these."
            )
    cells = pd.DataFrame(file.rows, columns=list(file.header), dtype=str)
    cells = cells.loc[:, ~cells.columns.duplicated()]
    cells = cells.mask(cells.isin(MISSING))
    if SIMULATED not in cells:
        return cells
    if SIMULATED in roles.columns or not cells[SIMULATED].dropna().isin([YES]).all():
        raise TrainingError(
            f"the column name {SIMULATED} is reserved: {YES} in it marks a row as simulated. "
            f"Rename that column of {path}."
        )
    return cells.drop(columns=[SIMULATED])


def usable_group(cells: pd.DataFrame, roles: Roles) -> tuple[Roles, list[str]]:
    """The roles, without a group that has too few values to hold any out, and notes on it."""
    if roles.group is None:
        note = (
            "No group is named, so rows are taken as independent of one another. If some share a "
            "place, a person or a batch, draft again with --group."
        )
        return roles, [note]
    groups = cells[roles.group].nunique()
    if groups < FEWEST_GROUPS:
        note = (
            f"{roles.group} holds {groups} group{'s' * (groups != 1)}, and {FEWEST_GROUPS} are "
            "needed to hold whole groups out: rows are taken as independent of one another, and "
            f"{roles.group} as any other column."
        )
        return replace(roles, group=None), [note]
    wide = f"There are only {groups} groups: intervals over them will be wide."
    return roles, [wide] if groups < FEW_GROUPS else []


def check_rows(cells: pd.DataFrame, roles: Roles, at_once: int) -> None:
    """Raises TrainingError where rows lack what no study can do without.

    `at_once` is how many had the event at time 0.
    """
    if at_once:
        raise TrainingError(
            f"the event happened at {roles.time} 0 in {rows_of(at_once)}: a subject must have been "
            "observed before it. Leave these rows out, or add half of the smallest time."
        )
    if roles.group is not None and (without := int(cells[roles.group].isna().sum())):
        raise TrainingError(
            f"{roles.group} is missing in {rows_of(without)}: give each its group, or draft "
            "without --group"
        )
    if roles.id is not None and (again := int(cells[roles.id].duplicated().sum())):
        raise TrainingError(
            f"{roles.id} is no id: {rows_of(again)} with that of an earlier one. "
            "Name another with --id."
        )
