"""Values of a JSON document by their dotted names, so that a wrong one is named."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from functions.errors import ArtefactError


@dataclass(frozen=True)
class Field:
    """A value and where it was; every method raises ArtefactError, naming it, for another type."""

    value: Any
    name: str = ""

    def __getitem__(self, key: str) -> Field:
        """A member of an object."""
        name = f"{self.name}.{key}" if self.name else key
        if not isinstance(self.value, dict):
            raise ArtefactError(self.name or "metadata.json", _kind(self.value), "an object")
        if key not in self.value:
            raise ArtefactError(name, "nothing", "a value")
        return Field(self.value[key], name)

    def items(self) -> Iterator[Field]:
        """The items of a list."""
        if not isinstance(self.value, list):
            raise self.wrong("a list")
        for i, item in enumerate(self.value):
            yield Field(item, f"{self.name}[{i}]")

    def optional(self) -> Field | None:
        """The field, or None for null."""
        return None if self.value is None else self

    def text(self, *choices: str) -> str:
        """A text, one of the choices if there are any."""
        if not isinstance(self.value, str) or (choices and self.value not in choices):
            raise self.wrong(" or ".join(choices) or "a text")
        return self.value

    def number(self) -> float:
        """A finite number."""
        if isinstance(self.value, bool) or not isinstance(self.value, int | float):
            raise self.wrong("a number")
        if not math.isfinite(self.value):
            raise self.wrong("a number")
        return float(self.value)

    def integer(self, minimum: int) -> int:
        """An integer that is not below a minimum."""
        if type(self.value) is not int or self.value < minimum:
            raise self.wrong(f"an integer from {minimum}")
        return self.value

    def numbers(self) -> tuple[float, ...]:
        """A list of finite numbers."""
        return tuple(item.number() for item in self.items())

    def range(self, low: float = -math.inf, high: float = math.inf) -> tuple[float, float]:
        """Two numbers that don't fall, within limits."""
        ends = self.numbers()
        if len(ends) != 2 or not low <= ends[0] <= ends[1] <= high:
            limits = "" if math.isinf(low) else f" within {low:g} to {high:g}"
            raise self.wrong(f"a range{limits}")
        return ends[0], ends[1]

    def wrong(self, expected: str) -> ArtefactError:
        """The error for this value."""
        return ArtefactError(self.name, _kind(self.value), expected)


def _kind(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 100 else f"{text[:100]}…"
