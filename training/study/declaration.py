"""What `study.toml` may say: everything that is peculiar to one study, as checked models.

The engine takes its columns, inputs, time, formula, expectations and texts from here; nothing
of a particular study is written in Python.
"""

from __future__ import annotations

from functools import cached_property
from typing import Annotated, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

Identifier = Annotated[str, StringConstraints(pattern=r"^[^\W\d]\w*$", max_length=40)]
"""A name that a formula and a JSON field can hold as it is: letters of any script, digits, _."""
Slug = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]*$", max_length=40)]
Text = Annotated[str, StringConstraints(min_length=1, max_length=2000)]
Level = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Cell = str | int | float
"""A value of a condition; compared with the CSV's cell after both are read as text or number."""

RESERVED: Final = frozenset({"period", "phase", "simulated", "warnings", "model", "curve"})
"""Names that the engine itself uses in formulas, CSVs or answers."""


class Declared(BaseModel):
    """Base of every part of the file: no unknown key, no conversion, no change afterwards."""

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


class Title(Declared):
    """Names and texts of the study as a whole."""

    name: Slug
    """Names the folder under build/ and the service."""
    title: Words
    summary: Words
    limits: Words
    """How far an answer may be trusted: sites, seasons, what was not seen."""
    rows: Identifier
    """Field of a batch request that holds the list, such as `seedlings`."""
    row: Nouns
    outcome: Identifier
    """`mortality` gives the answer's field `mortality_percent`."""
    outcome_label: Words
    outcome_sentence: Words
    """What has happened to the percentage, as in `of … that will be dead`."""
    source: Text = ""
    """Citation and licence of the data."""
    published_md5: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")] | None = None
    """MD5 of the published file; data with another are called `custom`."""


class Group(Declared):
    """Rows that share a place, person or batch: held out together, unit of the intervals."""

    column: Text
    name: Nouns
    new: Words
    """A group that was not in the data, as the second interval names it, such as `one stand`."""


class Data(Declared):
    """Roles of the CSV's columns that are no inputs, and what a cell may be."""

    id: Text | None = None
    group: Group | None = None
    missing: tuple[str, ...] = ("NA", "")
    """Cells that stand for no value."""
    other_columns: Literal["refuse", "ignore"] = "refuse"
    """What to do with a column that is declared nowhere."""


class Visits(Declared):
    """Subjects are observed at visits only."""

    every: Annotated[float, Field(gt=0)]


class MinimumEvents(Declared):
    """Periods are made by merging visits, or cutting times, until each holds enough events."""

    minimum_events: Annotated[int, Field(ge=1)]


class Time(Declared):
    """When subjects were observed, and over what spans the hazard is taken as constant."""

    column: Text
    name: Identifier = "day"
    """The request's and answer's field."""
    unit: Nouns
    visits: Visits | Literal["observed"]
    horizon: Annotated[float, Field(gt=0)]
    periods: tuple[float, ...] | MinimumEvents
    phases: tuple[float, ...] | None = None
    """Ends of coarser spans, each the end of a period; one phase where absent."""
    points: Annotated[int, Field(ge=2, le=200)] = 40
    """Points of the reported curve where times are as observed."""

    @model_validator(mode="after")
    def _rising(self) -> Self:
        for key in ("periods", "phases"):
            ends = getattr(self, key)
            if not isinstance(ends, tuple):
                continue
            if not ends or any(a >= b for a, b in zip((0.0, *ends), ends, strict=False)):
                raise _wrong(key, list(ends), "ends that rise from above 0")
            if ends[-1] != self.horizon:
                raise _wrong(key, ends[-1], f"a last end equal to the horizon, {self.horizon:g}")
        if isinstance(self.periods, tuple) and self.phases is not None:
            for end in self.phases:
                if end not in self.periods:
                    raise _wrong("phases", end, "ends of periods only")
        if isinstance(self.visits, Visits):
            declared = self.periods if isinstance(self.periods, tuple) else ()
            for end in (self.horizon, *declared):
                if abs(end / self.visits.every - round(end / self.visits.every)) > 1e-6:
                    raise _wrong(
                        "periods" if end in declared else "horizon",
                        end,
                        f"a multiple of the visits' distance, {self.visits.every:g}",
                    )
        return self


class Event(Declared):
    """The column that says whether the event happened at the time given."""

    column: Text
    happened: Cell = 1
    censored: Cell = 0
    missing: Literal["refuse", "drop"] = "refuse"


class Censoring(Declared):
    """How likely it was to stay under observation; used to weight the scores alone."""

    formula: Text
    """Over column headings of the CSV, of inputs or not: `Species + Plot + Species:Soil`."""


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

    @model_validator(mode="after")
    def _levels(self) -> Self:
        if (self.missing == "level") != (self.missing_level is not None):
            raise _wrong("missing_level", self.missing_level, 'a name exactly if missing = "level"')
        for name in self.names:
            if self.names.count(name) > 1:
                raise _wrong("levels", name, "each level once")
        return self


class Stop(Declared):
    """A value of a number that people know by a name."""

    value: float
    label: Words


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
    missing: Literal["refuse", "drop"] = "refuse"

    @model_validator(mode="after")
    def _range(self) -> Self:
        if self.minimum >= self.maximum:
            raise _wrong("minimum", self.minimum, f"less than the maximum, {self.maximum:g}")
        return self


