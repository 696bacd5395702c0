"""What a further input, or a further level of a factor, adds to a warm call.

The models are made, not trained: as many periods and refits as a trained one, and a table or a
slope for each input. Every second input is a number.
"""

from __future__ import annotations

from pathlib import Path
from statistics import linear_regression
from typing import Final

from bench.results import Results
from tests.functions.models import Sketch

INPUTS: Final = (1, 2, 5, 10, 20)
"""How many inputs a model has."""
LEVELS_EACH: Final = 4
"""How many levels its factors have."""
LEVELS: Final = (2, 10, 50, 200)
"""How many levels each factor of a model has, ..."""
FACTORS: Final = 3
"""... which has no other inputs than these."""
_PERIODS: Final = 15
_REFITS: Final = 18


def write_models(folder: Path) -> dict[str, Path]:
    """Models by figure: `inputs_5` is the time of a call with five inputs."""
    made = {}
    for count in INPUTS:
        places = range(count)
        factors = {f"factor {i}": _levels(LEVELS_EACH) for i in places if i % 2 == 0}
        numbers = {f"number {i}": (0.0, 1.0) for i in places if i % 2}
        made[f"inputs_{count}"] = _sketch(factors, numbers)
    for count in LEVELS:
        made[f"levels_{count}"] = _sketch(
            {f"factor {i}": _levels(count) for i in range(FACTORS)}, {}
        )
    return {figure: sketch.write(folder / figure) for figure, sketch in made.items()}


def per_input(results: Results) -> float:
    """Microseconds that one more input adds: the slope of a straight line."""
    times = [1000 * results.median(f"inputs_{count}") for count in INPUTS]
    return linear_regression(INPUTS, times).slope


def _levels(count: int) -> list[str]:
    return [f"level {i}" for i in range(count)]


def _sketch(factors: dict[str, list[str]], numbers: dict[str, tuple[float, float]]) -> Sketch:
    ends = [float(i + 1) for i in range(_PERIODS)]
    visits = [i / 2 for i in range(2 * _PERIODS + 1)]
    return Sketch(factors, numbers, visits=visits, ends=ends, refits=_REFITS)
