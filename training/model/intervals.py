"""Intervals around a risk, from refits that leave out one group each.

Both are made on the log-odds of the risk, with Student's t of as many degrees of freedom as
there are refits less one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy import stats
from scipy.special import expit, logit

from training.arrays import Floats

LEVEL: Final = 0.90
CLIP: Final = 1e-6
"""Risks nearer than this to 0 or 1 are taken as this far from it: the log-odds stay finite."""
NORMAL: Final = 1.6449
"""Half-width in standard deviations of the part that is counting noise."""


@dataclass(frozen=True)
class Bounds:
    """An interval's ends, as shares."""

    low: Floats
    high: Floats


def student_t(refits: int) -> float:
    """Half-width of the interval in standard errors."""
    return float(stats.t.ppf((1 + LEVEL) / 2, refits - 1))


def log_odds(risk: Floats) -> Floats:
    """Log-odds of risks, clipped near 0 and 1."""
    odds: Floats = logit(np.clip(risk, CLIP, 1 - CLIP))
    return odds


def standard_error(risk: Floats) -> Floats:
    """Jackknife standard error of the log-odds, [...], from [..., 1 + refits] risks.

    The model's own risk comes first, then that of the refit without each group.
    """
    odds = log_odds(risk)
    refits = risk.shape[-1] - 1
    squares = ((odds[..., 1:] - odds[..., :1]) ** 2).sum(axis=-1)
    error: Floats = np.sqrt((refits - 1) / refits * squares)
    return error


def interval(risk: Floats) -> Bounds:
    """Where the average risk lies, from [..., 1 + refits] risks; holds the model's own.

    A risk of exactly 0 has the interval from 0 to 0: it is that of a time before any event.
    """
    point, reach = risk[..., 0], student_t(risk.shape[-1] - 1) * standard_error(risk)
    odds = log_odds(point)
    low, high = np.minimum(expit(odds - reach), point), np.maximum(expit(odds + reach), point)
    return Bounds(np.where(point == 0, 0.0, low), np.where(point == 0, 0.0, high))


def group_interval(risk: Floats, spread: Floats | float, size: float) -> Bounds:
    """Where the share observed in one new group of `size` subjects alike will lie.

    `spread` is the standard deviation between groups on the log-odds.
    """
    none = risk[..., 0] == 0
    reach = student_t(risk.shape[-1] - 1) * np.hypot(standard_error(risk), spread)
    bounds = counted(log_odds(risk[..., 0]), reach, size)
    return Bounds(np.where(none, 0.0, bounds.low), np.where(none, 0.0, bounds.high))


def counted(odds: Floats, reach: Floats, size: float) -> Bounds:
    """Ends at `reach` to either side of log-odds, widened by the noise of counting `size`.

    The noise is binomial, and that of rounding to whole subjects; it adds in squares.
    """
    point = expit(odds)
    noise = NORMAL * np.sqrt(point * (1 - point) / size) + 0.5 / size
    low = point - np.hypot(point - expit(odds - reach), noise)
    high = point + np.hypot(expit(odds + reach) - point, noise)
    return Bounds(np.maximum(low, 0.0), np.minimum(high, 1.0))
