"""Hazard ratios of two kinds of subject: of data, and of what a model says of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats

from training.arrays import Floats
from training.model.periods import Periods
from training.model.survival import risk
from training.study.subjects import Subjects


@dataclass(frozen=True)
class AtRisk:
    """Subjects at risk in each period, and those to whom the event happened in it."""

    entered: Floats
    events: Floats


def observed(subjects: Subjects, periods: Periods) -> AtRisk:
    """Counts of the data; whoever was censored in a period was at risk in it."""
    last = periods.period_of(subjects.time)
    entered = (np.arange(len(periods)) <= last[:, None]).sum(axis=0)
    events = np.bincount(last[subjects.event == 1], minlength=len(periods))
    return AtRisk(entered.astype(float), events.astype(float))


def expected(hazard: Floats, periods: Periods) -> AtRisk:
    """Counts that hazards [n, periods] lead one to expect, nobody being censored."""
    ends = risk(hazard, periods, np.array([0.0, *periods.ends])).mean(axis=0) * len(hazard)
    return AtRisk(len(hazard) - ends[:-1], np.diff(ends))


def hazard_ratio(first: AtRisk, second: AtRisk) -> float:
    """Person-time Mantel-Haenszel over the periods, half the events counted as exposure."""
    time = [each.entered - each.events / 2 for each in (first, second)]
    both = time[0] + time[1]
    seen = both > 0
    parts = [
        (events * other)[seen] / both[seen]
        for events, other in ((first.events, time[1]), (second.events, time[0]))
    ]
    return float(parts[0].sum() / parts[1].sum())


def jackknife(whole: float, without_each: list[float]) -> tuple[float, float]:
    """95 % interval of a ratio, from the ratios without each group."""
    logs, groups = np.log(without_each) - np.log(whole), len(without_each)
    error = np.sqrt((groups - 1) / groups * (logs**2).sum())
    reach = float(stats.t.ppf(0.975, groups - 1)) * error
    return whole * float(np.exp(-reach)), whole * float(np.exp(reach))
