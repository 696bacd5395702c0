"""`python -m deploy.openapi_changes OLD NEW`: what a new description of the API breaks for clients.

No package on PyPI or npm that compares two OpenAPI 3.1 documents is in wide use, so this is the
smallest thing: what was sent must still be taken, and what was returned still be there.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

Json = dict[str, Any]


def breaking_changes(old: Json, new: Json) -> list[str]:
    """A sentence for each change that a client of the old description would notice."""
    return list(_paths(old, new))


def _paths(old: Json, new: Json) -> Iterator[str]:
    for path, operations in old["paths"].items():
        for method, before in operations.items():
            name = f"{method.upper()} {path}"
            after: Json | None = new["paths"].get(path, {}).get(method)
            if after is None:
                yield f"{name}: removed"
                continue
            if before.get("operationId") != after.get("operationId"):
                yield f"{name}: operationId changed, from {before.get('operationId')}"
            sent = _schema(before.get("requestBody")), _schema(after.get("requestBody"))
            yield from _sent(f"{name}: request", *sent, old, new)
            for status, response in before["responses"].items():
                if status[0] == "2":
                    got = after["responses"].get(status)
                    if got is None:
                        yield f"{name}: response {status} removed"
                    else:
                        where = f"{name}: response"
                        yield from _returned(where, _schema(response), _schema(got), old, new)


def _schema(holder: Json | None) -> Json:
    content: Json = (holder or {}).get("content", {})
    for media in content.values():
        schema: Json = media.get("schema", {})
        return schema
    return {}


def _resolve(schema: Json, document: Json) -> Json:
    while "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return schema


def _sent(where: str, before: Json, after: Json, old: Json, new: Json) -> Iterator[str]:
    """What a client may have sent and may not any more."""
    before, after = _resolve(before, old), _resolve(after, new)
    yield from _type(where, before, after)
    for value in before.get("enum", []):
        if "enum" in after and value not in after["enum"]:
            yield f"{where}: {value!r} no longer allowed"
    for limit, sign in _LIMITS.items():
        if limit in after and (limit not in before or sign * after[limit] > sign * before[limit]):
            yield f"{where}: {limit} is now {after[limit]}"
    known = before.get("properties", {})
    for name in after.get("required", []):
        if name not in before.get("required", []):
            yield f"{where}.{name}: now required"
    for name, schema in known.items():
        if name in after.get("properties", {}):
            yield from _sent(f"{where}.{name}", schema, after["properties"][name], old, new)
        elif after.get("additionalProperties") is False:
            yield f"{where}.{name}: no longer allowed"
    if "items" in before and "items" in after:
        yield from _sent(f"{where}[]", before["items"], after["items"], old, new)


def _returned(where: str, before: Json, after: Json, old: Json, new: Json) -> Iterator[str]:
    """What a client may have read and can't any more."""
    before, after = _resolve(before, old), _resolve(after, new)
    yield from _type(where, before, after)
    for value in after.get("enum", []):
        if "enum" in before and value not in before["enum"]:
            yield f"{where}: may now be {value!r}"
    for name, schema in before.get("properties", {}).items():
        if name not in after.get("properties", {}):
            yield f"{where}.{name}: removed"
            continue
        if name in before.get("required", []) and name not in after.get("required", []):
            yield f"{where}.{name}: no longer always there"
        yield from _returned(f"{where}.{name}", schema, after["properties"][name], old, new)
    if "items" in before and "items" in after:
        yield from _returned(f"{where}[]", before["items"], after["items"], old, new)


_LIMITS = {"minimum": 1, "minItems": 1, "minLength": 1, "maximum": -1, "maxItems": -1}
"""Each limit of what may be sent, and in which direction it becomes narrower."""


def _type(where: str, before: Json, after: Json) -> Iterator[str]:
    if before.get("type") != after.get("type"):
        yield f"{where}: type was {before.get('type')}, is {after.get('type')}"


def main(old: str, new: str) -> int:
    """Prints every breaking change; 1 where there is one."""
    documents = (json.loads(Path(each).read_text("utf-8")) for each in (old, new))
    changes = breaking_changes(*documents)
    for change in changes:
        print(f"breaking: {change}")
    return 1 if changes else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
