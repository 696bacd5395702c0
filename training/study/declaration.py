"""What `study.toml` may say: everything that is peculiar to one study, as checked models.

The engine takes its columns, inputs, time, formula, expectations and texts from here; nothing
of a particular study is written in Python. What one key alone may hold is said here; what must
agree between keys is checked by `training.study.consistency`, and `read.read_study` does both.
"""

from __future__ import annotations

from functools import cached_property
from typing import Annotated, Final, Literal

from pydantic import Discriminator, Field, StringConstraints, Tag

from training.study.csv_rules import Agreement, Column
from training.study.inputs import AnyInput, DerivedFactor, FactorInput, NumberInput
from training.study.vocabulary import (
    OTHER,
    TABLE,
    Case,
    Cell,
    Condition,
    Declared,
    Identifier,
    Nouns,
    Range,
    Slug,
    Text,
    Words,
    table_or_other,
)

__all__ = [
    "REPORT_FIELDS",
    "RESERVED",
    "SIMULATED",
    "Agreement",
    "Case",
    "Censoring",
    "Column",
    "Condition",
    "Data",
    "DerivedFactor",
    "Event",
    "Expectation",
    "FactorInput",
    "Gate",
    "Group",
    "MinimumEvents",
    "ModelDeclaration",
    "NumberInput",
    "Range",
    "Simulation",
    "Start",
    "Study",
    "Time",
    "Title",
    "Visits",
    "Withdrawal",
]

RESERVED: Final = frozenset(
    {
        *("period", "phase", "simulated", "warnings", "model", "curve", "predictions"),
        *("interval_90", "stand_interval_90"),
    }
)
"""Names that the engine itself uses in formulas, CSVs, requests or answers."""
REPORT_FIELDS: Final = frozenset(
    {"outcome", "outcomes", "request_id", "row", "inputs", "subject", "group"}
)
"""Names beside that of the time in a reported outcome."""
SIMULATED: Final = "simulated"
"""The CSV column that marks a row as simulated."""
DAYS: Final = "day"
"""A time of this name is one of days, which dates can stand for."""
DAY_OF_YEAR: Final = r"^(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$"


class Title(Declared):
    """Names and texts of the study as a whole."""

    name: Slug
    """Names the folder under build/ and the service."""
    title: Words
    summary: Words
    limits: Words
    """How far an answer may be trusted: sites, seasons, what was not seen."""
    rows: Identifier
    """Field of a batch request that holds the list, such as `patients`."""
    row: Nouns
    subject: Words | None = None
    """Who a sentence is about, with inputs in braces: `{arm} patients`; else `rows`."""
    outcome: Identifier
    """`recurrence` gives the answer's field `recurrence_percent`."""
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
    """A group that was not in the data, as the second interval names it: `one new clinic`."""


class Data(Declared):
    """Roles of the CSV's columns that are no inputs, and what a cell may be."""

    id: Text | None = None
    group: Group | None = None
    missing: tuple[str, ...] = ("NA", "")
    """Cells that mean a missing value."""
    other_columns: Literal["refuse", "ignore"] = "refuse"
    """What to do with a column that is declared nowhere."""
    duplicates: Literal["refuse", "allow"] = "allow"
    """What to do with a row that equals another in all but its id."""


class Visits(Declared):
    """Subjects are observed at visits only."""

    every: Annotated[float, Field(gt=0)]


class MinimumEvents(Declared):
    """Periods are made by merging visits, or cutting times, until each holds enough events."""

    minimum_events: Annotated[int, Field(ge=1)]


class Start(Declared):
    """Day 0 as a date of the calendar: of a time in days alone."""

    label: Words
    """What the date is called, such as `Planting date`."""
    sentence: Words
    """Follows the subject, as in `planted on {date}`."""
    usual: Annotated[str, StringConstraints(pattern=DAY_OF_YEAR)] | None = None
    """Month and day that a form begins with, such as `06-01`."""


MOST_TIMES: Final = 1000
"""Periods, or visits up to the horizon, that a study may have: each is a row of an answer."""
Ends = Annotated[tuple[float, ...], Field(min_length=1, max_length=MOST_TIMES)]


