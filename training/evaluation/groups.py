"""How far groups lie apart: what the interval of one new group is made from.

Each group is predicted by the refit that leaves it out. The spread between groups, at each
period's end, is the smallest with which the interval holds what was observed in enough of
them (split conformal over cells of a group and a level of the study's first factor).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import ceil
from typing import Final

import numpy as np
import numpy.typing as npt

from training.arrays import Floats, Ints
from training.evaluation.scores import Outcomes
from training.model.hazard import FittedHazard
from training.model.intervals import LEVEL, counted, log_odds, student_t
from training.model.periods import Periods
from training.model.survival import risk
from training.study.declaration import Study
from training.study.subjects import Subjects

SPREADS: Final = np.arange(0, 81) * 0.05
SMALLEST: Final = 10
"""Subjects of known fate that a cell needs to count, and cells that are needed."""
FEWEST_EITHER_WAY: Final = 2
"""Subjects expected with the event and without it in a cell that says anything of the spread."""

Booleans = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class GroupSpread:
    """What the interval of one new group needs, and how well it held the groups at hand."""

    ends: tuple[float, ...]
    """The periods' ends."""
    spread: tuple[float, ...]
    """Standard deviation between groups on the log-odds, at each period's end."""
    size: int
    """Subjects that an observed group of one kind has."""
    by: str | None
    """The factor whose levels the observed groups were split by."""
    t: float
    held: tuple[float, ...]
    """Share of the left-out cells that the interval from the other groups holds; NaN if none."""

    def at(self, time: float, periods: Periods) -> float:
        """The spread at a time: that of the last period ended, or of the one it falls in."""
        ends = np.array(periods.ends)
        if periods.curve == "steps":
            place = int(np.searchsorted(ends, time + periods.slack, side="right")) - 1
        else:
            place = int(periods.period_of(np.array([time]))[0])
        return self.spread[max(place, 0)]

    def described(self) -> dict[str, object]:
        """The part of the metadata that serving needs."""
        return {
            "level": LEVEL,
            "t": round(self.t, 6),
            "size": self.size,
            "by": self.by,
            "spread": list(self.spread),
        }


@dataclass(frozen=True)
class _LeftOut:
    """Every kind of subject as the refit without its group predicts it; what cells recorded.

    A kind is all subjects of a group with the same inputs; a cell, those of a group and level.
    """

    count: Floats
    """[kinds]: subjects of it."""
    cell: Ints
    """[kinds]: which cell it belongs to."""
    odds: Floats
    """[kinds, periods]: held-out log-odds of the event by each period's end."""
    error: Floats
    """[kinds, periods]: jackknife standard error of the log-odds."""
    group: Ints
    """[cells]."""
    observed: Floats
    """[cells, periods]: weighted share with the event."""
    known: Floats
    """[cells, periods]: effective number of subjects whose fate is known."""
    t: float

    def mean(self, values: Floats) -> Floats:
        """Mean over the subjects of each cell, [cells, ...]."""
        shape = (-1, *(1,) * (values.ndim - 1))
        total = np.zeros((len(self.group), *values.shape[1:]))
        np.add.at(total, self.cell, values * self.count.reshape(shape))
        count = np.bincount(self.cell, self.count, len(self.group))
        return total / count.reshape(shape)

    def size(self, among: Booleans) -> float:
        """Median number of known subjects at the horizon, of the cells that count."""
        at_end = self.known[among, -1]
        return float(np.round(np.median(at_end[at_end >= SMALLEST])))

    def is_held(self, period: int, size: float) -> Booleans:
        """[cells, spreads]: whether the interval with each spread holds what was observed."""
        reach = self.t * np.hypot(self.error[:, period, None], SPREADS)
        bounds = counted(self.odds[:, period, None], reach, size)
        observed = self.observed[:, period, None]
        low, high = self.mean(bounds.low), self.mean(bounds.high)
        held: Booleans = (low - 1e-9 <= observed) & (observed <= high + 1e-9)
        return held

    def is_informative(self, period: int, among: Booleans) -> Booleans:
        """Cells that say something of the spread; all that count where those are few."""
        known = self.known[:, period]
        counting: Booleans = among & (known >= SMALLEST)
        predicted = self.mean(1 / (1 + np.exp(-self.odds[:, period])))
        expected = known * np.minimum(predicted, 1 - predicted)
        informative: Booleans = counting & (expected >= FEWEST_EITHER_WAY)
        return informative if informative.sum() >= SMALLEST else counting

    def spread_place(self, period: int, held: Booleans, among: Booleans) -> int:
        """Position of the smallest spread with which enough informative cells are held."""
        informative = held[self.is_informative(period, among)]
        cells = len(informative)
        needed = min(cells, ceil(LEVEL * (cells + 1)))
        enough = np.flatnonzero(informative.sum(axis=0) >= needed)
        return int(enough[0]) if len(enough) else len(SPREADS) - 1


