"""Windows of days, and when what is asked of the model counts as having shifted.

A window ends with the day on which it holds enough requests, after a week at the latest. Windows
do not overlap, so each is a test of its own. The limits were chosen by simulation: see
`python -m bench drift`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from functions.drift.days import Day
from functions.drift.reference import Reference
from functions.drift.statistics import SampleComparison, compare, effective_rows

ENOUGH_REQUESTS: Final = 100
LONGEST_WINDOW: Final = 7
"""Days; after as many a window ends with what it has."""
FEWEST_REQUESTS: Final = 30
"""Below these a window says nothing."""
ERROR_RATE: Final = 0.01
"""Chance that a window of unchanged traffic differs by chance, all margins together."""
LEAST_SHIFT: Final = 0.1
"""Population stability index below which a difference is a trifle, however sure."""
WINDOWS: Final = 5
SHIFTED_WINDOWS: Final = 3
"""Of the last five windows as many must have shifted."""


@dataclass(frozen=True)
class WindowJudgement:
    """A window beside what the model was trained on."""

    window: Day
    margins: dict[str, SampleComparison]
    """Of each input and the answer; empty where the window says nothing."""
    shifted: tuple[str, ...]
    """Names of the margins that have shifted."""


def ends_window(open_days: Sequence[Day]) -> bool:
    """Whether a window of these days ends with the last of them."""
    requests = sum(day.requests for day in open_days)
    return requests >= ENOUGH_REQUESTS or len(open_days) >= LONGEST_WINDOW


def closed_windows(days: Iterable[Day]) -> Iterator[Day]:
    """The windows that days in their order add up to, without the one that is still open."""
    window: Day | None = None
    for day in days:
        window = day if window is None else window + day
        if day.closes:
            yield window
            window = None


def judge_window(reference: Reference, window: Day) -> WindowJudgement:
    """Compares each margin; with the error rate shared among them (Bonferroni)."""
    if window.requests < FEWEST_REQUESTS:
        return WindowJudgement(window, {}, ())
    found = {}
    for margin in reference.margins:
        counts = window.margins[margin.name]
        rows = effective_rows(counts.rows, counts.squares, counts.products, counts.rows_squared)
        found[margin.name] = compare(np.array(margin.counts, np.float64), counts.rows, rows)
    limit = ERROR_RATE / len(found)
    shifted = tuple(
        name
        for name, each in found.items()
        if each.p_value < limit and each.stability_index > LEAST_SHIFT
    )
    return WindowJudgement(window, found, shifted)


def has_shifted(judgements: Sequence[WindowJudgement]) -> bool:
    """Whether enough of the last windows have shifted."""
    return sum(bool(each.shifted) for each in judgements[-WINDOWS:]) >= SHIFTED_WINDOWS
