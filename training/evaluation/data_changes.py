"""What changed in the data since the model that serves was trained: every change by kind.

The two tables are compared subject by subject (`row_pairs`). What is no honest addition of
rows is a finding that blocks: it needs a person's word for why it is right.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy import stats

from training.arrays import Ints
from training.evaluation import added_rows, change_patterns
from training.evaluation.findings import EXAMPLES, DataFinding, Example, in_order, listed, number_of
from training.evaluation.row_pairs import (
    EVENT,
    GROUP,
    ID,
    TIME,
    Booleans,
    RoleTable,
    RowPairs,
    changed_rows,
    pair_rows,
)
from training.study.declaration import Study
from training.study.table import Table

SURE: Final = 1e-3
"""P value below which a loss is taken to depend on the outcome."""
FATES: Final = ("with the event", "censored early", "observed to the end")


@dataclass(frozen=True)
class DataChanges:
    """How the data differ from those that the champion was trained on."""

    before: int
    after: int
    unchanged: int
    changed: int
    lost: int
    added: int
    pairs: RowPairs
    unchanged_rows: Ints
    """Rows of the champion's data that are in the new ones as they were."""
    is_new: Booleans
    """[subjects]: whether the champion's data lack the subject."""
    findings: tuple[DataFinding, ...]

    @property
    def blocking(self) -> tuple[DataFinding, ...]:
        """The findings that are no honest addition."""
        return tuple(each for each in self.findings if each.blocks)

    @property
    def is_same(self) -> bool:
        """Whether nothing that a model is made from has changed."""
        return not (self.changed or self.lost or self.added)


def compare_tables(
    champion: Table, champion_study: Study, table: Table, study: Study
) -> DataChanges:
    """Compares the rows that can be used of the champion's table with those of a new one."""
    before, after = RoleTable.of(champion, champion_study), RoleTable.of(table, study)
    pairs = pair_rows(before, after)
    nouns = study.study.row.en.many, study.study.row.en.one
    differing = _differences(before, after, pairs)
    in_roles = [rows for name, rows in differing.items() if name in before.roles]
    changed = np.any(in_roles, axis=0) if in_roles else np.zeros(len(pairs.before), np.bool_)
    is_new = np.zeros(len(after), np.bool_)
    is_new[pairs.added] = True
    findings = [
        *_numbering(before, after, pairs, nouns),
        *_columns(before, after),
        *change_patterns.outcome_findings(before, after, pairs, differing, study),
        *change_patterns.column_findings(before, after, pairs, differing, study),
        *_lost(before, pairs, study),
        *added_rows.findings(before, after, pairs, study),
    ]
    return DataChanges(
        before=len(before),
        after=len(after),
        unchanged=int((~changed).sum()),
        changed=int(changed.sum()),
        lost=len(pairs.lost),
        added=len(pairs.added),
        pairs=pairs,
        unchanged_rows=pairs.before[~changed],
        is_new=is_new,
        findings=tuple(sorted(findings, key=lambda each: not each.blocks)),
    )


def _differences(before: RoleTable, after: RoleTable, pairs: RowPairs) -> dict[str, Booleans]:
    """For each column of both, which pairs differ in it; only columns in which some do."""
    differing = {}
    for name in before.content:
        if name in after.rows:
            one, other = before.rows[name].iloc[pairs.before], after.rows[name].iloc[pairs.after]
            rows = changed_rows(one, other)
            if rows.any():
                differing[name] = rows
    return differing


def _numbering(
    before: RoleTable, after: RoleTable, pairs: RowPairs, nouns: tuple[str, str]
) -> Iterator[DataFinding]:
    """Ids that stand for other subjects than before."""
    if ID not in before.rows or ID not in after.rows:
        return
    heading = after.headings[ID]
    if pairs.by == "content":
        old, new = before.rows[ID].iloc[pairs.before], after.rows[ID].iloc[pairs.after]
        moved = np.flatnonzero(old.to_numpy() != new.to_numpy())
        reused = bool(set(new.iloc[moved]) & set(before.rows[ID]))
        yield DataFinding(
            "ids reassigned" if reused else "ids renumbered",
            f"{number_of(len(moved), *nouns)} are the same in all but `{heading}`: "
            + ("ids were given to other rows" if reused else "the ids are new, the rows are not"),
            len(moved),
            blocks=reused,
            examples=tuple(
                Example(str(old.iat[i]), heading, str(old.iat[i]), str(new.iat[i]))
                for i in moved[:EXAMPLES]
            ),
        )
        return
    if not len(pairs.reused) or pairs.by == "nothing":
        return
    yield DataFinding(
        "ids reused",
        f"{number_of(len(pairs.reused), *nouns)} have an id that belonged to another before: "
        "most of their inputs differ",
        len(pairs.reused),
        blocks=True,
        examples=tuple(
            Example(
                after.name_of(int(new)), "all", _shown(before, int(old)), _shown(after, int(new))
            )
            for old, new in list(zip(pairs.displaced, pairs.reused, strict=True))[:EXAMPLES]
        ),
    )


