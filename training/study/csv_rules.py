"""What a study declares of the CSV's columns that are no inputs, and of rules between columns."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from training.study.vocabulary import Case, Cell, Condition, Declared, Text


class Column(Declared):
    """A column of the CSV that is no input: what it may hold."""

    type: Literal["text", "integer", "number", "category"]
    values: tuple[Cell, ...] | None = None
    minimum: float | None = None
    maximum: float | None = None
    pattern: Text | None = None
    """A regular expression that the whole cell matches."""
    format: Literal["m/d/yy", "yyyy-mm-dd"] | None = None
    """A date that must exist."""
    missing: bool = False
    required: bool = True


class Agreement(Declared):
    """A rule between columns: rows where `when` holds must keep one of the three others."""

    column: Text
    """The one that is named as wrong."""
    text: Text
    when: Condition = Field(default_factory=dict)
    then: Condition | None = None
    cases: tuple[Case, ...] | None = None
    """The column must hold the value of the first case that holds."""
    multiple_of: tuple[Text, float] | None = None
    """The column must equal another column times a number."""
