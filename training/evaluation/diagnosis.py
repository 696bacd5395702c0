"""What would make a model that serves right about new rows: the fault that data most often have.

Its graph answers the rows as they are, and as they would be with two levels exchanged, events
some visits earlier or later, or a number in another unit. If one of these fits clearly better,
the rows most likely have that fault, even where no row can be compared with an earlier one.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from scipy import stats

from training.arrays import Floats, Ints
from training.evaluation.held_out import draws_of_groups, integrated_brier_draws
from training.evaluation.scores import Outcomes
from training.evaluation.served_model import ServedModel
from training.study.declaration import Study
from training.study.subjects import Subjects

MOST_LEVELS: Final = 10
GAIN: Final = 0.02
"""Share of the integrated Brier score that an alternative must gain to be taken for a fault."""
SURE: Final = 0.995
UNSURE: Final = 0.001
"""P value of the gain, the champion's own standard error included, from which it may be chance:
some thirty alternatives are tried."""
FEWEST: Final = 100
FACTORS: Final = (0.01, 0.1, 10.0, 100.0)
VISITS: Final = (-2, -1, 1, 2)


@dataclass(frozen=True)
class Diagnosis:
    """The alternative that fits the new rows best."""

    text: str
    score: float
    """Integrated Brier score of the champion on the rows as they are."""
    alternative: float
    upper: float
    """99.5th percentile of the difference over draws of groups."""
    p_value: float = 0.0
    """Of no gain, by the spread between groups of the new rows and of the champion's refits.

    Reckoned only where all else says that it is a fault."""

    @property
    def is_fault(self) -> bool:
        """Whether the alternative fits better beyond doubt."""
        gain = self.score - self.alternative
        return gain > GAIN * self.score and self.upper < 0 and self.p_value < UNSURE

    def __str__(self) -> str:
        return (
            f"the champion fits the new rows better {self.text} (integrated Brier score "
            f"{self.score:.4f}, then {self.alternative:.4f})"
        )


def diagnose(
    model: ServedModel, study: Study, subjects: Subjects, outcomes: Outcomes
) -> Diagnosis | None:
    """The best of the alternatives; None for too few rows. The model must know the subjects."""
    if len(subjects) < FEWEST:
        return None
    _, group = np.unique(outcomes.group, return_inverse=True)
    times = draws_of_groups(int(group.max()) + 1)

    def survival(rows: Subjects, refit: int = 0) -> Floats:
        chosen = np.full(len(rows), refit, np.int64)
        return model.survival(study, rows, outcomes.visits, chosen)

    def draws(curves: Floats, times: Floats = times) -> Floats:
        return integrated_brier_draws([(outcomes, curves, group)], times)

    plain = survival(subjects)
    score = draws(plain)
    best: tuple[_Alternative, Floats] | None = None
    for each in _alternatives(model, study, subjects, outcomes):
        curves = plain if each.subjects is subjects else survival(each.subjects)
        difference = draws(curves[:, each.visit]) - score
        if best is None or difference[0] < best[1][0]:
            best = each, difference
    if best is None:
        return None
    found, difference = best
    result = Diagnosis(
        text=found.text,
        score=float(score[0]),
        alternative=float(score[0] + difference[0]),
        upper=float(np.quantile(difference[1:], SURE)),
    )
    if not result.is_fault:
        return result
    by_refit = np.array(
        [
            draws(survival(found.subjects, refit)[:, found.visit], times[:1])[0]
            - draws(survival(subjects, refit), times[:1])[0]
            for refit in range(1, model.refits + 1)
        ]
    )
    return replace(result, p_value=_p_value(difference, by_refit, int(group.max()) + 1))


def _p_value(difference: Floats, by_refit: Floats, groups: int) -> float:
    """Of a difference at or below that of the first draw, if there were none.

    Its variance is that over draws of the new groups, and the jackknife's over the refits.
    """
    refits = len(by_refit)
    new = float(np.var(difference[1:]))
    own = float((refits - 1) / refits * np.sum((by_refit - difference[0]) ** 2))
    if new + own == 0:
        return float(difference[0] >= 0)
    freedom = (new + own) ** 2 / (new**2 / max(groups - 1, 1) + own**2 / max(refits - 1, 1))
    return float(stats.t.cdf(difference[0] / np.sqrt(new + own), freedom))


@dataclass(frozen=True)
class _Alternative:
    """What the rows might be instead."""

    text: str
    subjects: Subjects
    visit: Ints
    """The visit whose survival stands for that of each visit."""


def _alternatives(
    model: ServedModel, study: Study, subjects: Subjects, outcomes: Outcomes
) -> Iterator[_Alternative]:
    last = len(outcomes.visits) - 1
    each_visit = np.arange(last + 1)
    for place, factor in enumerate(study.factors):
        seen = np.unique(subjects.codes[:, place])
        if len(factor.names) > MOST_LEVELS:
            continue
        for one, other in itertools.combinations(seen.tolist(), 2):
            codes = subjects.codes.copy()
            codes[subjects.codes[:, place] == one, place] = other
            codes[subjects.codes[:, place] == other, place] = one
            swapped = replace(subjects, codes=codes)
            if model.knows(study, swapped).all():
                pair = f"{factor.names[one]} and {factor.names[other]}"
                yield _Alternative(f"with {factor.name} {pair} exchanged", swapped, each_visit)
    inside = model.saw(study, subjects).mean()
    for place, number in enumerate(study.numbers):
        for factor_ in FACTORS:
            numbers = subjects.numbers.copy()
            numbers[:, place] *= factor_
            scaled = replace(subjects, numbers=numbers)
            # Beyond what was seen, all values are answered as its edge, which may fit better
            # for other reasons: a unit is in doubt only if the other one lies within.
            if model.saw(study, scaled).mean() >= inside:
                text = f"with {number.name} times {factor_:g}"
                yield _Alternative(text, scaled, each_visit)
    for moved in VISITS:
        when = "later" if moved < 0 else "earlier"
        span = abs(moved) * (outcomes.visits[1] - outcomes.visits[0])
        text = f"with the events {span:g} {study.time.unit.en.many} {when}"
        yield _Alternative(text, subjects, np.clip(each_visit - moved, 0, last))
