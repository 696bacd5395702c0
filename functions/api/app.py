"""The routes. The app is given its scorer, so it reads no file and no environment."""

from __future__ import annotations

import json
from typing import Any, Final

from fastapi import FastAPI
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from functions import telemetry
from functions.api import body, page, schemas
from functions.api.edge import Edge
from functions.api.problems import MEDIA_TYPE, problem
from functions.api.schemas import Requests
from functions.errors import ProblemError
from functions.scoring import Mortality, Scorer

DESCRIPTION: Final = (
    "Percent of tree seedlings that will not survive, by species, soil and light, from a field "
    "trial of one season at one site. The interval says how sure the model is of the average; "
    "a single stand may lie 10 points or more to either side."
)
_PROBLEMS: Final = {
    "400": "The body is not JSON.",
    "413": "The body is too large.",
    "415": "The body is not sent as JSON.",
    "422": "The body does not say what is needed; every fault is named.",
    "500": "The service failed; the answer holds the id it was recorded under.",
}


def create_app(scorer: Scorer, teller: telemetry.Telemetry | None = None) -> FastAPI:
    """The API over one model."""
    artefact = scorer.artefact
    requests = Requests(artefact)
    model = {"version": artefact.version, "data": artefact.source}
    marks = (
        ["The model was trained on SIMULATED data: its answers say nothing of real seedlings."]
        if artefact.source == "simulated"
        else []
    )
    species = {name: code for code, name in enumerate(artefact.species)}
    soils = {name: code for code, name in enumerate(artefact.soils)}
    low, high = artefact.light_seen

    def asked(seedling: Any) -> tuple[int, int, float]:
        light = min(max(seedling.light, low), high)
        return species[seedling.species], soils[seedling.soil], light

    def warnings(seedling: Any) -> list[str]:
        if low <= seedling.light <= high:
            return []
        edge = low if seedling.light < low else high
        return [
            f"light {seedling.light:g} is outside the range seen in training, {low:g} to {high:g}; "
            f"this is the answer for {edge:g}."
        ]

    app = FastAPI(
        title="Seedling survival",
        version=artefact.version,
        description=DESCRIPTION,
        redoc_url=None,
    )
    app.add_middleware(
        Edge, telemetry=teller or telemetry.Terminal(), model_version=artefact.version
    )

    @app.post("/v1/predict", **_documented(schemas.Prediction, requests.prediction))
    async def predict(request: Request) -> Response:
        """Percent dead by a day, its 90 % interval, and the curve over the season."""
        seedling: Any = await body.read(request, requests.prediction, requests.allowed)
        answer, curve = scorer.curve(*asked(seedling), seedling.day)
        _tell(request, answer)
        return _json(
            {
                **_item(answer, 0),
                "day": seedling.day,
                "curve": [
                    {"day": day, "mortality_percent": percent}
                    for day, percent in zip(
                        artefact.census_days, curve.round(2).tolist(), strict=True
                    )
                ],
                "warnings": [*marks, *warnings(seedling)],
                "model": model,
            }
        )

    @app.post("/v1/predict/batch", **_documented(schemas.Batch, requests.batch))
    async def predict_batch(request: Request) -> Response:
        """The same for up to 1000 seedlings, in their order, without curves."""
        batch: Any = await body.read(request, requests.batch, requests.allowed)
        codes = [asked(seedling) for seedling in batch.seedlings]
        kinds, grounds, lights = (list(column) for column in zip(*codes, strict=True))
        answer = scorer.mortality(kinds, grounds, lights, batch.day)
        _tell(request, answer)
        columns = (answer.percent, answer.low, answer.high)
        rows = zip(*(each.round(2).tolist() for each in columns), batch.seedlings, strict=True)
        return _json(
            {
                "day": batch.day,
                "predictions": [
                    {
                        "mortality_percent": percent,
                        "interval_90": [lower, upper],
                        "warnings": warnings(seedling),
                    }
                    for percent, lower, upper, seedling in rows
                ],
                "warnings": marks,
                "model": model,
            }
        )

    @app.get("/v1/model")
    async def model_card() -> Response:
        """What the model is: inputs, figures, data, recipe, the gate's verdict."""
        return _json({"version": artefact.version, **artefact.card})

    @app.get("/health", response_model=schemas.Health)
    async def health() -> Response:
        """Whether the service answers, and with which model."""
        return _json({"status": "ok", "model": model})

    @app.get("/", include_in_schema=False)
    async def front_page(request: Request) -> Response:
        html, policy = page.render(artefact, request.scope.get("root_path", ""))
        return HTMLResponse(html, headers={"content-security-policy": policy})

    @app.exception_handler(ProblemError)
    async def answer_problem(request: Request, error: ProblemError) -> Response:
        return problem(error, request.scope["told"].id)

    @app.exception_handler(HTTPException)
    async def answer_http(request: Request, error: HTTPException) -> Response:
        detail = {
            404: "See /docs for what there is.",
            405: f"Send {(error.headers or {}).get('Allow', 'another method')}.",
        }.get(error.status_code, str(error.detail))
        failure = ProblemError(error.status_code, detail, headers=error.headers or {})
        return problem(failure, request.scope["told"].id)

    return app


def _documented(answer: type[BaseModel], asked: type[BaseModel]) -> dict[str, Any]:
    """How a route that reads its own body stands in the OpenAPI document."""
    content = {"application/json": {"schema": schemas.openapi_schema(asked)}}
    return {
        "response_model": answer,
        "responses": {
            status: {
                "description": text,
                "content": {MEDIA_TYPE: {"schema": schemas.openapi_schema(schemas.Problem)}},
            }
            for status, text in _PROBLEMS.items()
        },
        "openapi_extra": {"requestBody": {"required": True, "content": content}},
    }


def _item(answer: Mortality, i: int) -> dict[str, Any]:
    return {
        "mortality_percent": round(float(answer.percent[i]), 2),
        "interval_90": [round(float(answer.low[i]), 2), round(float(answer.high[i]), 2)],
    }


def _tell(request: Request, answer: Mortality) -> None:
    told = request.scope["told"]
    told.predictions = len(answer.percent)
    told.mortality_percent = float(answer.percent.mean())


def _json(content: dict[str, Any]) -> Response:
    encoded = json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return Response(encoded.encode(), media_type="application/json")
