"""False alarms of live calibration in a year, and days until a wrong model is found.

Subjects are asked about every day. Of a share the outcome comes back: each is looked at whenever
the study says, from the day on which it was asked about, and reported alive or not, until it is
taken out or the horizon is reached. They are judged each day by the code that runs in Lambda.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np
from threadpoolctl import threadpool_limits

from bench import alarms
from bench.alarms import AlarmRow, begins, days_until
from bench.drift import CALLS, DAYS
from functions.artefact import Artefact, Factor, Number, read_artefact
from functions.drift.calibration import Followed, Ints, judge_outcomes
from functions.drift.outcomes import MOST_OUTCOMES
from functions.intervals import CLIP, Floats
from functions.scoring import Scorer

RETURNED: Final = 0.1
"""Share of calls whose outcome comes back."""
LEAVING: Final = 0.3
"""Share of subjects that are taken out early, at any visit."""
ERRORS: Final = (0.1, 0.2)
"""By how much the true share by the horizon is higher than predicted."""
LONGEST_WAIT: Final = 180
KINDS: Final = 400
"""Distinct inputs that are drawn."""


@dataclass(frozen=True)
class Reports:
    """How outcomes come back."""

    calls: int
    """Requests a day, on average."""
    groups: int = 0
    """Groups that the subjects are in, which fare as differently as those of the data."""

    @property
    def name(self) -> str:
        """For the table."""
        return f"in {self.groups} groups, named" if self.groups else "independent"


class World:
    """Kinds of subjects, and what the model predicts for each: the truth is drawn around it."""

    def __init__(self, model: Path) -> None:
        """Draws the kinds from the model's histograms, each input by itself."""
        scorer = Scorer(read_artefact(model))
        self.artefact = scorer.artefact
        random = np.random.default_rng(0)
        columns = {each.name: _draw(self.artefact, each, random) for each in self.artefact.inputs}
        rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
        self.codes, numbers = scorer.encoder.encode(rows)
        ends = self.artefact.time.period_ends
        self.risk = {end: scorer.forecast(self.codes, numbers, end).average / 100 for end in ends}
        """By the end of each period: predicted share and its interval, [kinds, 3]."""
        odds = _odds(np.array([self.risk[end] for end in ends]))
        self.odds = odds[..., 0]
        self.error = (odds[..., 2] - odds[..., 1]) / (2 * self.artefact.t)
        stand = self.artefact.stand
        self.spread = np.array(stand.spread if stand else np.zeros(len(ends)))

    def predict(self, kinds: Ints, by: float) -> Floats:
        """Share and its interval by the end of a period, [n, 3]."""
        return self.risk[by][kinds]

    def truth(self, deviation: float, error: float, groups: Floats) -> Floats:
        """Shares by the end of each period, [groups, periods, kinds].

        The model is off by `deviation` of its own standard errors, all the same way, then by
        `error` on average at the horizon. Of a group's deviate, `groups`, the log-odds are wider
        by as much as the average needs to stay (that of a logistic normal).
        """
        spread = self.spread[:, None]
        odds = self.odds + deviation * self.error
        low, high = 0.0, 10.0
        wanted = _share(odds[-1]).mean() + error
        for _ in range(40):
            shift = (low + high) / 2
            low, high = (shift, high) if _share(odds[-1] + shift).mean() < wanted else (low, shift)
        odds = odds + (low if error else 0.0)
        named = len(groups) > 1
        wide = odds * np.sqrt(1 + 0.346 * spread**2) if named else odds
        shares = _share(wide + groups[:, None, None] * spread * named)
        rising: Floats = np.maximum.accumulate(shares, axis=1)
        return rising


def simulate(model: Path, years: int, seed: int = 0) -> Iterator[AlarmRow]:
    """The rows of the table, each of so many simulated years."""
    world = World(model)
    for groups in (0, 20) if world.artefact.stand else (0,):
        for calls in CALLS:
            reports = Reports(calls, groups)
            random = np.random.default_rng([seed, groups, calls])
            with threadpool_limits(1):
                false = [begins(_watch(world, reports, 0.0, DAYS, random)) for _ in range(years)]
                found = [
                    days_until(
                        _watch(world, reports, size, LONGEST_WAIT, random) for _ in range(years)
                    )
                    for size in ERRORS
                ]
            yield AlarmRow(calls, reports.name, years, float(np.mean(false)), found)


def _watch(
    world: World, reports: Reports, error: float, days: int, random: np.random.Generator
) -> Iterator[bool]:
    """Whether the alarm is on, at the end of each day. A day is a unit of the study's time."""
    time = world.artefact.time
    ends, visits = np.array(time.period_ends), np.array(time.visits)
    began = np.repeat(np.arange(days), random.poisson(reports.calls * RETURNED, days))
    count = len(began)
    kind = random.integers(KINDS, size=count)
    group = random.integers(max(reports.groups, 1), size=count)
    deviates = random.standard_normal(max(reports.groups, 1))
    shares = world.truth(random.standard_normal(), error, deviates)[group, :, kind]
    period = (shares <= random.uniform(size=(count, 1))).sum(axis=1)
    dies = np.append(ends, np.inf)[period]
    leaves = np.where(
        random.uniform(size=count) < LEAVING, random.choice(visits, count), time.horizon
    )
    ends_at, watched_to_death = np.minimum(dies, leaves), dies <= leaves
    order, share, sample = random.uniform(size=count), 1.0, np.arange(count)
    for day in range(days):
        while (until := np.searchsorted(began[sample], day, side="right")) > MOST_OUTCOMES:
            share /= 2
            sample = np.flatnonzero(order < share)
        taken = sample[:until]
        age = visits[np.searchsorted(visits, day - began[taken], side="right") - 1]
        followed = Followed(
            world.codes[kind[taken]],
            np.minimum(ends_at[taken], age),
            watched_to_death[taken] & (ends_at[taken] <= age),
            group[taken] if reports.groups else None,
        )
        yield judge_outcomes(world.artefact, followed, partial(world.predict, kind[taken])).is_wrong


def _draw(
    artefact: Artefact, given: Factor | Number, random: np.random.Generator
) -> list[str] | list[float]:
    histograms = artefact.metadata["histograms"]
    if isinstance(given, Factor):
        counts = np.array([histograms[given.name].get(each, 0) for each in given.levels], float)
        levels: list[str] = random.choice(given.levels, KINDS, p=counts / counts.sum()).tolist()
        return levels
    edges = np.array(histograms[given.name]["edges"])
    counts = np.array(histograms[given.name]["counts"], float)
    at = random.choice(len(counts), KINDS, p=counts / counts.sum())
    values: list[float] = random.uniform(edges[at], edges[at + 1]).tolist()
    return values


def _odds(share: Floats) -> Floats:
    clipped = share.clip(CLIP, 1 - CLIP)
    odds: Floats = np.log(clipped / (1 - clipped))
    return odds


def _share(odds: Floats) -> Floats:
    share: Floats = 1 / (1 + np.exp(-odds))
    return share


def table(rows: Iterable[AlarmRow]) -> Iterator[str]:
    """The lines of a Markdown table."""
    sizes = [f"truth {100 * size:g} points higher" for size in ERRORS]
    return alarms.table(rows, "outcomes", sizes, LONGEST_WAIT)
