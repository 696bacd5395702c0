"""The subjects of a study as arrays: what every part of the engine works on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from training.arrays import Floats, Ints

FEWEST_GROUPS: Final = 3
"""Groups below which whole ones can't be held out."""


@dataclass(frozen=True)
class Subjects:
    """One row for each subject, in every array alike."""

    codes: Ints
    """[n, factors]: level of each input factor, in the order of the study's factors."""
    numbers: Floats
    """[n, numbers], in the order of the study's numbers, as given (not standardised)."""
    time: Floats
    """[n], in the study's unit; none beyond the horizon."""
    event: Ints
    """[n]: 1 where the event happened at that time, 0 where the subject was censored at it."""
    group: Ints
    """[n]: index into `groups`."""
    groups: tuple[str, ...]
    """Names of the groups; of random ones where the study declares none."""
    frame: pd.DataFrame
    """The typed columns of the CSV, for the censoring formula and for pictures."""

    def __len__(self) -> int:
        return len(self.time)

    def __getitem__(self, rows: Ints | npt.NDArray[np.bool_]) -> Subjects:
        """The same for some of the rows; the groups keep their numbers."""
        return Subjects(
            self.codes[rows],
            self.numbers[rows],
            self.time[rows],
            self.event[rows],
            self.group[rows],
            self.groups,
            self.frame.iloc[rows],
        )

    def unique(self) -> tuple[Ints, Floats, Ints]:
        """The distinct inputs, as codes and numbers, and for each subject the place of its own."""
        return distinct_inputs(self.codes, self.numbers)


def distinct_inputs(codes: Ints, numbers: Floats) -> tuple[Ints, Floats, Ints]:
    """The distinct rows of codes and numbers, and for each row the place of its own."""
    rows = np.column_stack([codes.astype(np.float64), numbers])
    distinct, inverse = np.unique(rows, axis=0, return_inverse=True)
    split = codes.shape[1]
    return distinct[:, :split].astype(np.int64), distinct[:, split:], inverse.reshape(-1)
