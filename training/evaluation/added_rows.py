"""What the rows are that the champion's data lack: whether they look like subjects of the study."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
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
"""Difference of a share from which it is worth a finding."""
DIFFERENT: Final = 0.0002
"""P value below which such a difference is no noise."""
NEGLIGIBLE: Final = 0.01
FEWEST: Final = 30
FEW_GROUPS: Final = 5
MANIFOLD: Final = 2
"""Ratio of medians from which a number may be in another unit."""
WORST: Final = 3
"""Levels that a sentence names."""


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
    """Numbers whose median is far from any that the champion saw: another unit, most likely."""
    if added.sum() < FEWEST:
        return
    for name in (TIME, *(each.name for each in study.numbers)):
        if name not in before.rows:
            continue
        old = before.rows[name].to_numpy(float)
        new = after.rows[name].to_numpy(float)[added]
        if _in_another_unit(old, new):
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


def _in_another_unit(old: Floats, new: Floats) -> bool:
    """Whether the new median lies beyond the old values, and far: new groups may lie beyond, too.

    Far is twice or half the old median, or farther beyond than the old values reach.
    """
    low, high, median, usual = old.min(), old.max(), np.median(new), np.median(old)
    if low <= median <= high:
        return False
    beyond = max(low - median, median - high)
    ratio = median / usual if usual else np.inf
    return bool(beyond > high - low or not 1 / MANIFOLD < ratio < MANIFOLD)


def _shares(
    before: RoleTable, after: RoleTable, added: Booleans, study: Study
) -> Iterator[DataFinding]:
    """Levels whose share with the event, or censored early, is another among added rows.

    The calibration of a model covers the share with the event; how many are censored early is
    nobody's prediction, so another share of these blocks.
    """
    new = after.rows[added]
    levels = [(f"{each.column} {name}", each.name, name) for each in study.factors
              for name in each.names]  # fmt: skip
    for kind, label, values, blocks in (
        ("outcomes differ among added rows", "with the event", _happened, False),
        ("censoring differs among added rows", "censored early", _early, True),
    ):
        old_values, new_values = values(before.rows, study), values(new, study)
        found: list[tuple[float, str, int]] = []
        for text, column, level in [("", "", ""), *levels]:
            if column and column not in before.rows:
                continue
            one, other = (
                (rows[column] == level).to_numpy() if column else np.ones(len(rows), np.bool_)
                for rows in (before.rows, new)
            )
            if min(one.sum(), other.sum()) < FEWEST:
                continue
            old, now = (
                _share(old_values[one], before.rows[one]),
                _share(new_values[other], new[other]),
            )
            p_value = _p_value(old, now)
            if abs(now.mean - old.mean) > SHARE and p_value < DIFFERENT:
                shares = f"{100 * now.mean:.0f} % now, {100 * old.mean:.0f} % in the champion's"
                found.append((p_value, f"{text or 'all'}: {shares}", int(other.sum())))
        if found:
            found.sort()
            yield DataFinding(
                kind,
                f"share {label}: {'; '.join(text for _, text, _ in found[:WORST])}",
                max(count for _, _, count in found),
                blocks=blocks,
            )


@dataclass(frozen=True)
class _Share:
    mean: float
    error: float
    """Its standard error, by leaving out each group."""
    groups: int


def _p_value(old: _Share, new: _Share) -> float:
    """Of the difference, by Welch's t; few new groups vary at least as the old ones do."""
    error, freedom = new.error, max(new.groups - 1, 1)
    if new.groups < FEW_GROUPS:
        error = max(error, old.error * np.sqrt(old.groups / new.groups))
        freedom = max(old.groups - 1, 1)
    variance = old.error**2 + error**2 + NEGLIGIBLE**2
    degrees = variance**2 / (
        old.error**4 / max(old.groups - 1, 1) + error**4 / freedom + NEGLIGIBLE**4 / 1000
    )
    return float(2 * stats.t.sf(abs(new.mean - old.mean) / np.sqrt(variance), degrees))


def _happened(rows: pd.DataFrame, _: Study) -> Floats:
    values: Floats = rows[EVENT].to_numpy(float)
    return values


def _early(rows: pd.DataFrame, study: Study) -> Floats:
    to_the_end = rows[TIME].to_numpy(float) >= study.time.horizon * (1 - 1e-9)
    early: Floats = ((rows[EVENT].to_numpy() == 0) & ~to_the_end).astype(np.float64)
    return early


def _share(values: Floats, rows: pd.DataFrame) -> _Share:
    """Mean, with its standard error between groups; between rows where there is one group."""
    mean = float(values.mean())
    if GROUP in rows and rows[GROUP].nunique() > 1:
        code, _ = pd.factorize(rows[GROUP])
        size, total = np.bincount(code).astype(float), np.bincount(code, values)
        groups = len(size)
        without = (total.sum() - total) / (size.sum() - size)
        error = np.sqrt((groups - 1) / groups * ((without - mean) ** 2).sum())
        return _Share(mean, float(error), groups)
    return _Share(mean, float(np.sqrt(mean * (1 - mean) / len(values))), 1)
