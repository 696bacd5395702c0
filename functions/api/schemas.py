"""Requests and responses as pydantic models, made from the metadata of the model that serves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, create_model
from typing_extensions import TypeAliasType

from functions.artefact import Artefact, Factor, Number, StudyTexts, TimeAxis

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
    study, time = artefact.study, artefact.time
    inputs = {each.name: _input_field(each) for each in artefact.inputs}
    until = {time.name: _time_field(time)}
    example = artefact.example
    row: Any = create_model("Row", __config__=_REQUEST, **_fields(inputs))
    rows: Any = Annotated[list[row], Field(min_length=1, max_length=LARGEST_BATCH)]
    figures = {
        study.percent: _described(Percent, f"Percent {study.outcome_label} by the time."),
        "interval_90": _described(Interval, _interval_text(study)),
    }
    stand = {"stand_interval_90": _described(Interval | None, _stand_text(artefact))}
    at = {time.name: _described(float, f"In {time.unit}.")}
    point: Any = create_model("CurvePoint", __doc__="A visit.", **_fields(at | figures))
    item: Any = create_model(
        "BatchPrediction",
        __doc__=f"The prediction for one of the {study.many}.",
        **_fields(figures | stand),
        warnings=Warnings,
    )
    return Schemas(
        prediction_request=create_model(
            "PredictionRequest", __config__=_request(example), **_fields(inputs | until)
        ),
        batch_request=create_model(
            "BatchRequest",
            __config__=_request({study.rows: [example]}),
            **_fields({study.rows: rows} | until),
        ),
        prediction=create_model(
            "Prediction",
            __doc__=f"The share of such {study.many} by a time, and along the curve.",
            **_fields(figures | stand | at),
            curve=list[point],
            warnings=Warnings,
            model=Model,
        ),
        batch=create_model(
            "BatchResponse",
            __doc__=f"Predictions in the order of the {study.many}.",
            **_fields(at),
            predictions=list[item],
            warnings=Warnings,
            model=Model,
        ),
    )


def values_of(model: BaseModel, names: Iterable[str]) -> dict[str, Any]:
    """Values of a model's fields by their names in JSON, which are given in the model's order."""
    return dict(zip(names, vars(model).values(), strict=True))


def _fields(kinds: Mapping[str, Any]) -> dict[str, Any]:
    """Fields by their names in JSON, whatever a study calls them: pydantic knows numbers alone."""
    return {
        f"field_{i}": Annotated[kind, Field(alias=name)]
        for i, (name, kind) in enumerate(kinds.items())
    }


def _request(example: dict[str, Any]) -> ConfigDict:
    return ConfigDict(**_REQUEST, json_schema_extra={"examples": [example]})


def _input_field(given: Factor | Number) -> Any:
    if isinstance(given, Factor):
        # A named type is described once, by reference, so generated clients have one of it.
        name = "".join(part[:1].upper() + part[1:] for part in given.name.split("_"))
        return _described(TypeAliasType(name, Literal[given.levels]), given.description)
    limits = Field(ge=given.minimum, le=given.maximum, description=given.description)
    return Annotated[float, limits]


def _time_field(time: TimeAxis) -> Any:
    text = f"When to predict for, in {time.unit}; by default the horizon, {time.horizon:g}."
    limits = Field(default=time.horizon, ge=0, le=time.horizon, description=text)
    return Annotated[float, limits]


def _described(kind: Any, description: str) -> Any:
    return Annotated[kind, Field(description=description)]


def _interval_text(study: StudyTexts) -> str:
    left_out = study.group or f"group of {study.many}"
    return f"How sure the model is of the average: 90 %, from leaving out each {left_out}."


def _stand_text(artefact: Artefact) -> str:
    if artefact.stand is None:
        return "Always null: the study's groups do not allow it."
    study = artefact.study
    return (
        f"Where {study.stand or 'one new group'} will lie: of ten with {artefact.stand.size} "
        f"{study.many} of this kind each, nine will record a share within this interval."
    )
