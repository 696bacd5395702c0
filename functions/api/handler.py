"""Lambda's door: a gateway event in, a gateway answer out. Loads the model on import."""
# ruff: noqa: E402

from __future__ import annotations

import base64
import binascii
import gc
import json
import logging
import sys
from typing import Any

from pydantic._internal import _config

# Nothing that is made while starting is garbage: looking for it takes a tenth of the start.
gc.disable()
# FastAPI has pydantic build, when it is imported, what only a description of an API needs: a
# seventh of the start. Pydantic builds it when it is first used if told so, and can be told so
# of a class or, from inside alone, of all.
_config.config_defaults["defer_build"] = True

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
try:
    _settings = settings.read()
    _scorer = Scorer(artefact.read(_settings.model))
except ServingError as error:
    PowertoolsTelemetry(settings.read({}), "none", "none").refused_to_start(error)
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
gc.freeze()
gc.enable()


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
        asked = http.get("method"), http.get("path")
    else:
        asked = event.get("httpMethod"), event.get("path")
    if not all(isinstance(part, str) for part in asked):
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
    """The path of a route, what was asked for in the place of its parameter."""
    parameters = event.get("pathParameters")
    if isinstance(parameters, dict):
        return route.replace("{proxy+}", str(parameters.get("proxy")).lstrip("/"))
    return route


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
