"""Golden predictions: made when a model is trained, to be made again wherever it is loaded."""

from __future__ import annotations

from typing import Final

import numpy as np

from training.arrays import Floats, Ints
from training.evaluation.groups import GroupSpread
from training.model.export import run_graph
from training.model.intervals import group_interval, interval
from training.model.periods import Periods
from training.model.survival import risk
from training.study.declaration import Study
from training.study.subjects import Subjects

FEWEST: Final = 12
MOST: Final = 24


def golden_predictions(
    study: Study, subjects: Subjects, periods: Periods, graph: bytes, spread: GroupSpread | None
) -> list[dict[str, object]]:
    """Inputs with the graph's answers: every level of every factor, several times.

    Levels beyond MOST are left out. `spread` is None where there is no interval of one group.
    """
    codes, numbers, times = _inputs(study, subjects, periods.horizon)
    hazard = np.moveaxis(run_graph(graph, codes, numbers), -1, 1)
    golden = []
    for row, time in enumerate(times):
        risks = risk(hazard[row], periods, np.array([time]))[:, 0]
        bounds = interval(risks)
        one_group = None
        if spread is not None:
            new = group_interval(risks, spread.at(time, periods), spread.size)
            one_group = [round(100 * float(end), 4) for end in (new.low, new.high)]
        inputs: dict[str, object] = {}
        for place, factor in enumerate(study.factors):
            inputs[factor.name] = factor.names[codes[row, place]]
        for place, number in enumerate(study.numbers):
            inputs[number.name] = float(numbers[row, place])
        golden.append(
            {
                "inputs": {each.name: inputs[each.name] for each in study.inputs},
                study.time.name: time,
                f"{study.study.outcome}_percent": round(100 * float(risks[0]), 4),
                "interval_90": [round(100 * float(end), 4) for end in (bounds.low, bounds.high)],
                "stand_interval_90": one_group,
            }
        )
    return golden


def _inputs(study: Study, subjects: Subjects, horizon: float) -> tuple[Ints, Floats, list[float]]:
    """Codes, numbers and times of the golden predictions: the same for the same study."""
    count = min(max([FEWEST, *(len(each.names) for each in study.factors)]), MOST)
    case = np.arange(count)
    codes = np.empty((count, len(study.factors)), np.int64)
    for place, factor in enumerate(study.factors):
        levels = len(factor.names)
        # Levels go round; a round further, they meet other levels of the other factors.
        codes[:, place] = (case + place * (case // levels)) % levels
    numbers = np.empty((count, len(study.numbers)))
    for place in range(len(study.numbers)):
        low, high = subjects.numbers[:, place].min(), subjects.numbers[:, place].max()
        share = (0.1 + 0.37 * case + 0.23 * place) % 1
        values = [float(f"{value:.4g}") for value in low + (high - low) * share]
        numbers[:, place] = np.clip(values, low, high)
    shares = (1.0, 0.42, 0.35, 0.7)
    times = [float(f"{horizon * shares[i % len(shares)]:.4g}") for i in range(count)]
    return codes, numbers, [min(time, horizon) for time in times]