def group_spread(
    study: Study,
    models: Sequence[FittedHazard],
    blocks: Ints,
    subjects: Subjects,
    outcomes: Outcomes,
) -> GroupSpread | None:
    """The spread between groups, from the model and its refits.

    `blocks` is [groups], the refit (from 0) that leaves out each group. None where too few
    groups hold enough subjects to say.
    """
    periods = models[0].periods
    by_level = [subjects.codes[:, 0]] if study.factors else []
    for place, level in enumerate([*by_level, np.zeros(len(subjects), np.int64)]):
        left_out = _left_out(models, blocks, subjects, outcomes, level)
        everything = np.ones(len(left_out.group), np.bool_)
        if (left_out.known[:, -1] >= SMALLEST).sum() < SMALLEST:
            continue
        size = left_out.size(everything)
        spread = [
            SPREADS[left_out.spread_place(p, left_out.is_held(p, size), everything)]
            for p in range(len(periods))
        ]
        return GroupSpread(
            ends=periods.ends,
            spread=tuple(round(float(each), 2) for each in spread),
            size=int(size),
            by=study.factors[0].name if place < len(by_level) else None,
            t=left_out.t,
            held=tuple(_held(left_out, p) for p in range(len(periods))),
        )
    return None


def _held(left_out: _LeftOut, period: int) -> float:
    """Share of counting cells held by the interval that the other groups give."""
    by_size: dict[float, Booleans] = {}
    held = []
    for group in np.unique(left_out.group):
        others = left_out.group != group
        if not (left_out.known[others, -1] >= SMALLEST).any():
            continue
        size = left_out.size(others)
        if size not in by_size:
            by_size[size] = left_out.is_held(period, size)
        place = left_out.spread_place(period, by_size[size], others)
        counting = ~others & (left_out.known[:, period] >= SMALLEST)
        held += by_size[size][counting, place].tolist()
    return float(np.mean(held)) if held else float("nan")


def _left_out(
    models: Sequence[FittedHazard],
    blocks: Ints,
    subjects: Subjects,
    outcomes: Outcomes,
    level: Ints,
) -> _LeftOut:
    periods = models[0].periods
    ends = np.array(periods.ends)
    codes, numbers, row = subjects.unique()
    of_kind, first, count = np.unique(
        row * len(subjects.groups) + subjects.group, return_index=True, return_counts=True
    )
    row_of_kind, group_of_kind = np.divmod(of_kind, len(subjects.groups))

    def odds_of(model: FittedHazard) -> Floats:
        return log_odds(risk(model.hazards(codes, numbers), periods, ends))

    own = odds_of(models[0])
    odds, squares = np.empty((len(of_kind), len(ends))), np.zeros_like(own)
    for refit, model in enumerate(models[1:]):
        without = odds_of(model)
        squares += (without - own) ** 2
        members = blocks[group_of_kind] == refit
        odds[members] = without[row_of_kind[members]]
    refits = len(models) - 1
    kinds, cell = np.unique(np.column_stack([subjects.group, level]), axis=0, return_inverse=True)
    cell = cell.reshape(-1)
    at_ends = replace(outcomes, visits=ends)
    free, weight = at_ends.known

    def total(values: Floats) -> Floats:
        summed = np.zeros((len(kinds), len(ends)))
        np.add.at(summed, cell, values)
        return summed

    with np.errstate(invalid="ignore"):
        observed = total(weight * (1 - free)) / total(weight)
        known = total(weight) ** 2 / total(weight**2)
    return _LeftOut(
        count=count.astype(np.float64),
        cell=cell[first],
        odds=odds,
        error=np.sqrt((refits - 1) / refits * squares)[row_of_kind],
        group=kinds[:, 0],
        observed=observed,
        known=np.nan_to_num(known),
        t=student_t(refits),
    )
