"""Inputs by name, as people send them, to the two arrays that a model takes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from functions.artefact import Artefact

Codes = npt.NDArray[np.int64]
"""Position of each factor's level, [n, factors]."""
Numbers = npt.NDArray[np.float32]
"""Each number, within the range seen in training, [n, numbers]."""


class Encoder:
    """Encodes the inputs of one model, in the order of its metadata."""

    def __init__(self, artefact: Artefact) -> None:
        self._factors = [
            (each.name, {level: code for code, level in enumerate(each.levels)})
            for each in artefact.factors
        ]
        self._numbers = [(each.name, *each.seen) for each in artefact.numbers]

    def encode(self, rows: Sequence[Mapping[str, Any]]) -> tuple[Codes, Numbers]:
        """Codes and numbers of n rows; raises KeyError for a missing input or unknown level."""
        codes = [[codes[row[name]] for name, codes in self._factors] for row in rows]
        numbers = [
            [min(max(row[name], low), high) for name, low, high in self._numbers] for row in rows
        ]
        return (
            np.array(codes, np.int64).reshape(len(rows), len(self._factors)),
            np.array(numbers, np.float32).reshape(len(rows), len(self._numbers)),
        )

    def warnings(self, row: Mapping[str, Any]) -> list[str]:
        """A sentence for each number outside the range seen in training."""
        return [
            f"{name} {row[name]:g} is outside the range seen in training, {low:g} to {high:g}; "
            f"this is the prediction for {low if row[name] < low else high:g}."
            for name, low, high in self._numbers
            if not low <= row[name] <= high
        ]
