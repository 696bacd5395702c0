"""Draws the data of any study: inputs and fates from a model of it, else from its declaration.

The result serves tests and demonstrations: inputs are drawn apart from one another, so no
figure is quoted from it, and every row says in its column `simulated` that it was simulated.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from training.arrays import Floats, Ints
from training.disk import whole_file
from training.errors import TrainingError
from training.study.columns import YES, as_text, broken_rules, typed
from training.study.conditions import first_case, holds, input_table
from training.study.declaration import SIMULATED, Column, NumberInput, Study, Visits
from training.study.vocabulary import NO_VALUE, Condition

FILE: Final = "Simulated.csv"
_PASSES: Final = 3
"""Times that the rules between columns are applied: one may follow from another."""


@dataclass(frozen=True)
class Distribution:
    """What a study's subjects are drawn from."""

    ends: tuple[float, ...]
    """Ends of the periods; the last is the horizon."""
    hazard: Callable[[Ints, Floats], Floats]
    """Hazard of each period, [n, periods], from codes [n, factors] and numbers [n, numbers]."""
    levels: Mapping[str, Floats]
    """Probability of each level, by factor."""
    bins: Mapping[str, tuple[Floats, Floats]]
    """Edges and probabilities of bins, by number."""


def declared_distribution(study: Study) -> Distribution:
    """What can be drawn without a model: half have the event, whatever their inputs."""
    periods = study.time.periods
    ends = periods if isinstance(periods, tuple) else (study.time.horizon,)
    hazard = 1 - 0.5 ** (1 / len(ends))
    bins = {}
    for each in study.numbers:
        low, high = each.centre - 2 * each.scale, each.centre + 2 * each.scale
        edges = np.linspace(max(low, each.minimum), min(high, each.maximum), 5)
        bins[each.name] = edges, np.array([1, 2, 2, 1]) / 6
    return Distribution(
        ends=tuple(float(end) for end in ends),
        hazard=lambda codes, numbers: np.full((max(len(codes), len(numbers)), len(ends)), hazard),
        levels={each.name: np.full(len(each.names), 1 / len(each.names)) for each in study.factors},
        bins=bins,
    )


def simulate(
    study: Study, distribution: Distribution | None = None, rows: int | None = None, seed: int = 0
) -> pd.DataFrame:
    """Simulated data as the cells of a CSV of the study; the same for the same seed.

    Raises TrainingError where a rule between columns can't be kept by choosing the columns
    that are no inputs.
    """
    source = distribution or declared_distribution(study)
    n = study.simulation.rows if rows is None else rows
    # RandomState: its stream is frozen, so every numpy simulates the same data.
    random = np.random.RandomState(seed)
    group = random.choice(study.simulation.groups, n)
    codes = _codes(study, source, n, random)
    numbers = _numbers(study, source, n, random)
    time, event = _fates(study, source, codes, numbers, group, random)

    cells = pd.DataFrame(index=range(n))
    if study.data.id is not None:
        cells[study.data.id] = [str(place + 1) for place in range(n)]
    if study.data.group is not None:
        cells[study.data.group.column] = _group_names(study, group)
    cells[study.time.column] = [as_text(value) for value in time]
    words = np.array([str(study.event.censored), str(study.event.happened)], dtype=object)
    cells[study.event.column] = words[event]
    for place, factor in enumerate(study.factors):
        cells[factor.column] = np.array(factor.names, dtype=object)[codes[:, place]]
    for place, number in enumerate(study.numbers):
        cells[number.column] = [as_text(value) for value in numbers[:, place]]
    _add_columns(study, cells, random)
    return cells.assign(**{SIMULATED: YES})


def write_csv(cells: pd.DataFrame, folder: Path) -> Path:
    """Writes simulated data as the folder's CSV, whole or not at all; returns its path."""
    folder.mkdir(parents=True, exist_ok=True)
    with whole_file(folder / FILE) as file:
        cells.to_csv(file, index=False)
    return folder / FILE


def _codes(study: Study, source: Distribution, n: int, random: np.random.RandomState) -> Ints:
    columns = [
        random.choice(len(each.names), n, p=source.levels[each.name]) for each in study.factors
    ]
    return np.column_stack([np.empty((n, 0), np.int64), *columns]).astype(np.int64)


def _numbers(study: Study, source: Distribution, n: int, random: np.random.RandomState) -> Floats:
    columns = []
    for each in study.numbers:
        edges, shares = source.bins[each.name]
        bin_ = random.choice(len(shares), n, p=shares)
        values = edges[bin_] + random.uniform(size=n) * np.diff(edges)[bin_]
        columns.append(_rounded(values, each).clip(each.minimum, each.maximum))
    return np.column_stack([np.empty((n, 0)), *columns])


def _rounded(values: Floats, number: NumberInput) -> Floats:
    step = number.step or number.scale / 100
    return np.array([float(f"{value:.12g}") for value in np.rint(values / step) * step])


