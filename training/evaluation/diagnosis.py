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

from training.arrays import Floats
from training.evaluation.held_out import draws_of_groups, integrated_brier_draws
from training.evaluation.scores import Outcomes
from training.evaluation.served_model import ServedModel
from training.study.declaration import Study
from training.study.subjects import Subjects

MOST_LEVELS: Final = 10
GAIN: Final = 0.02
"""Share of the integrated Brier score that an alternative must gain to be taken for a fault."""
SURE: Final = 0.995
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

    @property
    def is_fault(self) -> bool:
        """Whether the alternative fits better beyond doubt."""
        return self.alternative - self.score < -GAIN * self.score and self.upper < 0

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

    def draws(survival: Floats) -> Floats:
        return integrated_brier_draws([(outcomes, survival, group)], times)

    plain = _survival(model, study, subjects, outcomes)
    score = draws(plain)
    best: Diagnosis | None = None
    for text, survival in _alternatives(model, study, subjects, outcomes, plain):
        difference = draws(survival) - score
        if best is None or score[0] + difference[0] < best.alternative:
            upper = float(np.quantile(difference[1:], SURE))
            best = Diagnosis(text, float(score[0]), float(score[0] + difference[0]), upper)
    return best


def _survival(model: ServedModel, study: Study, subjects: Subjects, outcomes: Outcomes) -> Floats:
    return model.survival(study, subjects, outcomes.visits, np.zeros(len(subjects), np.int64))


def _alternatives(
    model: ServedModel, study: Study, subjects: Subjects, outcomes: Outcomes, plain: Floats
) -> Iterator[tuple[str, Floats]]:
    """What the rows might be instead, and the model's curves [n, visits] if they are."""
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
                text = f"with {factor.name} {pair} exchanged"
                yield text, _survival(model, study, swapped, outcomes)
    for place, number in enumerate(study.numbers):
        for factor_ in FACTORS:
            numbers = subjects.numbers.copy()
            numbers[:, place] *= factor_
            text = f"with {number.name} times {factor_:g}"
            yield text, _survival(model, study, replace(subjects, numbers=numbers), outcomes)
    last = len(outcomes.visits) - 1
    for moved in VISITS:
        visit = np.clip(np.arange(last + 1) - moved, 0, last)
        when = "later" if moved < 0 else "earlier"
        span = abs(moved) * (outcomes.visits[1] - outcomes.visits[0])
        text = f"with the events {span:g} {study.time.unit.en.many} {when}"
        yield text, plain[:, visit]
