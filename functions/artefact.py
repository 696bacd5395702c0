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
INPUTS: Final = {"species": "int64", "soil": "int64", "light": "float32"}
SOURCES: Final = ("published", "simulated", "custom")


@dataclass(frozen=True)
class Golden:
    """A question with the answer that the model gave when it was made, in percent."""

    species: str
    soil: str
    light: float
    day: float
    mortality_percent: float
    interval_90: tuple[float, float]


@dataclass(frozen=True)
class Artefact:
    """A model as it ships: the graph, and what must be known to ask it."""

    version: str
    """First 12 digits of the SHA-256 of metadata.json, which holds that of the graph."""
    graph: bytes
    species: tuple[str, ...]
    soils: tuple[str, ...]
    light_seen: tuple[float, float]
    """Range of light in training; outside it the nearest edge is asked."""
    census_days: tuple[float, ...]
    period_end_days: tuple[float, ...]
    refits: int
    golden: tuple[Golden, ...]
    card: Mapping[str, Any]
    """All of metadata.json, for people to read."""

    @property
    def source(self) -> str:
        """Where the data came from: published, simulated or custom."""
        return str(self.card["data"]["source"])

    @property
    def last_day(self) -> float:
        """The end of the season, and the day that is answered when none is asked."""
        return self.census_days[-1]


def read(folder: Path) -> Artefact:
    """The model in a folder; raises ArtefactError, naming the field, where it can't be served.

    An image has a seal beside the folder: the SHA-256 of metadata.json when it was built.
    Where there is one, a model that does not bear it is refused.
    """
    try:
        text = (folder / "metadata.json").read_bytes()
        graph = (folder / "model.onnx").read_bytes()
        sealed = _sealed(folder)
    except OSError as error:
        where = str(error.filename or folder)
        said = f"not readable ({error.strerror})"
        raise ArtefactError(where, said, "a readable file") from error
    digest = hashlib.sha256(text).hexdigest()
    if sealed is not None:
        _expect("SHA-256 of metadata.json", digest, sealed)
    try:
        card = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ArtefactError("metadata.json", f"not JSON ({error})", "an intact file") from error
    try:
        return _checked(card, graph, digest[:12])
    except (KeyError, TypeError, ValueError, IndexError) as error:
        said = f"missing {error}" if isinstance(error, KeyError) else f"malformed ({error})"
        raise ArtefactError("metadata.json", said, f"contract {CONTRACT}") from error


def _sealed(folder: Path) -> str | None:
    """What `sha256sum` wrote of metadata.json when the image was built; None outside of one."""
    try:
        written = Path(f"{folder}.seal").read_text("ascii", "replace")
    except FileNotFoundError:
        return None
    return (written.split() or ["nothing"])[0][:64]


def _checked(card: dict[str, Any], graph: bytes, version: str) -> Artefact:
    _expect("contract", card["contract"], CONTRACT)
    _expect("model.sha256", hashlib.sha256(graph).hexdigest(), card["model"]["sha256"])
    _expect("inputs", [(i["name"], i["dtype"]) for i in card["inputs"]], list(INPUTS.items()))
    if card["data"]["source"] not in SOURCES:
        raise ArtefactError("data.source", repr(card["data"]["source"]), " or ".join(SOURCES))
    species, soil, light = card["inputs"]
    ends, days = tuple(card["period_end_days"]), tuple(card["census_days"])
    if not _rising(days) or days[0] != 0:
        raise ArtefactError("census_days", days, "days that rise from 0")
    if not _rising(ends) or ends[-1] != days[-1]:
        raise ArtefactError("period_end_days", ends, f"days that rise to {days[-1]}")
    low, high = map(float, light["seen"])
    if not 0 <= low <= high <= 1:
        raise ArtefactError("inputs.light.seen", light["seen"], "a range within 0 to 1")
    return Artefact(
        version=version,
        graph=graph,
        species=tuple(map(str, species["allowed"])),
        soils=tuple(map(str, soil["allowed"])),
        light_seen=(low, high),
        census_days=days,
        period_end_days=ends,
        refits=int(card["interval"]["refits"]),
        golden=tuple(
            Golden(**{**case, "interval_90": tuple(case["interval_90"])}) for case in card["golden"]
        ),
        card=card,
    )


def _expect(name: str, found: object, expected: object) -> None:
    if found != expected:
        raise ArtefactError(name, found, expected)


def _rising(days: tuple[float, ...]) -> bool:
    return len(days) > 1 and all(a < b for a, b in pairwise(days))
