"""Survival curves from discrete-time hazards, and the intervals around them.

The hazard is the probability of the event in a period given that it had not happened before;
survival is the running product of (1 - hazard), so it can't rise.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from training.arrays import Floats
from training.model.periods import Periods

MAX_HAZARD: Final = 1 - 2.0**-24


def risk(hazard: Floats, periods: Periods, times: Floats) -> Floats:
    """Probability that the event has happened by each time, [..., times] from [..., periods]."""
    return -np.expm1(_log_survival(hazard) @ periods.shares(times))


def survival_curve(hazard: Floats, periods: Periods) -> Floats:
    """Survival at every reported time, [..., visits] from [..., periods]."""
    return np.exp(_log_survival(hazard) @ periods.visit_shares)


def _log_survival(hazard: Floats) -> Floats:
    # A hazard rounded to 1 would make the log infinite, and 0 of it not a number.
    return np.log1p(-np.minimum(hazard, MAX_HAZARD))
