"""Person-period data: a row for each period a subject entered, counted group by group."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from training.arrays import Floats, Ints
from training.model.periods import Periods
from training.study.subjects import Subjects


def by_period(codes: Ints, numbers: Floats, periods: int) -> Floats:
    """Rows (codes, numbers, period) for every period in turn, subject by subject."""
    both = np.column_stack([codes.astype(np.float64), numbers])
    period = np.tile(np.arange(periods, dtype=np.float64), len(both))
    return np.column_stack([np.repeat(both, periods, axis=0), period])


@dataclass(frozen=True)
class PersonPeriods:
    """Person-period data, counted: subjects of a group alike in every input stand once.

    `rows` is [m, factors + numbers + 1], the distinct rows (codes, numbers, period). The other
    arrays have an element for each row and group in which somebody was at risk.
    """

    rows: Floats
    row: Ints
    """Which of `rows`."""
    group: Ints
    """Position in `groups`."""
    exposure: Floats
    """Subjects at risk; one censored within the period counts the share that had passed."""
    events: Floats
    """Subjects to whom the event happened in the period."""
    groups: Ints
    """The groups that are there, by their number among the subjects' groups."""

    @classmethod
    def of(cls, subjects: Subjects, periods: Periods) -> PersonPeriods:
        """Counts the periods that each subject entered, up to the one it left in.

        The share is the exact likelihood where log survival is linear within a period.
        """
        count = len(periods)
        codes, numbers, cell = subjects.unique()
        groups, group = np.unique(subjects.group, return_inverse=True)
        kind, member = np.unique(cell * len(groups) + group, return_inverse=True)
        last = periods.period_of(subjects.time)
        happened = subjects.event == 1
        passed = periods.passed(subjects.time)[last, np.arange(len(subjects))]

        shape = (len(kind), count)
        left, whole, events = np.zeros(shape), np.zeros(shape), np.zeros(shape)
        np.add.at(left, (member, last), np.where(happened, 1.0, passed))
        np.add.at(whole, (member, last), 1.0)
        np.add.at(events, (member[happened], last[happened]), 1.0)
        # Whoever left in a later period was at risk for the whole of this one.
        later = whole[:, ::-1].cumsum(axis=1)[:, ::-1] - whole
        exposure = left + later
        at, period = np.nonzero(exposure > 0)
        row, position = np.unique((kind[at] // len(groups)) * count + period, return_inverse=True)
        return cls(
            rows=np.column_stack([codes[row // count], numbers[row // count], row % count]),
            row=position,
            group=kind[at] % len(groups),
            exposure=exposure[at, period],
            events=events[at, period],
            groups=groups,
        )

    def weighted(self, group_weights: Floats | None = None) -> tuple[Floats, Ints, Floats]:
        """Rows, outcomes and sample weights to fit on, each group counted `group_weights` times."""
        times = 1.0 if group_weights is None else group_weights[self.group]
        count = len(self.rows)
        events = np.bincount(self.row, self.events * times, count)
        survived = np.bincount(self.row, (self.exposure - self.events) * times, count)
        x = np.concatenate([self.rows, self.rows])
        y = np.repeat(np.array([1, 0]), count)
        weight = np.concatenate([events, survived])
        seen = weight > 0
        return x[seen], y[seen], weight[seen]
