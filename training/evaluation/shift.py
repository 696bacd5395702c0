"""Whether a model that serves is still right on rows it was not trained on.

Its own graph answers; nothing is refitted. For each level of each factor, and for all rows,
the mean predicted risk is held against the observed one at a few times. The standard error of
the difference has two parts, both between groups: the model's own, from its refits, and that
of the new rows, from leaving out each of their groups in turn.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy import stats

from training.arrays import Floats, Ints
from training.evaluation.scores import Outcomes
from training.evaluation.served_model import ServedModel
from training.study.declaration import Study
from training.study.subjects import Subjects

FEWEST: Final = 30
"""Rows of a level from which its calibration is judged."""
TIMES: Final = 5
NOTICED: Final = 0.05
"""Difference in risk up to which a model counts as right, however sure the difference is."""
MAIN, OTHER = 0.003, 0.0002
"""P values below which a difference of the main levels, and of all others, is no noise: there
are many others, and each is judged at several times."""
NEGLIGIBLE: Final = 0.01
"""Standard deviation of a difference that is no fault of anybody's, in risk."""


@dataclass(frozen=True)
class Shift:
    """Predicted minus observed risk of the rows of one level at one time."""

    level: str
    """Factor and level, such as `species Quercus alba`; `all`."""
    is_contrast: bool
    """Whether the difference is that of the level less that of all other rows."""
    is_main: bool
    """Whether it is of all rows, or of the first factor."""
    time: float
    unit: str
    """The name of the time, such as `day`."""
    difference: float
    error: float
    """Standard error of the difference."""
    p_value: float
    limit: float
    """The largest difference that passes: NOTICED, or what noise explains at the p value."""
    subjects: int
    predicted: float
    observed: float

    @property
    def is_beyond(self) -> bool:
        """Whether the difference is more than is allowed."""
        return abs(self.difference) > self.limit

    @property
    def where(self) -> str:
        """Level and time."""
        against = " less all others" if self.is_contrast else ""
        return f"{self.level}{against}, {self.unit} {self.time:g}"

    def __str__(self) -> str:
        figures = f"predicted {100 * self.predicted:.0f} %, observed {100 * self.observed:.0f} %"
        less = f", {100 * self.difference:+.0f} points against all others" * self.is_contrast
        limit = f"{100 * self.limit:.0f} points are allowed"
        return f"{self.where}: {figures}{less} ({self.subjects} rows; {limit})"


@dataclass(frozen=True)
class Rows:
    """Subjects with their fates, and what a model predicts for them."""

    outcomes: Outcomes
    """Of these subjects, in their order."""
    visit: Ints
    """Which of the outcomes' visits are judged."""
    risks: Floats
    """[n, times, 1 + refits]."""


def check_times(model: ServedModel, phases: tuple[float, ...] | None) -> Floats:
    """The times at which calibration is judged: ends of phases, else of evenly taken periods."""
    ends = np.array(phases or model.periods.ends)
    if len(ends) > TIMES:
        ends = ends[np.unique(np.linspace(0, len(ends) - 1, TIMES).round().astype(int))]
    return np.unique(np.append(ends, model.periods.horizon))


def shifts(model: ServedModel, study: Study, subjects: Subjects, outcomes: Outcomes) -> list[Shift]:
    """Every difference, level by level and time by time.

    `subjects` must be known to the model; `outcomes` are theirs, in the same order.
    """
    wanted = check_times(model, study.time.phases)
    visit = np.searchsorted(outcomes.visits, wanted - 1e-9 * outcomes.visits[-1])
    visit = np.unique(np.minimum(visit, len(outcomes.visits) - 1))
    risks = model.risks(study, subjects, outcomes.visits[visit])
    rows = Rows(outcomes, visit, risks)
    found = []
    for name, level, is_main in _levels(study, subjects):
        if level.sum() >= FEWEST:
            inside = _Sums.of(rows, level)
            found += inside.shifts(rows, study.time.name, name, is_main, None, int(level.sum()))
            if (~level).sum() >= FEWEST:
                outside = _Sums.of(rows, ~level)
                found += inside.shifts(
                    rows, study.time.name, name, is_main, outside, int(level.sum())
                )
    return found


