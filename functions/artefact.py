"""Reads `model/` and checks that it is whole and one that this code can serve."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

from functions.errors import ArtefactError
from functions.fields import Field

CONTRACT: Final = 2
SIMULATED: Final = (
    "The model was trained on SIMULATED data: its predictions say nothing about the real world."
)


@dataclass(frozen=True)
class StudyTexts:
    """What the study calls things, in English."""

    title: str
    summary: str
    limits: str
    rows: str
    """The field of a batch that holds the list."""
    many: str
    """What several subjects are called."""
    outcome: str
    """`recurrence` gives the field `recurrence_percent`."""
    outcome_label: str
    group: str | None
    """What is left out for the intervals, or None where the study declares nothing."""
    stand: str | None
    """A group that was not in the data, such as `one new stand`."""

    @property
    def percent(self) -> str:
        """The response's field for the share with the outcome."""
        return f"{self.outcome}_percent"


@dataclass(frozen=True)
class Factor:
    """An input that takes one of several levels; the graph takes a level's position."""

    name: str
    description: str
    levels: tuple[str, ...]


@dataclass(frozen=True)
class Number:
    """An input that is a number, within limits."""

    name: str
    description: str
    minimum: float
    maximum: float
    seen: tuple[float, float]
    """Range in training; outside it the nearest edge is predicted for."""
    example: float


@dataclass(frozen=True)
class TimeAxis:
    """When the outcome is predicted for, in the study's own unit."""

    name: str
    unit: str
    visits: tuple[float, ...]
    """Rising from 0; the curve has a point at each."""
    period_ends: tuple[float, ...]
    steps: bool
    """Whether the curve jumps at the ends of periods; else log survival is linear between them."""

    @property
    def horizon(self) -> float:
        """The last time that is predicted, and the default."""
        return self.visits[-1]


@dataclass(frozen=True)
class StandInterval:
    """What the interval of one new group is made from."""

    t: float
    size: int
    """Subjects of one kind that a group has."""
    spread: tuple[float, ...]
    """Standard deviation between groups on the log-odds, at each period's end."""


@dataclass(frozen=True)
class Golden:
    """A prediction that the model made when it was trained, in percent."""

    inputs: Mapping[str, Any]
    time: float
    percent: float
    interval_90: tuple[float, float]
    stand_interval_90: tuple[float, float] | None


@dataclass(frozen=True)
class Artefact:
    """A model as it ships: the graph, and what must be known to use it."""

    version: str
    """First 12 digits of the SHA-256 of metadata.json, which holds that of the graph."""
    graph: bytes
    study: StudyTexts
    inputs: tuple[Factor | Number, ...]
    time: TimeAxis
    refits: int
    t: float
    """Half-width of the interval of the average, in standard errors."""
    stand: StandInterval | None
    source: str
    """Where the data came from: published, simulated or custom."""
    golden: tuple[Golden, ...]
    metadata: Mapping[str, Any]
    """All of metadata.json, for people to read."""

    @property
    def factors(self) -> tuple[Factor, ...]:
        """The inputs that are factors, in their order: the columns of `codes`."""
        return tuple(each for each in self.inputs if isinstance(each, Factor))

    @property
    def numbers(self) -> tuple[Number, ...]:
        """The inputs that are numbers, in their order: the columns of `numbers`."""
        return tuple(each for each in self.inputs if isinstance(each, Number))

    @property
    def identity(self) -> dict[str, str]:
        """Which model this is, as answers say it."""
        return {"version": self.version, "data": self.source}

    @property
    def warnings(self) -> list[str]:
        """What to know about every prediction of this model."""
        return [SIMULATED] if self.source == "simulated" else []

    @property
    def example(self) -> dict[str, Any]:
        """Inputs that the model predicts for, by name."""
        return {
            each.name: each.levels[0] if isinstance(each, Factor) else each.example
            for each in self.inputs
        }


def read_artefact(folder: Path) -> Artefact:
    """The model in a folder; raises ArtefactError, naming the field, where it can't be served.

    An image has a seal beside the folder: the SHA-256 of metadata.json when it was built.
    Where there is one, a model that does not bear it is refused.
    """
    try:
        text = (folder / "metadata.json").read_bytes()
        graph = (folder / "model.onnx").read_bytes()
        seal = _read_seal(folder)
    except OSError as error:
        path = str(error.filename or folder)
        raise ArtefactError(path, error.strerror, "a readable file") from error
    digest = hashlib.sha256(text).hexdigest()
    if seal is not None:
        _expect("SHA-256 of metadata.json", digest, seal)
    try:
        metadata = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ArtefactError("metadata.json", f"no JSON ({error})", "an intact file") from error
    return _parse(Field(metadata), graph, digest[:12])


