"""Reads a request's body as JSON and checks it, or says all that is wrong with it."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any, Final, NoReturn, TypeVar

from pydantic import BaseModel, ValidationError
from starlette.requests import Request

from functions.errors import Fault, ProblemError

LARGEST: Final = 512 * 1024
"""Bytes; a thousand seedlings take about a seventh of it."""
MOST_FAULTS: Final = 5000
_LONGEST_ECHO: Final = 100

Checked = TypeVar("Checked", bound=BaseModel)


async def read(request: Request, model: type[Checked], allowed: Mapping[str, Any]) -> Checked:
    """The body as a model; raises ProblemError with every fault in it.

    `allowed` says for each field what it may hold.
    """
    _check_headers(request)
    content = bytearray()
    async for chunk in request.stream():
        content += chunk
        if len(content) > LARGEST:
            raise _too_large()
    data = parse(bytes(content))
    try:
        return model.model_validate(data)
    except ValidationError as error:
        inputs = [name for name in model.model_fields if name != "seedlings"]
        faults = [_fault(each, allowed, inputs) for each in error.errors(include_url=False)]
    many = f"{len(faults)} things are" if len(faults) > 1 else "One thing is"
    raise ProblemError(422, f"{many} wrong with the body.", faults[:MOST_FAULTS])


def parse(content: bytes) -> Any:
    """JSON in UTF-8, with no name twice and no number that JSON has no word for."""
    if not content.strip():
        raise ProblemError(400, "The body is empty; a JSON object is needed.")
    try:
        text = content.decode("utf-8")
        return json.loads(text, object_pairs_hook=_object, parse_constant=_no_number)
    except UnicodeDecodeError as error:
        raise ProblemError(400, f"The body is not UTF-8 at byte {error.start}.") from error
    except json.JSONDecodeError as error:
        at = f"line {error.lineno}, column {error.colno}"
        raise ProblemError(400, f"The body is not JSON: {error.msg} at {at}.") from error
    except RecursionError as error:
        raise ProblemError(400, "The body is nested too deeply.") from error
    except ValueError as error:  # an integer of thousands of digits
        raise ProblemError(400, "The body holds a number that is too long.") from error


def _check_headers(request: Request) -> None:
    kind, _, parameters = request.headers.get("content-type", "application/json").partition(";")
    kind = kind.strip().lower()
    if kind != "application/json" and not (
        kind.startswith("application/") and kind.endswith("+json")
    ):
        raise ProblemError(415, "Send JSON, with content-type: application/json.")
    charset = parameters.lower().partition("charset=")[2].strip(' "')
    if charset not in ("", "utf-8", "utf8"):
        raise ProblemError(415, "Send JSON in UTF-8.")
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise ProblemError(415, "Send the body as it is: no content-encoding is understood.")
    length = request.headers.get("content-length", "")
    if length.isdecimal() and (len(length) > 12 or int(length) > LARGEST):
        raise _too_large()


def _too_large() -> ProblemError:
    return ProblemError(413, f"A body may hold {LARGEST} bytes.")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise ProblemError(400, f"The body names {echo(name)!r} twice in one object.")
        found[name] = value
    try:
        "".join(found).encode()
    except UnicodeEncodeError as error:  # half of a surrogate pair, written as an escape
        raise ProblemError(400, "The body holds a name that is not Unicode text.") from error
    return found


def _no_number(word: str) -> NoReturn:
    raise ProblemError(400, f"The body holds {word}, which is not a JSON number.")


def _fault(error: Any, allowed: Mapping[str, Any], inputs: list[str]) -> Fault:
    path = ""
    for part in error["loc"]:
        path += f"[{part}]" if isinstance(part, int) else f".{echo(part)}" if path else echo(part)
    names = [part for part in error["loc"] if isinstance(part, str)]
    name = names[-1] if names else ""
    kind, value = error["type"], error["input"]
    if kind == "extra_forbidden":
        if len(names) > 1:
            inputs = [each for each in allowed if each not in ("day", "seedlings")]
        elif "species" not in inputs:
            inputs = ["seedlings", *inputs]
        return Fault(path, echo(value), "not an input", inputs)
    if kind == "missing":
        return Fault(path, None, "needed", allowed[name])
    if kind in ("model_type", "model_attributes_type", "dict_type"):
        return Fault(path or "body", echo(value), "an object", "a JSON object")
    if kind in ("too_long", "too_short"):
        return Fault(path, f"{len(value)} seedlings", "too many or too few", allowed[name])
    if kind in ("literal_error", "string_unicode"):
        return Fault(path, echo(value), "one of the allowed values", allowed[name])
    if kind == "list_type":
        return Fault(path, echo(value), "a list", allowed[name])
    rule = "a number within range" if kind.endswith("equal") else "a number"
    return Fault(path, echo(value), rule, allowed[name])


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
