"""The outermost layer of the app: ids and versions on every response, telemetry, last resort."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Mapping
from typing import Any, Final

from starlette.routing import Match
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from functions.api.problems import problem_response
from functions.telemetry import RequestLog, Telemetry

_METHODS: Final = frozenset({"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"})
_SAFE_ID: Final = re.compile(r"[A-Za-z0-9._=-]{1,64}")
_TRACE: Final = re.compile(rb"(?:^|;)Root=(1-[0-9a-f]{8}-[0-9a-f]{24})(?:;|$)")
FAILED: Final = "Internal error. Quote request_id when reporting it."


class Edge:
    """ASGI middleware: every request gets an id, every failure a response and a record."""

    def __init__(self, app: ASGIApp, telemetry: Telemetry, model_version: str) -> None:
        self.app = app
        self._telemetry = telemetry
        self._headers = (
            (b"x-model-version", model_version.encode()),
            (b"x-content-type-options", b"nosniff"),
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = time.perf_counter()
        scope["request_log"] = log = request_log(scope)
        begun = False

        async def send_with_headers(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                log.status = message["status"]
                identity = (b"x-request-id", log.id.encode())
                headers = [*message["headers"], identity, *self._headers]
                if b"cache-control" not in dict(headers):
                    headers.append((b"cache-control", b"no-store"))
                message["headers"] = headers
            await send(message)

        try:
            _forgive_trailing_slash(scope)
            await self.app(scope, receive, send_with_headers)
        except Exception:  # the process's edge: counted, alarmed on, and answered
            log.status, log.route = 500, _route(scope)
            self._telemetry.failed(log)
            if not begun:
                response = problem_response(500, FAILED, log.id)
                await response(scope, receive, send_with_headers)
        finally:
            log.route = _route(scope)
            log.milliseconds = 1000 * (time.perf_counter() - started)
            self._telemetry.answered(log)


def gateway_id(event: Any) -> str | None:
    """API Gateway's id of the request in an event; None for an event that has no safe one."""
    context = event.get("requestContext") if isinstance(event, dict) else None
    given = context.get("requestId") if isinstance(context, dict) else None
    return given if isinstance(given, str) and _SAFE_ID.fullmatch(given) else None


def _request_id(scope: Mapping[str, Any]) -> str:
    """API Gateway's id, else a harmless one that the client sent, else a new one."""
    if given := gateway_id(scope.get("aws.event")):
        return given
    for name, value in scope["headers"]:
        if name == b"x-request-id" and _SAFE_ID.fullmatch(value.decode("latin-1")):
            return str(value.decode())
    return os.urandom(16).hex()


def request_log(scope: Scope) -> RequestLog:
    """The log of a request that has just come in."""
    method = scope["method"]
    log = RequestLog(id=_request_id(scope), method=method if method in _METHODS else "OTHER")
    context = scope.get("aws.context")
    if context is not None:
        own = getattr(context, "aws_request_id", None)
        if isinstance(own, str) and _SAFE_ID.fullmatch(own):
            log.lambda_request_id = own
        for name, value in scope["headers"]:
            if name == b"x-amzn-trace-id" and (trace := _TRACE.search(value)):
                log.trace_id = trace[1].decode()
    return log


def _route(scope: Scope) -> str:
    return getattr(scope.get("route"), "path", "unknown")


def _forgive_trailing_slash(scope: Scope) -> None:
    """Takes the slash off a path that no route has with it; gateways send both to one route."""
    path: str = scope["path"]
    if path.endswith("/") and path.strip("/") and "app" in scope:
        routes = scope["app"].router.routes
        if all(route.matches(scope)[0] is Match.NONE for route in routes):
            scope["path"] = path.rstrip("/")
