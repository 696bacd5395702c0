"""What the rows are that the champion's data lack: whether they look like subjects of the study."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
import pandas as pd
from scipy import stats

from training.arrays import Floats
from training.evaluation.findings import EXAMPLES, DataFinding, Example, in_order, listed, number_of
from training.evaluation.row_pairs import (
    EVENT,
    GROUP,
    ID,
    TIME,
    Booleans,
    RoleTable,
    RowPairs,
    content_keys,
)
from training.study.declaration import Study

SURE: Final = 1e-6
"""P value below which equal rows are taken to be copies."""
BY_CHANCE: Final = 1.5
"""Times the usual share of equal rows that still is chance: rows of one kind come together."""
SHARE: Final = 0.10
FEWEST: Final = 20


def findings(
    before: RoleTable, after: RoleTable, pairs: RowPairs, study: Study
) -> Iterator[DataFinding]:
    """Whether added rows are copies, or in other units, and what they add."""
    if not len(pairs.added):
        return
    added = np.zeros(len(after), np.bool_)
    added[pairs.added] = True
    yield _summary(before, after, added, study)
    yield from _copies(before, after, added, study)
    yield from _units(before, after, added, study)
    yield from _shares(before, after, added, study)


def _summary(before: RoleTable, after: RoleTable, added: Booleans, study: Study) -> DataFinding:
    """How many rows were added, and the groups and levels that are new with them."""
    rows = after.rows[added]
    nouns = study.study.row.en.many, study.study.row.en.one
    text = f"{number_of(int(added.sum()), *nouns)} added, {int(rows[EVENT].sum())} with the event"
    if GROUP in after.rows and GROUP in before.rows and study.data.group is not None:
        noun = study.data.group.name.en
        new = in_order(set(rows[GROUP]) - set(before.rows[GROUP]))
        into = len(set(rows[GROUP]) - set(new))
        text += f"; in {number_of(into, noun.many, noun.one)} that were there before"
        if new:
            text += f" and {number_of(len(new), noun.many, noun.one)} that are new ({listed(new)})"
    for factor in study.factors:
        if factor.name in before.rows:
            new = sorted(set(rows[factor.name]) - set(before.rows[factor.name]))
            if new:
                text += f"; new levels of {factor.column}: {listed(new)}"
    return DataFinding("rows added", text, int(added.sum()), blocks=False)


def _copies(
    before: RoleTable, after: RoleTable, added: Booleans, study: Study
) -> Iterator[DataFinding]:
    """Rows that equal another but for id and group, more often than the old rows do by chance."""
    columns = [name for name in after.content if name != GROUP and name in before.rows]
    keys = pd.Series(content_keys(after.rows, columns))
    group = after.rows[GROUP] if GROUP in after.rows else pd.Series("", after.rows.index)
    earlier = (keys.isin(keys[~added]) | keys.duplicated()).to_numpy() & added
    by_chance = float(pd.Series(content_keys(before.rows, columns)).duplicated(keep=False).mean())
    # Among more rows, a row more often has its like by chance.
    usual = 1 - (1 - by_chance) ** (len(after) / len(before))
    count, limit = int(earlier.sum()), min(0.999, BY_CHANCE * usual + 3 / len(before))
    test = stats.binomtest(count, int(added.sum()), limit, "greater")
    nouns = study.study.row.en.many, study.study.row.en.one
    if test.pvalue < SURE:
        first = keys.drop_duplicates()
        original = dict(zip(first.astype(str), first.index, strict=True))
        yield DataFinding(
            "copies under new ids",
            f"{number_of(count, *nouns)} of the {int(added.sum())} added equal another in all but "
            + " and ".join(f"`{after.headings[n]}`" for n in (ID, GROUP) if n in after.rows)
            + f"; {100 * by_chance:.1f} % of the champion's rows do",
            count,
            blocks=True,
            examples=tuple(
                Example(
                    after.name_of(int(row)),
                    "all",
                    _located(after, int(original[str(keys.iat[row])])),
                    f"the same, {_located(after, int(row))}",
                )
                for row in np.flatnonzero(earlier)[:EXAMPLES]
            ),
        )
    elif GROUP in after.rows:
        yield from _copied_groups(keys, group, added, study)


def _located(table: RoleTable, row: int) -> str:
    group = f", {table.headings[GROUP]} {table.rows[GROUP].iat[row]}" if GROUP in table.rows else ""
    return table.name_of(row) + group


def _copied_groups(
    keys: pd.Series, group: pd.Series, added: Booleans, study: Study
) -> Iterator[DataFinding]:
    """New groups whose rows, taken together, are those of another.

    For tables of few columns, in which single rows are often alike.
    """
    counts = pd.crosstab(group, keys)
    new = sorted(set(group[added]) - set(group[~added]))
    old = [name for name in counts.index if name not in new]
    alike = {}
    for name in new:
        own = counts.loc[name].to_numpy()
        if own.sum() >= FEWEST and old:
            share = np.minimum(counts.loc[old].to_numpy(), own).sum(axis=1) / own.sum()
            alike[name] = (old[int(share.argmax())], float(share.max()))
    by_chance = [
        np.minimum(counts.loc[other].to_numpy(), counts.loc[name].to_numpy()).sum()
        / counts.loc[name].sum()
        for name in old[:20]
        for other in old[:20]
        if name != other
    ]
    usual = max(by_chance, default=0.0)
    copied = [(name, *pair) for name, pair in alike.items() if pair[1] > max(0.95, (1 + usual) / 2)]
    if copied and study.data.group is not None:
        named = [f"{name} of {source}" for name, source, _ in copied]
        yield DataFinding(
            "copies of groups",
            f"the rows of {number_of(len(copied), study.data.group.name.en.many)} are a copy of "
            f"another's: {listed(named)}",
            len(copied),
            blocks=True,
        )


def _units(
    before: RoleTable, after: RoleTable, added: Booleans, study: Study
) -> Iterator[DataFinding]:
    """Numbers whose median is one that the champion never saw: another unit, most likely."""
    if added.sum() < FEWEST:
        return
    for name in (TIME, *(each.name for each in study.numbers)):
        if name not in before.rows:
            continue
        old = before.rows[name].to_numpy(float)
        new = after.rows[name].to_numpy(float)[added]
        if not old.min() <= np.median(new) <= old.max():
            yield DataFinding(
                "values in other units",
                f"`{after.headings[name]}` of added rows is typically {np.median(new):.4g}, "
                f"the champion's {np.median(old):.4g} ({old.min():.4g} to {old.max():.4g}): "
                "another unit?",
                int(added.sum()),
                blocks=True,
                examples=tuple(
                    Example(after.name_of(int(row)), after.headings[name], "", f"{value:g}")
                    for row, value in zip(
                        np.flatnonzero(added)[:EXAMPLES], new[:EXAMPLES], strict=False
                    )
                ),
            )


def _shares(
    before: RoleTable, after: RoleTable, added: Booleans, study: Study
) -> Iterator[DataFinding]:
    """Levels whose share with the event, or left early, is another among added rows."""
    if added.sum() < FEWEST:
        return
    new = after.rows[added]
    for label, old_values, new_values in (
        ("with the event", _happened(before.rows), _happened(new)),
        ("censored early", _early(before.rows, study), _early(new, study)),
    ):
        for factor in study.factors:
            if factor.name not in before.rows:
                continue
            for level in factor.names:
                one = (before.rows[factor.name] == level).to_numpy()
                other = (new[factor.name] == level).to_numpy()
                if min(one.sum(), other.sum()) < FEWEST:
                    continue
                old_mean, old_error = _share(old_values[one], before.rows[one])
                new_mean, new_error = _share(new_values[other], new[other])
                error = np.hypot(old_error, new_error)
                if abs(new_mean - old_mean) > max(SHARE, 3.5 * error):
                    yield DataFinding(
                        "outcomes differ among added rows",
                        f"{label}: {100 * new_mean:.0f} % of added rows with {factor.column} "
                        f"{level}, {100 * old_mean:.0f} % of the champion's "
                        f"(standard error {100 * error:.0f})",
                        int(other.sum()),
                        blocks=False,
                    )


def _happened(rows: pd.DataFrame) -> Floats:
    values: Floats = rows[EVENT].to_numpy(float)
    return values


def _early(rows: pd.DataFrame, study: Study) -> Floats:
    to_the_end = rows[TIME].to_numpy(float) >= study.time.horizon * (1 - 1e-9)
    early: Floats = ((rows[EVENT].to_numpy() == 0) & ~to_the_end).astype(np.float64)
    return early


def _share(values: Floats, rows: pd.DataFrame) -> tuple[float, float]:
    """Mean, and its standard error between groups; between rows where there is one group."""
    mean = float(values.mean())
    if GROUP in rows and rows[GROUP].nunique() > 1:
        code, _ = pd.factorize(rows[GROUP])
        residual = np.bincount(code, values - mean)
        groups = len(residual)
        return mean, float(np.sqrt((residual**2).sum() * groups / (groups - 1)) / len(values))
    return mean, float(np.sqrt(mean * (1 - mean) / len(values)))
