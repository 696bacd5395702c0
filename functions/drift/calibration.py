"""Whether predictions come true: what was predicted against outcomes, some of them censored.

A subject that is not seen any more has an unknown fate, so each known one is weighted by the
inverse of the probability of still being watched (IPCW), as the judges of a new model do; here
estimated by Kaplan-Meier within each level of the first factor, since no more is sent.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Final

import numpy as np
import numpy.typing as npt

from functions.artefact import Artefact
from functions.drift.outcomes import KnownOutcome
from functions.intervals import Floats
from functions.scoring import Scorer

Booleans = npt.NDArray[np.bool_]

FEWEST_KNOWN: Final = 30
"""Fates that must be known of a level before anything is said of it."""
FEWEST_GROUPS: Final = 5
LEAST_ERROR: Final = 0.05
"""Below it an error is a trifle, however sure."""
ERROR_RATE: Final = 0.001
"""Chance that a calibrated model is found wrong on one day, all levels together."""


@dataclass(frozen=True)
class LevelCalibration:
    """Predicted against observed share among the subjects of one level."""

    factor: str
    """Empty for all subjects together."""
    level: str
    subjects: int
    known: int
    """Whose fate by the time is known."""
    predicted: float
    observed: float
    error: float
    """Predicted minus observed."""
    standard_error: float
    """Of the error: from the outcomes, and from the model."""
    is_wrong: bool


@dataclass(frozen=True)
class LiveCalibration:
    """Of the model that serves, on all outcomes that are known."""

    time: float | None
    """By when; None where too few are known by any time."""
    outcomes: int
    groups: int
    """Groups that outcomes name; with five or more the standard errors are between them."""
    levels: tuple[LevelCalibration, ...]
    """Those with enough known; the first is of all subjects."""

    @property
    def is_wrong(self) -> bool:
        """Whether any level is."""
        return any(each.is_wrong for each in self.levels)


def calibrate(scorer: Scorer, outcomes: Sequence[KnownOutcome]) -> LiveCalibration:
    """Judges the model by the latest time by which enough fates are known."""
    artefact = scorer.artefact
    usable = [each for each in outcomes if _fits(artefact, each)]
    times = np.array([each.time for each in usable], np.float64)
    happened = np.array([each.happened for each in usable], np.bool_)
    names = [each.group for each in usable]
    groups = np.unique([str(name) for name in names], return_inverse=True)[1]
    count = len(set(names)) if None not in names else 0
    by = next(
        (
            end
            for end in reversed(artefact.time.period_ends)
            if _known(times, happened, end).sum() >= FEWEST_KNOWN
        ),
        None,
    )
    if by is None:
        return LiveCalibration(None, len(usable), count, ())
    codes, numbers = scorer.encoder.encode([each.inputs for each in usable])
    risk = scorer.forecast(codes, numbers, by).average / 100
    rows = [("", "all", np.ones(len(usable), np.bool_))]
    for column, factor in enumerate(artefact.factors):
        rows += [
            (factor.name, level, codes[:, column] == code)
            for code, level in enumerate(factor.levels)
        ]
    known = _known(times, happened, by)
    strata = codes[:, 0] if artefact.factors else np.zeros(len(usable), np.int64)
    weight = np.zeros(len(usable))
    for stratum in np.unique(strata):
        of = strata == stratum
        weight[of] = _weights(times[of], happened[of], known[of], by)
    judged = [row for row in rows if (row[2] & known).sum() >= FEWEST_KNOWN]
    limit = NormalDist().inv_cdf(1 - ERROR_RATE / len(judged) / 2)
    had = (happened & (times <= by)).astype(np.float64)
    clusters = groups if count >= FEWEST_GROUPS else np.arange(len(usable))
    levels = tuple(
        _level(name, level, had[of], weight[of], clusters[of], risk[of], artefact.t, limit)
        for name, level, of in judged
    )
    return LiveCalibration(by, len(usable), count, levels)


def staying_before(times: Floats, happened: Booleans, at: Floats) -> Floats:
    """Kaplan-Meier of the censoring: the probability of not being censored before each time.

    Whoever has the event at a time at which others are censored has it before.
    """
    left = np.unique(times[~happened])
    leaving = np.array([((times == time) & ~happened).sum() for time in left])
    there = np.array([((times > time) | ((times == time) & ~happened)).sum() for time in left])
    steps = np.concatenate([[1.0], np.cumprod(1 - leaving / np.maximum(there, 1))])
    found: Floats = steps[np.searchsorted(left, at, side="left")]
    return found


def _level(
    factor: str,
    level: str,
    had: Floats,
    weight: Floats,
    clusters: npt.NDArray[np.int64],
    risk: Floats,
    t: float,
    limit: float,
) -> LevelCalibration:
    """`risk` is the predicted share and the ends of its interval, [n, 3]."""
    total = weight.sum()
    residual = risk[:, 0] - had
    error = float(weight @ residual / total)
    parts = np.bincount(clusters, weight * (residual - error))
    number = len(np.unique(clusters))
    sampling = math.sqrt(float((parts**2).sum()) * number / max(number - 1, 1)) / total
    # An upper bound: as if the errors of all rows went the same way.
    of_model = float((weight @ (risk[:, 2] - risk[:, 1])) / total / (2 * t))
    spread = math.hypot(sampling, of_model)
    return LevelCalibration(
        factor=factor,
        level=level,
        subjects=len(had),
        known=int((weight > 0).sum()),
        predicted=float(weight @ risk[:, 0] / total),
        observed=float(weight @ had / total),
        error=error,
        standard_error=spread,
        is_wrong=abs(error) > LEAST_ERROR and abs(error) > limit * spread,
    )


def _weights(times: Floats, happened: Booleans, known: Booleans, by: float) -> Floats:
    stayed = staying_before(times, happened, np.minimum(times, by))
    weights: Floats = np.where(known, 1 / np.where(known, stayed, 1.0), 0.0)
    return weights


def _known(times: Floats, happened: Booleans, by: float) -> Booleans:
    """Whose fate by a time is known: it had the event before, or was seen then or later."""
    known: Booleans = happened | (times >= by)
    return known


def _fits(artefact: Artefact, outcome: KnownOutcome) -> bool:
    """Whether the model that serves can predict for the inputs of an earlier one."""
    given = outcome.inputs
    return all(given.get(each.name) in each.levels for each in artefact.factors) and all(
        isinstance(given.get(each.name), int | float) for each in artefact.numbers
    )
