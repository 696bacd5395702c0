"""Lambda's handler: a gateway event in, a gateway response out. Loads the model on import."""

from __future__ import annotations

import base64
import binascii
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
    from functions.api.problems import MEDIA_TYPE, problem_document
    from functions.artefact import read_artefact
    from functions.errors import ServingError
    from functions.scoring import Scorer
    from functions.telemetry import PowertoolsTelemetry

    # Mangum would log paths as they were sent, and those may hold anything.
    logging.getLogger("mangum").setLevel(logging.ERROR)
    try:
        _settings = settings.read_settings()
        _scorer = Scorer(read_artefact(_settings.model))
    except ServingError as error:
        PowertoolsTelemetry(settings.read_settings({}), "none", "none").refused_to_start(error)
        sys.exit(1)
    _telemetry = PowertoolsTelemetry(_settings, _scorer.artefact.version, _scorer.artefact.source)
    _app = create_app(_scorer, _telemetry)


async def _staged(scope: Scope, receive: Receive, send: Send) -> None:
    event = scope["aws.event"]
    scope["root_path"] = prefix = stage_prefix(event)
    if prefix and "http" not in event["requestContext"]:
        scope["path"] = prefix + _own_path(event)  # ASGI wants the whole of it
    await _app(scope, receive, send)


_mangum = Mangum(
    _staged,
    lifespan="off",
    text_mime_types=["text/", "application/json", MEDIA_TYPE],
)


def handler(event: Any, context: Any) -> dict[str, Any]:
    """Answers an API Gateway event, REST (v1) or HTTP (v2); any other gets a 400."""
    try:
        return _mangum(readable(event), context)
    except (AttributeError, KeyError, RuntimeError, TypeError, ValueError) as error:
        # Mangum answers what the app raises; what comes here is the event's own shape.
        _telemetry.unknown_event(error)
        return _refusal(getattr(context, "aws_request_id", "unknown"))


def readable(event: Any) -> dict[str, Any]:
    """The event, its optional parts filled in; raises ValueError for one of no known shape."""
    if not isinstance(event, dict) or not isinstance(event.get("requestContext"), dict):
        raise ValueError("not a gateway event")
    http = event["requestContext"].get("http")
    if isinstance(http, dict):
        target = http.get("method"), http.get("path")
    else:
        target = event.get("httpMethod"), event.get("path")
    if not all(isinstance(part, str) for part in target):
        raise ValueError("no method or no path")
    body = event.get("body") or ""
    if event.get("isBase64Encoded"):
        try:
            body = base64.b64decode(body, validate=True)
        except binascii.Error as error:
            raise ValueError("the body is not base64") from error
        body = base64.b64encode(body).decode()
    return {**event, "headers": event.get("headers") or {}, "body": body}


def stage_prefix(event: dict[str, Any]) -> str:
    """The part of the path before the app's own: a stage or the base path of a domain."""
    context = event["requestContext"]
    if isinstance(http := context.get("http"), dict):
        route = str(event.get("routeKey")).partition(" ")[2]  # after the method; $default has none
        whole, own = str(http.get("path")), _filled(route, event)
        if own and whole.endswith(own):
            return whole.removesuffix(own)
        prefix = f"/{context.get('stage', '$default')}"
        return prefix if f"{whole}/".startswith(f"{prefix}/") else ""
    whole, own = str(context.get("path", "")).rstrip("/"), _own_path(event).rstrip("/")
    return whole.removesuffix(own) if whole.endswith(own) else ""


def _own_path(event: dict[str, Any]) -> str:
    """A REST request's path by its route: the event's own may begin with a domain's base path."""
    path, own = str(event["path"]), _filled(str(event.get("resource")), event)
    return own if path.endswith(own) else path


def _filled(route: str, event: dict[str, Any]) -> str:
    """The path of a route with its parameter filled in."""
    parameters = event.get("pathParameters")
    if isinstance(parameters, dict):
        return route.replace("{proxy+}", str(parameters.get("proxy")).lstrip("/"))
    return route


def _refusal(request_id: str) -> dict[str, Any]:
    document = problem_document(
        400, "The event is not an HTTP request from API Gateway.", request_id
    )
    return {
        "statusCode": 400,
        "headers": {
            "content-type": MEDIA_TYPE,
            "x-request-id": request_id,
            "x-model-version": _scorer.artefact.version,
        },
        "body": json.dumps(document),
        "isBase64Encoded": False,
    }
