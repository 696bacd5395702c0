"""What was found when two tables of data were compared."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

EXAMPLES: Final = 3
LISTED: Final = 12
"""Names that a sentence lists before it says how many more there are."""


@dataclass(frozen=True)
class Example:
    """One row that shows what was found."""

    row: str
    """Its id, else its place in the data."""
    column: str
    before: str
    after: str


@dataclass(frozen=True)
class DataFinding:
    """One kind of change, in a sentence, with its count and a few of its rows."""

    kind: str
    text: str
    count: int
    blocks: bool
    """Whether it is no honest addition, so that a model of the data needs a person's word."""
    examples: tuple[Example, ...] = ()

    def as_metadata(self) -> dict[str, Any]:
        """What `metadata.json` and `model.dvc` say of it."""
        return {"kind": self.kind, "text": self.text, "count": self.count}


def number_of(number: int, many: str, one: str | None = None) -> str:
    """A number with its noun."""
    return f"{number} {one if one is not None and number == 1 else many}"


def listed(names: Sequence[str]) -> str:
    """Names in a sentence, the first few of many."""
    shown = [str(name) for name in names[:LISTED]]
    if len(names) > LISTED:
        return ", ".join(shown) + f" and {len(names) - LISTED} more"
    return " and ".join([", ".join(shown[:-1]), shown[-1]]) if len(shown) > 1 else "".join(shown)


def in_order(names: Iterable[str]) -> list[str]:
    """Names as people sort them: whole numbers by size, before all others."""
    return sorted(
        names, key=lambda name: (not name.isdigit(), int(name) if name.isdigit() else 0, name)
    )
