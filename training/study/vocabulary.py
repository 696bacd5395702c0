"""The small types that a declaration is made of: names, texts, cells, conditions."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable
from typing import Annotated, Any, Final

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    StringConstraints,
    Tag,
)
from pydantic_core import PydanticCustomError

Identifier = Annotated[str, StringConstraints(pattern=r"^[^\W\d_]\w*$", max_length=40)]
"""A name that a formula and a JSON field can hold as it is: letters of any script, digits, _."""
Slug = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]*$", max_length=40)]
NOT_BLANK: Final = r"\S"
Text = Annotated[str, StringConstraints(min_length=1, max_length=2000, pattern=NOT_BLANK)]
LONGEST_LEVEL: Final = 200
Level = Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_LEVEL)]

TABLE: Final = "<table>"
OTHER: Final = "<other>"
"""Tags of a choice between a table and a plain value; they are no part of a key's path."""


def _cell(value: object) -> object:
    if isinstance(value, str | int | float) and not isinstance(value, bool):
        return value
    raise PydanticCustomError("cell_type", "text or a number")


Cell = Annotated[str | int | float, BeforeValidator(_cell)]
"""A value of a condition; compared with the CSV's cell after both are read as text or number."""


def table_or_other(value: Any) -> str:
    """Which side of a choice between a table and another value is meant."""
    return TABLE if isinstance(value, dict | BaseModel) else OTHER


class Declared(BaseModel):
    """Base of every part of the file: no unknown key, no change afterwards."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Words(Declared):
    """One text in the two languages that people are shown."""

    en: Text
    es: Text


class Plural(Declared):
    """A noun in one language."""

    one: Text
    many: Text


class Nouns(Declared):
    """A noun in both languages."""

    en: Plural
    es: Plural


class Range(Declared):
    """A condition on a number; both limits belong to it."""

    minimum: float | None = None
    maximum: float | None = None


Allowed = Annotated[
    Annotated[Range, Tag(TABLE)] | Annotated[tuple[Cell, ...], Field(min_length=1), Tag(OTHER)],
    Discriminator(table_or_other),
]
Condition = dict[str, Allowed]
"""Column or input -> values allowed; all must hold. A missing cell is written "NA"."""

NO_VALUE: Final = "NA"
"""How a condition names a missing cell, however the CSV writes it."""


class Case(Declared):
    """A value, and when it is the one: `where` holds and the two `equal` names agree."""

    value: Level
    where: Condition = Field(default_factory=dict)
    equal: tuple[str, str] | None = None

    @property
    def always(self) -> bool:
        """Whether it has no condition."""
        return not self.where and self.equal is None


def shown(value: object) -> str:
    """A value as TOML writes it, cut short where it is long."""
    if isinstance(value, dict):
        return "a table"
    if isinstance(value, bool | str | int | float | list | tuple):
        text = json.dumps(value, ensure_ascii=False, default=str)
        return text if len(text) <= 80 else f"{text[:77]}…"
    return str(value)


_KNOWN: Final = 15


def near(name: str, known: Iterable[str]) -> str:
    """A hint at the known name that was probably meant, and all of them."""
    names = list(dict.fromkeys(known))
    close = close_name(name, names)
    hint = f"did you mean {close}? " if close else ""
    more = f" and {len(names) - _KNOWN} more" if len(names) > _KNOWN else ""
    return f"{hint}known: {', '.join(names[:_KNOWN])}{more}"


def close_name(name: str, known: Iterable[str]) -> str:
    """The known name that was probably meant, whatever its case; empty where none was."""
    names = {each.strip().casefold(): each for each in known}
    close = difflib.get_close_matches(name.strip().casefold(), names, n=1)
    return names[close[0]] if close else ""
