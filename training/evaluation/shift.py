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
from training.evaluation.held_out import sums_by_group
from training.evaluation.scores import Outcomes
from training.evaluation.served_model import ServedModel
from training.study.declaration import Study
from training.study.derived import derived_codes
from training.study.subjects import Subjects

FEWEST: Final = 30
"""Rows of a level from which its calibration is judged."""
TIMES: Final = 5
NOTICED: Final = 0.05
"""Difference in risk up to which a model counts as right, however sure the difference is."""
AT_THE_END, MAIN, OTHER = 0.01, 0.001, 0.0001
"""P values below which a difference is no noise: of a level of the first factor at the horizon,
of one at another time, and of any other level. There are more of each in turn."""
FEW_GROUPS: Final = 5
"""Groups of new rows below which their spread is taken from the champion's own rows too."""
NEGLIGIBLE: Final = 0.01
"""Standard deviation of a difference that is no fault of anybody's, in risk."""


@dataclass(frozen=True)
class Shift:
    """Predicted minus observed risk of the rows of one level at one time."""

    level: str
    """Factor and level, such as `grade III`; `all`."""
    is_contrast: bool
    """Whether the difference is that of the level less that of all other rows."""
    is_main: bool
    """Whether it is of a level of the first factor."""
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


@dataclass(frozen=True)
class OwnRows:
    """The rows that a model was trained on."""

    study: Study
    subjects: Subjects
    outcomes: Outcomes
    refit: Ints
    """[n]: the refit that left out each row's group."""

    def rows(self, model: ServedModel, times: Floats) -> Rows:
        """With the answers of the refits that had not seen them."""
        visit = _visits(self.outcomes, times)
        at = self.outcomes.visits[visit]
        survival = model.survival(self.study, self.subjects, at, self.refit)
        return Rows(self.outcomes, visit, (1 - survival)[..., None])


def check_times(model: ServedModel, phases: tuple[float, ...] | None) -> Floats:
    """The times at which calibration is judged: ends of phases, else of evenly taken periods."""
    ends = np.array(phases or model.periods.ends)
    if len(ends) > TIMES:
        ends = ends[np.unique(np.linspace(0, len(ends) - 1, TIMES).round().astype(int))]
    return np.unique(np.append(ends, model.periods.horizon))


def shifts(
    model: ServedModel,
    study: Study,
    subjects: Subjects,
    outcomes: Outcomes,
    own: OwnRows | None = None,
) -> list[Shift]:
    """Every difference, level by level and time by time.

    `subjects` must be known to the model; `outcomes` are theirs, in the same order. `own` are
    the rows that the model was trained on, for the spread between groups where there are few
    new ones.
    """
    wanted = check_times(model, study.time.phases)
    visit = _visits(outcomes, wanted)
    rows = Rows(outcomes, visit, model.risks(study, subjects, outcomes.visits[visit]))
    few = len(np.unique(outcomes.group)) < FEW_GROUPS
    before = own.rows(model, wanted) if own is not None and few else None
    masks = (
        {} if own is None else {name: mask for name, mask, _ in _levels(own.study, own.subjects)}
    )
    found = []
    for name, level, is_main in _levels(study, subjects):
        if level.sum() < FEWEST:
            continue
        usual = None if before is None or name not in masks else _Sums.of(before, masks[name])
        inside = _Sums.of(rows, level)
        label = (study.time.name, name, is_main, int(level.sum()))
        found += inside.shifts(rows, label, usual)
        if (~level).sum() >= FEWEST:
            outside = _Sums.of(rows, ~level)
            if usual is not None and before is not None:
                usual = usual.less(_Sums.of(before, ~masks[name]))
            found += inside.less(outside).shifts(rows, label, usual)
    return found


def _visits(outcomes: Outcomes, times: Floats) -> Ints:
    place = np.searchsorted(outcomes.visits, times - 1e-9 * outcomes.visits[-1])
    return np.unique(np.minimum(place, len(outcomes.visits) - 1)).astype(np.int64)


