"""Simulated data whose truth is known: what intervals and the gate are measured on.

The subjects at hand keep their inputs and groups; what happens to them is drawn from hazards
that differ between groups, and from the study's own censoring.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from scipy import linalg, sparse
from scipy.special import expit, logit

from training.arrays import Floats, Ints
from training.evaluation.censoring import Staying
from training.model.hazard import FittedHazard
from training.model.periods import Periods
from training.model.person_periods import PersonPeriods
from training.model.survival import risk
from training.study.subjects import Subjects

DRAWS: Final = 400
"""Groups over which the average risk is taken."""
ROUNDS: Final = 40


@dataclass(frozen=True)
class GroupEffects:
    """Standard deviations between groups on the log-odds of the hazard."""

    group: float
    group_by_phase: float = 0.0
    group_by_level_and_phase: float = 0.0
    """Of each level of the first factor apart."""


@dataclass(frozen=True)
class Truth:
    """Hazards that are known, and how far groups differ from them."""

    name: str
    model: FittedHazard
    effects: GroupEffects

    @property
    def periods(self) -> Periods:
        """The time axis of the hazards."""
        return self.model.periods

    def draw(self, subjects: Subjects, staying: Staying, seed: Sequence[int]) -> Subjects:
        """The same subjects with other fates; `staying` gives how they are censored."""
        random = np.random.default_rng(list(seed))
        levels = _levels(subjects.codes)
        effect = self._drawn(random, len(subjects.groups), int(levels.max()) + 1)
        odds = logit(self.model.hazards(subjects.codes, subjects.numbers))
        hazard = expit(odds + effect[subjects.group, levels])
        chance = random.uniform(size=hazard.shape)
        happened = chance < hazard
        period = np.where(happened.any(axis=1), happened.argmax(axis=1), -1)
        life = self._time_of(period, hazard, chance)
        leaving = _leaving(staying, random.uniform(size=len(subjects)))
        time = np.minimum(np.minimum(life, leaving), self.periods.horizon)
        event = ((period >= 0) & (life <= leaving)).astype(np.int64)
        return replace(subjects, time=time, event=event)

    def average_risk(self, codes: Ints, numbers: Floats, times: Floats) -> Floats:
        """Risk by each time, averaged over many groups, [n, times]."""
        levels = _levels(codes)
        random = np.random.default_rng(99)
        effect = self._drawn(random, DRAWS, int(levels.max()) + 1)
        odds = logit(self.model.hazards(codes, numbers))
        total = np.zeros((len(codes), len(times)))
        for each in effect:
            total += risk(expit(odds + each[levels]), self.periods, times)
        return total / DRAWS

    def _drawn(self, random: np.random.Generator, groups: int, levels: int) -> Floats:
        """[groups, levels, periods]."""
        phases = np.array(self.periods.phases)
        count = int(phases.max()) + 1
        sds = self.effects
        whole = random.normal(0, sds.group, (groups, 1, 1))
        by_phase = random.normal(0, sds.group_by_phase, (groups, 1, count))
        by_level = random.normal(0, sds.group_by_level_and_phase, (groups, levels, count))
        effect: Floats = whole + (by_phase + by_level)[:, :, phases]
        return effect

    def _time_of(self, period: Ints, hazard: Floats, chance: Floats) -> Floats:
        """When the event happens in its period: at the end of a step, else where it falls."""
        ends = np.array(self.periods.ends)
        starts = np.concatenate([[0.0], ends[:-1]])
        rows = np.arange(len(period))
        share = np.ones(len(period))
        if self.periods.curve == "continuous":
            share = np.log1p(-chance[rows, period]) / np.log1p(-hazard[rows, period])
        time = starts[period] + share * (ends - starts)[period]
        return np.where(period >= 0, time, np.inf)


def fitted_effects(model: FittedHazard, subjects: Subjects) -> GroupEffects:
    """The spread between the groups at hand, by expectation-maximisation (Laplace's method).

    The hazards are held at the model's; each effect of a group, of a group and phase, and of a
    group, level of the first factor and phase is normal around 0.
    """
    periods = model.periods
    data = PersonPeriods.of(subjects, periods)
    factors = subjects.codes.shape[1]
    codes = data.rows[:, :factors].astype(np.int64)
    period = data.rows[:, -1].astype(np.int64)
    hazard = model.hazards(codes, data.rows[:, factors:-1])[np.arange(len(period)), period]
    offset = logit(hazard)[data.row]
    phase = np.array(periods.phases)[period][data.row]
    level = _levels(codes)[data.row]
    phases, levels = max(periods.phases) + 1, int(level.max()) + 1
    kinds = [
        (data.group, len(data.groups)),
        (data.group * phases + phase, len(data.groups) * phases),
        ((data.group * levels + level) * phases + phase, len(data.groups) * levels * phases),
    ]
    rows = np.arange(len(offset))
    columns = [
        sparse.csr_matrix((np.ones(len(rows)), (rows, place)), shape=(len(rows), count))
        for place, count in kinds
    ]
    variance = _components(
        sparse.hstack(columns, format="csr"), [c for _, c in kinds], offset, data
    )
    return GroupEffects(*np.sqrt(variance).tolist())


def _components(
    x: sparse.csr_matrix, counts: Sequence[int], offset: Floats, data: PersonPeriods
) -> Floats:
    """Variance of each kind of effect."""
    variance = np.full(len(counts), 0.1)
    effect = np.zeros(x.shape[1])
    of_kind = np.repeat(np.arange(len(counts)), counts)
    for _ in range(ROUNDS):
        precision = 1 / variance[of_kind]
        for _ in range(3):
            hazard = expit(offset + x @ effect)
            gradient = x.T @ (data.events - data.exposure * hazard) - precision * effect
            weight = sparse.diags(data.exposure * hazard * (1 - hazard))
            curvature = (x.T @ weight @ x).toarray() + np.diag(precision)
            step = linalg.solve(curvature, gradient, assume_a="pos")
            effect = effect + np.clip(step, -2, 2)
        squares = effect**2 + np.diag(linalg.inv(curvature))
        variance = np.maximum(np.bincount(of_kind, squares) / np.array(counts), 1e-4)
    return variance


def _levels(codes: Ints) -> Ints:
    """Level of the first factor; one for all where there is none."""
    return codes[:, 0] if codes.shape[1] else np.zeros(len(codes), np.int64)


def _leaving(staying: Staying, chance: Floats) -> Floats:
    """When each subject would be censored; infinity for those who stay."""
    values = staying.values[staying.kind]
    left = values < chance[:, None]
    gone = left.any(axis=1) if values.shape[1] else np.zeros(len(chance), np.bool_)
    place = left.argmax(axis=1) if values.shape[1] else np.zeros(len(chance), np.int64)
    if not gone.any():
        return np.full(len(chance), np.inf)
    time = staying.knots[place]
    if staying.is_linear:
        knots = np.concatenate([[0.0], staying.knots])
        logs = np.log(np.column_stack([np.ones(len(values)), values]))
        rows = np.arange(len(chance))
        before, after = logs[rows, place], logs[rows, place + 1]
        fall = np.where(before > after, before - after, 1.0)
        share = (before - np.log(chance)) / fall
        time = knots[place] + share * (knots[place + 1] - knots[place])
    return np.where(gone, time, np.inf)
