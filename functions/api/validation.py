"""What a validation error of pydantic's means to the sender: which field, which rule."""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, cast

from fastapi.routing import APIRoute
from pydantic import TypeAdapter

MOST_FAULTS: Final = 5000
_LONGEST_ECHO: Final = 100
_RULES: Final = {
    "extra_forbidden": "unknown field",
    "missing": "required",
    "literal_error": "must be one of the allowed values",
    "enum": "must be one of the allowed values",
    "string_unicode": "must be one of the allowed values",
    "model_type": "must be an object",
    "model_attributes_type": "must be an object",
    "dict_type": "must be an object",
    "list_type": "must be a list",
    "float_type": "must be a number",
    "finite_number": "must be a number",
    "greater_than_equal": "out of range",
    "less_than_equal": "out of range",
}
"""The rule that a kind of error breaks; of other kinds pydantic's own sentence is given."""


@dataclass(frozen=True)
class FieldFault:
    """One thing wrong with a request: which field, its value, the rule, what is allowed."""

    field: str
    value: object
    rule: str
    allowed: object = None


def find_faults(errors: Sequence[Any], route: object) -> list[FieldFault]:
    """A fault for each of pydantic's errors; `route` knows what its body may hold."""
    body = route.body_field if isinstance(route, APIRoute) else None
    schema = _schema(cast(Hashable, body.field_info.annotation)) if body else {}
    return [_fault(error, schema) for error in errors]


def echo(value: object) -> Any:
    """A value as a response may repeat it: short, printable, and valid JSON."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, int):
        return value if abs(value) < 2**53 else "an integer of many digits"
    if isinstance(value, str):
        printable = value.encode("utf-8", "replace").decode()
        return printable if len(printable) <= _LONGEST_ECHO else f"{printable[:_LONGEST_ECHO]}…"
    return "an object" if isinstance(value, Mapping) else "a list"


def _fault(error: Any, schema: Mapping[str, Any]) -> FieldFault:
    place, *rest = error["loc"]
    path = rest if place == "body" else [place, *rest]
    field = _field(path) if path else "body"
    kind, value = error["type"], echo(error["input"])
    found = _at(schema, rest) if place == "body" else {}
    rule = _RULES.get(kind) or error["msg"]
    allowed: object = error.get("ctx", {}).get("expected") if not found else _describe(found)
    if kind == "missing":
        value = None
    elif kind == "extra_forbidden":
        allowed = list(_at(schema, rest[:-1]).get("properties", ())) if place == "body" else []
    elif kind in ("too_long", "too_short"):
        limits = found.get("minItems", 0), found.get("maxItems", "more")
        value, rule = f"{len(error['input'])} items", "must contain {} to {} items".format(*limits)
    return FieldFault(field, value, rule, allowed)


def _field(path: Iterable[object]) -> str:
    field = ""
    for part in path:
        name = f"[{part}]" if isinstance(part, int) else f"{'.' * bool(field)}{echo(part)}"
        field += name
    return field


@lru_cache(maxsize=64)
def _schema(annotation: Hashable) -> Mapping[str, Any]:
    return TypeAdapter(annotation).json_schema()


def _at(schema: Mapping[str, Any], path: Iterable[object]) -> Mapping[str, Any]:
    """The part of a JSON schema that describes a place in the body; empty for no such place."""
    definitions = schema.get("$defs", {})
    found = _resolved(schema, definitions)
    for part in path:
        inner = (
            found.get("items") if isinstance(part, int) else found.get("properties", {}).get(part)
        )
        found = _resolved(inner or {}, definitions)
    return found


def _resolved(schema: Mapping[str, Any], definitions: Mapping[str, Any]) -> Mapping[str, Any]:
    if "$ref" in schema:
        return _resolved(definitions[schema["$ref"].rpartition("/")[2]], definitions)
    for choice in schema.get("anyOf", ()):
        if choice.get("type") != "null":
            return _resolved(choice, definitions)
    return schema


def _describe(schema: Mapping[str, Any]) -> object:
    """What a schema allows: a list of values, or words."""
    kind = schema.get("type")
    if "enum" in schema:
        return schema["enum"]
    if "const" in schema:
        return [schema["const"]]
    if kind == "object":
        return "a JSON object"
    if kind == "array":
        least, most = schema.get("minItems", 0), schema.get("maxItems")
        return f"a list of {least} to {most} items" if most else "a list"
    names = {"integer": "an integer", "number": "a number", "boolean": "true or false"}
    words = names.get(str(kind), f"a {kind}")
    if "minimum" in schema and "maximum" in schema:
        words += f" from {schema['minimum']:g} to {schema['maximum']:g}"
    return words if kind else None
