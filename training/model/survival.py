"""Survival curves from discrete-time hazards.

The hazard is the probability of dying in a period given that one was alive at its start;
survival is the running product of (1 - hazard), so it can't rise.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np
import pandas as pd

from training.arrays import Floats
from training.study import design

Curves = Callable[[pd.DataFrame], Floats]
"""Answers survival after each census, [n, 34], for rows of a trial."""

PERIOD_END_DAYS: Final = tuple(design.CENSUS_DAYS[k] for k in design.PERIOD_ENDS)
MAX_HAZARD: Final = 1 - 2.0**-24


def period_fractions(days: Sequence[float]) -> Floats:
    """Share of each period that has passed by each day, [periods, days].

    A period's hazard is spread geometrically over its days, so log survival at a day is
    the sum of each period's log(1 - hazard) times this share.
    """
    ends = np.array(PERIOD_END_DAYS)
    starts = np.concatenate([[0.0], ends[:-1]])
    share: Floats = (np.asarray(days)[None, :] - starts[:, None]) / (ends - starts)[:, None]
    return share.clip(0.0, 1.0)


CENSUS_FRACTIONS: Final = period_fractions(design.CENSUS_DAYS)


def mortality(hazard: Floats, days: Sequence[float]) -> Floats:
    """Probability of having died by each day, [..., days] from [..., periods]."""
    return -np.expm1(_log_alive(hazard) @ period_fractions(days))


def survival_curve(hazard: Floats) -> Floats:
    """Probability of being alive at planting and after each census, [..., 34] from [..., 15]."""
    return np.exp(_log_alive(hazard) @ CENSUS_FRACTIONS)


def _log_alive(hazard: Floats) -> Floats:
    # A hazard rounded to 1 would make the log infinite, and 0 of it not a number.
    return np.log1p(-np.minimum(hazard, MAX_HAZARD))
