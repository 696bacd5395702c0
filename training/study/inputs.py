"""What a study declares of the model's inputs, and of factors that follow from them."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from training.study.vocabulary import Case, Declared, Identifier, Level, Text, Words


class FactorLevel(Declared):
    """One level of a factor."""

    name: Level
    label: Words | None = None


class Input(Declared):
    """What all inputs have."""

    name: Identifier
    column: Text
    label: Words
    description: Words


class FactorInput(Input):
    """An input that takes one of several levels."""

    kind: Literal["factor"]
    levels: Annotated[tuple[FactorLevel, ...], Field(min_length=1)]
    missing: Literal["refuse", "drop", "level"] = "refuse"
    missing_level: Level | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """Levels by name, that of missing values last."""
        names = tuple(level.name for level in self.levels)
        return names if self.missing_level is None else (*names, self.missing_level)


class Stop(Declared):
    """A value of a number that people know by a name."""

    value: float
    label: Words


class Display(Declared):
    """How people read and type a number that the CSV, the model and the API hold otherwise."""

    unit: Words
    factor: Annotated[float, Field(gt=0)]
    """What is shown is the value times this: 100 for a share that is shown in percent."""
    description: Words | None = None
    """Takes the place of the input's own, such as a line on how it is measured."""


class NumberInput(Input):
    """An input that takes a number."""

    kind: Literal["number"]
    minimum: float
    maximum: float
    unit: Words | None = None
    centre: float
    scale: Annotated[float, Field(gt=0)]
    """The formula's column is (x - centre) / scale."""
    step: Annotated[float, Field(gt=0)] | None = None
    stops: tuple[Stop, ...] = ()
    """In the CSV's unit, whatever is shown."""
    display: Display | None = None
    missing: Literal["refuse", "drop"] = "refuse"


AnyInput = Annotated[FactorInput | NumberInput, Field(discriminator="kind")]


class DerivedFactor(Declared):
    """A factor of the formula that follows from factor inputs and is never an input itself."""

    name: Identifier
    label: Words
    cases: Annotated[tuple[Case, ...], Field(min_length=1)]
    """The first case that holds gives the level; the last has no condition."""

    @property
    def names(self) -> tuple[str, ...]:
        """Levels in order of their first case."""
        return tuple(dict.fromkeys(case.value for case in self.cases))