def _levels(study: Study, subjects: Subjects) -> Iterator[tuple[str, npt.NDArray[np.bool_], bool]]:
    yield "all", np.ones(len(subjects), np.bool_), True
    for place, factor in enumerate(study.factors):
        for code, name in enumerate(factor.names):
            yield f"{factor.name} {name}", subjects.codes[:, place] == code, place == 0
    for place, number in enumerate(study.numbers):
        values = subjects.numbers[:, place]
        if len(np.unique(values)) > 3:
            low, high = np.quantile(values, [1 / 3, 2 / 3])
            yield f"{number.name} up to {low:.4g}", values <= low, not study.factors
            yield f"{number.name} from {high:.4g}", values >= high, not study.factors


@dataclass(frozen=True)
class _Sums:
    """Weighted means of some rows, of all and without each of their groups."""

    difference: Floats
    """[times]."""
    without: Floats
    """[groups, times]: the difference without each group."""
    predicted: Floats
    """[1 + refits, times]."""
    observed: Floats
    groups: int
    """Groups that have any of the rows."""

    @classmethod
    def of(cls, rows: Rows, chosen: npt.NDArray[np.bool_]) -> _Sums:
        _, group = np.unique(rows.outcomes.group, return_inverse=True)
        free, weight = (each[:, rows.visit] for each in rows.outcomes.known)
        count = group.max() + 1
        weight = weight * chosen[:, None]
        residual = weight * (rows.risks[..., 0] - (1 - free))
        by_group = np.zeros((2, count, len(rows.visit)))
        np.add.at(by_group[0], group, weight)
        np.add.at(by_group[1], group, residual)
        total = by_group.sum(axis=1)
        with np.errstate(divide="ignore", invalid="ignore"):
            difference = total[1] / total[0]
            without = (total[1] - by_group[1]) / (total[0] - by_group[0])
            predicted = np.einsum("nt,ntm->mt", weight, rows.risks) / total[0]
            observed = (weight * (1 - free)).sum(axis=0) / total[0]
        there = np.bincount(group, chosen, count) > 0
        without = np.where(there[:, None], without, difference)
        return cls(difference, without, predicted, observed, int(there.sum()))

    def shifts(
        self,
        rows: Rows,
        unit: str,
        name: str,
        is_main: bool,
        others: _Sums | None,
        subjects: int,
    ) -> list[Shift]:
        difference, without, predicted = self.difference, self.without, self.predicted
        if others is not None:
            difference = difference - others.difference
            without, predicted = without - others.without, predicted - others.predicted
        refits, groups = len(predicted) - 1, self.groups
        own = np.sqrt((refits - 1) / refits * ((predicted[1:] - predicted[0]) ** 2).sum(axis=0))
        # One group has no spread of its own to be seen: its rows' counting noise stands in.
        spread = ((without - difference) ** 2).sum(axis=0)
        counting = self.observed * (1 - self.observed) / max(subjects, 1)
        theirs = np.sqrt((groups - 1) / groups * spread) if groups > 1 else np.sqrt(counting)
        variance = own**2 + theirs**2 + NEGLIGIBLE**2
        freedom = variance**2 / (
            own**4 / max(refits - 1, 1) + theirs**4 / max(groups - 1, 1) + NEGLIGIBLE**4 / 1000
        )
        allowed = stats.t.isf((MAIN if is_main else OTHER) / 2, freedom) * np.sqrt(variance)
        p_value = 2 * stats.t.sf(np.abs(difference) / np.sqrt(variance), freedom)
        return [
            Shift(
                level=name,
                is_contrast=others is not None,
                is_main=is_main,
                time=float(rows.outcomes.visits[rows.visit[place]]),
                unit=unit,
                difference=float(difference[place]),
                error=float(np.sqrt(variance[place])),
                p_value=float(p_value[place]),
                limit=max(NOTICED, float(allowed[place])),
                subjects=subjects,
                predicted=float(self.predicted[0, place]),
                observed=float(self.observed[place]),
            )
            for place in range(len(rows.visit))
            if np.isfinite(difference[place]) and np.isfinite(p_value[place])
        ]
