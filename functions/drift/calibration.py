"""Whether predictions come true: what was predicted against outcomes, some of them censored.

A subject that is not seen any more has an unknown fate, so each known one is weighted by the
inverse of the probability of still being watched (IPCW), as the judges of a new model do; here
estimated by Kaplan-Meier within each level of the first factor, since no more is sent.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from functions.artefact import Artefact
from functions.drift.outcomes import KnownOutcome
from functions.drift.statistics import student_tail
from functions.intervals import Floats
from functions.scoring import Scorer

Booleans = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]

FEWEST_KNOWN: Final = 30
"""Fates that must be known of a level before anything is said of it; weights that differ much
count for less."""
FEWEST_GROUPS: Final = 5
LEAST_WATCHED: Final = 0.2
"""Share that must have been watched up to a time, were there no events; else nothing is said of
that time: a few would speak for all."""
LEAST_ERROR: Final = 0.05
"""Below it an error is a trifle, however sure."""
ERROR_RATE: Final = 0.01
"""Chance that a calibrated model is found wrong on one day: half of it for all subjects together,
half for all levels. Days have most subjects in common: `python -m bench drift` has the year's."""


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


@dataclass(frozen=True)
class Followed:
    """Subjects whose outcomes were reported."""

    codes: Ints
    """Levels, [n, factors]."""
    times: Floats
    """When each was last seen, or had the event, [n]."""
    happened: Booleans
    groups: Ints | None
    """Number of the group of each; None unless every one names its group."""

    def known(self, by: float) -> Booleans:
        """Whose fate by a time is known: it had the event before, or was seen then or later."""
        found: Booleans = self.happened | (self.times >= by)
        return found

    def weights(self, by: float) -> tuple[Floats, Floats]:
        """For each whose fate is known the subjects that it speaks for; and the largest such.

        Both are [n], and 0 where too few of a stratum were watched for so long: hardly more
        than its dead would be known.
        """
        found, most = np.zeros((2, len(self.times)))
        known = self.known(by)
        strata = self.codes[:, 0] if self.codes.shape[1] else np.zeros(len(found), np.int64)
        for stratum in np.unique(strata):
            of = strata == stratum
            at = np.append(np.minimum(self.times[of], by), by)
            stayed = staying_before(self.times[of], self.happened[of], at)
            if stayed[-1] >= LEAST_WATCHED:
                found[of] = known[of] / stayed[:-1]
                most[of] = 1 / stayed[-1]
        return found, most


def calibrate(scorer: Scorer, outcomes: Sequence[KnownOutcome]) -> LiveCalibration:
    """Judges the model that serves by the outcomes that it can predict for."""
    artefact = scorer.artefact
    usable = [each for each in outcomes if _fits(artefact, each)]
    if not usable:
        return LiveCalibration(None, 0, 0, ())
    codes, numbers = scorer.encoder.encode([each.inputs for each in usable])
    names = [each.group for each in usable]
    followed = Followed(
        codes,
        np.array([each.time for each in usable], np.float64),
        np.array([each.happened for each in usable], np.bool_),
        None if None in names else np.unique(np.array(names, str), return_inverse=True)[1],
    )
    return judge_outcomes(
        artefact, followed, lambda by: scorer.forecast(codes, numbers, by).average / 100
    )


