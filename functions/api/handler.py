"""Lambda's handler: a gateway event in, a gateway response out. Loads the model on import."""

from __future__ import annotations

import json
import logging
import sys
from typing import TYPE_CHECKING, Any

from functions.startup import cold_start

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

with cold_start():
    from mangum import Mangum

    from functions import settings
    from functions.api.app import create_app
    from functions.api.edge import FAILED, gateway_id, request_log
    from functions.api.gateway_event import ROOT_PATH, UnknownEventError, read_event
    from functions.api.problems import MEDIA_TYPE, problem_document
    from functions.artefact import read_artefact
    from functions.errors import ServingError
    from functions.scoring import Scorer
    from functions.telemetry import PowertoolsTelemetry, RequestLog

    # Mangum would log paths as they were sent, and those may hold anything.
    logging.getLogger("mangum").setLevel(logging.ERROR)
    try:
        _settings = settings.read_settings()
        _scorer = Scorer(read_artefact(_settings.model))
    except ServingError as error:
        PowertoolsTelemetry(settings.read_settings({}), "none", "none").refused_to_start(error)
        sys.exit(1)
    _telemetry = PowertoolsTelemetry(_settings, _scorer.artefact.version, _scorer.artefact.source)
    _app = create_app(_scorer, _telemetry, _settings.cors_origin)


async def _staged(scope: Scope, receive: Receive, send: Send) -> None:
    scope["root_path"] = scope["aws.event"][ROOT_PATH]
    await _app(scope, receive, send)


_mangum = Mangum(
    _staged,
    lifespan="off",
    text_mime_types=["text/", "application/json", MEDIA_TYPE],
)


def handler(event: Any, context: Any) -> dict[str, Any]:
    """Answers an API Gateway event, REST (v1) or HTTP (v2); any other gets a 400."""
    try:
        request = read_event(event)
    except UnknownEventError as error:
        own = getattr(context, "aws_request_id", "unknown")
        log = RequestLog(gateway_id(event) or own, "OTHER", status=400, lambda_request_id=own)
        _telemetry.unknown_event(error, log)
        if log.id != own:  # a gateway's request, which it counts too
            _telemetry.answered(log)
        return _problem(400, "The event is not an HTTP request from API Gateway.", log.id)
    try:
        return _mangum(request, context)
    except Exception:  # noqa: BLE001 - the process's edge: counted, alarmed on, and answered
        headers = [(name.encode(), value.encode()) for name, value in request["headers"].items()]
        log = request_log(
            {"method": "", "headers": headers, "aws.event": request, "aws.context": context}
        )
        _telemetry.failed(log)
        _telemetry.answered(log)
        return _problem(500, FAILED, log.id)


def _problem(status: int, detail: str, identity: str) -> dict[str, Any]:
    return {
        "statusCode": status,
        "headers": {
            "content-type": MEDIA_TYPE,
            "cache-control": "no-store",
            "x-content-type-options": "nosniff",
            "x-request-id": identity,
            "x-model-version": _scorer.artefact.version,
        },
        "body": json.dumps(problem_document(status, detail, identity)),
        "isBase64Encoded": False,
    }
