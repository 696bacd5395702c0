"""False alarms of a year, and days until a shift is found, by simulation.

Traffic is drawn from the reference histograms of the model, in requests of one row or of several
rows alike, and counted and judged by the code that runs in Lambda.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from bench import alarms
from bench.alarms import AlarmRow, begins, days_until
from functions.artefact import read_artefact
from functions.drift.days import Day, MarginCounts
from functions.drift.reference import Margin, Reference
from functions.drift.statistics import stability_index
from functions.drift.windows import WINDOWS, WindowJudgement, ends_window, has_shifted, judge_window
from functions.intervals import Floats

CALLS: Final = (20, 200, 20_000)
"""Requests a day."""
DAYS: Final = 365
SHIFTS: Final = (0.1, 0.25, 0.5)
"""Sizes of a shift, as the population stability index of the first input."""
LONGEST_WAIT: Final = 120
VARIATION: Final = 300.0
"""Concentration of the Dirichlet that a day's shares are drawn from where they vary by day: the
stability index of one day beside another is then about .03 for ten bins."""


@dataclass(frozen=True)
class Traffic:
    """How the requests of a day come."""

    calls: int
    """Requests a day, on average."""
    alike: int = 1
    """Rows of each request, all of one kind."""
    varies: bool = False
    """Whether the shares differ from day to day, as the people do who ask."""

    @property
    def name(self) -> str:
        """For the table."""
        kind = "one row per call" if self.alike == 1 else f"{self.alike} rows per call, alike"
        return f"{kind}, shares vary by day" if self.varies else kind


def simulate(model: Path, years: int, seed: int = 0) -> Iterator[AlarmRow]:
    """The rows of the table, each of so many simulated years."""
    reference = Reference.of(read_artefact(model))
    for alike, varies in ((1, False), (10, False), (1, True)):
        for calls in CALLS:
            random = np.random.default_rng([seed, alike, varies, calls])
            traffic = Traffic(calls, alike, varies)
            false = [begins(_watch(reference, traffic, 0.0, DAYS, random)) for _ in range(years)]
            found = [
                days_until(
                    _watch(reference, traffic, size, LONGEST_WAIT, random) for _ in range(years)
                )
                for size in SHIFTS
            ]
            yield AlarmRow(calls, traffic.name, years, float(np.mean(false)), found)


def _watch(
    reference: Reference, traffic: Traffic, size: float, days: int, random: np.random.Generator
) -> Iterator[bool]:
    """Whether the alarm is on, at the end of each day."""
    shares = [
        _shares(margin, size if i == 0 else 0.0) for i, margin in enumerate(reference.margins)
    ]
    judged, opened = list[WindowJudgement](), list[Day]()
    for _ in range(days):
        opened.append(_day(reference, traffic, shares, random))
        if ends_window(opened):
            window = opened[0]
            for each in opened[1:]:
                window = window + each
            judged = [*judged, judge_window(reference, window)][-WINDOWS:]
            opened = []
        yield has_shifted(judged)


def _day(
    reference: Reference, traffic: Traffic, shares: list[Floats], random: np.random.Generator
) -> Day:
    """A day's sums, drawn at once: as adding up its requests would give them."""
    requests, alike = int(random.poisson(traffic.calls)), traffic.alike
    margins = {}
    for margin, share in zip(reference.margins, shares, strict=True):
        seen = share > 0
        today = random.dirichlet(share[seen] * VARIATION) if traffic.varies else share[seen]
        kinds = np.zeros(len(share))
        kinds[seen] = random.multinomial(requests, today)
        margins[margin.name] = MarginCounts(
            kinds * alike, kinds * alike**2, kinds * alike**2, float(requests * alike**2)
        )
    return Day("", "", reference.version, margins, requests, requests * alike)


def _shares(margin: Margin, size: float) -> Floats:
    """The reference's shares, moved from the first bin that has some to the last to a size."""
    counts = np.array(margin.counts, np.float64)
    shares: Floats = counts / counts.sum()
    if not size:
        return shares
    first, last = np.flatnonzero(counts)[[0, -1]]
    low, high = 0.0, float(shares[first])
    for _ in range(60):  # the index grows with what is moved: halve
        moved = (low + high) / 2
        shifted = shares.copy()
        shifted[first] -= moved
        shifted[last] += moved
        if stability_index(1e9 * shares, 1e9 * shifted) < size:
            low = moved
        else:
            high = moved
    return shifted


def table(rows: Iterable[AlarmRow]) -> Iterator[str]:
    """The lines of a Markdown table."""
    return alarms.table(rows, "traffic", [f"shift of {size:g}" for size in SHIFTS], LONGEST_WAIT)
