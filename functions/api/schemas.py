"""What requests and answers look like: checked by pydantic, told by the OpenAPI document."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, create_model

from functions.artefact import Artefact

LARGEST_BATCH: Final = 1000


class _Strict(BaseModel):
    """No other fields, no numbers in strings, no NaN."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False, frozen=True)


class Requests:
    """The request models of one artefact: the allowed values are its own."""

    def __init__(self, artefact: Artefact) -> None:
        low, high = artefact.light_seen
        species = Annotated[
            Literal[artefact.species],  # type: ignore[name-defined]
            Field(description="The seedling's species."),
        ]
        soil = Annotated[
            Literal[artefact.soils],  # type: ignore[name-defined]
            Field(description="The species whose soil it grows in, or Sterile."),
        ]
        light = Annotated[
            float,
            Field(
                ge=0,
                le=1,
                description=f"Indirect site factor, 0 to 1; {low} to {high} was seen in training.",
            ),
        ]
        day = Annotated[
            float,
            Field(ge=0, le=artefact.last_day, description="Day after planting to answer for."),
        ]
        example: dict[str, Any] = {
            "species": artefact.species[-1],
            "soil": artefact.soils[0],
            "light": 0.1,
        }
        self.seedling = create_model(
            "Seedling",
            __base__=_Strict,
            species=(species, ...),
            soil=(soil, ...),
            light=(light, ...),
        )
        self.prediction = create_model(
            "PredictionRequest", __base__=self.seedling, day=(day, artefact.last_day)
        )
        self.prediction.model_config["json_schema_extra"] = {"example": {**example, "day": 60}}
        self.batch = create_model(
            "BatchRequest",
            __base__=_Strict,
            seedlings=(
                Annotated[
                    list[self.seedling],  # type: ignore[name-defined]
                    Field(min_length=1, max_length=LARGEST_BATCH),
                ],
                ...,
            ),
            day=(day, artefact.last_day),
        )
        self.batch.model_config["json_schema_extra"] = {"example": {"seedlings": [example]}}
        for model in (self.prediction, self.batch):
            model.model_rebuild(force=True)
        self.allowed: dict[str, Any] = {
            "species": list(artefact.species),
            "soil": list(artefact.soils),
            "light": "a number from 0 to 1",
            "day": f"a number from 0 to {artefact.last_day:g}",
            "seedlings": f"a list of 1 to {LARGEST_BATCH} objects with species, soil and light",
        }
        """What each field may hold, for people whose request was refused."""


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


def openapi_schema(model: type[BaseModel]) -> dict[str, Any]:
    """The JSON schema of a request model, for the OpenAPI document, with nothing to refer to."""
    schema = TypeAdapter(model).json_schema()
    definitions = schema.pop("$defs", {})
    for definition in definitions.values():
        if "items" in schema.get("properties", {}).get("seedlings", {}):
            schema["properties"]["seedlings"]["items"] = definition
    return schema
