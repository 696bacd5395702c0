"""Champion and challenger on groups that each has not seen, by their graphs alone.

A graph holds the refits that leave out one group each, so a row is answered by the refit
without the row's group, and by the model itself where the group was not in its training.
Each has learned from its own rows: more data show as a gain, a loss of rows as a loss. The
difference in integrated Brier score is bootstrapped over groups, paired.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from training.arrays import Floats, Ints
from training.evaluation.scores import Outcomes

DRAWS: Final = 2000
BETWEEN: Final = (0.05, 0.95)
FEW_GROUPS: Final = 5
BLOCKS: Final = 200


@dataclass(frozen=True)
class Scored:
    """Some rows with both models' held-out answers."""

    name: str
    """`old` rows are the champion's, `new` rows are not."""
    outcomes: Outcomes
    groups: tuple[str, ...]
    """[n]: the name of each row's group."""
    champion: Floats
    """[n, visits]: survival."""
    challenger: Floats


@dataclass(frozen=True)
class Comparison:
    """Integrated Brier score of both, and the difference: challenger less champion.

    Below 0 the challenger is better.
    """

    rows: str
    """`old`, `new` or `all` rows."""
    subjects: int
    champion: float
    challenger: float
    difference: float
    lower: float
    """5th percentile of the difference over draws of groups."""
    upper: float
    """95th percentile."""
    draws: Floats

    @property
    def is_worse(self) -> bool:
        """Whether the challenger is worse, beyond the noise between groups."""
        return self.lower > 0


def compare_held_out(sets: Sequence[Scored], rows: str) -> Comparison:
    """The comparison over the rows of all sets together."""
    groups, count = _numbered(sets)
    times = draws_of_groups(count)
    integrated = [
        integrated_brier_draws(
            [
                (each.outcomes, getattr(each, model), group)
                for each, group in zip(sets, groups, strict=True)
            ],
            times,
        )
        for model in ("champion", "challenger")
    ]
    difference = integrated[1] - integrated[0]
    lower, upper = np.quantile(difference[1:], BETWEEN)
    return Comparison(
        rows=rows,
        subjects=sum(len(each.groups) for each in sets),
        champion=float(integrated[0][0]),
        challenger=float(integrated[1][0]),
        difference=float(difference[0]),
        lower=float(lower),
        upper=float(upper),
        draws=difference[1:],
    )


def _numbered(sets: Sequence[Scored]) -> tuple[list[Ints], int]:
    """The number of each row's group, and how many there are.

    Fewer than FEW_GROUPS can't be drawn from: their rows are dealt into blocks instead, in which
    case the noise between groups is not seen.
    """
    names = {name: place for place, name in enumerate(sorted({n for s in sets for n in s.groups}))}
    if len(names) >= FEW_GROUPS:
        numbered = [np.array([names[name] for name in s.groups], np.int64) for s in sets]
        return numbered, len(names)
    rows = np.split(
        np.arange(sum(len(s.groups) for s in sets)), np.cumsum([len(s.groups) for s in sets])[:-1]
    )
    count = min(BLOCKS, sum(map(len, rows)))
    return [each % count for each in rows], count


def draws_of_groups(groups: int) -> Floats:
    """[1 + DRAWS, groups]: how often each group counts; once in the first row."""
    # RandomState: its stream is frozen, so every numpy draws the same.
    drawn = np.random.RandomState(0).multinomial(groups, np.full(groups, 1 / groups), size=DRAWS)
    return np.concatenate([np.ones((1, groups)), drawn])


def integrated_brier_draws(sets: Sequence[tuple[Outcomes, Floats, Ints]], times: Floats) -> Floats:
    """Integrated Brier score for each draw of groups, over sets of (outcomes, survival, group)."""
    visits = sets[0][0].visits
    loss, total = np.zeros((2, times.shape[1], len(visits)))
    for outcomes, survival, group in sets:
        free, weight = outcomes.known
        loss += sums_by_group(weight * (free - survival) ** 2, group, times.shape[1])
        total += sums_by_group(weight, group, times.shape[1])
    with np.errstate(invalid="ignore"):
        by_visit = (times @ loss) / (times @ total)
    known = ~np.isnan(by_visit).any(axis=0)
    span = visits[known][-1] - visits[known][0]
    score: Floats = np.trapezoid(by_visit[:, known], visits[known], axis=1) / span
    return score


def sums_by_group(values: Floats, group: Ints, groups: int) -> Floats:
    """[groups, ...] sums of [n, ...] values."""
    order = np.argsort(group, kind="stable")
    there, start = np.unique(group[order], return_index=True)
    sums = np.zeros((groups, *values.shape[1:]))
    sums[there] = np.add.reduceat(values[order], start, axis=0)
    return sums
