"""Which rows of two tables of a study are the same subject: by id, else by content."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from training.arrays import Ints
from training.study.declaration import Study
from training.study.table import Table

Booleans = npt.NDArray[np.bool_]

TIME: Final = "time"
EVENT: Final = "event"
GROUP: Final = "group"
ID: Final = "id"
CHANCE: Final = 0.1
"""Agreement of a column beyond chance (Cohen's kappa) below which it shows no relation."""
MOST: Final = 0.5
"""Share of ids that stand for other subjects above which all of them do."""
FEWEST: Final = 20
"""Rows from which it can be seen that ids stand for other subjects altogether."""


@dataclass(frozen=True)
class RoleTable:
    """The rows of a table with the columns of a role named by it, so that headings may change."""

    rows: pd.DataFrame
    """`time`, `event` (0 or 1), `group` and `id` where declared, inputs by name, others by
    heading after a full stop, which no name of an input holds."""
    roles: tuple[str, ...]
    """The columns that a model or its scores depend on, `id` not among them."""
    headings: dict[str, str]
    """The heading of each column in the CSV."""

    @classmethod
    def of(cls, table: Table, study: Study) -> RoleTable:
        """The usable rows of a table, in the table's order."""
        frame = table.subjects.frame
        headings = {each.name: each.column for each in study.inputs}
        headings |= {TIME: study.time.column, EVENT: study.event.column}
        if study.data.group is not None:
            headings[GROUP] = study.data.group.column
        roles = tuple(headings)
        if study.data.id is not None:
            headings[ID] = study.data.id
        columns = {name: frame[heading] for name, heading in headings.items()}
        columns[EVENT] = (frame[study.event.column] == str(study.event.happened)).astype(np.int64)
        for name in {ID, GROUP} & set(columns):
            columns[name] = columns[name].astype(str)
        others = {f".{each}": each for each in frame.columns if each not in headings.values()}
        columns |= {name: frame[heading] for name, heading in others.items()}
        rows = pd.DataFrame(columns).reset_index(drop=True)
        return cls(rows, roles, headings | others)

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def content(self) -> list[str]:
        """Every column but the id."""
        return [name for name in self.rows.columns if name != ID]

    def name_of(self, row: int) -> str:
        """The id of a row, else its place."""
        return str(self.rows[ID].iat[row]) if ID in self.rows else f"row {row + 1} in order"


@dataclass(frozen=True)
class RowPairs:
    """Rows of an earlier table and of a later one that are the same subject."""

    before: Ints
    """[pairs]: rows of the earlier table, rising where paired by id."""
    after: Ints
    """[pairs]: the row of the later table that each is paired with."""
    lost: Ints
    """Rows of the earlier table that have no pair."""
    added: Ints
    """Rows of the later table that have no pair."""
    reused: Ints
    """Those of `added` whose id belonged to another subject before."""
    displaced: Ints
    """Those of `lost` whose id belongs to another subject now."""
    by: str
    """`id`, `content`, or `nothing` where the tables have no subject in common."""


def pair_rows(before: RoleTable, after: RoleTable) -> RowPairs:
    """Pairs rows by id where both tables have one, else by equal content, each row once.

    Rows with one id whose inputs and group differ for the most part are different subjects:
    their id was reused. Rows with no id in common are paired by content all the same, which
    finds a table that was only renumbered.
    """
    content = [name for name in before.content if name in after.content]
    by_content = _equal(_keys(before.rows, content), _keys(after.rows, content))
    if not {ID} <= set(before.rows) & set(after.rows):
        return _pairs(before, after, _but_for_one(before, after, by_content), "content")
    left, right = _equal(before.rows[ID], after.rows[ID])
    identity = [name for name in before.roles if name in after.roles and name not in (TIME, EVENT)]
    other = _differing_for_the_most_part(before, after, left, right, identity)
    if len(left) >= FEWEST and (
        other.mean() > MOST or _unrelated(before, after, left, right, content)
    ):
        other[:] = True
    reused = left[other], right[other]
    pairs = left[~other], right[~other]
    if len(left) == 0 or other.all():
        # Every id is another's: either the same rows were renumbered, or all rows are new.
        kept = len(by_content[0]) > max(0.5 * len(before), 0)
        pairs = by_content if kept else (left[:0], right[:0])
        return _pairs(before, after, pairs, "content" if kept else "nothing", reused)
    return _pairs(before, after, pairs, "id", reused)


def changed_rows(one: pd.Series, other: pd.Series) -> Booleans:
    """Where two columns of equal length differ; numbers within a billionth are the same."""
    missing, gone = one.isna().to_numpy(), other.isna().to_numpy()
    if pd.api.types.is_numeric_dtype(one) and pd.api.types.is_numeric_dtype(other):
        a, b = (each.to_numpy(dtype=float, na_value=np.nan) for each in (one, other))
        differing: Booleans = ~np.isclose(a, b, rtol=1e-9, atol=1e-12, equal_nan=True)
        return differing
    different = one.astype(str).to_numpy() != other.astype(str).to_numpy()
    changed: Booleans = np.where(missing | gone, missing != gone, different)
    return changed


def content_keys(rows: pd.DataFrame, columns: list[str]) -> npt.NDArray[np.uint64]:
    """A hash of each row's cells, the same for numbers of one value in whatever type."""
    cells = pd.DataFrame(
        {
            name: rows[name].astype(float).map("{:.9g}".format)
            if pd.api.types.is_numeric_dtype(rows[name])
            else rows[name].astype(str).where(rows[name].notna(), "")
            for name in columns
        },
        index=rows.index,
    )
    return np.asarray(pd.util.hash_pandas_object(cells, index=False), np.uint64)


def _keys(rows: pd.DataFrame, columns: list[str]) -> pd.Series:
    """A key for each row: its content, and which of those alike it is."""
    content = pd.Series(content_keys(rows, columns), rows.index)
    copy = content.groupby(content).cumcount()
    return content.astype(str) + " " + copy.astype(str)


def _but_for_one(
    before: RoleTable, after: RoleTable, pairs: tuple[Ints, Ints]
) -> tuple[Ints, Ints]:
    """Also pairs what is left over and equal in all roles but one, if that holds for most of it.

    Time and event count as one.
    """
    lost = np.setdiff1d(np.arange(len(before)), pairs[0])
    added = np.setdiff1d(np.arange(len(after)), pairs[1])
    roles = [name for name in before.roles if name in after.roles]
    best = (lost[:0], added[:0])
    for left_out in ({TIME, EVENT}, *({name} for name in roles)):
        columns = [name for name in roles if name not in left_out]
        if columns and len(lost) and len(added):
            keys = (
                _keys(table.rows.iloc[rows], columns)
                for table, rows in ((before, lost), (after, added))
            )
            left, right = _equal(*keys)
            if len(left) > max(len(best[0]), MOST * len(lost)):
                best = (lost[left], added[right])
    return np.concatenate([pairs[0], best[0]]), np.concatenate([pairs[1], best[1]])


def _equal(one: pd.Series, other: pd.Series) -> tuple[Ints, Ints]:
    """Positions in both of the values that both hold; each holds a value once at most."""
    place = pd.Index(other).get_indexer(pd.Index(one))
    found = np.flatnonzero(place >= 0)
    return found, place[found].astype(np.int64)


def _pairs(
    before: RoleTable,
    after: RoleTable,
    pairs: tuple[Ints, Ints],
    by: str,
    reused: tuple[Ints, Ints] | None = None,
) -> RowPairs:
    left, right = pairs
    return RowPairs(
        before=left,
        after=right,
        lost=np.setdiff1d(np.arange(len(before)), left),
        added=np.setdiff1d(np.arange(len(after)), right),
        displaced=left[:0] if reused is None else reused[0],
        reused=right[:0] if reused is None else reused[1],
        by=by,
    )


def _differing_for_the_most_part(
    before: RoleTable, after: RoleTable, left: Ints, right: Ints, columns: list[str]
) -> Booleans:
    """Pairs that differ in more than half of at least three columns."""
    if len(columns) < 3 or len(left) == 0:
        return np.zeros(len(left), np.bool_)
    differing = [
        changed_rows(before.rows[name].iloc[left], after.rows[name].iloc[right]) for name in columns
    ]
    most: Booleans = np.sum(differing, axis=0) > len(columns) / 2
    return most


def _unrelated(
    before: RoleTable, after: RoleTable, left: Ints, right: Ints, columns: list[str]
) -> bool:
    """Whether no column agrees between the pairs more, or less, often than by chance."""
    limit = max(CHANCE, 3 / np.sqrt(len(left)))
    for name in columns:
        one, other = before.rows[name].iloc[left], after.rows[name].iloc[right]
        agreeing = 1 - changed_rows(one, other).mean()
        shares = [each.astype(str).value_counts(normalize=True) for each in (one, other)]
        by_chance = float(shares[0].mul(shares[1], fill_value=0).sum())
        if by_chance < 1 and abs(agreeing - by_chance) / (1 - by_chance) > limit:
            return False
    return True
