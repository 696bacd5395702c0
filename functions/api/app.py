"""The routes. The app is given its scorer, so it reads no file and no environment."""
# No postponed annotations: FastAPI reads them, and the models of requests are made in here.

from typing import Any, Final

from fastapi import FastAPI
from pydantic_core import to_json
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from functions import telemetry
from functions.answers import figures, prediction
from functions.api import page
from functions.api.description import describe_api, operation_id
from functions.api.edge import Edge
from functions.api.json_route import BodyRoute, JsonRoute, refuse_query
from functions.api.outcomes import NOT_KEPT, OutcomesAccepted, read_outcomes
from functions.api.problems import add_problem_handlers
from functions.api.reading import Reading
from functions.api.schemas import Health, ModelMetadata, create_schemas
from functions.records import Predicted
from functions.scoring import Scorer

API_VERSION: Final = "1.2"
"""Of requests and responses, whatever model serves: raise it when docs/openapi.json changes."""


def create_app(
    scorer: Scorer, requests_log: telemetry.Telemetry | None = None, cors_origin: str = ""
) -> FastAPI:
    """The API over one model; pages of `cors_origin` may call it, where one is given."""
    artefact, encoder, study = scorer.artefact, scorer.encoder, scorer.artefact.study
    time, rows, percent = artefact.time.name, study.rows, study.percent
    schemas = create_schemas(artefact)
    model = artefact.identity
    recording = requests_log or telemetry.Terminal()
    marks = artefact.warnings

    app = FastAPI(
        title=study.title,
        version=API_VERSION,
        description=" ".join([study.summary, study.limits, *marks]),
        docs_url=None,  # FastAPI's page would load its script from elsewhere
        redoc_url=None,
        generate_unique_id_function=operation_id,
        strict_content_type=False,
        redirect_slashes=False,
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )
    app.router.route_class = JsonRoute
    app.add_middleware(Reading)
    app.add_middleware(Edge, telemetry=recording, model_version=artefact.version)
    if cors_origin:
        _admit(app, cors_origin)
    add_problem_handlers(app)

    async def predict(request: Request, body: schemas.prediction_request) -> Response:  # type: ignore[name-defined]
        """Percent with the outcome by a time, its 90 % interval, and the curve over time."""
        refuse_query(request)
        at = body.get(time, artefact.time.horizon)
        forecast, curve = scorer.curve(*encoder.encode([body]), at)
        (item,) = figures(forecast, percent)
        telemetry.get_request_log(request.scope).add_predictions(
            [item[percent]], Predicted(at, [body], [item])
        )
        warnings = marks + encoder.warnings(body)
        return _json(prediction(artefact, item, at, curve, warnings))

    async def predict_batch(request: Request, body: schemas.batch_request) -> Response:  # type: ignore[name-defined]
        """The same for up to 1000 rows, in their order, without curves."""
        refuse_query(request)
        batch, at = body[rows], body.get(time, artefact.time.horizon)
        forecast = scorer.forecast(*encoder.encode(batch), at)
        items = figures(forecast, percent)
        telemetry.get_request_log(request.scope).add_predictions(
            forecast.average[:, 0].tolist(), Predicted(at, batch, items)
        )
        answer = {
            time: at,
            "predictions": [
                {**item, "warnings": encoder.warnings(row)}
                for item, row in zip(items, batch, strict=True)
            ],
            "warnings": marks,
            "model": model,
        }
        return _json(answer)

    for path, endpoint, model_of_answer in (
        ("/v1/predict", predict, schemas.prediction),
        ("/v1/predict/batch", predict_batch, schemas.batch),
    ):
        app.router.add_api_route(
            path,
            endpoint,
            methods=["POST"],
            response_model=model_of_answer,
            route_class_override=BodyRoute,
        )

    @app.post(
        "/v1/outcomes",
        status_code=202,
        response_model=OutcomesAccepted,
        responses={404: {"description": NOT_KEPT}},
    )
    async def report_outcomes(
        request: Request,
        body: schemas.outcomes_request,  # type: ignore[name-defined]
    ) -> dict[str, Any]:
        """Reports what became of subjects that were predicted for: calibration is watched by it."""
        refuse_query(request)
        if not recording.keeps_records:
            raise HTTPException(404, NOT_KEPT)
        outcomes = read_outcomes(body, time)
        telemetry.get_request_log(request.scope).outcomes = outcomes
        return {"accepted": len(outcomes)}

    @app.get("/v1/model", response_model=ModelMetadata)
    async def model_metadata(request: Request) -> dict[str, Any]:
        """What the model is: inputs, metrics, data, recipe, the gate's verdict."""
        refuse_query(request)
        return {"version": artefact.version, **artefact.metadata}

    @app.get("/health", response_model=Health)
    async def health(response: Response) -> dict[str, Any]:
        """Whether the service answers, and with which model."""
        response.headers["cache-control"] = "no-store"
        return {"status": "ok", "model": model}

    @app.get("/", include_in_schema=False)
    async def front_page(request: Request) -> Response:
        return _page(*page.render(artefact, request.scope.get("root_path", "")))

    @app.get("/model", include_in_schema=False)
    async def model_page(request: Request) -> Response:
        return _page(*page.render_model(artefact, request.scope.get("root_path", "")))

    @app.get("/docs", include_in_schema=False)
    async def docs_page(request: Request) -> Response:
        return _page(*page.describe_page(artefact, request.scope.get("root_path", "")))

    def openapi() -> dict[str, Any]:
        app.openapi_schema = app.openapi_schema or describe_api(app)
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]
    return app


def _json(answer: dict[str, Any]) -> Response:
    """An answer as it is: FastAPI would check it against its model again, as a test does once.

    That would take 20 µs, an eighth of a prediction.
    """
    return Response(to_json(answer), media_type="application/json")


def _page(html: str, policy: str) -> Response:
    return HTMLResponse(html, headers={"content-security-policy": policy})


def _admit(app: FastAPI, origin: str) -> None:
    """Lets pages of another origin call the API (CORS); outermost, so that failures reach them."""
    from starlette.middleware.cors import CORSMiddleware

    class Cors(CORSMiddleware):
        def preflight_response(self, request_headers: Headers) -> Any:
            response = super().preflight_response(request_headers)
            # What is refused gets the app's own answer to OPTIONS: a problem, and counted.
            return response if response.status_code < 400 else self.app

    app.add_middleware(
        Cors,
        allow_origins=[origin],
        allow_methods=["GET", "HEAD", "POST"],
        allow_headers=["content-type", "x-api-key", "x-request-id"],
        expose_headers=["retry-after", "x-model-version", "x-request-id"],
        max_age=7200,
    )
