"""What changes in the answers when one model takes over from another: the largest moves."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import pandas as pd

from training.arrays import Floats
from training.evaluation.served_model import ServedModel
from training.model.intervals import interval
from training.study.declaration import Study
from training.study.subjects import Subjects

SHOWN: Final = 10


@dataclass(frozen=True)
class Move:
    """The answer for one combination of levels at one time, before and after; shares."""

    inputs: tuple[tuple[str, str], ...]
    """Name and value of each input; numbers are at the median of the rows."""
    time: float
    champion: float
    challenger: float
    low: float
    high: float
    """The challenger's interval of the average."""
    subjects: int

    @property
    def difference(self) -> float:
        """Challenger minus champion."""
        return self.challenger - self.champion


@dataclass(frozen=True)
class Moves:
    """The largest moves, and how large they are on the whole."""

    largest: tuple[Move, ...]
    """One for each combination of levels, at the time it moves most; the largest first."""
    mean_absolute: float
    """Over the rows, at the horizon."""
    subjects: int
    """Rows that both models answer."""


def answer_moves(
    champion: ServedModel, challenger: ServedModel, study: Study, subjects: Subjects, times: Floats
) -> Moves:
    """Compares both models' answers for the subjects that both know."""
    known = champion.knows(study, subjects) & challenger.knows(study, subjects)
    rows = subjects[np.flatnonzero(known)]
    if not len(rows):
        return Moves((), float("nan"), 0)
    at_end = np.array([challenger.periods.horizon])
    before, after = (each.risks(study, rows, at_end)[:, 0, 0] for each in (champion, challenger))
    cells = pd.DataFrame(rows.codes)
    first = ~cells.duplicated().to_numpy() if cells.shape[1] else np.arange(len(rows)) == 0
    cell = cells.groupby(list(cells)).ngroup().to_numpy() if cells.shape[1] else np.zeros(len(rows))
    counts = np.bincount(cell.astype(np.int64))[cell.astype(np.int64)][first]
    chosen = rows[np.flatnonzero(first)]
    middle = np.median(rows.numbers, axis=0) if rows.numbers.shape[1] else np.empty(0)
    chosen = replace(chosen, numbers=np.tile(middle, (len(chosen), 1)))
    risks = [each.risks(study, chosen, times) for each in (champion, challenger)]
    difference = np.abs(risks[1][..., 0] - risks[0][..., 0])
    at = difference.argmax(axis=1)
    order = np.argsort(-difference.max(axis=1), kind="stable")[:SHOWN]
    moves = []
    for row in order:
        bounds = interval(risks[1][row, at[row]])
        moves.append(
            Move(
                inputs=_inputs(study, chosen, int(row)),
                time=float(times[at[row]]),
                champion=float(risks[0][row, at[row], 0]),
                challenger=float(risks[1][row, at[row], 0]),
                low=float(bounds.low),
                high=float(bounds.high),
                subjects=int(counts[row]),
            )
        )
    return Moves(tuple(moves), float(np.abs(after - before).mean()), len(rows))


def _inputs(study: Study, subjects: Subjects, row: int) -> tuple[tuple[str, str], ...]:
    factors = [(f.name, f.names[subjects.codes[row, i]]) for i, f in enumerate(study.factors)]
    numbers = [(n.name, f"{subjects.numbers[row, i]:.4g}") for i, n in enumerate(study.numbers)]
    return (*factors, *numbers)
