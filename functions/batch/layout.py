"""Which column of a CSV is which input, and which columns the scored file has besides."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from functions.artefact import Artefact
from functions.errors import ServingError

WARNINGS: Final = "warnings"
FAULT: Final = "fault"
_STAND: Final = ("stand_interval_90_low", "stand_interval_90_high")
_SHOWN: Final = 200
"""Characters of a header that an error repeats."""
_OTHER_DELIMITERS: Final = {";": "semicolons", "\t": "tabs", "|": "bars"}


class InvalidFileError(ServingError):
    """A file as a whole cannot be scored; a wrong row is no such error."""


@dataclass(frozen=True)
class Layout:
    """Where a file holds the inputs of a model."""

    header: tuple[str, ...]
    """The file's own columns."""
    factors: tuple[int, ...]
    """Position of each factor, in the model's order."""
    numbers: tuple[int, ...]
    time: int | None
    """Position of the time to predict for, where the file has that column."""
    added: tuple[str, ...]
    """Columns that follow the file's own."""


def figure_columns(artefact: Artefact) -> tuple[str, ...]:
    """The percentage, and the ends of both intervals."""
    return (artefact.study.percent, "interval_90_low", "interval_90_high", *_STAND)


def find_layout(header: Sequence[str], artefact: Artefact) -> Layout:
    """The layout of a file with this header; raises InvalidFileError."""
    shown = ", ".join(header)
    shown = shown if len(shown) <= _SHOWN else f"{shown[:_SHOWN]}…"
    names = [each.name for each in artefact.inputs]
    if missing := [name for name in names if name not in header]:
        hint = next(
            (
                f" The columns seem to be separated by {name}; commas are expected."
                for character, name in _OTHER_DELIMITERS.items()
                if len(header) == 1 and character in header[0]
            ),
            "",
        )
        raise InvalidFileError(
            f"missing column{'s' * (len(missing) > 1)} {', '.join(missing)}; "
            f"the header is: {shown}.{hint}"
        )
    if repeated := sorted({name for name in header if header.count(name) > 1}):
        raise InvalidFileError(f"duplicate column {', '.join(repeated)}")
    added = (*figure_columns(artefact), WARNINGS, FAULT)
    if taken := [name for name in added if name in header]:
        raise InvalidFileError(
            f"column {', '.join(taken)} is already there; rename or remove it: scoring adds it"
        )
    position = {name: i for i, name in enumerate(header)}
    return Layout(
        header=tuple(header),
        factors=tuple(position[each.name] for each in artefact.factors),
        numbers=tuple(position[each.name] for each in artefact.numbers),
        time=position.get(artefact.time.name),
        added=added,
    )
