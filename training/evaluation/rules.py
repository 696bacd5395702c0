"""A rule that a model is judged by: its value, its threshold, and the result."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True)
class Rule:
    """One rule and what was found. A soft rule that is not met warns, and no more."""

    name: str
    value: float
    limit: float
    is_floor: bool
    """Whether the value must be above the limit rather than at most the limit."""
    hard: bool = True

    @property
    def passed(self) -> bool:
        """A value that is not a number passes no rule."""
        return self.value > self.limit if self.is_floor else self.value <= self.limit

    @classmethod
    def above(cls, name: str, value: float, limit: float, *, hard: bool = True) -> Self:
        """The value must be greater than the limit."""
        return cls(name, value, limit, is_floor=True, hard=hard)

    @classmethod
    def below(cls, name: str, value: float, limit: float, *, hard: bool = True) -> Self:
        """The value must not be greater than the limit."""
        return cls(name, value, limit, is_floor=False, hard=hard)

    @property
    def result(self) -> str:
        """What became of the rule, in a word."""
        return "ok" if self.passed else "FAILED" if self.hard else "warning"

    @property
    def threshold(self) -> str:
        """The limit with its direction, such as `> 0.4`."""
        return f"{'>' if self.is_floor else '≤'} {self.limit:.3g}"
