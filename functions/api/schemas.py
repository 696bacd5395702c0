"""What requests look like: checked by pydantic, told by the OpenAPI document."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal, NotRequired

from pydantic import ConfigDict, Field, TypeAdapter, with_config
from typing_extensions import TypedDict

from functions.artefact import Artefact

LARGEST_BATCH: Final = 1000


@dataclass(frozen=True)
class Shape:
    """What a body must be."""

    check: TypeAdapter[dict[str, Any]]
    fields: Mapping[str, object]
    """What each field may hold, for people whose request was refused."""
    inner: Mapping[str, object]
    """The same for the objects in it."""
    example: Mapping[str, object]


@dataclass(frozen=True)
class Requests:
    """The bodies that one model can be asked with: the allowed values are its own."""

    prediction: Shape
    batch: Shape


def requests(artefact: Artefact) -> Requests:
    """The request bodies of a model."""
    low, high = artefact.light_seen
    seedling: dict[str, Any] = {
        "species": _field(Literal[artefact.species], "The seedling's species."),
        "soil": _field(Literal[artefact.soils], "The species whose soil it grows in, or Sterile."),
        "light": _field(
            float,
            f"Indirect site factor, 0 to 1; {low} to {high} was seen in training.",
            ge=0,
            le=1,
        ),
    }
    day = _field(
        float,
        f"Day after planting to answer for; {artefact.last_day:g} where it is left out.",
        ge=0,
        le=artefact.last_day,
    )
    last: dict[str, Any] = {"day": NotRequired[day]}
    row: Any = _object("Seedling", seedling)
    rows: Any = Annotated[list[row], Field(min_length=1, max_length=LARGEST_BATCH)]
    allowed: dict[str, object] = {
        "species": list(artefact.species),
        "soil": list(artefact.soils),
        "light": "a number from 0 to 1",
    }
    by_day: dict[str, object] = {"day": f"a number from 0 to {artefact.last_day:g}"}
    of_rows = f"a list of 1 to {LARGEST_BATCH} objects with species, soil and light"
    example = {"species": artefact.species[-1], "soil": artefact.soils[0], "light": 0.1}
    return Requests(
        prediction=Shape(
            TypeAdapter(_object("PredictionRequest", seedling | last)),
            fields=allowed | by_day,
            inner={},
            example={**example, "day": 60},
        ),
        batch=Shape(
            TypeAdapter(_object("BatchRequest", {"seedlings": rows, **last})),
            fields={"seedlings": of_rows, **by_day},
            inner=allowed,
            example={"seedlings": [example]},
        ),
    )


def _field(kind: Any, description: str, **limits: Any) -> Any:
    return Annotated[kind, Field(description=description, **limits)]


def _object(name: str, fields: dict[str, Any]) -> Any:
    """No other fields, no numbers in strings, no NaN; checked to a plain dictionary."""
    rules = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)
    return with_config(rules)(TypedDict(name, fields))  # type: ignore[operator]
