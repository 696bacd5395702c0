"""The share with the outcome from the model's hazards: by any time, along the curve, and how sure.

Survival is the running product of (1 - hazard). Where subjects were observed at visits only, it
steps at the ends of periods: the share by a time is what had been recorded by then. Where times
were observed exactly, log survival is linear within a period.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
import numpy.typing as npt

from functions.artefact import Artefact
from functions.encoding import Codes, Encoder, Numbers
from functions.errors import ArtefactError
from functions.graph import Graph, Hazards, first_line
from functions.intervals import Floats, RiskIntervals

Ints = npt.NDArray[np.int64]

TOLERANCE: Final = 0.001
"""Percentage points by which a prediction may differ from its golden one."""
SLACK: Final = 1e-9
"""Share of the horizon by which a time may miss a period's end and still be on it."""
_BLOCK: Final = 128
"""Rows that are predicted at once: their hazards stay in the processor's cache."""


class HazardModel(Protocol):
    """Anything that predicts hazards: a Graph, or a stand-in for one."""

    def hazards(self, codes: Codes, numbers: Numbers) -> Hazards:
        """Those of n rows, [n, periods, 1 + refits]."""


@dataclass(frozen=True)
class Forecast:
    """Percent with the outcome by one time, for n rows."""

    average: Floats
    """Percent, and the ends of the 90 % interval of the average, [n, 3]."""
    stand: Floats | None
    """The ends of the 90 % interval of one new group, [n, 2]; None without groups."""


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
        self._ended = tuple(end - SLACK * artefact.time.horizon for end in ends)
        places = [self._locate(visit) for visit in artefact.time.visits]
        self._visit_periods = np.array([period for period, _ in places])
        self._visit_shares = np.array([[share] for _, share in places])
        if model is None:
            self._check_golden()

    def forecast(self, codes: Codes, numbers: Numbers, time: float) -> Forecast:
        """Percent with the outcome by a time for n rows, numbers within the range seen."""
        period, share = self._locate(time)
        survivals = []
        for start in range(0, len(codes), _BLOCK):
            rows = slice(start, start + _BLOCK)
            stays = _stays(self._model.hazards(codes[rows], numbers[rows]))
            survival = np.multiply.reduce(stays[:, :period], axis=1)
            if share:
                survival *= stays[:, period] ** share
            survivals.append(survival)
        intervals = RiskIntervals.of_survival(np.concatenate(survivals))
        average = 100 * intervals.average(self.artefact.t).T
        return Forecast(average, self._stand(intervals, time))

    def curve(self, codes: Codes, numbers: Numbers, time: float) -> tuple[Forecast, Floats]:
        """The same for one row; and percent and interval at every visit, [visits, 3]."""
        stays = _stays(self._model.hazards(codes, numbers)[0])
        survival = np.ones((len(stays) + 1, stays.shape[1]))
        np.multiply.accumulate(stays, axis=0, out=survival[1:])
        row, share = self._locate(time)
        visits: slice | Ints = self._visit_periods
        if not self.artefact.time.steps:
            through = stays[visits] ** self._visit_shares
            at_time = survival[row] * stays[row] ** share
            survival = np.vstack([survival[visits] * through, at_time])
            visits, row = slice(len(through)), len(through)
        intervals = RiskIntervals.of_survival(survival)
        average = 100 * intervals.average(self.artefact.t).T
        forecast = Forecast(average[row : row + 1], self._stand(intervals[row], time))
        return forecast, average[visits]

    def _stand(self, intervals: RiskIntervals, time: float) -> Floats | None:
        stand = self.artefact.stand
        if stand is None:
            return None
        period, _ = self._locate(time)
        spread = stand.spread[max(period - self.artefact.time.steps, 0)]
        return 100 * intervals.stand(stand.t, spread, stand.size).T.reshape(-1, 2)

    def _locate(self, time: float) -> tuple[int, float]:
        """How many periods have ended by a time, and the share of the next one that counts."""
        if self.artefact.time.steps:
            return bisect_right(self._ended, time), 0.0
        period = bisect_left(self.artefact.time.period_ends, time)
        start, end = self._spans[period]
        return period, (time - start) / (end - start)

    def _check_golden(self) -> None:
        """Repeats the golden predictions with the graph that was just loaded."""
        artefact = self.artefact
        if not artefact.golden:
            raise ArtefactError("golden", "none", "at least one prediction")
        for i, case in enumerate(artefact.golden):
            expected = [case.percent, *case.interval_90, *(case.stand_interval_90 or ())]
            try:
                forecast, curve = self.curve(*self.encoder.encode([case.inputs]), case.time)
                found = [
                    *forecast.average[0],
                    *(() if forecast.stand is None else forecast.stand[0]),
                ]
                same = np.allclose(found, expected, rtol=0, atol=TOLERANCE)
            except Exception as error:  # the start-up's edge: whatever is wrong with either file
                raise ArtefactError(
                    f"golden[{i}]", f"an error ({first_line(error)})", "a prediction"
                ) from error
            if not same or np.isnan(curve).any():
                numbers = ", ".join(f"{value:.4f}" for value in found)
                raise ArtefactError(f"golden[{i}]", numbers, expected)


def _stays(hazards: Hazards) -> Floats:
    """1 - hazard, in double precision."""
    return np.subtract(1, hazards, dtype=np.float64)
