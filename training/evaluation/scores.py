"""Scores survival curves against what became of subjects, some of whom were censored.

A censored subject's fate is unknown after it left, so each known fate is weighted by the
inverse of the probability of having stayed under observation until it was seen (IPCW).
Sources: Graf et al. 1999 (Brier score under censoring), Uno et al. 2011 (concordance).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
from sksurv.nonparametric import kaplan_meier_estimator

from training.arrays import Floats, Ints
from training.evaluation.censoring import Staying, staying
from training.model.periods import Periods
from training.study.declaration import Study
from training.study.subjects import Subjects


@dataclass(frozen=True)
class Outcomes:
    """What became of each subject: when it was last seen, and whether the event happened."""

    time: Floats
    event: Ints
    codes: Ints
    """[n, factors]: levels of the input factors."""
    group: Ints
    visits: Floats
    """Times that curves are given at, from 0 to the horizon."""
    staying: Staying

    @classmethod
    def of(cls, study: Study, subjects: Subjects, periods: Periods) -> Outcomes:
        """The outcomes of subjects, in their order.

        Raises TrainingError where censoring leaves nothing known before the horizon.
        """
        return cls(
            time=subjects.time,
            event=subjects.event,
            codes=subjects.codes,
            group=subjects.group,
            visits=np.array(periods.visits),
            staying=staying(study, subjects, periods),
        )

    def __len__(self) -> int:
        return len(self.time)

    def __getitem__(self, rows: Ints) -> Outcomes:
        return Outcomes(
            self.time[rows],
            self.event[rows],
            self.codes[rows],
            self.group[rows],
            self.visits,
            self.staying[rows],
        )

    @cached_property
    def known(self) -> tuple[Floats, Floats]:
        """[n, visits]: whether each is without the event at each visit, and the weight of it.

        The weight is 0 where that is unknown.
        """
        slack = 1e-9 * self.visits[-1]
        happened = (self.event == 1)[:, None]
        passed = self.time[:, None] <= self.visits + slack
        to_the_end = self.time >= self.visits[-1] - slack
        free = ~passed
        free[:, -1] |= to_the_end & (self.event == 0)
        after = 1 / np.column_stack([self.staying.until(visit) for visit in self.visits])
        before = 1 / self.staying.before_own(self.time)
        weight = np.where(happened & passed, before[:, None], np.where(free, after, 0.0))
        return free.astype(np.float64), weight


@dataclass(frozen=True)
class Scores:
    """The figures a set of curves is judged by."""

    integrated_brier_score: float
    brier_score: float
    """At the horizon."""
    concordance_index: float
    """By the risk at the horizon."""
    concordance_mean_survival: float
    """By the mean of the curve."""
    calibration_error: float
    """At the horizon."""


def score(outcomes: Outcomes, survival: Floats) -> Scores:
    """Judges curves [n, visits] by what became of the subjects they are for."""
    by_visit = brier_score(outcomes, survival)
    return Scores(
        integrated_brier_score=integrate(by_visit, outcomes.visits),
        brier_score=float(by_visit[-1]),
        concordance_index=concordance_index(outcomes, 1 - survival[:, -1]),
        concordance_mean_survival=concordance_index(outcomes, -survival.sum(axis=1)),
        calibration_error=float(calibration_error(outcomes, survival)[-1]),
    )


def integrate(by_visit: Floats, visits: Floats) -> float:
    """Mean up to the horizon of a figure given at every visit, by trapezoids.

    Visits at which it is not a number, since no fate is known there, are passed over.
    """
    known = ~np.isnan(by_visit)
    span = visits[known][-1] - visits[known][0]
    return float(np.trapezoid(by_visit[known], visits[known]) / span)


def brier_score(outcomes: Outcomes, survival: Floats) -> Floats:
    """Weighted mean of (without the event - S)^2 at every visit, [visits]; 0 is perfect."""
    free, weight = outcomes.known
    return _weighted_mean((free - survival) ** 2, weight)


def observed_risk(outcomes: Outcomes) -> Floats:
    """Weighted share with the event at every visit, [visits]; not a number where unknown."""
    free, weight = outcomes.known
    return _weighted_mean(1 - free, weight)


def calibration_error(outcomes: Outcomes, survival: Floats) -> Floats:
    """Mean predicted risk minus the observed one at every visit, [visits]."""
    error: Floats = 1 - survival.mean(axis=0) - observed_risk(outcomes)
    return error


def calibration_by_level(outcomes: Outcomes, survival: Floats, factor: int, levels: int) -> Floats:
    """The calibration error among the subjects of each level, [levels, visits].

    It is not a number where a level has no subject whose fate is known.
    """
    errors = np.full((levels, len(outcomes.visits)), np.nan)
    for level in range(levels):
        rows = np.flatnonzero(outcomes.codes[:, factor] == level)
        if len(rows):
            errors[level] = calibration_error(outcomes[rows], survival[rows])
    return errors


def concordance_index(outcomes: Outcomes, risk: Floats) -> float:
    """Uno's C: chance that of two subjects the one with the earlier event had the higher risk.

    A pair counts 1 / (G_i G_j) just before the first event; a subject censored at the time of
    that event is taken to outlast it; equal risks count a half. 0.5 is chance. Pairs are
    counted by rank, so each event time costs n log n.
    """
    pairs = concordant = 0.0
    for time in np.unique(outcomes.time[outcomes.event == 1]):
        left_then = outcomes.time == time
        having = left_then & (outcomes.event == 1)
        outlasting = (outcomes.time > time) | (left_then & (outcomes.event == 0))
        weight = 1 / outcomes.staying.before(time)
        order = np.argsort(risk[outlasting], kind="stable")
        ranked = risk[outlasting][order]
        total = np.concatenate([[0.0], np.cumsum(weight[outlasting][order])])
        lower = total[np.searchsorted(ranked, risk[having], side="left")]
        not_higher = total[np.searchsorted(ranked, risk[having], side="right")]
        concordant += float(weight[having] @ (lower + not_higher)) / 2
        pairs += float(weight[having].sum() * total[-1])
    return concordant / pairs if pairs else float("nan")


def kaplan_meier_band(subjects: Subjects, visits: Floats) -> tuple[Floats, Floats, Floats]:
    """The Kaplan-Meier curve at each visit with its pointwise 95 % band (log-log)."""
    happened: npt.NDArray[np.bool_] = subjects.event == 1
    if not happened.any():
        return np.ones(len(visits)), np.ones(len(visits)), np.ones(len(visits))
    time, free, (low, high) = kaplan_meier_estimator(happened, subjects.time, conf_type="log-log")
    step = np.searchsorted(time, visits + 1e-9 * visits[-1], side="right")
    curve, low, high = (np.concatenate([[1.0], values])[step] for values in (free, low, high))
    return curve, low, high


def _weighted_mean(values: Floats, weight: Floats) -> Floats:
    """Column by column; not a number where all weights are 0."""
    total = weight.sum(axis=0)
    with np.errstate(invalid="ignore"):
        mean: Floats = (values * weight).sum(axis=0) / total
    return mean