def _levels(study: Study, subjects: Subjects) -> Iterator[tuple[str, npt.NDArray[np.bool_], bool]]:
    yield "all", np.ones(len(subjects), np.bool_), not (study.factors or study.numbers)
    for place, factor in enumerate(study.factors):
        for code, name in enumerate(factor.names):
            yield f"{factor.name} {name}", subjects.codes[:, place] == code, place == 0
    derived = derived_codes(study, subjects.codes)
    for place, derivation in enumerate(study.derived):
        for code, name in enumerate(derivation.names):
            yield f"{derivation.name} {name}", derived[:, place] == code, False
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
    """[times]: predicted minus observed."""
    without: Floats
    """[groups, times]: the difference without each group."""
    predicted: Floats
    """[1 + refits, times]."""
    observed: Floats
    groups: int
    """Groups that have any of the rows."""
    own: tuple[Floats, Floats] | None = None
    """Predicted and observed of the rows themselves, where the rest is a contrast."""

    @classmethod
    def of(cls, rows: Rows, chosen: npt.NDArray[np.bool_]) -> _Sums:
        _, group = np.unique(rows.outcomes.group, return_inverse=True)
        free, weight = (each[:, rows.visit] for each in rows.outcomes.known)
        count = int(group.max()) + 1
        weight = weight * chosen[:, None]
        weights = sums_by_group(weight, group, count)
        residuals = sums_by_group(weight * (rows.risks[..., 0] - (1 - free)), group, count)
        total, residual = weights.sum(axis=0), residuals.sum(axis=0)
        with np.errstate(divide="ignore", invalid="ignore"):
            difference = residual / total
            without = (residual - residuals) / (total - weights)
            predicted = np.einsum("nt,ntm->mt", weight, rows.risks) / total
            observed = (weight * (1 - free)).sum(axis=0) / total
        there = np.bincount(group, chosen, count) > 0
        without = np.where(there[:, None], without, difference)
        return cls(difference, without, predicted, observed, int(there.sum()))

    def less(self, others: _Sums) -> _Sums:
        """The contrast with other rows of the same groups."""
        return _Sums(
            difference=self.difference - others.difference,
            without=self.without - others.without,
            predicted=self.predicted - others.predicted,
            observed=self.observed - others.observed,
            groups=self.groups,
            own=(self.predicted[0], self.observed),
        )

    @property
    def variance(self) -> Floats:
        """[times]: of the difference, by leaving out each group; 0 of one group."""
        groups = max(self.groups, 1)
        variance: Floats = (
            (groups - 1) / groups * ((self.without - self.difference) ** 2).sum(axis=0)
        )
        return np.where(np.isnan(variance), 0.0, variance)

    def shifts(
        self, rows: Rows, label: tuple[str, str, bool, int], usual: _Sums | None
    ) -> list[Shift]:
        """One for each time; `usual` is the same of the rows that the model was trained on."""
        unit, name, is_main, subjects = label
        predicted, groups = self.predicted, self.groups
        refits = len(predicted) - 1
        model = (refits - 1) / refits * ((predicted[1:] - predicted[0]) ** 2).sum(axis=0)
        new = self.variance
        if usual is not None and groups < FEW_GROUPS:
            new = np.maximum(new, usual.variance * usual.groups / groups)
        variance = model + new + NEGLIGIBLE**2
        freedom = variance**2 / (
            model**2 / max(refits - 1, 1) + new**2 / max(groups - 1, 1) + NEGLIGIBLE**4 / 1000
        )
        p_value = 2 * stats.t.sf(np.abs(self.difference) / np.sqrt(variance), freedom)
        at_end = rows.visit == len(rows.outcomes.visits) - 1
        sure = np.where(at_end, AT_THE_END, MAIN) if is_main else np.full(len(at_end), OTHER)
        allowed = stats.t.isf(sure / 2, freedom) * np.sqrt(variance)
        shown = (predicted[0], self.observed) if self.own is None else self.own
        return [
            Shift(
                level=name,
                is_contrast=self.own is not None,
                is_main=is_main,
                time=float(rows.outcomes.visits[rows.visit[place]]),
                unit=unit,
                difference=float(self.difference[place]),
                error=float(np.sqrt(variance[place])),
                p_value=float(p_value[place]),
                limit=max(NOTICED, float(allowed[place])),
                subjects=subjects,
                predicted=float(shown[0][place]),
                observed=float(shown[1][place]),
            )
            for place in range(len(rows.visit))
            if np.isfinite(self.difference[place]) and np.isfinite(p_value[place])
        ]
