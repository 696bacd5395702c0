"""The routes. The app is given its scorer, so it reads no file and no environment."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Final

from fastapi import FastAPI
from fastapi.routing import APIRoute
from fastapi.telemetry import TelemetryConfig
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.types import Receive, Scope, Send

from functions import telemetry
from functions.api import body, page, schemas
from functions.api.answers import SIMULATED, Answers, to_json
from functions.api.edge import Edge
from functions.api.problems import problem
from functions.errors import ProblemError
from functions.scoring import Scorer

DESCRIPTION: Final = (
    "Percent of tree seedlings that will not survive, by species, soil and light. The interval "
    "says how sure the model is of the average; a single stand may lie 10 points or more to "
    "either side."
)
_TRIALS: Final = {
    "published": "The model comes from a field trial of one season at one site.",
    "simulated": SIMULATED,
    "custom": "The model comes from a trial of its operator's own.",
}
Endpoint = Callable[[Request], Awaitable[Response]]
_SILENT: Final[TelemetryConfig] = {"tracing": False, "metrics": False, "logs": False}
"""FastAPI's own telemetry looks at each call whether somebody listens."""


class Route(APIRoute):
    """A route whose endpoint takes the request as it is: nothing stands between the two.

    FastAPI's own would solve dependencies that no endpoint here has, at each call.
    """

    def __init__(
        self,
        method: str,
        path: str,
        endpoint: Callable[[Request], Awaitable[Response]],
        **more: Any,
    ) -> None:
        super().__init__(path, endpoint, methods=[method], response_model=None, **more)

        async def answer(scope: Scope, receive: Receive, send: Send) -> None:
            response = await endpoint(Request(scope, receive))
            await response(scope, receive, send)

        self.app = answer


def create_app(scorer: Scorer, teller: telemetry.Telemetry | None = None) -> FastAPI:
    """The API over one model."""
    artefact = scorer.artefact
    requests = schemas.requests(artefact)
    answers = Answers(artefact)
    species = {name: code for code, name in enumerate(artefact.species)}
    soils = {name: code for code, name in enumerate(artefact.soils)}
    low, high = artefact.light_seen

    async def predict(request: Request) -> Response:
        """Percent dead by a day, its 90 % interval, and the curve over the season."""
        scope = request.scope
        asked = await body.read(scope, request.receive, requests.prediction)
        light, day = asked["light"], asked.get("day", artefact.last_day)
        codes = species[asked["species"]], soils[asked["soil"]]
        answer, curve = scorer.curve(*codes, min(max(light, low), high), day)
        told: telemetry.Request = scope["told"]
        told.predictions, told.mortality_percent = 1, answer.percent[0]
        return _json(answers.prediction(answer, curve, light, day))

    async def predict_batch(request: Request) -> Response:
        """The same for up to 1000 seedlings, in their order, without curves."""
        scope = request.scope
        asked = await body.read(scope, request.receive, requests.batch)
        seedlings, day = asked["seedlings"], asked.get("day", artefact.last_day)
        lights = [seedling["light"] for seedling in seedlings]
        answer = scorer.mortality(
            [species[seedling["species"]] for seedling in seedlings],
            [soils[seedling["soil"]] for seedling in seedlings],
            [min(max(light, low), high) for light in lights],
            day,
        )
        told: telemetry.Request = scope["told"]
        told.predictions, told.mortality_percent = len(lights), sum(answer.percent) / len(lights)
        return _json(answers.batch(answer, lights, day))

    async def model_card(_: Request) -> Response:
        """What the model is: inputs, figures, data, recipe, the gate's verdict."""
        return _json(to_json({"version": artefact.version, **artefact.card}).encode())

    async def health(_: Request) -> Response:
        """Whether the service answers, and with which model."""
        return _json(f'{{"status":"ok","model":{answers.model}}}'.encode())

    async def front_page(request: Request) -> Response:
        return _page(*page.render(artefact, request.scope.get("root_path", "")))

    async def docs_page(request: Request) -> Response:
        return _page(*page.describe(request.scope.get("root_path", "")))

    app = FastAPI(
        title="Seedling survival",
        version=artefact.version,
        description=f"{DESCRIPTION} {_TRIALS[artefact.source]}",
        docs_url=None,  # FastAPI's page would load its script from elsewhere
        redoc_url=None,
        telemetry=_SILENT,
        routes=[
            Route("POST", "/v1/predict", predict),
            Route("POST", "/v1/predict/batch", predict_batch),
            Route("GET", "/v1/model", model_card),
            Route("GET", "/health", health),
            Route("GET", "/", front_page, include_in_schema=False),
            Route("GET", "/docs", docs_page, include_in_schema=False),
        ],
    )
    app.add_middleware(
        Edge, telemetry=teller or telemetry.Terminal(), model_version=artefact.version
    )

    def describe() -> dict[str, Any]:
        # Asked for by people alone, and costly: nothing of it is imported before.
        from functions.api import description

        app.openapi_schema = app.openapi_schema or description.describe(app, requests)
        return app.openapi_schema

    app.openapi = describe  # type: ignore[method-assign]

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


def _json(content: bytes) -> Response:
    return Response(content, media_type="application/json")


def _page(html: str, policy: str) -> Response:
    return HTMLResponse(html, headers={"content-security-policy": policy})