def _shown(table: RoleTable, row: int) -> str:
    """The inputs, group and outcome of a row."""
    return ", ".join(f"{name} {table.rows[name].iat[row]}" for name in table.roles)


def _columns(before: RoleTable, after: RoleTable) -> Iterator[DataFinding]:
    """Columns that only one of the two tables has."""
    for name, heading in before.headings.items():
        if name not in after.headings:
            is_role = name in before.roles or name == ID
            yield DataFinding(
                "column gone",
                f"the column `{heading}` is gone" + (", which a model was made from" * is_role),
                len(before),
                blocks=is_role,
            )
    for name, heading in after.headings.items():
        if name not in before.headings:
            yield DataFinding(
                "column added", f"the column `{heading}` is new", len(after), blocks=False
            )


def _lost(before: RoleTable, pairs: RowPairs, study: Study) -> Iterator[DataFinding]:
    """Rows of the champion's data that are not there any more, and which these are."""
    nouns = study.study.row.en.many, study.study.row.en.one
    all_rows = len(before)
    rows = np.setdiff1d(pairs.lost, pairs.displaced)
    if pairs.by == "nothing":
        same = f"; {len(pairs.reused)} have an id that was there before, and nothing else in common"
        yield DataFinding(
            "data replaced",
            f"none of the champion's {number_of(all_rows, *nouns)} are in the new data"
            + same * (len(pairs.reused) > 0),
            all_rows,
            blocks=False,
            examples=_gone(before, pairs.lost),
        )
        return
    if not len(rows):
        return
    lost = np.zeros(all_rows, np.bool_)
    lost[rows] = True
    yield DataFinding(
        "rows lost",
        f"{number_of(len(rows), *nouns)} of the champion's {all_rows} are not in the new data"
        + change_patterns.where(before, lost, study),
        len(rows),
        blocks=True,
        examples=_gone(before, rows),
    )
    fate = _fate(before, study)
    counts = np.array([np.bincount(fate[lost == each], minlength=3) for each in (True, False)])
    seen = counts[:, counts.sum(axis=0) > 0]
    if seen.shape[1] > 1 and stats.chi2_contingency(seen).pvalue < SURE:
        shares = [
            f"{100 * counts[0, i] / counts[:, i].sum():.0f} % of those {name} ({counts[0, i]})"
            for i, name in enumerate(FATES)
            if counts[:, i].sum()
        ]
        yield DataFinding(
            "loss depends on the outcome",
            f"lost are {listed(shares)}: every answer would be biased",
            len(rows),
            blocks=True,
        )
    yield from _groups_lost(before, lost, study)


def _gone(before: RoleTable, rows: Ints) -> tuple[Example, ...]:
    return tuple(
        Example(before.name_of(int(row)), "all", _shown(before, int(row)), "")
        for row in rows[:EXAMPLES]
    )


def _groups_lost(before: RoleTable, lost: Booleans, study: Study) -> Iterator[DataFinding]:
    if GROUP not in before.rows or study.data.group is None:
        return
    whole = before.rows[GROUP].groupby(before.rows[GROUP]).transform("size")
    gone = before.rows[GROUP][lost].value_counts()
    dropped = [
        name for name in gone.index if gone[name] == whole[before.rows[GROUP] == name].iat[0]
    ]
    if dropped:
        noun = study.data.group.name.en
        yield DataFinding(
            "groups dropped",
            f"{number_of(len(dropped), noun.many, noun.one)} dropped: {listed(in_order(dropped))}",
            len(dropped),
            blocks=True,
        )


def _fate(table: RoleTable, study: Study) -> Ints:
    """0 with the event, 1 censored before the horizon, 2 observed to it."""
    to_the_end = table.rows[TIME].to_numpy(dtype=float) >= study.time.horizon * (1 - 1e-9)
    censored = np.where(to_the_end, 2, 1)
    fate: Ints = np.where(table.rows[EVENT] == 1, 0, censored).astype(np.int64)
    return fate
