"""What a model of the study must show, whatever its scores: the study's expectations."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from training.arrays import Floats, Ints
from training.evaluation.rules import Rule
from training.model.periods import Periods
from training.model.survival import risk
from training.study.conditions import holds, input_table
from training.study.declaration import Condition, Expectation, Range, Study
from training.study.derived import derived_table

STEPS: Final = 13
"""Values that a number takes, evenly from the lowest that was seen to the highest."""
LARGEST: Final = 5000
DRAWS: Final = 500
"""Combinations of what no expectation names, drawn where all would be more than LARGEST."""


@dataclass(frozen=True)
class Grid:
    """Inputs that the expectations are checked on."""

    codes: Ints
    numbers: Floats
    table: pd.DataFrame
    """The same inputs and the derived factors, by name."""


def expectation_grid(study: Study, seen: Floats) -> Grid:
    """Every combination of the inputs that expectations name, with combinations of all else.

    `seen` is [numbers, 2], the lowest and highest value of each in training.
    """
    conditions = [each for of in study.expectations for each in (of.more, of.less)]
    named = _inputs_of(conditions, study)
    names = [each.name for each in (*study.factors, *study.numbers)]
    values = [np.arange(len(each.names), dtype=np.float64) for each in study.factors]
    values += [
        _values(each.name, conditions, np.linspace(low, high, STEPS))
        for each, (low, high) in zip(study.numbers, seen, strict=True)
    ]
    crossed = [values[place] for place, name in enumerate(names) if name in named]
    others = [values[place] for place, name in enumerate(names) if name not in named]
    cells = _combinations(crossed)
    if np.prod([float(len(each)) for each in others]) <= LARGEST:
        rest = _combinations(others)
    else:
        random = np.random.RandomState(0)
        rest = np.column_stack([random.choice(each, DRAWS) for each in others])
    cell, which = (each.ravel() for each in np.indices((len(cells), len(rest))))
    inputs = np.empty((len(cell), len(names)))
    inputs[:, [name in named for name in names]] = cells[cell]
    inputs[:, [name not in named for name in names]] = rest[which]
    codes = inputs[:, : len(study.factors)].astype(np.int64)
    numbers = inputs[:, len(study.factors) :]
    return Grid(codes, numbers, input_table(study, codes, numbers))


def check_expectations(study: Study, periods: Periods, grid: Grid, hazard: Floats) -> list[Rule]:
    """Judges hazards [n, periods] that a model gives for the grid."""
    ends = risk(hazard, periods, np.array([0.0, *periods.ends]))
    smallest = float(np.diff(ends, axis=1).min())
    rules = [Rule.above("survival falls in every period", smallest, 0)]
    for each in study.expectations:
        at = risk(hazard, periods, np.array([each.at]))[:, 0]
        margin = _margin(each, study, grid, at)
        rules.append(Rule.above(each.name.en, margin, each.above, hard=each.hard))
    return rules


def _margin(each: Expectation, study: Study, grid: Grid, at: Floats) -> float:
    """What an expectation says must be above its limit; not a number where nothing is meant."""
    more, less = holds(each.more, grid.table), holds(each.less, grid.table)
    if not (more.any() and less.any()):
        return float("nan")
    if not each.each:
        return float(at[more].mean() - at[less].mean())
    named = _inputs_of((each.more, each.less), study)
    others = [e.name for e in (*study.factors, *study.numbers) if e.name not in named]
    key = grid.table.groupby(others).ngroup().to_numpy() if others else np.zeros(len(at))
    lowest = pd.Series(at[more]).groupby(key[more]).min()
    highest = pd.Series(at[less]).groupby(key[less]).max()
    return float((lowest - highest).min())


def _inputs_of(conditions: Iterable[Condition], study: Study) -> set[str]:
    """Names of the inputs that conditions are on; a derived factor's are what it follows from."""
    derived = {
        each.name: {study.factors[place].name for place in derived_table(study, each).inputs}
        for each in study.derived
    }
    names = {name for condition in conditions for name in condition}
    return {source for name in names for source in derived.get(name, {name})}


def _values(number: str, conditions: Iterable[Condition], steps: Floats) -> Floats:
    """Values of a number: those that conditions list, else even steps with the ends of ranges."""
    found = [each[number] for each in conditions if number in each]
    listed = [float(value) for each in found if isinstance(each, tuple) for value in each]
    ranges = [each for each in found if isinstance(each, Range)]
    ends = [end for each in ranges for end in (each.minimum, each.maximum) if end is not None]
    if found and not ranges:
        return np.unique(listed)
    return np.unique([*steps, *listed, *ends])


def _combinations(values: list[Floats]) -> Floats:
    """[n, values]: every combination of one element of each."""
    rows = list(itertools.product(*values))
    combined: Floats = np.array(rows, np.float64).reshape(len(rows), len(values))
    return combined
