"""The OpenAPI document: what FastAPI knows of the routes, and the bodies they take and give."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel, Field, TypeAdapter

from functions.api.problems import MEDIA_TYPE
from functions.api.schemas import Requests

KEY: Final = "ApiKey"
"""The name of the key that API Gateway asks for; this app itself asks for none."""

Percent = Annotated[float, Field(ge=0, le=100)]
Interval = Annotated[list[Percent], Field(min_length=2, max_length=2)]


class Model(BaseModel):
    """Which model answered."""

    version: str
    data: Literal["published", "simulated", "custom"]


class Point(BaseModel):
    """A day of the curve."""

    day: float
    mortality_percent: Percent


class Prediction(BaseModel):
    """Percent of such seedlings that will not survive to a day."""

    mortality_percent: Percent
    interval_90: Interval
    day: float
    curve: list[Point]
    warnings: list[str]
    model: Model


class BatchItem(BaseModel):
    """The answer for one seedling of a batch."""

    mortality_percent: Percent
    interval_90: Interval
    warnings: list[str]


class Batch(BaseModel):
    """Answers in the order of the seedlings."""

    day: float
    predictions: list[BatchItem]
    warnings: list[str]
    model: Model


class Card(BaseModel, extra="allow"):
    """What the model is: the metadata it shipped with."""

    version: str
    contract: int
    inputs: list[dict[str, Any]]
    data: dict[str, Any]
    metrics: dict[str, Any]
    gate: dict[str, Any]


class Health(BaseModel):
    """The service answers; it would not have started without a sound model."""

    status: Literal["ok"]
    model: Model


class ProblemFault(BaseModel):
    """One thing wrong with a request."""

    field: str
    value: Any
    rule: str
    allowed: Any = None


class Problem(BaseModel):
    """An error, after RFC 9457."""

    type: str
    title: str
    status: int
    detail: str
    request_id: str
    errors: list[ProblemFault]


_OF_A_BODY: Final = {
    "400": "The body is not JSON.",
    "413": "The body is too large.",
    "415": "The body is not sent as JSON.",
    "422": "The body does not say what is needed; every fault is named.",
}
_OF_THE_GATEWAY: Final = {
    "403": "API Gateway: there is no key, or it is not a good one.",
    "429": "API Gateway: too many requests, in a second or on this day.",
}
_OF_THE_SERVICE: Final = {
    "500": "The service failed; the answer holds the id it was recorded under.",
}


def describe(app: FastAPI, requests: Requests) -> dict[str, Any]:
    """The document of an app whose bodies are these."""
    bodies = {"/v1/predict": requests.prediction, "/v1/predict/batch": requests.batch}
    answers: dict[str, Any] = {
        "/v1/predict": Prediction,
        "/v1/predict/batch": Batch,
        "/v1/model": Card,
        "/health": Health,
    }
    schemas, definitions = TypeAdapter.json_schemas(
        [
            *((path, "validation", shape.check) for path, shape in bodies.items()),
            *((path, "serialization", TypeAdapter(model)) for path, model in answers.items()),
            ("problem", "serialization", TypeAdapter(Problem)),
        ],
        ref_template="#/components/schemas/{model}",
    )
    document = get_openapi(
        title=app.title, version=app.version, description=app.description, routes=app.routes
    )
    document["components"] = {
        "schemas": definitions["$defs"],
        "securitySchemes": {KEY: {"type": "apiKey", "in": "header", "name": "x-api-key"}},
    }
    for path, operations in document["paths"].items():
        (operation,) = operations.values()
        errors = dict(_OF_THE_SERVICE)
        if path.startswith("/v1/"):
            errors |= _OF_THE_GATEWAY
            operation["security"] = [{KEY: []}, {}]
        if path in bodies:
            errors |= _OF_A_BODY
            operation["requestBody"] = {
                "required": True,
                "content": _content(
                    "application/json", schemas[path, "validation"], bodies[path].example
                ),
            }
        said = _content("application/json", schemas[path, "serialization"])
        refused = _content(MEDIA_TYPE, schemas["problem", "serialization"])
        operation["responses"] = {"200": {"description": "The answer.", "content": said}} | {
            status: {"description": text, "content": refused}
            for status, text in sorted(errors.items())
        }
    return document


def _content(kind: str, schema: Any, example: object = None) -> dict[str, Any]:
    return {kind: {"schema": schema} | ({} if example is None else {"example": example})}
