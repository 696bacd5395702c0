"""What a simulation of an alarm says: false ones of a year, and days until it is due."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

States = Iterable[bool]
"""Whether an alarm is on, at the end of each day."""


@dataclass(frozen=True)
class AlarmRow:
    """One line of a table."""

    calls: int
    """Requests a day, on average."""
    kind: str
    """Of traffic or of reports."""
    years: int
    false_alarms: float
    """A year."""
    days_to_find: list[tuple[float, float]]
    """Of each size of what is to be found: median days, and the share of runs that found it."""


def begins(states: States) -> int:
    """How often an alarm begins."""
    return sum(now and not before for before, now in pairwise([False, *states]))


def days_until(runs: Iterable[States]) -> tuple[float, float]:
    """Median days until an alarm begins, inf for never, and the share of runs that see it."""
    waits = [
        next((day for day, state in enumerate(states, start=1) if state), np.inf) for states in runs
    ]
    return float(np.median(waits)), float(np.isfinite(waits).mean())


def table(
    rows: Iterable[AlarmRow], kind: str, sizes: Iterable[str], longest_wait: int
) -> Iterator[str]:
    """The lines of a Markdown table."""
    found = [f"{size}: days (found)" for size in sizes]
    yield f"| calls per day | {kind} | years | false alarms per year | {' | '.join(found)} |"
    yield "| --- " * (4 + len(found)) + "|"
    for row in rows:
        waits = " | ".join(
            f"{days:g} ({share:.0%})" if np.isfinite(days) else f"over {longest_wait} ({share:.0%})"
            for days, share in row.days_to_find
        )
        yield f"| {row.calls:,} | {row.kind} | {row.years} | {row.false_alarms:.2f} | {waits} |"
