"""How likely each subject was to stay under observation: what the scores are weighted by.

Kaplan-Meier of the censoring, the same for everybody, or logistic regressions on columns of
the CSV where the study declares that leaving depended on them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from scipy import sparse
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits

from training.arrays import Floats, Ints
from training.errors import TrainingError
from training.model.periods import Periods
from training.study.declaration import Study
from training.study.formula import products
from training.study.subjects import Subjects


@dataclass(frozen=True)
class Staying:
    """Probability of not having been censored by a time, for each subject at any time."""

    knots: Floats
    """[k], rising: times at which the probability is known."""
    values: Floats
    """[kinds, k]: the probability at and after each knot; 1 before the first."""
    kind: Ints
    """[n]: which row of `values` a subject has."""
    is_linear: bool = False
    """Whether its log falls evenly between knots rather than in steps at them."""

    def __getitem__(self, rows: Ints) -> Staying:
        return Staying(self.knots, self.values, self.kind[rows], self.is_linear)

    def until(self, time: float) -> Floats:
        """[n]: not censored up to and including a time."""
        return self._by_kind(np.array([time]), "right")[:, 0][self.kind]

    def before(self, time: float) -> Floats:
        """[n]: not censored before a time."""
        return self._by_kind(np.array([time]), "left")[:, 0][self.kind]

    def before_own(self, times: Floats) -> Floats:
        """[n]: not censored before each subject's own time."""
        distinct, place = np.unique(times, return_inverse=True)
        return self._by_kind(distinct, "left")[self.kind, place]

    def _by_kind(self, times: Floats, side: Literal["left", "right"]) -> Floats:
        started = np.column_stack([np.ones(len(self.values)), self.values])
        if self.is_linear:
            knots = np.concatenate([[0.0], self.knots])
            logs = np.log(started)
            linear: Floats = np.exp(np.array([np.interp(times, knots, row) for row in logs]))
            return linear
        place = np.searchsorted(self.knots, times, side=side)
        found: Floats = started[:, place]
        return found


def staying(study: Study, subjects: Subjects, periods: Periods) -> Staying:
    """The probability that the study's declaration of censoring gives each subject.

    Whoever is observed to the horizon was not censored. Raises TrainingError where everybody
    who was left is censored at once before the horizon: nothing is known after that.
    """
    censored = (subjects.event == 0) & (subjects.time < periods.horizon - periods.slack)
    times = np.unique(subjects.time[censored])
    if len(times) and times[-1] == subjects.time.max():
        raise TrainingError(
            f"every subject that was left at {study.time.name} {times[-1]:g} was censored then: "
            f"nothing is known of the time from there to the horizon, {periods.horizon:g}. "
            "Set time.horizon lower, or take data that reach it."
        )
    if study.censoring is None:
        return _kaplan_meier(subjects, censored, times)
    x = _columns(study.censoring.formula, study, subjects.frame)
    if periods.curve == "steps":
        return _at_each_time(x, subjects, censored, times)
    return _pooled(x, subjects, censored, periods)


def _kaplan_meier(subjects: Subjects, censored: Floats, times: Floats) -> Staying:
    """The share that stays at each time; whoever has the event then has it before."""
    _, leaving = np.unique(subjects.time[censored], return_counts=True)
    later = len(subjects) - np.searchsorted(np.sort(subjects.time), times, side="right")
    share = later / (later + leaving)
    kind = np.zeros(len(subjects), np.int64)
    return Staying(times, np.cumprod(share, dtype=np.float64)[None, :], kind)


def _at_each_time(
    x: sparse.csr_matrix, subjects: Subjects, censored: Floats, times: Floats
) -> Staying:
    """A ridge logistic at each time at which somebody left, among those who were there."""
    share = np.ones((len(subjects), len(times)))
    for place, time in enumerate(times):
        leaving = censored & (subjects.time == time)
        there = leaving | (subjects.time > time)
        share[:, place] = _fit(x[there], leaving[there]).predict_proba(x)[:, 0]
    values = np.cumprod(share, axis=1, dtype=np.float64)
    return Staying(times, values, np.arange(len(subjects)))


def _pooled(
    x: sparse.csr_matrix, subjects: Subjects, censored: Floats, periods: Periods
) -> Staying:
    """One ridge logistic over all periods that each subject entered."""
    last = periods.period_of(subjects.time)
    count = len(periods)
    subject, period = np.nonzero(np.arange(count)[None, :] <= last[:, None])
    leaving = censored[subject] & (period == last[subject])
    one_hot = sparse.identity(count, format="csr")
    model = _fit(sparse.hstack([x[subject], one_hot[period]], format="csr"), leaving)
    everyone = np.repeat(np.arange(len(subjects)), count)
    every_period = np.tile(np.arange(count), len(subjects))
    rows = sparse.hstack([x[everyone], one_hot[every_period]], format="csr")
    share = model.predict_proba(rows)[:, 0].reshape(len(subjects), count)
    values = np.cumprod(share, axis=1, dtype=np.float64)
    return Staying(np.array(periods.ends), values, np.arange(len(subjects)), is_linear=True)


def _fit(x: sparse.csr_matrix, y: Floats) -> LogisticRegression:
    with threadpool_limits(1):
        return LogisticRegression(solver="newton-cholesky", tol=1e-10).fit(x, y)


def _columns(formula: str, study: Study, frame: pd.DataFrame) -> sparse.csr_matrix:
    """One-hot columns of every combination that occurs, times standardised numbers."""
    group = study.data.group
    blocks = []
    for names in products(formula):
        numbers = [
            name
            for name in names
            if pd.api.types.is_numeric_dtype(frame[name])
            and not (group is not None and name == group.column)
        ]
        factors = [name for name in names if name not in numbers]
        value = np.ones(len(frame))
        for name in numbers:
            column = frame[name].to_numpy(np.float64)
            value *= (column - column.mean()) / (column.std() or 1.0)
        code: Ints = np.zeros(len(frame), np.int64)
        if factors:
            kinds = frame.groupby([frame[name].astype(str) for name in factors])
            code = kinds.ngroup().to_numpy().astype(np.int64)
        shape = (len(frame), int(code.max()) + 1)
        blocks.append(sparse.csr_matrix((value, (np.arange(len(frame)), code)), shape=shape))
    return sparse.hstack(blocks, format="csr")
