"""Intervals around a risk, from refits that leave out one group each.

Both are made on the log-odds of the risk. A risk of exactly 0, as before any event can have been
recorded, has the interval from 0 to 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

CLIP: Final = 1e-6
"""Risks nearer than this to 0 or 1 are taken as this far from it: the log-odds stay finite."""
NORMAL: Final = 1.6449
"""Half-width, in standard deviations, of a 90 % interval of counting noise."""
_SIDES: Final = np.array([[1.0], [-1.0]])


@dataclass(frozen=True)
class RiskIntervals:
    """Points and intervals of n risks, or of one."""

    point: Floats
    """[n]"""
    odds: Floats
    """Log-odds of the points, clipped near 0 and 1, [n]."""
    error: Floats
    """Jackknife standard error of the log-odds, [n]."""

    @classmethod
    def of_survival(cls, survival: Floats) -> RiskIntervals:
        """Those of 1 - survival, [n, 1 + refits]: the model's own first, then its refits'."""
        odds = np.log(np.reciprocal(survival.clip(CLIP, 1 - CLIP)) - 1)
        deviations = odds - odds[:, :1]  # the model's own is 0
        refits = odds.shape[1] - 1
        # The jackknife: sqrt((G - 1) / G * sum of squares), on the log-odds.
        error = np.sqrt((refits - 1) / refits * np.vecdot(deviations, deviations))
        return cls(1 - survival[:, 0], odds[:, 0], error)

    def __getitem__(self, row: int) -> RiskIntervals:
        """Those of one risk."""
        return RiskIntervals(self.point[row], self.odds[row], self.error[row])

    def average(self, t: float) -> Floats:
        """Points, and ends of the interval of the average risk, which hold them: [3, n]."""
        point = self.point
        figures = np.empty((3, len(point)))
        figures[0] = point
        ends = figures[1:]
        np.divide(1, 1 + np.exp(_SIDES * (t * self.error) - self.odds), out=ends)
        np.minimum(ends[0], point, out=ends[0])
        np.maximum(ends[1], point, out=ends[1])
        ends *= point > 0
        return figures

    def stand(self, t: float, spread: float, size: int) -> Floats:
        """Ends of the interval of the share recorded in one new group of `size` subjects, [2, n].

        `spread` is the standard deviation between groups on the log-odds. The noise of counting
        is binomial, and that of rounding to whole subjects; it adds in squares.
        """
        reach = t * (self.error**2 + spread**2) ** 0.5
        point = _expit(self.odds)
        noise = NORMAL * (point * (1 - point) / size) ** 0.5 + 0.5 / size
        below, above = point - _expit(self.odds - reach), _expit(self.odds + reach) - point
        low = np.maximum(point - (below**2 + noise**2) ** 0.5, 0)
        high = np.minimum(point + (above**2 + noise**2) ** 0.5, 1)
        return np.array([low, high]) * (self.point > 0)


def _expit(odds: Any) -> Any:
    return 1 / (1 + np.exp(-odds))
