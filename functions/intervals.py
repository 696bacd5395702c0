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


@dataclass(frozen=True)
class RiskIntervals:
    """Points and intervals of some risks."""

    point: Floats
    odds: Floats
    """Log-odds of the points, clipped near 0 and 1."""
    error: Floats
    """Jackknife standard error of the log-odds."""

    @classmethod
    def of(cls, risk: Floats) -> RiskIntervals:
        """Those of risks [..., 1 + refits]: the model's own first, then its refits'."""
        clipped = np.minimum(np.maximum(risk, CLIP), 1 - CLIP)
        odds = np.log(clipped / (1 - clipped))
        deviations = odds[..., 1:] - odds[..., :1]
        refits = deviations.shape[-1]
        squares = np.einsum("...i,...i->...", deviations, deviations)
        return cls(risk[..., 0], odds[..., 0], np.sqrt((refits - 1) / refits * squares))

    def __getitem__(self, rows: slice) -> RiskIntervals:
        """Those of some of the risks."""
        return RiskIntervals(self.point[rows], self.odds[rows], self.error[rows])

    def average(self, t: float) -> tuple[Floats, Floats]:
        """Ends of the interval of the average risk, [...]; they hold the point."""
        low = np.minimum(_expit(self.odds - t * self.error), self.point)
        high = np.maximum(_expit(self.odds + t * self.error), self.point)
        return self._none_at_zero(low), self._none_at_zero(high)

    def stand(self, t: float, spread: float, size: int) -> tuple[Floats, Floats]:
        """Ends of the interval of the share recorded in one new group of `size` subjects, [...].

        `spread` is the standard deviation between groups on the log-odds. The noise of counting
        is binomial, and that of rounding to whole subjects; it adds in squares.
        """
        reach = t * np.sqrt(self.error**2 + spread**2)
        point = _expit(self.odds)
        noise = NORMAL * np.sqrt(point * (1 - point) / size) + 0.5 / size
        below, above = point - _expit(self.odds - reach), _expit(self.odds + reach) - point
        low = np.maximum(point - np.sqrt(below**2 + noise**2), 0)
        high = np.minimum(point + np.sqrt(above**2 + noise**2), 1)
        return self._none_at_zero(low), self._none_at_zero(high)

    def _none_at_zero(self, end: Floats) -> Floats:
        return end * (self.point > 0)


def _expit(odds: Any) -> Floats:
    risk: Floats = 1 / (1 + np.exp(-odds))
    return risk
