"""Mortality from the model's hazards: the curve, any time of it, and its 90 % interval."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from typing import Any, Final, Protocol

import numpy as np
import numpy.typing as npt

from functions.artefact import Artefact
from functions.encoding import Codes, Encoder, Numbers
from functions.errors import ArtefactError
from functions.graph import Graph, Hazards, first_line

Floats = npt.NDArray[np.float64]
Array = npt.NDArray[Any]

LEVEL: Final = 0.90
TOLERANCE: Final = 0.001
"""Percentage points by which a prediction may differ from its golden one."""


class HazardModel(Protocol):
    """Anything that predicts hazards: a Graph, or a stand-in for one."""

    def hazards(self, codes: Codes, numbers: Numbers) -> Hazards:
        """Those of n rows, [n, periods, 1 + refits]."""


_BLOCK: Final = 128
"""Rows that are predicted at once: their hazards stay in the processor's cache."""


@dataclass(frozen=True)
class Forecast:
    """Percent with the outcome by one time: the model's predictions and intervals, each [n]."""

    percent: Floats
    low: Floats
    high: Floats


class Scorer:
    """A model that serves one caller at a time: two threads need a scorer each."""

    def __init__(self, artefact: Artefact, model: HazardModel | None = None) -> None:
        """Loads the graph and checks its golden predictions; raises ArtefactError.

        A `model` that is given takes the place of the artefact's graph, and is not checked.
        """
        self.artefact = artefact
        self.encoder = Encoder(artefact)
        self._model = model or Graph(artefact)
        ends = artefact.time.period_ends
        self._spans = tuple(zip((0.0, *ends[:-1]), ends, strict=True))
        periods, shares = zip(*map(self._locate, artefact.time.visits), strict=True)
        self._visit_periods = np.array(periods)
        self._visit_shares = np.array(shares)
        # Ranks of survival at the interval's ends: as many refits lie outside on either side.
        rank = int((1 - LEVEL) / 2 * (artefact.refits - 1))
        self._ends = [artefact.refits - 1 - rank, rank]
        if model is None:
            self._check_golden()

    def forecast(self, codes: Codes, numbers: Numbers, time: float) -> Forecast:
        """Percent with the outcome by a time for n rows, numbers within the range seen."""
        blocks = [
            self._forecast(1 - self._model.hazards(codes[rows], numbers[rows]), time)
            for rows in (slice(at, at + _BLOCK) for at in range(0, len(codes), _BLOCK))
        ]
        return Forecast(*(np.concatenate(column) for column in zip(*blocks, strict=True)))

    def curve(self, codes: Codes, numbers: Numbers, time: float) -> tuple[Forecast, Floats]:
        """The same for one row, and its percent with the outcome at every visit."""
        survives = 1 - self._model.hazards(codes, numbers)
        through = survives[0, :, 0].astype(np.float64)
        before = np.concatenate(([1.0], np.cumprod(through)[:-1]))
        curve = before[self._visit_periods] * through[self._visit_periods] ** self._visit_shares
        return Forecast(*self._forecast(survives, time)), 100 - 100 * curve

    def _forecast(self, survives: Array, time: float) -> tuple[Floats, Floats, Floats]:
        place = self._locate(time)
        percent = 100 - 100 * _survival(survives[:, :, 0].astype(np.float64), *place)
        refits = _survival(survives[:, :, 1:], *place)
        refits.sort(axis=1)
        low, high = 100 - 100 * refits[:, self._ends].astype(np.float64).T
        return percent, np.minimum(low, percent), np.maximum(high, percent)

    def _locate(self, time: float) -> tuple[int, float]:
        """The period that a time falls in, and the share of it that has passed by then."""
        period = bisect_left(self.artefact.time.period_ends, time)
        start, end = self._spans[period]
        return period, (time - start) / (end - start)

    def _check_golden(self) -> None:
        """Repeats the golden predictions with the graph that was just loaded."""
        artefact = self.artefact
        if not artefact.golden:
            raise ArtefactError("golden", "none", "at least one prediction")
        for i, case in enumerate(artefact.golden):
            try:
                forecast, curve = self.curve(*self.encoder.encode([case.inputs]), case.time)
                found = [float(each[0]) for each in vars(forecast).values()]
                expected = [float(case.percent), *map(float, case.interval_90)]
                same = np.allclose(found, expected, rtol=0, atol=TOLERANCE)
            except Exception as error:  # the start-up's edge: whatever is wrong with either file
                raise ArtefactError(
                    f"golden[{i}]", f"an error ({first_line(error)})", "a prediction"
                ) from error
            if not same or np.isnan(curve).any():
                numbers = ", ".join(f"{value:.4f}" for value in found)
                raise ArtefactError(f"golden[{i}]", numbers, expected)


def _survival(survives: Array, period: int, share: float) -> Array:
    """S = prod over the periods before of (1 - h), times (1 - h) ** share of the last; [n, ...].

    A period's hazard is spread geometrically over its days.
    """
    if share == 1:
        return np.multiply.reduce(survives[:, : period + 1], axis=1)  # type: ignore[no-any-return]
    before: Array = np.multiply.reduce(survives[:, :period], axis=1)
    return before * survives[:, period] ** share
