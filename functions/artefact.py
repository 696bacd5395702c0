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

CONTRACT: Final = 1
SOURCES: Final = ("published", "simulated", "custom")


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


@dataclass(frozen=True)
class TimeAxis:
    """When the outcome is predicted for, in the study's own unit."""

    name: str
    description: str
    visits: tuple[float, ...]
    """Rising from 0; the curve has a point at each."""
    period_ends: tuple[float, ...]

    @property
    def horizon(self) -> float:
        """The last time that is predicted, and the default."""
        return self.visits[-1]


@dataclass(frozen=True)
class Golden:
    """A prediction that the model made when it was trained, in percent."""

    inputs: Mapping[str, Any]
    time: float
    percent: float
    interval_90: tuple[float, ...]


@dataclass(frozen=True)
class Artefact:
    """A model as it ships: the graph, and what must be known to use it."""

    version: str
    """First 12 digits of the SHA-256 of metadata.json, which holds that of the graph."""
    graph: bytes
    rows: str
    """What many of the study's subjects are called; the field of a batch."""
    outcome: str
    inputs: tuple[Factor | Number, ...]
    time: TimeAxis
    refits: int
    source: str
    """Where the data came from: published, simulated or custom."""
    golden: tuple[Golden, ...]
    metadata: Mapping[str, Any]
    """All of metadata.json, for people to read."""

    @property
    def factors(self) -> tuple[Factor, ...]:
        """The inputs that are factors, in their order."""
        return tuple(each for each in self.inputs if isinstance(each, Factor))

    @property
    def numbers(self) -> tuple[Number, ...]:
        """The inputs that are numbers, in their order."""
        return tuple(each for each in self.inputs if isinstance(each, Number))

    @property
    def example(self) -> dict[str, Any]:
        """Inputs that the model predicts for, by name."""
        return {
            each.name: each.levels[0] if isinstance(each, Factor) else each.seen[1]
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
    try:
        return _parse(metadata, graph, digest[:12])
    except (KeyError, TypeError, ValueError, IndexError) as error:
        found = f"no {error}" if isinstance(error, KeyError) else f"a malformed one ({error})"
        raise ArtefactError("metadata.json", found, f"contract {CONTRACT}") from error


def _read_seal(folder: Path) -> str | None:
    """What `sha256sum` wrote of metadata.json when the image was built; None outside of one."""
    try:
        written = Path(f"{folder}.seal").read_text("ascii", "replace")
    except FileNotFoundError:
        return None
    return (written.split() or ["nothing"])[0][:64]


def _parse(metadata: dict[str, Any], graph: bytes, version: str) -> Artefact:
    _expect("contract", metadata["contract"], CONTRACT)
    _expect("model.sha256", hashlib.sha256(graph).hexdigest(), metadata["model"]["sha256"])
    if (source := metadata["data"]["source"]) not in SOURCES:
        raise ArtefactError("data.source", repr(source), " or ".join(SOURCES))
    inputs = tuple(map(_parse_input, metadata["inputs"]))
    time = TimeAxis(
        "day",
        "day after planting",
        tuple(metadata["census_days"]),
        tuple(metadata["period_end_days"]),
    )
    if not _is_rising(time.visits) or time.visits[0] != 0:
        raise ArtefactError("census_days", time.visits, "days that rise from 0")
    if not _is_rising(time.period_ends) or time.period_ends[-1] != time.horizon:
        raise ArtefactError(
            "period_end_days", time.period_ends, f"days that rise to {time.horizon}"
        )
    return Artefact(
        version=version,
        graph=graph,
        rows="seedlings",
        outcome="mortality",
        inputs=inputs,
        time=time,
        refits=int(metadata["interval"]["refits"]),
        source=source,
        golden=tuple(_parse_golden(case, inputs) for case in metadata["golden"]),
        metadata=metadata,
    )


def _parse_input(given: Mapping[str, Any]) -> Factor | Number:
    name = given["name"]
    if "allowed" in given:
        return Factor(name, "", tuple(map(str, given["allowed"])))
    low, high = map(float, given["seen"])
    minimum, maximum = float(given["minimum"]), float(given["maximum"])
    if not minimum <= low <= high <= maximum:
        raise ArtefactError(
            f"inputs.{name}.seen", given["seen"], f"a range within {minimum:g} to {maximum:g}"
        )
    return Number(name, str(given["unit"]), minimum, maximum, (low, high))


def _parse_golden(case: Mapping[str, Any], inputs: tuple[Factor | Number, ...]) -> Golden:
    return Golden(
        {each.name: case[each.name] for each in inputs},
        case["day"],
        case["mortality_percent"],
        tuple(case["interval_90"]),
    )


def _expect(name: str, found: object, expected: object) -> None:
    if found != expected:
        raise ArtefactError(name, found, expected)


def _is_rising(times: tuple[float, ...]) -> bool:
    return len(times) > 1 and all(a < b for a, b in pairwise(times))
