"""What a day's records come to: counts that can be added up, and the outcomes reported."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final

import numpy as np

from functions.drift.reference import Reference
from functions.intervals import Floats
from functions.records import ROWS_PER_LINE

OWN_REQUESTS: Final = frozenset({"before-traffic"})
"""Ids of requests that a release and the periodic check make themselves."""


@dataclass
class MarginCounts:
    """Sums over the requests of one input or the answer, [bins]."""

    rows: Floats
    squares: Floats
    """Of each request's rows in a bin."""
    products: Floats
    """Of those with all of the request's rows."""
    rows_squared: float = 0.0

    @classmethod
    def empty(cls, bins: int) -> MarginCounts:
        """Nothing counted yet."""
        return cls(np.zeros(bins), np.zeros(bins), np.zeros(bins))

    def add_request(self, bins: list[int]) -> None:
        """Counts the rows of one request by their bins."""
        if len(bins) == 1:  # nearly all requests
            place = bins[0]
            self.rows[place] += 1
            self.squares[place] += 1
            self.products[place] += 1
            self.rows_squared += 1
            return
        counts = np.bincount(bins, minlength=len(self.rows)).astype(np.float64)
        self.rows += counts
        self.squares += counts**2
        self.products += counts * len(bins)
        self.rows_squared += len(bins) ** 2

    def __add__(self, other: MarginCounts) -> MarginCounts:
        return MarginCounts(
            self.rows + other.rows,
            self.squares + other.squares,
            self.products + other.products,
            self.rows_squared + other.rows_squared,
        )


@dataclass
class Day:
    """A day's traffic; several days added up are a window."""

    first: str
    last: str
    """Dates, 2026-05-31."""
    version: str
    """The model whose bins these are."""
    margins: dict[str, MarginCounts]
    requests: int = 0
    rows: int = 0
    outside: int = 0
    """Rows with a number outside the range seen in training."""
    versions: dict[str, int] = field(default_factory=dict)
    """Rows that each model answered."""
    closes: bool = False
    """Whether a window ends with this day."""

    @classmethod
    def empty(cls, date: str, reference: Reference) -> Day:
        """A day without traffic."""
        margins = {each.name: MarginCounts.empty(len(each.labels)) for each in reference.margins}
        return cls(date, date, reference.version, margins)

    def __add__(self, other: Day) -> Day:
        versions = dict(self.versions)
        for name, rows in other.versions.items():
            versions[name] = versions.get(name, 0) + rows
        return Day(
            self.first,
            other.last,
            self.version,
            {name: counts + other.margins[name] for name, counts in self.margins.items()},
            self.requests + other.requests,
            self.rows + other.rows,
            self.outside + other.outside,
            versions,
            other.closes,
        )

    def to_json(self) -> bytes:
        """The day as it is stored."""
        return json.dumps(asdict(self), default=lambda array: array.tolist()).encode()

    @classmethod
    def from_json(cls, text: bytes) -> Day:
        """A day that was stored."""
        stored = json.loads(text)
        margins = {
            name: MarginCounts(
                rows=np.array(each["rows"]),
                squares=np.array(each["squares"]),
                products=np.array(each["products"]),
                rows_squared=each["rows_squared"],
            )
            for name, each in stored["margins"].items()
        }
        return cls(**{**stored, "margins": margins})


def summarise(date: str, reference: Reference, records: Iterable[Mapping[str, Any]]) -> Day:
    """Counts the predictions among a day's records."""
    day = Day.empty(date, reference)
    parts: dict[str, list[dict[str, int]]] = {}  # batches that take more than one line
    for record in records:
        predicted = record.get("predicted")
        if predicted is None or record["request_id"] in OWN_REQUESTS:
            continue
        rows = _binned(reference, predicted)
        day.rows += len(rows)
        day.outside += sum(_is_outside(reference, row) for row in rows)
        version = record["model_version"]
        day.versions[version] = day.versions.get(version, 0) + len(rows)
        if predicted["first"] or len(rows) == ROWS_PER_LINE:
            parts.setdefault(record["request_id"], []).extend(rows)
        else:
            _count(day, rows)
    for rows in parts.values():
        _count(day, rows)
    return day


def _count(day: Day, rows: list[dict[str, int]]) -> None:
    day.requests += 1
    for name, counts in day.margins.items():
        bins = [row[name] for row in rows if name in row]
        if bins:
            counts.add_request(bins)


def _binned(reference: Reference, predicted: Mapping[str, Any]) -> list[dict[str, int]]:
    at_horizon = predicted["at"] == reference.horizon
    return [
        reference.bins(inputs, answer[reference.answer] if at_horizon else None)
        for inputs, answer in zip(predicted["inputs"], predicted["answers"], strict=True)
    ]


def _is_outside(reference: Reference, row: Mapping[str, int]) -> bool:
    return any(
        row.get(margin.name) in (0, len(margin.labels) - 1)
        for margin in reference.margins
        if margin.edges is not None and margin.name != reference.answer
    )
