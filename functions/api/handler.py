"""Lambda's door: a gateway event in, a gateway answer out. Loads the model on import."""

from __future__ import annotations

import base64
import binascii
import json
import logging
import sys
from typing import Any

from mangum import Mangum
from starlette.types import Receive, Scope, Send

from functions import artefact, settings
from functions.api.app import create_app
from functions.api.problems import MEDIA_TYPE, document
from functions.errors import ProblemError, ServingError
from functions.scoring import Scorer
from functions.telemetry import PowertoolsTelemetry

# Mangum would log paths as they were asked for, and those may hold anything.
logging.getLogger("mangum").setLevel(logging.ERROR)
_settings = settings.read()
try:
    _scorer = Scorer(artefact.read(_settings.model))
except ServingError as error:
    PowertoolsTelemetry(_settings, "none").refused_to_start(error)
    sys.exit(1)
_telemetry = PowertoolsTelemetry(_settings, _scorer.artefact.version)
_app = create_app(_scorer, _telemetry)


async def _staged(scope: Scope, receive: Receive, send: Send) -> None:
    scope["root_path"], scope["path"] = split(scope["aws.event"], scope["path"])
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
    if not isinstance(event, dict) or not _is_request(event, event.get("requestContext")):
        raise ValueError("not a gateway event")
    body = event.get("body") or ""
    if event.get("isBase64Encoded"):
        try:
            body = base64.b64decode(body, validate=True)
        except binascii.Error as error:
            raise ValueError("the body is not base64") from error
        body = base64.b64encode(body).decode()
    return {**event, "headers": event.get("headers") or {}, "body": body}


def split(event: dict[str, Any], path: str) -> tuple[str, str]:
    """The part of the path before the app's own, a stage or a domain's base path, and all of it."""
    context = event["requestContext"]
    if "http" in context:  # its path has the stage
        stage = context.get("stage", "$default")
        return (f"/{stage}" if f"{path}/".startswith(f"/{stage}/") else ""), path
    whole = str(context.get("path", "")).rstrip("/")
    own = _own_path(event).rstrip("/")
    prefix = whole.removesuffix(own) if whole.endswith(own) else ""
    return (prefix, f"{prefix}{own}" or "/") if prefix else ("", path)


def _own_path(event: dict[str, Any]) -> str:
    """A REST request's path by the route's pattern: the event's own may hold a base path."""
    parameters = event.get("pathParameters")
    if isinstance(parameters, dict) and isinstance(parameters.get("proxy"), str):
        own = str(event["resource"]).replace("{proxy+}", parameters["proxy"].lstrip("/"))
    else:
        own = str(event["resource"])
    return own if str(event["path"]).endswith(own) else str(event["path"])


def _is_request(event: dict[str, Any], context: Any) -> bool:
    if not isinstance(context, dict) or "elb" in context:
        return False
    if event.get("version") == "2.0":
        return isinstance(context.get("http"), dict)
    named = (event.get(key) for key in ("resource", "path", "httpMethod"))
    return all(isinstance(each, str) for each in named)


def _refusal(request_id: str) -> dict[str, Any]:
    error = ProblemError(400, "The event is not an HTTP request from API Gateway.")
    return {
        "statusCode": 400,
        "headers": {
            "content-type": MEDIA_TYPE,
            "x-request-id": request_id,
            "x-model-version": _scorer.artefact.version,
        },
        "body": json.dumps(document(error, request_id)),
        "isBase64Encoded": False,
    }
