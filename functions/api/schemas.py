"""Requests and responses as pydantic models, made from the metadata of the model that serves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal, NotRequired

from pydantic import BaseModel, ConfigDict, Field, with_config
from typing_extensions import TypeAliasType, TypedDict

from functions.artefact import Artefact, Factor, Number, StudyTexts, TimeAxis

LARGEST_BATCH: Final = 1000
SAFE_ID: Final = "^[A-Za-z0-9._=-]{1,64}$"
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
    """What depends on the study: requests and responses whose fields it names.

    They are typed dictionaries, in which a field may be called `copy` or `json`, and which
    pydantic checks to plain ones: 9 µs of a prediction faster than to objects, a twentieth.
    """

    prediction_request: Any
    batch_request: Any
    prediction: Any
    batch: Any
    outcomes_request: Any


def create_schemas(artefact: Artefact) -> Schemas:
    """The requests and responses of a model."""
    study, time, example = artefact.study, artefact.time, artefact.example
    inputs = {each.name: _input_field(each) for each in artefact.inputs}
    until = {time.name: NotRequired[_time_field(time)]}
    row: Any = _request("Row", inputs, example)
    rows: Any = Annotated[list[row], Field(min_length=1, max_length=LARGEST_BATCH)]
    figures = {
        study.percent: _described(Percent, f"Percent {study.outcome_label} by the time."),
        "interval_90": _described(Interval, _interval_text(study)),
    }
    stand = {"stand_interval_90": _described(Interval | None, _stand_text(artefact))}
    at = {time.name: _described(float, f"In {time.unit}.")}
    point: Any = _response("CurvePoint", "A visit.", at | figures)
    about = f"The prediction for one of the {study.many}."
    item: Any = _response("BatchPrediction", about, figures | stand | {"warnings": Warnings})
    end = {"warnings": Warnings, "model": Model}
    return Schemas(
        prediction_request=_request("PredictionRequest", inputs | until, example),
        batch_request=_request("BatchRequest", {study.rows: rows} | until, {study.rows: [example]}),
        prediction=_response(
            "Prediction",
            f"The share of such {study.many} by a time, and along the curve.",
            figures | stand | at | {"curve": _described(list[point], _curve_text(time))} | end,
        ),
        batch=_response(
            "BatchResponse",
            f"Predictions in the order of the {study.many}.",
            at | {"predictions": list[item]} | end,
        ),
        outcomes_request=_outcomes_request(artefact, row, example),
    )


def _curve_text(time: TimeAxis) -> str:
    if time.steps:
        return "Steps at visits: in between, what was recorded by the visit before still holds."
    return "Between two points log survival falls in a straight line."


def _outcomes_request(artefact: Artefact, row: Any, example: dict[str, Any]) -> Any:
    """What became of up to a thousand subjects."""
    study, time = artefact.study, artefact.time
    seen = f"When it was last seen, in {time.unit} since the beginning, as for predictions."
    fate = (
        f"happened: {study.outcome_label} was recorded at that time; not_yet: seen then without "
        "it, and still followed; taken_out: seen then without it, and not followed any further. "
        "Report whoever was looked at, not only those to whom it happened."
    )
    fields = {
        "request_id": NotRequired[
            _described(
                Annotated[str, Field(pattern=SAFE_ID)],
                "x-request-id of the prediction; or else give inputs.",
            )
        ],
        "row": NotRequired[
            # A number, since 1.0 is an integer to JSON and not to a strict int.
            _described(
                Annotated[float, Field(ge=0, lt=LARGEST_BATCH, multiple_of=1)],
                "Row of a batch, from 0; by default the first.",
            )
        ],
        "inputs": NotRequired[_described(row, "What was predicted for, if not by request_id.")],
        "subject": NotRequired[
            _described(
                Annotated[str, Field(pattern=SAFE_ID)],
                "Your name for it, with inputs: a later report replaces an earlier one.",
            )
        ],
        "group": NotRequired[
            _described(
                Annotated[str, Field(pattern=SAFE_ID)],
                f"Name of its {study.group or 'group'}: those of one may fare alike.",
            )
        ],
        time.name: Annotated[float, Field(ge=0, le=time.horizon, description=seen)],
        "outcome": _described(Literal["happened", "not_yet", "taken_out"], fate),
    }
    known = {"inputs": example, time.name: time.visits[1], "outcome": "not_yet"}
    by = [{"required": ["request_id"]}, {"required": ["inputs"]}]
    outcome: Any = _request("Outcome", fields, known, oneOf=by)
    outcomes: Any = Annotated[list[outcome], Field(min_length=1, max_length=LARGEST_BATCH)]
    return _request("OutcomesRequest", {"outcomes": outcomes}, {"outcomes": [known]})


def _request(name: str, fields: dict[str, Any], example: dict[str, Any], **schema: Any) -> Any:
    """No unknown fields, no numbers in strings, no NaN; `schema` is added to the description."""
    extra: dict[str, Any] = {"examples": [example], **schema}
    rules = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False, json_schema_extra=extra)
    return with_config(rules)(TypedDict(name, fields))  # type: ignore[operator]


def _response(name: str, description: str, fields: dict[str, Any]) -> Any:
    made: Any = TypedDict(name, fields)  # type: ignore[misc]
    made.__doc__ = description
    return made


def _input_field(given: Factor | Number) -> Any:
    if isinstance(given, Factor):
        # A named type is described once, by reference, so generated clients have one of it.
        name = "".join(part[:1].upper() + part[1:] for part in given.name.split("_"))
        return _described(TypeAliasType(name, Literal[given.levels]), given.description)
    limits = Field(ge=given.minimum, le=given.maximum, description=given.description)
    return Annotated[float, limits]


def _time_field(time: TimeAxis) -> Any:
    text = f"When to predict for, in {time.unit}; by default the horizon, {time.horizon:g}."
    limits = Field(
        ge=0, le=time.horizon, description=text, json_schema_extra={"default": time.horizon}
    )
    return Annotated[float, limits]


def _described(kind: Any, description: str) -> Any:
    return Annotated[kind, Field(description=description)]


def _interval_text(study: StudyTexts) -> str:
    left_out = study.group or f"group of {study.many}"
    return f"How sure the model is of the average: 90 %, from leaving out each {left_out}."


def _stand_text(artefact: Artefact) -> str:
    study = artefact.study
    if study.group is None:
        return "Always null: the study declares no groups, so there is no new one to predict."
    if artefact.stand is None:
        return f"Always null: too few groups ({study.group}) hold enough {study.many} to say."
    return (
        f"Where {study.stand or 'one new group'} will lie: of ten with {artefact.stand.size} "
        f"{study.many} of this kind each, nine will record a share within this interval."
    )
