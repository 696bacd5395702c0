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

from training.arrays import Floats
from training.evaluation.scores import Outcomes

DRAWS: Final = 2000


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


def compare_held_out(sets: Sequence[Scored], rows: str) -> Comparison:
    """The comparison over the rows of all sets together."""
    names = sorted({name for each in sets for name in each.groups})
    place = {name: position for position, name in enumerate(names)}
    random = np.random.RandomState(0)
    count = len(names)
    drawn = random.multinomial(count, np.full(count, 1 / count), size=DRAWS)
    times = np.concatenate([np.ones((1, count)), drawn])
    integrated = []
    for model in ("champion", "challenger"):
        visits = sets[0].outcomes.visits
        loss, total = np.zeros((2, count, len(visits)))
        for each in sets:
            free, weight = each.outcomes.known
            group = np.array([place[name] for name in each.groups], np.int64)
            np.add.at(loss, group, weight * (free - getattr(each, model)) ** 2)
            np.add.at(total, group, weight)
        with np.errstate(invalid="ignore"):
            by_visit = (times @ loss) / (times @ total)
        known = ~np.isnan(by_visit).any(axis=0)
        span = visits[known][-1] - visits[known][0]
        integrated.append(np.trapezoid(by_visit[:, known], visits[known], axis=1) / span)
    difference = integrated[1] - integrated[0]
    lower, upper = np.quantile(difference[1:], [0.05, 0.95]) if count > 1 else difference[[0, 0]]
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
