"""What can go wrong in serving, and the one table of what a client is then told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

TITLES: Final[Mapping[int, str]] = {
    400: "The request can't be read",
    404: "There is nothing at this address",
    405: "This address does not take that method",
    413: "The body is too large",
    415: "The body is not JSON",
    422: "The body does not say what is needed",
    500: "The service failed",
}
"""Every HTTP status that is an error, and its title."""


class ServingError(Exception):
    """Base of every error this package raises on purpose; its text is one clear line."""


class SettingsError(ServingError):
    """The environment holds a value that can't be used."""

    def __init__(self, key: str, value: str, allowed: str) -> None:
        self.key, self.value, self.allowed = key, value, allowed
        super().__init__(f"{key} is {value!r}; it must be {allowed}")


class ArtefactError(ServingError):
    """The model folder is missing, damaged or not one this code can serve."""

    def __init__(self, name: str, found: object, expected: object) -> None:
        self.name, self.found, self.expected = name, found, expected
        super().__init__(f"model: {name} is {found}; {expected} is needed")


@dataclass(frozen=True)
class Fault:
    """One thing wrong with a request: which field, what it held, what is asked."""

    field: str
    value: object
    rule: str
    allowed: object = None


@dataclass
class ProblemError(ServingError):
    """A request that is answered with an error; see RFC 9457."""

    status: int
    detail: str
    faults: Sequence[Fault] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
