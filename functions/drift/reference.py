"""What the model was trained on, as histograms: the bins that each day's rows are counted in."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from functions.artefact import Artefact, Factor
from functions.fields import Field


@dataclass(frozen=True)
class Margin:
    """One input, or the answer: its bins and how many training rows were in each."""

    name: str
    labels: tuple[str, ...]
    counts: tuple[int, ...]
    edges: tuple[float, ...] | None = None
    """Of a number: the first and the last bin are what lies outside of them."""

    def bin_of(self, value: Any) -> int | None:
        """The bin of a value; None for a level that the model does not have."""
        if self.edges is None:
            return self.labels.index(value) if value in self.labels else None
        if value == self.edges[-1]:
            return len(self.edges) - 1
        return bisect_right(self.edges, value)


@dataclass(frozen=True)
class Reference:
    """The histograms of a model."""

    version: str
    margins: tuple[Margin, ...]
    answer: str
    """The margin that is no input: the percentage by the horizon."""
    horizon: float

    @classmethod
    def of(cls, artefact: Artefact) -> Reference:
        """Reads `histograms` of the metadata; raises ArtefactError, naming what is wrong."""
        histograms = Field(artefact.metadata)["histograms"]
        margins = [
            _factor(each, histograms[each.name])
            if isinstance(each, Factor)
            else _number(each.name, histograms[each.name])
            for each in artefact.inputs
        ]
        answer = artefact.study.percent
        margins.append(_number(answer, histograms[answer]))
        return cls(artefact.version, tuple(margins), answer, artefact.time.horizon)

    def bins(self, inputs: Mapping[str, Any], percent: float | None) -> dict[str, int]:
        """The bin of each margin that a predicted row falls into.

        Without the answer where it is for another time than the horizon.
        """
        given = {**inputs, self.answer: percent}
        found = {}
        for margin in self.margins:
            value = given.get(margin.name)
            place = None if value is None else margin.bin_of(value)
            if place is not None:
                found[margin.name] = place
        return found


def _factor(factor: Factor, counted: Field) -> Margin:
    counts = tuple(
        counted[level].integer(0) if level in counted.value else 0 for level in factor.levels
    )
    return Margin(factor.name, factor.levels, counts)


def _number(name: str, counted: Field) -> Margin:
    edges = counted["edges"].numbers()
    inner = [each.integer(0) for each in counted["counts"].items()]
    if len(inner) != len(edges) - 1:
        raise counted["counts"].wrong(f"{len(edges) - 1} counts")
    between = [f"{low:g} to {high:g}" for low, high in pairwise(edges)]
    labels = (f"below {edges[0]:g}", *between, f"above {edges[-1]:g}")
    return Margin(name, labels, (0, *inner, 0), edges)
