"""The OpenAPI document: FastAPI's own, and what FastAPI can't know.

That is how errors look (problem+json, see problems.py), and what API Gateway checks and answers
before a request comes here.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterator
from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute

from functions.api.problems import MEDIA_TYPE, Problem, ProblemFault, status_phrase

KEY: Final = "ApiKey"
"""The name of the key that API Gateway checks; the app itself checks none."""
BEHIND_KEY: Final = "/v1/"
_NEVER_KEPT: Final = frozenset({"/health"})
_METHODS: Final = frozenset({"get", "put", "post", "delete", "options", "head", "patch", "trace"})
_QUERY: Final = {"422": "Fields are invalid; errors names every one."}
_BODY: Final = {
    "400": "The body is not JSON.",
    "413": "The body is too large.",
    "415": "The body is not sent as JSON.",
}
_KEYED: Final = {"403": "Missing or invalid API key (from API Gateway)."}
_GATEWAY: Final = {
    "429": "Rate limit or daily quota exceeded (from API Gateway).",
    "504": "No response in time (from API Gateway).",
}
_ALWAYS: Final = {"500": "Internal error, recorded under the request_id."} | _GATEWAY
_NOT_MODIFIED: Final = {"304": {"description": "The client has it already (If-None-Match)."}}
_PROBLEM: Final = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}


def operation_id(route: APIRoute) -> str:
    """The endpoint's own name: short, since generated clients make it a function."""
    return route.name


def describe_api(app: FastAPI) -> dict[str, Any]:
    """The document of an app, with every status that each operation can answer."""
    with warnings.catch_warnings():  # repeated ids are made different below
        warnings.filterwarnings("ignore", message="Duplicate Operation ID")
        document = get_openapi(
            title=app.title, version=app.version, description=app.description, routes=app.routes
        )
    components = document.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    for model in (Problem, ProblemFault):
        schema = model.model_json_schema(ref_template="#/components/schemas/{model}")
        schema.pop("$defs", None)
        schemas[model.__name__] = schema
    components.setdefault("securitySchemes", {})[KEY] = {
        "type": "apiKey",
        "in": "header",
        "name": "x-api-key",
    }
    seen: set[str] = set()
    for path, method, operation in _operations(document):
        if operation["operationId"] in seen:
            operation["operationId"] += f"_{method}"
        seen.add(operation["operationId"])
        statuses = dict(_ALWAYS)
        if "requestBody" in operation:
            statuses |= _BODY
        if path.startswith(BEHIND_KEY):
            statuses |= _KEYED | _QUERY
            operation.setdefault("security", [{KEY: []}, {}])
        if method == "get" and path not in _NEVER_KEPT:
            operation["responses"] |= _NOT_MODIFIED
        _add_errors(operation["responses"], statuses)
        operation["responses"] = dict(sorted(operation["responses"].items()))
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    return document


def openapi_json(app: FastAPI) -> str:
    """The document as it is committed to docs/."""
    return json.dumps(app.openapi(), indent=2, ensure_ascii=False)


def _operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in document["paths"].items():
        for method in sorted(_METHODS & item.keys()):
            yield path, method, item[method]


def _add_errors(responses: dict[str, Any], statuses: dict[str, str]) -> None:
    for status, text in statuses.items():
        responses.setdefault(status, {"description": text})
    for status, response in responses.items():
        if status[0] in "45":
            if status == "422":
                response["description"] = _QUERY[status]
            elif response["description"] in ("", "Additional Response"):
                response["description"] = f"{status_phrase(int(status))}."
            response["content"] = _PROBLEM
