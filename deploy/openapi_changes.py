"""`python -m deploy.openapi_changes [REVISION]`: what docs/openapi.json breaks for clients.

The revision is what clients use today: by default where this branch left main, and on main the
commit before. A breaking change is accepted under a new major version, or for another study.

Ours for want of a package: oasdiff, which the field uses, is a Go program and not on PyPI. Of
what is there, api-schema-diff 1.0.4 and kryptorious-apiguard 1.0.0 were tried on this document
with nine changes planted: neither sees a removed level or a lower `maxItems`, and the first
takes a new field of a response for a break. So this is the smallest thing: what was sent must
still be taken, and what was returned still be there.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

DOCUMENT: Final = "docs/openapi.json"
STUDY: Final = "study.toml"

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
            yield from _parameters(name, before, after, old, new)
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


def _parameters(where: str, before: Json, after: Json, old: Json, new: Json) -> Iterator[str]:
    """Parameters of the path, the query and the headers."""
    known, now = (
        {(each["in"], each["name"]): each for each in operation.get("parameters", [])}
        for operation in (before, after)
    )
    for kind, name in known.keys() - now.keys():
        yield f"{where}: {kind} parameter {name} removed"
    for (kind, name), parameter in now.items():
        earlier = known.get((kind, name))
        if parameter.get("required") and not (earlier and earlier.get("required")):
            yield f"{where}: {kind} parameter {name} now required"
        if earlier:
            schemas = earlier.get("schema", {}), parameter.get("schema", {})
            yield from _sent(f"{where}: {kind} parameter {name}", *schemas, old, new)


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


_LIMITS = dict.fromkeys(("minimum", "exclusiveMinimum", "minItems", "minLength"), 1) | (
    dict.fromkeys(("maximum", "exclusiveMaximum", "maxItems", "maxLength"), -1)
)
"""Each limit of what may be sent, and in which direction it becomes narrower."""


def _type(where: str, before: Json, after: Json) -> Iterator[str]:
    was, now = _types(before), _types(after)
    if was != now:
        yield f"{where}: type was {was}, is {now}"


def _types(schema: Json) -> str:
    """The types of a schema in words, as "integer or string"; "None" where none is given."""
    return " or ".join(sorted({str(each.get("type")) for each in schema.get("anyOf", [schema])}))


def main(revision: str = "") -> int:
    """Prints every breaking change since a revision; 1 where one is not accepted."""
    base = _commit(revision) if revision else _released()
    before = _read_at(base, DOCUMENT) if base else None
    if before is None:
        print(f"openapi: nothing to compare with at {revision or 'main'}; all changes pass")
        return 0
    if _name(_read_at(base, STUDY)) != _name(Path(STUDY).read_text("utf-8")):
        print("openapi: another study, so another API; all changes pass")
        return 0
    old, new = json.loads(before), json.loads(Path(DOCUMENT).read_text("utf-8"))
    changes = breaking_changes(old, new)
    for change in changes:
        print(f"breaking: {change}")
    versions = [document["info"]["version"] for document in (old, new)]
    if not changes or _major(versions[1]) > _major(versions[0]):
        return 0
    print(f"openapi: clients of {versions[0]} break; a new major version would say so", flush=True)
    return 1


def _released() -> str:
    """The commit where this branch left main; on main, the commit before; "" if there is none."""
    fork = _git("merge-base", "HEAD", "origin/main") or _git("merge-base", "HEAD", "main")
    is_main = fork == _commit("HEAD") and not _git("status", "--porcelain", "--", DOCUMENT)
    return fork if fork and not is_main else _commit("HEAD^")


def _commit(revision: str) -> str:
    return _git("rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}")


def _read_at(commit: str, path: str) -> str | None:
    return _git("show", f"{commit}:{path}") or None


def _git(*arguments: str) -> str:
    """What git prints; "" where it fails, as in a shallow clone or outside of one."""
    done = subprocess.run(["git", *arguments], capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else ""


def _name(study: str | None) -> object:
    return tomllib.loads(study or "").get("study", {}).get("name")


def _major(version: str) -> int:
    return int(version.partition(".")[0])


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
