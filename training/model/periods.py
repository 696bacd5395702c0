"""The periods over which the hazard is taken as constant, and the times a curve is reported at."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final, Literal

import numpy as np

from training.arrays import Floats, Ints
from training.errors import TrainingError
from training.study.declaration import MinimumEvents, Study, Visits
from training.study.subjects import Subjects

TOLERANCE: Final = 1e-9
"""Share of the horizon by which a time may differ from a period's end and still be on it."""


@dataclass(frozen=True)
class Periods:
    """A study's time axis, with the ends of its periods known."""

    ends: tuple[float, ...]
    """Ends of the periods; the last is the horizon."""
    phases: tuple[int, ...]
    """Phase of each period, counted from 0."""
    visits: tuple[float, ...]
    """Times that a curve is reported at, from 0 to the horizon."""
    curve: Literal["steps", "continuous"]
    """Whether the curve jumps at the ends or log survival is linear between them."""

    @classmethod
    def of(cls, study: Study, subjects: Subjects) -> Periods:
        """The periods that a study declares, or makes from its subjects' events.

        Raises TrainingError where there are fewer events than one period needs.
        """
        time = study.time
        ends = (
            _enough_events(study, subjects, time.periods.minimum_events)
            if isinstance(time.periods, MinimumEvents)
            else time.periods
        )
        phase_ends = np.array(time.phases or (time.horizon,))
        phases = np.searchsorted(phase_ends, np.array(ends) - TOLERANCE * time.horizon)
        if isinstance(time.visits, Visits):
            count = round(time.horizon / time.visits.every)
            visits = [time.visits.every * i for i in range(count + 1)]
        else:
            visits = [time.horizon * i / time.points for i in range(time.points + 1)]
        return cls(
            ends=ends,
            phases=tuple(phases.tolist()),
            visits=tuple(float(f"{visit:.12g}") for visit in visits),
            curve="steps" if isinstance(time.visits, Visits) else "continuous",
        )

    def __len__(self) -> int:
        return len(self.ends)

    @property
    def horizon(self) -> float:
        """The last time that anything is said of."""
        return self.ends[-1]

    @property
    def slack(self) -> float:
        """Distance within which two times are the same."""
        return TOLERANCE * self.horizon

    def period_of(self, time: Floats) -> Ints:
        """The period that holds each time, its end included."""
        period: Ints = np.searchsorted(np.array(self.ends), time - self.slack).astype(np.int64)
        return np.minimum(period, len(self) - 1)

    def passed(self, times: Floats) -> Floats:
        """Share of each period that has passed by each time, [periods, times], from 0 to 1."""
        ends = np.array(self.ends)
        starts = np.concatenate([[0.0], ends[:-1]])
        share: Floats = (np.asarray(times)[None, :] - starts[:, None]) / (ends - starts)[:, None]
        share = share.clip(0.0, 1.0)
        share[np.abs(np.asarray(times)[None, :] - ends[:, None]) <= self.slack] = 1.0
        return share

    def shares(self, times: Floats) -> Floats:
        """Share of each period's hazard that counts by each time, [periods, times].

        A step counts once its period's end is reached; on a continuous curve log survival
        falls evenly, so what counts is the share of the period that has passed.
        """
        passed = self.passed(times)
        return np.floor(passed) if self.curve == "steps" else passed

    @cached_property
    def visit_shares(self) -> Floats:
        """`shares` at the reported times."""
        return self.shares(np.array(self.visits))


def _enough_events(study: Study, subjects: Subjects, minimum: int) -> tuple[float, ...]:
    """Ends such that each period holds at least `minimum` events, the last one the horizon."""
    horizon = study.time.horizon
    times, events = np.unique(subjects.time[subjects.event == 1], return_counts=True)
    if events.sum() < minimum:
        raise TrainingError(
            f"{events.sum()} events until {horizon:g} are too few for one period of at least "
            f"{minimum} (time.periods.minimum_events): set it lower, or take more data."
        )
    ends: list[float] = []
    held = 0
    for time, count in zip(times.tolist(), events.tolist(), strict=True):
        held += count
        if held >= minimum:
            ends.append(time)
            held = 0
    # What is left over after the last full period belongs to it.
    return (*ends[:-1], horizon)
