"""Mortality from the model's hazards: the curve, any day of it, and its 90 % interval."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from itertools import accumulate
from operator import mul
from typing import Any, Final, Protocol

import numpy as np
import numpy.typing as npt

from functions.artefact import Artefact
from functions.errors import ArtefactError
from functions.graph import Graph, Hazards, first_line

Array = npt.NDArray[Any]
Percents = list[float]

LEVEL: Final = 0.90
TOLERANCE: Final = 0.001
"""Percentage points by which an answer may differ from its golden one."""


class Asked(Protocol):
    """Whoever knows the hazards: a Graph, or what stands for one."""

    def of_one(self, species: int, soil: int, light: float) -> Hazards:
        """Those of one seedling, [1, periods, 1 + refits]."""

    def of_many(self, species: list[int], soil: list[int], light: list[float]) -> Hazards:
        """Those of n seedlings, [n, periods, 1 + refits]."""


_BLOCK: Final = 128
"""Rows that are asked at once: their hazards stay in the processor's cache."""


@dataclass(frozen=True)
class Mortality:
    """Percent dead by a day of n seedlings: the model's answers and their intervals, each [n]."""

    percent: Percents
    low: Percents
    high: Percents


class Scorer:
    """A model that answers one caller at a time: two threads need a scorer each."""

    def __init__(self, artefact: Artefact, graph: Asked | None = None) -> None:
        """Loads the graph and asks it its golden questions; raises ArtefactError.

        A `graph` that is given takes the place of the artefact's, and is not asked them.
        """
        self.artefact = artefact
        self._graph = graph or Graph(artefact)
        starts = (0.0, *artefact.period_end_days[:-1])
        self._spans = tuple(zip(starts, artefact.period_end_days, strict=True))
        self._census = tuple(map(self._place, artefact.census_days))
        # Ranks of survival at the interval's ends: as many refits lie outside on either side.
        rank = int((1 - LEVEL) / 2 * (artefact.refits - 1))
        self._ends = [artefact.refits - 1 - rank, rank]
        if graph is None:
            self._check()

    def mortality(
        self, species: list[int], soil: list[int], light: list[float], day: float
    ) -> Mortality:
        """Percent dead by a day for n seedlings, given as codes and light within the range seen."""
        place = self._place(day)
        answer = Mortality([], [], [])
        for start in range(0, len(species), _BLOCK):
            block = slice(start, start + _BLOCK)
            alive = 1 - self._graph.of_many(species[block], soil[block], light[block])
            percent = 100 - 100 * _survival(alive[:, :, 0].astype(np.float64), *place)
            refits = _survival(alive[:, :, 1:], *place)
            refits.sort(axis=1)
            low, high = 100 - 100 * refits[:, self._ends].astype(np.float64).T
            answer.percent.extend(percent.tolist())
            answer.low.extend(np.minimum(low, percent).tolist())
            answer.high.extend(np.maximum(high, percent).tolist())
        return answer

    def curve(
        self, species: int, soil: int, light: float, day: float
    ) -> tuple[Mortality, Percents]:
        """The same for one seedling, and its percent dead on every day of the census grid."""
        alive = 1 - self._graph.of_one(species, soil, light)
        # So few figures are plain floats' work: numpy would take twice the time.
        through = alive[0, :, 0].tolist()
        before = list(accumulate(through, mul, initial=100.0))
        curve = [100 - before[each] * through[each] ** share for each, share in self._census]
        period, share = place = self._place(day)
        percent = 100 - before[period] * through[period] ** share
        refits = sorted(_survival(alive[:, :, 1:], *place)[0].tolist())
        low, high = (100 - 100 * refits[end] for end in self._ends)
        return Mortality([percent], [min(low, percent)], [max(high, percent)]), curve

    def _place(self, day: float) -> tuple[int, float]:
        """The period that a day falls in, and the share of it that has passed by then."""
        period = bisect_left(self.artefact.period_end_days, day)
        start, end = self._spans[period]
        return period, (day - start) / (end - start)

    def _check(self) -> None:
        """Asks the golden questions of the graph that was just loaded."""
        artefact = self.artefact
        if not artefact.golden:
            raise ArtefactError("golden", "empty", "at least one question")
        for i, case in enumerate(artefact.golden):
            try:
                codes = artefact.species.index(case.species), artefact.soils.index(case.soil)
                answer, curve = self.curve(*codes, case.light, case.day)
                found = [*answer.percent, *answer.low, *answer.high]
                expected = [float(case.mortality_percent), *map(float, case.interval_90)]
                same = np.allclose(found, expected, rtol=0, atol=TOLERANCE)
            except Exception as error:  # the start-up's edge: whatever is wrong with either file
                said = f"not answerable ({first_line(error)})"
                raise ArtefactError(f"golden[{i}]", said, "an answer") from error
            if not same or np.isnan(curve).any():
                said = ", ".join(f"{value:.4f}" for value in found)
                raise ArtefactError(f"golden[{i}]", said, expected)


def _survival(alive: Array, period: int, share: float) -> Array:
    """S = prod over the periods before of (1 - h), times (1 - h) ** share of the last; [n, ...].

    A period's hazard is spread geometrically over its days.
    """
    if share == 1:
        return np.multiply.reduce(alive[:, : period + 1], axis=1)  # type: ignore[no-any-return]
    before: Array = np.multiply.reduce(alive[:, :period], axis=1)
    return before * alive[:, period] ** share