def _fates(
    study: Study,
    source: Distribution,
    codes: Ints,
    numbers: Floats,
    group: Ints,
    random: np.random.RandomState,
) -> tuple[Floats, Ints]:
    """Time of each subject, and 1 where the event happened at it."""
    n, simulation = len(group), study.simulation
    effect = random.normal(0, simulation.group_sd, simulation.groups)[group][:, None]
    hazard = source.hazard(codes, numbers).clip(1e-9, 1 - 1e-9)
    hazard = 1 / (1 + (1 / hazard - 1) * np.exp(-effect))
    ends = np.array(source.ends)
    starts = np.concatenate([[0.0], ends[:-1]])
    drawn = random.uniform(size=hazard.shape)
    dies = drawn < hazard
    happens = dies.any(axis=1)
    period = np.argmax(dies, axis=1)
    time = np.where(happens, ends[period], study.time.horizon)
    if not isinstance(study.time.visits, Visits):
        # Log survival falls evenly within a period.
        chosen = (np.arange(n), period)
        share = np.log1p(-drawn[chosen]) / np.log1p(-hazard[chosen])
        within = starts[period] + share.clip(1e-6, 1) * (ends - starts)[period]
        within = np.array([float(f"{value:.6g}") for value in within])
        time = np.where(happens, within, time)

    leaves = np.full(n, np.inf)
    inputs = input_table(study, codes, numbers)
    for each in simulation.withdrawals:
        leaving = holds(each.where, inputs) & (random.uniform(size=n) < each.share)
        leaves = np.where(leaving, np.minimum(leaves, each.at), leaves)
    lost = random.uniform(size=n) < simulation.dropout
    at = random.uniform(size=n) * study.time.horizon
    if isinstance(study.time.visits, Visits):
        at = np.ceil(at / study.time.visits.every) * study.time.visits.every
    at = np.array([float(f"{value:.6g}") for value in at])
    leaves = np.where(lost, np.minimum(leaves, at), leaves)
    # At a tie the event comes first.
    event = (happens & (time <= leaves)).astype(np.int64)
    return np.minimum(time, leaves), event


def _group_names(study: Study, group: Ints) -> list[str]:
    assert study.data.group is not None  # noqa: S101 - for the type checker
    column = study.columns.get(study.data.group.column, Column(type="text"))
    if column.values is not None:
        return [str(column.values[place % len(column.values)]) for place in group]
    first = int(column.minimum) if column.minimum is not None else 1
    return [str(first + place) for place in group]


def _add_columns(study: Study, cells: pd.DataFrame, random: np.random.RandomState) -> None:
    """Adds the required columns that are no inputs: drawn, then made to keep the rules."""
    free = [name for name, column in study.columns.items() if column.required and name not in cells]
    missing = study.data.missing[0] if study.data.missing else ""
    for name in free:
        cells[name] = _drawn(study.columns[name], missing, len(cells), random)
    for _ in range(_PASSES):
        for rule in study.rules:
            if rule.cases is not None and rule.column in free:
                table, _ = typed(study, cells)
                concerned = holds(rule.when, table)
                expected = first_case(rule.cases, table)
                chosen = concerned & ~pd.isna(expected)
                values = np.where(expected == NO_VALUE, missing, expected)
                cells.loc[chosen, rule.column] = values[chosen]
            elif rule.multiple_of is not None and rule.multiple_of[0] in free:
                other, factor = rule.multiple_of
                quotient = cells[rule.column].astype(float) / factor
                cells[other] = [as_text(value) for value in quotient]
            elif rule.then is not None:
                _keep_consequence(study, cells, rule.when, rule.then, free, missing)
    table, faults = typed(study, cells)
    broken = next(iter([*faults, *broken_rules(study, table)]), None)
    if broken is not None:
        raise TrainingError(
            f"the simulator can't keep the rule of {broken.column} ({broken.rule}); make it a rule "
            "with cases, or its columns optional"
        )


def _keep_consequence(
    study: Study,
    cells: pd.DataFrame,
    when: Condition,
    then: Condition,
    free: list[str],
    missing: str,
) -> None:
    table, _ = typed(study, cells)
    if not {*when, *then} <= set(table):
        return
    broken = holds(when, table) & ~holds(then, table)
    for name, allowed in then.items():
        if name in free and isinstance(allowed, tuple):
            cells.loc[broken, name] = missing if allowed[0] == NO_VALUE else str(allowed[0])


def _drawn(column: Column, missing: str, n: int, random: np.random.RandomState) -> list[str]:
    if column.missing:
        return [missing] * n
    if column.values is not None:
        return [str(column.values[place]) for place in random.choice(len(column.values), n)]
    if column.type in ("integer", "number"):
        low = column.minimum if column.minimum is not None else 0.0
        high = column.maximum if column.maximum is not None else low + 100
        values = low + random.uniform(size=n) * (high - low)
        return [
            as_text(value) for value in (np.floor(values) if column.type == "integer" else values)
        ]
    return [
        "2020-01-01" if column.format == "yyyy-mm-dd" else "1/1/20" if column.format else "-"
    ] * n
