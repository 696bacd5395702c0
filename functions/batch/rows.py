"""Scores rows of text, many at once: figures, warnings, and what is wrong with a row."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from functions.artefact import Factor
from functions.batch.layout import Layout
from functions.intervals import Floats
from functions.scoring import Scorer

Truths = npt.NDArray[np.bool_]
Cells = tuple[str, ...]

_LONGEST_ECHO: Final = 40


@dataclass(frozen=True)
class ScoredRows:
    """Rows with the columns that were added, and the faults among them."""

    rows: Iterable[tuple[Any, ...]]
    """For a CSV writer, which writes a figure with as many digits as it has. Read it once."""
    count: int
    faults: list[tuple[int, str]]
    """Number of a row, and the rule it breaks."""


class RowScorer:
    """Scores the rows of files with one layout."""

    def __init__(self, scorer: Scorer, layout: Layout, time: float | None = None) -> None:
        """`time` is what a row without a time of its own is predicted for: else the horizon."""
        self._scorer, self._layout = scorer, layout
        artefact = scorer.artefact
        self._factors, self._numbers = artefact.factors, artefact.numbers
        self._codes = [
            {level: code for code, level in enumerate(each.levels)} for each in self._factors
        ]
        self._time = artefact.time.horizon if time is None else time

    def score(self, numbers: Sequence[int], rows: Sequence[Cells]) -> ScoredRows:
        """Scores rows as wide as the header; `numbers` are how people count them."""
        if not rows:
            return ScoredRows((), 0, [])
        columns = list(zip(*rows, strict=True))
        valid = np.ones(len(rows), bool)
        codes = np.empty((len(rows), len(self._factors)), np.int64)
        for i, (place, known) in enumerate(zip(self._layout.factors, self._codes, strict=True)):
            codes[:, i] = [known.get(cell, -1) for cell in columns[place]]
            valid &= codes[:, i] >= 0
        values = np.empty((len(rows), len(self._numbers)))
        for i, (place, number) in enumerate(zip(self._layout.numbers, self._numbers, strict=True)):
            values[:, i] = _parse(columns[place])
            # NaN, which stands for no number, is within no limits.
            valid &= (values[:, i] >= number.minimum) & (values[:, i] <= number.maximum)
        times = self._times(columns, valid)
        figures = self._figures(codes, values, times, valid)
        added = [*figures, self._warnings(values, valid), [""] * len(rows)]
        faults = []
        for place in np.flatnonzero(~valid).tolist():
            fault = self._fault(rows[place])
            added[-1][place] = fault
            faults.append((numbers[place], fault))
        return ScoredRows(zip(*columns, *added, strict=True), len(rows), faults)

    def _times(self, columns: Sequence[Cells], valid: Truths) -> Floats | None:
        """The time of each row, or None where all have the same; `valid` loses wrong ones."""
        place = self._layout.time
        if place is None:
            return None
        cells = columns[place]
        default = repr(self._time)
        times = _parse([cell or default for cell in cells] if "" in cells else cells)
        valid &= (times >= 0) & (times <= self._scorer.artefact.time.horizon)
        return times

    def _figures(
        self, codes: Any, values: Floats, times: Floats | None, valid: Truths
    ) -> list[list[Any]]:
        """A column for each figure, with empty cells where a row is not valid."""
        stand = self._scorer.artefact.stand is not None
        percents = np.empty((len(valid), 5 if stand else 3))
        low, high = np.array([each.seen for each in self._numbers]).reshape(-1, 2).T
        numbers = np.clip(values, low, high).astype(np.float32)
        for time, of in self._groups(times, valid):
            forecast = self._scorer.forecast(codes[of], numbers[of], time)
            percents[of, :3] = forecast.average
            if forecast.stand is not None:
                percents[of, 3:] = forecast.stand
        percents[~valid] = 0
        figures: list[list[Any]] = percents.round(2).T.tolist()
        for place in np.flatnonzero(~valid).tolist():
            for column in figures:
                column[place] = ""
        if not stand:
            figures += [[""] * len(valid)] * 2
        return figures

    def _groups(
        self, times: Floats | None, valid: Truths
    ) -> Iterable[tuple[float, npt.NDArray[np.int64]]]:
        """The valid rows by the time they are predicted for."""
        rows = np.flatnonzero(valid)
        if not len(rows):
            return
        if times is None:
            yield self._time, rows
            return
        distinct, which = np.unique(times[rows], return_inverse=True)
        for i, time in enumerate(distinct.tolist()):
            yield time, rows[which == i]

    def _warnings(self, values: Floats, valid: Truths) -> list[str]:
        texts = [""] * len(valid)
        outside = np.zeros(len(valid), bool)
        for i, number in enumerate(self._numbers):
            outside |= (values[:, i] < number.seen[0]) | (values[:, i] > number.seen[1])
        for place in np.flatnonzero(outside & valid).tolist():
            row = {each.name: values[place, i] for i, each in enumerate(self._numbers)}
            texts[place] = " ".join(self._scorer.encoder.warnings(row))
        return texts

    def _fault(self, row: Cells) -> str:
        """Every rule that a row breaks, in a sentence each."""
        layout, time = self._layout, self._scorer.artefact.time
        faults = [
            _factor_fault(factor, row[place])
            for factor, place in zip(self._factors, layout.factors, strict=True)
        ] + [
            _number_fault(number.name, row[place], number.minimum, number.maximum)
            for number, place in zip(self._numbers, layout.numbers, strict=True)
        ]
        if layout.time is not None and row[layout.time]:
            faults.append(_number_fault(time.name, row[layout.time], 0, time.horizon))
        return "; ".join(fault for fault in faults if fault)


def parse_number(text: str) -> float:
    """A finite number in ASCII digits; NaN for anything else."""
    if not text.isascii() or "_" in text:
        return math.nan
    try:
        value = float(text)
    except ValueError:
        return math.nan
    return value if math.isfinite(value) else math.nan


def _parse(cells: Sequence[str]) -> Floats:
    text = "".join(cells)
    if text.isascii() and "_" not in text:
        try:
            return np.array(list(map(float, cells)))
        except ValueError:
            pass
    return np.array([parse_number(cell) for cell in cells])


def _factor_fault(factor: Factor, cell: str) -> str:
    if cell in factor.levels:
        return ""
    if not cell:
        return f"{factor.name}: required"
    return f"{factor.name}: must be one of {', '.join(factor.levels)}, got {_echo(cell)}"


def _number_fault(name: str, cell: str, minimum: float, maximum: float) -> str:
    value = parse_number(cell)
    if minimum <= value <= maximum:
        return ""
    if not cell:
        return f"{name}: required"
    return f"{name}: must be a number from {minimum:g} to {maximum:g}, got {_echo(cell)}"


def _echo(cell: str) -> str:
    shown = cell if len(cell) <= _LONGEST_ECHO else f"{cell[:_LONGEST_ECHO]}…"
    return repr(shown)
