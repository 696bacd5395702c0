"""Requests and responses as pydantic models, made from the metadata of the model that serves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, create_model
from typing_extensions import TypeAliasType

from functions.artefact import Artefact, Factor, Number

LARGEST_BATCH: Final = 1000
_REQUEST: Final = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)
"""No unknown fields, no numbers in strings, no NaN."""

Percent = Annotated[float, Field(ge=0, le=100)]
Interval = Annotated[list[Percent], Field(min_length=2, max_length=2)]
Warnings = Annotated[list[str], Field(description="What to know about this prediction.")]


class Model(BaseModel):
    """Which model predicted."""

    version: str
    data: Literal["published", "simulated", "custom"]


class Health(BaseModel):
    """The service answers; it would not have started without a sound model."""

    status: Literal["ok"]
    model: Model


class ModelMetadata(BaseModel, extra="allow"):
    """What the model is: the metadata it shipped with."""

    version: str
    contract: int
    inputs: list[dict[str, Any]]
    data: dict[str, Any]
    metrics: dict[str, Any]
    gate: dict[str, Any]


@dataclass(frozen=True)
class Schemas:
    """The models that depend on what is served: its inputs and the names of its study."""

    prediction_request: type[BaseModel]
    batch_request: type[BaseModel]
    prediction: type[BaseModel]
    batch: type[BaseModel]


def create_schemas(artefact: Artefact) -> Schemas:
    """The requests and responses of a model."""
    time, rows = artefact.time, artefact.rows
    inputs: dict[str, Any] = {each.name: _input_field(each) for each in artefact.inputs}
    example = artefact.example
    at: dict[str, Any] = {
        time.name: (
            Annotated[float, Field(ge=0, le=time.horizon, description=time.description)],
            time.horizon,
        )
    }
    row: Any = create_model("Row", __config__=_REQUEST, **inputs)
    many: Any = Annotated[list[row], Field(min_length=1, max_length=LARGEST_BATCH)]
    percent: dict[str, Any] = {f"{artefact.outcome}_percent": Percent}
    given_time: dict[str, Any] = {time.name: float}
    point: Any = create_model("CurvePoint", __doc__="A visit.", **given_time, **percent)
    item: dict[str, Any] = {**percent, "interval_90": Interval}
    batch_item: Any = create_model(
        "BatchPrediction",
        __doc__=f"The prediction for one of the {rows}.",
        **item,
        warnings=Warnings,
    )
    return Schemas(
        prediction_request=create_model(
            "PredictionRequest",
            __config__=ConfigDict(**_REQUEST, json_schema_extra={"examples": [example]}),
            **inputs,
            **at,
        ),
        batch_request=create_model(
            "BatchRequest",
            __config__=ConfigDict(**_REQUEST, json_schema_extra={"examples": [{rows: [example]}]}),
            **{rows: many},
            **at,
        ),
        prediction=create_model(
            "Prediction",
            __doc__=f"Percent of such {rows} with the outcome by a time.",
            **item,
            **given_time,
            curve=list[point],
            warnings=Warnings,
            model=Model,
        ),
        batch=create_model(
            "BatchResponse",
            __doc__=f"Predictions in the order of the {rows}.",
            **given_time,
            predictions=list[batch_item],
            warnings=Warnings,
            model=Model,
        ),
    )


def _input_field(given: Factor | Number) -> Any:
    if isinstance(given, Factor):
        # A named type is described once, by reference, so generated clients have one of it.
        kind: Any = TypeAliasType(given.name.title().replace("_", ""), Literal[given.levels])
        return Annotated[kind, Field(description=given.description)]
    return Annotated[
        float, Field(ge=given.minimum, le=given.maximum, description=given.description)
    ]
