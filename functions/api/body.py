"""Reads a request's body as JSON and checks it, or says all that is wrong with it."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from typing import Any, Final, NoReturn

from pydantic import ValidationError
from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope

from functions.api.schemas import Shape
from functions.errors import Fault, ProblemError

LARGEST: Final = 512 * 1024
"""Bytes; a thousand seedlings take about a seventh of it."""
MOST_FAULTS: Final = 5000
_LONGEST_ECHO: Final = 100
_GONE: Final = object()


async def read(scope: Scope, receive: Receive, shape: Shape) -> dict[str, Any]:
    """The body, checked; raises ProblemError with every fault in it."""
    _check_headers(scope["headers"])
    data = parse(await _content(receive))
    try:
        return shape.check.validate_python(data)
    except ValidationError as error:
        faults = [_fault(each, shape) for each in error.errors(include_url=False)]
    many = f"{len(faults)} things are" if len(faults) > 1 else "One thing is"
    raise ProblemError(422, f"{many} wrong with the body.", faults[:MOST_FAULTS])


def parse(content: bytes) -> Any:
    """JSON in UTF-8, with no name twice and no number that JSON has no word for."""
    if not content.strip():
        raise ProblemError(400, "The body is empty; a JSON object is needed.")
    try:
        return _DECODER.decode(content.decode())
    except UnicodeDecodeError as error:
        raise ProblemError(400, f"The body is not UTF-8 at byte {error.start}.") from error
    except json.JSONDecodeError as error:
        at = f"line {error.lineno}, column {error.colno}"
        raise ProblemError(400, f"The body is not JSON: {error.msg} at {at}.") from error
    except RecursionError as error:
        raise ProblemError(400, "The body is nested too deeply.") from error
    except ValueError as error:  # an integer of thousands of digits
        raise ProblemError(400, "The body holds a number that is too long.") from error


def _check_headers(headers: Iterable[tuple[bytes, bytes]]) -> None:
    for name, value in headers:
        if name == b"content-type":
            if value != b"application/json":
                _check_kind(value.decode("latin-1"))
        elif name == b"content-encoding":
            if value.lower() != b"identity":
                raise ProblemError(
                    415, "Send the body as it is: no content-encoding is understood."
                )
        elif name == b"content-length":
            length = value.decode("latin-1")
            if length.isdecimal() and (len(length) > 12 or int(length) > LARGEST):
                raise _too_large()


def _check_kind(value: str) -> None:
    kind, _, parameters = value.partition(";")
    kind = kind.strip().lower()
    if kind != "application/json" and not (
        kind.startswith("application/") and kind.endswith("+json")
    ):
        raise ProblemError(415, "Send JSON, with content-type: application/json.")
    for parameter in parameters.lower().split(";"):
        name, _, charset = parameter.partition("=")
        if name.strip() == "charset" and charset.strip(' "') not in ("utf-8", "utf8"):
            raise ProblemError(415, "Send JSON in UTF-8.")


async def _content(receive: Receive) -> bytes:
    content, more = b"", True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        content += message.get("body", b"")
        more = message.get("more_body", False)
        if len(content) > LARGEST:
            raise _too_large()
    return content


def _too_large() -> ProblemError:
    return ProblemError(413, f"A body may hold {LARGEST} bytes.")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        left = dict(pairs)
        twice = next(name for name, _ in pairs if left.pop(name, _GONE) is _GONE)
        raise ProblemError(400, f"The body names {echo(twice)!r} twice in one object.")
    if not all(map(str.isascii, found)):
        try:
            "".join(found).encode()
        except UnicodeEncodeError as error:  # half of a surrogate pair, written as an escape
            raise ProblemError(400, "The body holds a name that is not Unicode text.") from error
    return found


def _no_number(word: str) -> NoReturn:
    raise ProblemError(400, f"The body holds {word}, which is not a JSON number.")


_DECODER: Final = json.JSONDecoder(object_pairs_hook=_object, parse_constant=_no_number)


def _fault(error: Any, shape: Shape) -> Fault:
    path = ""
    for part in error["loc"]:
        path += f"[{part}]" if isinstance(part, int) else f".{echo(part)}" if path else echo(part)
    names = [part for part in error["loc"] if isinstance(part, str)]
    name = names[-1] if names else ""
    fields: Mapping[str, object] = shape.inner if len(names) > 1 else shape.fields
    allowed = fields.get(name)
    kind, value = error["type"], error["input"]
    if kind == "extra_forbidden":
        return Fault(path, echo(value), "not an input", list(fields))
    if kind == "missing":
        return Fault(path, None, "needed", allowed)
    if kind == "dict_type":
        return Fault(path or "body", echo(value), "an object", "a JSON object")
    if kind in ("too_long", "too_short"):
        return Fault(path, f"{len(value)} seedlings", "too many or too few", allowed)
    if kind in ("literal_error", "string_unicode"):
        return Fault(path, echo(value), "one of the allowed values", allowed)
    if kind == "list_type":
        return Fault(path, echo(value), "a list", allowed)
    rule = "a number within range" if kind.endswith("equal") else "a number"
    return Fault(path, echo(value), rule, allowed)


def echo(value: object) -> Any:
    """A value as it may stand in an answer: short, printable, and valid JSON."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, int):
        return value if abs(value) < 2**53 else "an integer of many digits"
    if isinstance(value, str):
        printable = value.encode("utf-8", "replace").decode()
        return printable if len(printable) <= _LONGEST_ECHO else f"{printable[:_LONGEST_ECHO]}…"
    return "an object" if isinstance(value, dict) else "a list"
