"""A rule with its figure: what a gate asks, what it found, and whether that will do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True)
class Rule:
    """One question a model was asked. A soft rule that is not met warns, and no more."""

    name: str
    figure: float
    limit: float
    is_floor: bool
    """Whether the figure must be above the limit rather than at most the limit."""
    hard: bool = True

    @property
    def passed(self) -> bool:
        """A figure that is not a number passes no rule."""
        return self.figure > self.limit if self.is_floor else self.figure <= self.limit

    @classmethod
    def above(cls, name: str, figure: float, limit: float, *, hard: bool = True) -> Self:
        """The figure must be greater than the limit."""
        return cls(name, figure, limit, is_floor=True, hard=hard)

    @classmethod
    def below(cls, name: str, figure: float, limit: float, *, hard: bool = True) -> Self:
        """The figure must not be greater than the limit."""
        return cls(name, figure, limit, is_floor=False, hard=hard)

    @property
    def word(self) -> str:
        """What became of the rule, in a word."""
        return "ok" if self.passed else "FAILED" if self.hard else "warning"

    @property
    def asked(self) -> str:
        """The limit as a reader takes it in."""
        return f"{'>' if self.is_floor else '≤'} {self.limit:g}"