def _read_seal(folder: Path) -> str | None:
    """What `sha256sum` wrote of metadata.json when the image was built; None outside of one."""
    try:
        written = Path(f"{folder}.seal").read_text("ascii", "replace")
    except FileNotFoundError:
        return None
    return (written.split() or ["nothing"])[0][:64]


def _parse(metadata: Field, graph: bytes, version: str) -> Artefact:
    _expect("contract", metadata["contract"].value, CONTRACT)
    _expect("model.sha256", hashlib.sha256(graph).hexdigest(), metadata["model"]["sha256"].value)
    study, time = _parse_study(metadata["study"]), _parse_time(metadata["time"])
    inputs = tuple(map(_parse_input, metadata["inputs"].items()))
    if not inputs:
        raise metadata["inputs"].wrong("at least one input")
    stand = metadata["stand_interval"].optional()
    return Artefact(
        version=version,
        graph=graph,
        study=study,
        inputs=inputs,
        time=time,
        refits=metadata["interval"]["refits"].integer(2),
        t=metadata["interval"]["t"].number(),
        stand=_parse_stand(stand, len(time.period_ends)) if stand else None,
        source=metadata["data"]["source"].text("published", "simulated", "custom"),
        golden=tuple(
            _parse_golden(case, study.percent, time) for case in metadata["golden"].items()
        ),
        metadata=metadata.value,
    )


def _parse_study(study: Field) -> StudyTexts:
    group, stand = study["group"].optional(), study["stand"].optional()
    return StudyTexts(
        title=study["title"]["en"].text(),
        summary=study["summary"]["en"].text(),
        limits=study["limits"]["en"].text(),
        rows=study["rows"].text(),
        many=study["row"]["en"]["many"].text(),
        outcome=study["outcome"].text(),
        outcome_label=study["outcome_label"]["en"].text(),
        group=group["en"]["one"].text() if group else None,
        stand=stand["en"].text() if stand else None,
    )


def _parse_input(given: Field) -> Factor | Number:
    name, description = given["name"].text(), given["description"]["en"].text()
    if given["kind"].text("factor", "number") == "factor":
        levels = tuple(level["name"].text() for level in given["levels"].items())
        if not levels or len(set(levels)) < len(levels):
            raise given["levels"].wrong("levels that differ")
        return Factor(name, description, levels)
    minimum, maximum = given["minimum"].number(), given["maximum"].number()
    seen = given["seen"].range(minimum, maximum)
    stops = [stop["value"].number() for stop in given["stops"].items()]
    example = next((stop for stop in stops if seen[0] <= stop <= seen[1]), seen[1])
    return Number(name, description, minimum, maximum, seen, example)


def _parse_time(time: Field) -> TimeAxis:
    visits, ends = time["visits"].numbers(), time["period_ends"].numbers()
    if not _is_rising(visits) or len(visits) < 2 or visits[0] != 0:
        raise time["visits"].wrong("numbers that rise from 0")
    if not ends or not _is_rising(ends) or ends[0] <= 0 or ends[-1] != visits[-1]:
        raise time["period_ends"].wrong(f"numbers that rise to {visits[-1]:g}")
    steps = time["curve"].text("steps", "continuous") == "steps"
    unit = time["unit"]["en"]["many"].text()
    return TimeAxis(time["name"].text(), unit, visits, ends, steps)


def _parse_stand(stand: Field, periods: int) -> StandInterval:
    spread = stand["spread"].numbers()
    if len(spread) != periods:
        raise stand["spread"].wrong(f"{periods} numbers")
    return StandInterval(stand["t"].number(), stand["size"].integer(1), spread)


def _parse_golden(case: Field, percent: str, time: TimeAxis) -> Golden:
    inputs, stand = case["inputs"], case["stand_interval_90"].optional()
    if not isinstance(inputs.value, dict):
        raise inputs.wrong("an object")
    at = case[time.name]
    if not 0 <= at.number() <= time.horizon:
        raise at.wrong(f"a number from 0 to {time.horizon:g}")
    return Golden(
        inputs=inputs.value,
        time=at.number(),
        percent=case[percent].number(),
        interval_90=case["interval_90"].range(),
        stand_interval_90=stand.range() if stand else None,
    )


def _expect(name: str, found: object, expected: object) -> None:
    if found != expected:
        raise ArtefactError(name, found, expected)


def _is_rising(times: tuple[float, ...]) -> bool:
    return all(a < b for a, b in pairwise(times))
