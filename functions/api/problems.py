"""Errors as HTTP responses, after RFC 9457: every error of every route is one of these."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Match

from functions.api.validation import MOST_FAULTS, FieldFault, find_faults
from functions.telemetry import get_request_log

MEDIA_TYPE: Final = "application/problem+json"
NOT_JSON: Final = "Send JSON, with content-type: application/json."


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


def problem_document(
    status: int, detail: str, request_id: str, faults: Sequence[FieldFault] = ()
) -> dict[str, Any]:
    """The members of a Problem; `errors` names every fault of the request."""
    return {
        "type": "about:blank",
        "title": status_phrase(status),
        "status": status,
        "detail": detail,
        "request_id": request_id,
        "errors": [vars(fault) for fault in faults],
    }


def problem_response(
    status: int,
    detail: str,
    request_id: str,
    faults: Sequence[FieldFault] = (),
    headers: Mapping[str, str] | None = None,
) -> Response:
    """The response to a request that failed."""
    document = problem_document(status, detail, request_id, faults)
    content = json.dumps(document, ensure_ascii=False).encode("utf-8", "replace")
    return Response(content, status, headers, MEDIA_TYPE)


def status_phrase(status: int) -> str:
    """The phrase of an HTTP status in RFC 9110, which is the title of its problems."""
    # Python 3.13 has the names of RFC 9110; older ones have those before it.
    renamed = {413: "Content Too Large", 422: "Unprocessable Content"}
    try:
        return renamed.get(status) or HTTPStatus(status).phrase
    except ValueError:
        return f"Status {status}"


def add_problem_handlers(app: FastAPI) -> None:
    """Makes an app answer Starlette's, FastAPI's and its routes' own errors as problems."""
    app.add_exception_handler(HTTPException, _http_problem)  # type: ignore[arg-type]
    app.add_exception_handler(ClientDisconnect, _disconnect_problem)  # type: ignore[arg-type]
    app.add_exception_handler(RequestValidationError, _validation_problem)  # type: ignore[arg-type]


async def _http_problem(request: Request, error: HTTPException) -> Response:
    log = get_request_log(request.scope)
    status, headers = error.status_code, dict(error.headers or {})
    detail = str(error.detail)
    if isinstance(error.__cause__, ClientDisconnect):  # FastAPI was reading the body
        return await _disconnect_problem(request, error.__cause__)
    if status in (204, 304):  # such a response has no body
        return Response(None, status, headers)
    if detail == status_phrase(status):  # nobody said more
        if status == 404:
            detail = "No such route; see /docs."
        elif status == 405:
            methods = _methods(request)
            headers["Allow"] = ", ".join(methods)
            detail = f"Use {' or '.join(each for each in methods if each != 'HEAD')}."
    return problem_response(status, detail, log.id, headers=headers)


def _methods(request: Request) -> list[str]:
    """The methods of all routes of a path: Starlette's Allow names those of the first."""
    scope, routes = request.scope, request.app.router.routes
    methods = [
        method
        for method in ("DELETE", "GET", "OPTIONS", "PATCH", "POST", "PUT")
        if any(each.matches({**scope, "method": method})[0] is Match.FULL for each in routes)
    ]
    return sorted([*methods, "HEAD"]) if "GET" in methods else methods  # see reading.py


async def _disconnect_problem(request: Request, _: ClientDisconnect) -> Response:
    log = get_request_log(request.scope)
    log.disconnected = True
    return problem_response(400, "The client broke off.", log.id)


async def _validation_problem(request: Request, error: RequestValidationError) -> Response:
    request_id = get_request_log(request.scope).id
    errors = error.errors()
    if isinstance(error.body, bytes):
        return problem_response(415, NOT_JSON, request_id)
    if errors[0]["type"] == "json_invalid":
        detail = f"The body is not JSON: {errors[0]['ctx']['error']}."
        return problem_response(400, detail, request_id)
    faults = find_faults(errors, request.scope.get("route"))
    subject = "body" if all(each["loc"][0] == "body" for each in errors) else "request"
    fields = f"{len(faults)} invalid field{'s' if len(faults) > 1 else ''}"
    detail = f"The {subject} has {fields}."
    return problem_response(422, detail, request_id, faults[:MOST_FAULTS])