def judge_outcomes(
    artefact: Artefact, followed: Followed, predict: Callable[[float], Floats]
) -> LiveCalibration:
    """Judges predictions by the latest time by which enough fates are known.

    `predict` gives the share by a time and the ends of its interval, [n, 3].
    """
    count = len(followed.times)
    groups = 0 if followed.groups is None else len(np.unique(followed.groups))
    for by in reversed(artefact.time.period_ends):
        weight, most = followed.weights(by)
        if _effective(weight) >= FEWEST_KNOWN:
            break
    else:
        return LiveCalibration(None, count, groups, ())
    clusters = followed.groups if groups >= FEWEST_GROUPS else None
    rows = [("", "all", np.ones(count, np.bool_))]
    for column, factor in enumerate(artefact.factors):
        rows += [
            (factor.name, level, followed.codes[:, column] == code)
            for code, level in enumerate(factor.levels)
        ]
    judged = [
        (name, level, of)
        for name, level, of in rows
        if _effective(weight[of]) >= FEWEST_KNOWN
        and (clusters is None or len(np.unique(clusters[of])) >= FEWEST_GROUPS)
    ]
    risk = predict(by)
    had = (followed.happened & (followed.times <= by)).astype(np.float64)
    share = ERROR_RATE / 2
    levels = tuple(
        _level(
            name,
            level,
            had[of],
            weight[of],
            most[of],
            None if clusters is None else clusters[of],
            risk[of],
            artefact.t,
            share / max(len(judged) - 1, 1) if name else share,
        )
        for name, level, of in judged
    )
    return LiveCalibration(by, count, groups, levels)


def staying_before(times: Floats, happened: Booleans, at: Floats) -> Floats:
    """Kaplan-Meier of the censoring: the probability of not being censored before each time.

    Whoever has the event at a time at which others are censored has it before.
    """
    left, leaving = np.unique(times[~happened], return_counts=True)
    there = leaving + len(times) - np.searchsorted(np.sort(times), left, side="right")
    steps = np.concatenate([[1.0], np.cumprod(1 - leaving / there)])
    found: Floats = steps[np.searchsorted(left, at, side="left")]
    return found


def _level(
    factor: str,
    level: str,
    had: Floats,
    weight: Floats,
    most: Floats,
    clusters: Ints | None,
    risk: Floats,
    t: float,
    limit: float,
) -> LevelCalibration:
    """`risk` is the predicted share and the ends of its interval, [n, 3]."""
    total = weight.sum()
    residual = risk[:, 0] - had
    error = float(weight @ residual / total)
    parts: Floats = weight * (residual - error)
    number = int((weight > 0).sum())
    if clusters is not None:
        names, places = np.unique(clusters, return_inverse=True)
        parts, number = np.bincount(places, parts).astype(np.float64), len(names)
    sampling = math.sqrt(float(parts @ parts) * number / (number - 1)) / total
    # Where hardly any or all had the event, outcomes vary less than those of a calibrated model
    # would: p (1 - p)^2 of those who have it and (1 - p) p^2 of the others, with their weights.
    p = risk[:, 0]
    by_chance = math.sqrt(float((most > 0) @ (p * (1 - p) ** 2) + most @ ((1 - p) * p**2)))
    sampling = max(sampling, by_chance / int((most > 0).sum()))
    # An upper bound: as if the errors of all rows went the same way, that of the error.
    side = risk[:, 0] - risk[:, 1] if error > 0 else risk[:, 2] - risk[:, 0]
    of_model = float(weight @ side / total / t)
    spread = math.hypot(sampling, of_model)
    chance = student_tail(abs(error) / spread, number - 1) if spread else 0.0
    return LevelCalibration(
        factor=factor,
        level=level,
        subjects=len(had),
        known=int((weight > 0).sum()),
        predicted=float(weight @ risk[:, 0] / total),
        observed=float(weight @ had / total),
        error=error,
        standard_error=spread,
        is_wrong=abs(error) > LEAST_ERROR and chance < limit,
    )


def _effective(weights: Floats) -> float:
    """How many fates of equal weight would tell as much (Kish)."""
    squares = float(weights @ weights)
    return float(weights.sum()) ** 2 / squares if squares else 0.0


def _fits(artefact: Artefact, outcome: KnownOutcome) -> bool:
    """Whether the model that serves can predict for the inputs of an earlier one."""
    given = outcome.inputs
    return all(given.get(each.name) in each.levels for each in artefact.factors) and all(
        isinstance(given.get(each.name), int | float) for each in artefact.numbers
    )