AnyInput = Annotated[FactorInput | NumberInput, Field(discriminator="kind")]


class Range(Declared):
    """A condition on a number."""

    minimum: float | None = None
    maximum: float | None = None


Condition = dict[str, tuple[Cell, ...] | Range]
"""Column or input -> values allowed; all must hold. A missing cell is written "NA"."""


class Case(Declared):
    """A value, and when it is the one: `where` holds and the two `equal` names agree."""

    value: Level
    where: Condition = {}
    equal: tuple[str, str] | None = None


class DerivedFactor(Declared):
    """A factor of the formula that follows from inputs; nobody is asked for it."""

    name: Identifier
    label: Words
    cases: Annotated[tuple[Case, ...], Field(min_length=1)]
    """The first case that holds gives the level; the last has no condition."""

    @property
    def names(self) -> tuple[str, ...]:
        """Levels in order of their first case."""
        return tuple(dict.fromkeys(case.value for case in self.cases))

    @model_validator(mode="after")
    def _covers(self) -> Self:
        last = self.cases[-1]
        if last.where or last.equal:
            raise _wrong("cases", last.value, "a last case without a condition")
        return self


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

    @model_validator(mode="after")
    def _range(self) -> Self:
        if self.minimum is not None and self.maximum is not None and self.minimum > self.maximum:
            raise _wrong("minimum", self.minimum, f"at most the maximum, {self.maximum:g}")
        if (self.type == "category") != (self.values is not None):
            raise _wrong("values", self.values, 'a list exactly if type = "category"')
        return self


class Agreement(Declared):
    """A rule between columns: rows where `when` holds must keep one of the three others."""

    column: Text
    """The one that is named as wrong."""
    text: Text
    when: Condition = {}
    then: Condition | None = None
    cases: tuple[Case, ...] | None = None
    """The column must hold the value of the first case that holds."""
    multiple_of: tuple[str, float] | None = None
    """The column must equal another column times a number."""

    @model_validator(mode="after")
    def _one_rule(self) -> Self:
        rules = [self.then, self.cases, self.multiple_of]
        if sum(rule is not None for rule in rules) != 1:
            raise _wrong("then", None, "exactly one of then, cases and multiple_of")
        return self


class Model(Declared):
    """How the hazard is modelled."""

    formula: Text
    """Products (`:`, `*`) and sums of inputs, derived factors, `period` and `phase`."""
    estimator: str = "LogisticRegression"
    search: dict[str, Annotated[tuple[float, ...], Field(min_length=1)]] = {"C": (0.1, 0.3, 1.0)}
    """Hyper-parameters and their candidate values, the most regularised first."""
    penalty: dict[str, Annotated[float, Field(gt=0)]] = {}
    """Term -> how many times as strongly it is penalised as the others."""


class Expectation(Declared):
    """A difference that any model of the study must show, whatever its scores."""

    name: Words
    more: Condition
    less: Condition
    """Conditions over inputs and derived factors; inputs not named take every value."""
    at: float
    """Time, in the study's unit."""
    above: float
    """Lower limit of mean(more) - mean(less), as a share from -1 to 1."""
    each: bool = False
    """The limit holds for each pair of groups that agree in all else, not for the mean alone."""
    hard: bool = True


class Gate(Declared):
    """Limits of the gate; the defaults suit most studies."""

    margin: Annotated[float, Field(gt=0)] = 0.002
    """Largest loss in integrated Brier score that still counts as not inferior."""
    calibration: Annotated[float, Field(gt=0)] = 0.05
    """Largest error of mean predicted risk, overall and within each level, beyond its noise."""


class Simulation(Declared):
    """What the simulator cannot learn from a released model."""

    rows: Annotated[int, Field(ge=1)] = 1000
    groups: Annotated[int, Field(ge=2)] = 20
    group_sd: Annotated[float, Field(ge=0)] = 0.3
    """Standard deviation between groups on the log-odds of the hazard."""


class Study(Declared):
    """The whole file."""

    study: Title
    data: Data = Data()
    time: Time
    event: Event
    censoring: Censoring | None = None
    inputs: Annotated[tuple[AnyInput, ...], Field(min_length=1)]
    derived: tuple[DerivedFactor, ...] = ()
    columns: dict[str, Column] = {}
    rules: tuple[Agreement, ...] = ()
    model: Model
    expectations: tuple[Expectation, ...] = ()
    gate: Gate = Gate()
    simulation: Simulation = Simulation()

    @cached_property
    def factors(self) -> tuple[FactorInput, ...]:
        """The inputs that take levels, in the file's order: columns of `codes`."""
        return tuple(each for each in self.inputs if isinstance(each, FactorInput))

    @cached_property
    def numbers(self) -> tuple[NumberInput, ...]:
        """The inputs that take numbers, in the file's order: columns of `numbers`."""
        return tuple(each for each in self.inputs if isinstance(each, NumberInput))


def _wrong(key: str, value: object, allowed: str) -> PydanticCustomError:
    """An error of a part that names the key within it, what it holds and what is allowed."""
    return PydanticCustomError(
        "study",
        "{key}: {value}; allowed: {allowed}",
        {"key": key, "value": repr(value), "allowed": allowed},
    )
