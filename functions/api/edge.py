"""The outermost layer of the app: ids and versions on every answer, telemetry, last resort."""

from __future__ import annotations

import os
import re
import time
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from functions.api.problems import problem
from functions.errors import ProblemError
from functions.telemetry import Request, Telemetry

_METHODS: Final = frozenset({"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"})
_SAFE_ID: Final = re.compile(r"[A-Za-z0-9._=-]{1,64}")


class Edge:
    """ASGI middleware: every request gets an id, every failure an answer and a record."""

    def __init__(self, app: ASGIApp, telemetry: Telemetry, model_version: str) -> None:
        self.app = app
        self._telemetry = telemetry
        self._version = (b"x-model-version", model_version.encode())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = time.perf_counter()
        method = scope["method"]
        told = Request(id=_request_id(scope), method=method if method in _METHODS else "OTHER")
        scope["told"] = told
        begun = False

        async def tell(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                told.status = message["status"]
                identity = (b"x-request-id", told.id.encode())
                message["headers"] = [*message["headers"], identity, self._version]
            await send(message)

        try:
            await self.app(scope, receive, tell)
        except Exception:  # the process's edge: seen by an alarm, and answered
            told.status = 500
            self._telemetry.failed(told)
            if not begun:
                failure = ProblemError(500, "It was recorded under the request id.")
                await problem(failure, told.id)(scope, receive, tell)
        finally:
            route = scope.get("route")
            told.route = getattr(route, "path", "unknown")
            told.milliseconds = 1000 * (time.perf_counter() - started)
            self._telemetry.answered(told)


def _request_id(scope: Scope) -> str:
    """API Gateway's id, else a harmless one that the client sent, else a new one."""
    context = scope.get("aws.event", {}).get("requestContext", {})
    if isinstance(given := context.get("requestId"), str) and _SAFE_ID.fullmatch(given):
        return given
    for name, value in scope["headers"]:
        if name == b"x-request-id" and _SAFE_ID.fullmatch(value.decode("latin-1")):
            return str(value.decode())
    return os.urandom(16).hex()