class Time(Declared):
    """When subjects were observed, and over what spans the hazard is taken as constant."""

    column: Text
    name: Identifier = "day"
    """The request's and answer's field."""
    unit: Nouns
    visits: Annotated[
        Annotated[Visits, Tag(TABLE)] | Annotated[Literal["observed"], Tag(OTHER)],
        Discriminator(table_or_other),
    ]
    horizon: Annotated[float, Field(gt=0)]
    periods: Annotated[
        Annotated[MinimumEvents, Tag(TABLE)] | Annotated[Ends, Tag(OTHER)],
        Discriminator(table_or_other),
    ]
    phases: Ends | None = None
    """Ends of coarser spans, each the end of a period; one phase where absent."""
    points: Annotated[int, Field(ge=2, le=200)] = 40
    """Points of the reported curve where times are as observed."""
    start: Start | None = None


class Event(Declared):
    """The column that says whether the event happened at the time given."""

    column: Text
    happened: Cell = 1
    censored: Cell = 0
    missing: Literal["refuse", "drop"] = "refuse"
    missing_limit: Annotated[float, Field(ge=0, le=1)] = 0.05
    """Largest share of rows that may be dropped; with 1, whatever the outcome they lack."""


class Censoring(Declared):
    """How likely it was to stay under observation; used to weight the scores alone."""

    formula: Text
    """Over column headings of the CSV, of inputs or not: `Grade + Clinic + Grade:Sex`."""


Candidates = Annotated[tuple[float, ...], Field(min_length=1)]
_SEARCH: Final[dict[str, tuple[float, ...]]] = {"C": (0.1, 0.3, 1.0)}


class ModelDeclaration(Declared):
    """How the hazard is modelled."""

    formula: Text
    """Products (`:`, `*`) and sums of inputs, derived factors, `period` and `phase`."""
    estimator: Literal["LogisticRegression"] = "LogisticRegression"
    """One of `training.model.hazard.ESTIMATORS`."""
    search: dict[str, Candidates] = Field(default_factory=lambda: dict(_SEARCH))
    """Hyper-parameters and their candidate values, the most regularised first."""
    penalty: dict[str, Annotated[float, Field(gt=0)]] = Field(default_factory=dict)
    """Term -> how many times as strongly it is penalised as the others."""


class Expectation(Declared):
    """A difference that any model of the study must show, whatever its scores."""

    name: Words
    more: Condition
    less: Condition
    """Conditions over inputs and derived factors; inputs not named take every value."""
    at: Annotated[float, Field(gt=0)]
    """Time, in the study's unit."""
    above: Annotated[float, Field(ge=-1, le=1)]
    """Lower limit of mean(more) - mean(less), as a share from -1 to 1."""
    each: bool = False
    """The limit holds for each pair of groups that agree in all else, not for the mean alone."""
    hard: bool = True


class Gate(Declared):
    """Limits of the gate; the defaults suit most studies."""

    margin: Annotated[float, Field(gt=0, le=1)] = 0.02
    """Largest loss that counts as not inferior, as a share of the champion's integrated Brier
    score."""
    calibration: Annotated[float, Field(gt=0, le=1)] = 0.05
    """Largest error of mean predicted risk, overall and within each level, beyond its noise."""


class Withdrawal(Declared):
    """Subjects that leave alive and on purpose, at one time."""

    at: Annotated[float, Field(gt=0)]
    share: Annotated[float, Field(gt=0, le=1)]
    """Of those still under observation, after the events of that time."""
    where: Condition = Field(default_factory=dict)
    """Over inputs and derived factors."""


class Simulation(Declared):
    """What the simulator cannot learn from a released model."""

    rows: Annotated[int, Field(ge=1, le=10_000_000)] = 1000
    groups: Annotated[int, Field(ge=2, le=10_000_000)] = 20
    dropout: Annotated[float, Field(ge=0, le=1)] = 0.0
    """Share of subjects that are lost at a time drawn evenly up to the horizon."""
    withdrawals: tuple[Withdrawal, ...] = ()
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
    columns: dict[str, Column] = Field(default_factory=dict)
    rules: tuple[Agreement, ...] = ()
    model: ModelDeclaration
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
