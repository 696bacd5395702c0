"""Routes that take a JSON body strictly: what is not clearly JSON is refused, with the reason."""

from __future__ import annotations

import codecs
import inspect
import json
import re
from collections.abc import Callable, Coroutine
from typing import Any, Final, NoReturn

from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import TypeAdapter, ValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from functions.api.problems import NOT_JSON
from functions.api.validation import echo

LARGEST_BODY: Final = 512 * 1024
"""Bytes; a thousand rows take about a seventh of it."""
EMPTY_BODY: Final = "The body is empty; expected JSON."
TOO_LARGE: Final = f"A body may hold {LARGEST_BODY} bytes."
UNCOMPRESSED: Final = "Send the body uncompressed, without content-encoding."
_JSON_TYPE: Final = re.compile(r"application/[^/]+\+json")
_GONE: Final = object()


class JsonRoute(APIRoute):
    """A route whose body is parsed by JsonRequest, in the way that FastAPI documents for it."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The route's handler, given a JsonRequest."""
        handle = super().get_route_handler()
        body_required = self.body_field and self.body_field.field_info.is_required()

        async def handle_json(request: Request) -> Response:
            if not isinstance(request, JsonRequest):
                request = JsonRequest(request.scope, request.receive)
            if body_required and not await request.body():
                raise HTTPException(400, EMPTY_BODY)
            return await handle(request)

        return handle_json


class BodyRoute(JsonRoute):
    """A route of `async def endpoint(request: Request, body: Model) -> Response`, and no more.

    A valid body goes straight to the endpoint, any other FastAPI's way, which names the faults.
    Nothing but the body is to be found there: 30 µs, a sixth of a prediction.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The route's handler; raises TypeError for an endpoint that takes or returns more."""
        handle, endpoint, body = super().get_route_handler(), self.endpoint, self.body_field
        signature = inspect.signature(endpoint)
        if (
            list(signature.parameters) != ["request", "body"]
            or signature.return_annotation is not Response
            or body is None
            or self.dependencies
        ):
            expected = "(request: Request, body: Model) -> Response"
            raise TypeError(f"{self.name}: expected {expected} and no dependencies")
        adapter: TypeAdapter[Any] = TypeAdapter(body.field_info.annotation)
        validate = adapter.validate_python

        async def handle_body(request: Request) -> Response:
            request = JsonRequest(request.scope, request.receive)
            try:
                valid = validate(await request.json())
            except ValidationError:
                return await handle(request)
            response: Response = await endpoint(request, valid)
            return response

        return handle_body


class JsonRequest(Request):
    """A request whose body is JSON in UTF-8, uncompressed."""

    async def body(self) -> bytes:
        """The body; raises HTTPException 415 or 413 before it is read whole."""
        if not hasattr(self, "_body"):
            self._check_headers()
            self._body = await self._receive_body()
        return self._body

    async def json(self) -> Any:
        """The parsed body; raises HTTPException 400."""
        return parse_json(await self.body())

    async def _receive_body(self) -> bytes:
        # Without Starlette's stream(): asyncio keeps account of asynchronous generators, and that
        # takes 4 µs, as long as validation.
        content, more = b"", True
        while more:
            message = await self.receive()
            if message["type"] == "http.disconnect":
                raise ClientDisconnect
            content += message.get("body", b"")
            if len(content) > LARGEST_BODY:
                raise HTTPException(413, TOO_LARGE)
            more = message.get("more_body", False)
        return content

    def _check_headers(self) -> None:
        for name, value in self.scope["headers"]:
            if name == b"content-type" and value != b"application/json":
                _check_type(value.decode("latin-1"))
            elif name == b"content-encoding" and value.strip().lower() not in (b"", b"identity"):
                raise HTTPException(415, UNCOMPRESSED, {"accept-encoding": "identity"})
            elif name == b"content-length":
                length = value.decode("latin-1")
                if length.isdecimal() and (len(length) > 12 or int(length) > LARGEST_BODY):
                    raise HTTPException(413, TOO_LARGE)


def refuse_query(request: Request) -> None:
    """Raises RequestValidationError for query parameters of a route that has none."""
    if request.scope["query_string"]:
        faults = [
            {"type": "extra_forbidden", "loc": ("query", name), "input": value}
            for name, value in request.query_params.items()
        ]
        if faults:  # a query of separators alone names none
            raise RequestValidationError(faults)


def parse_json(content: bytes) -> Any:
    """JSON in UTF-8 without a repeated name or NaN; raises HTTPException 400 with the reason."""
    content = content.removeprefix(codecs.BOM_UTF8)
    if not content.strip():
        raise HTTPException(400, EMPTY_BODY)
    try:
        return _DECODER.decode(content.decode())
    except UnicodeDecodeError as error:
        raise HTTPException(400, f"The body is not UTF-8 at byte {error.start}.") from error
    except json.JSONDecodeError as error:
        at = f"line {error.lineno}, column {error.colno}"
        raise HTTPException(400, f"The body is not JSON: {error.msg} at {at}.") from error
    except RecursionError as error:
        raise HTTPException(400, "The body is nested too deeply.") from error
    except ValueError as error:  # an integer of thousands of digits
        raise HTTPException(400, "The body holds a number that is too long.") from error


def _check_type(value: str) -> None:
    kind, _, parameters = value.partition(";")
    kind = kind.strip().lower()
    if kind != "application/json" and not _JSON_TYPE.fullmatch(kind):
        raise HTTPException(415, NOT_JSON)
    for parameter in parameters.lower().split(";"):
        name, _, charset = parameter.partition("=")
        if name.strip() == "charset" and charset.strip(' "') not in ("utf-8", "utf8"):
            raise HTTPException(415, "Send JSON in UTF-8.")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        left = dict(pairs)
        twice = next(name for name, _ in pairs if left.pop(name, _GONE) is _GONE)
        raise HTTPException(400, f"The body names {echo(twice)!r} twice in one object.")
    if not all(map(str.isascii, found)):
        try:
            "".join(found).encode()
        except UnicodeEncodeError as error:  # half of a surrogate pair, written as an escape
            raise HTTPException(400, "The body holds a name that is not Unicode text.") from error
    return found


def _refuse_constant(word: str) -> NoReturn:
    raise HTTPException(400, f"The body holds {word}, which is not a JSON number.")


def _number(digits: str) -> float:
    return float(digits) + 0.0  # -0.0 is 0.0


_DECODER: Final = json.JSONDecoder(
    object_pairs_hook=_object, parse_float=_number, parse_constant=_refuse_constant
)
