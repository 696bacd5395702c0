"""Drive's search language (`q=`) and field masks (`fields=`), as far as clients here use them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, Protocol


class Searchable(Protocol):
    title: str
    mime_type: str
    parent: str | None

    @property
    def is_trashed(self) -> bool: ...


Predicate = Callable[[Searchable], bool]

_TOKEN = re.compile(r"\s*(?:(?P<text>'(?:\\.|[^'\\])*')|(?P<mark>!=|[=()])|(?P<word>\w+))")


class QueryError(ValueError):
    """The search is one that this emulator, or Drive, does not support."""


def parse(query: str) -> Predicate:
    """The files that `query` selects, as a predicate; raises QueryError."""
    tokens = list(_tokens(query))
    predicate = _either(tokens)
    if tokens:
        raise QueryError(f"unexpected {tokens[0]} in {query}")
    return predicate


def _tokens(query: str) -> Iterator[str]:
    at = 0
    while query[at:].strip():
        found = _TOKEN.match(query, at)
        if not found:
            raise QueryError(f"cannot read {query[at:]}")
        at = found.end()
        yield found[0].strip()


def _either(tokens: list[str]) -> Predicate:
    choices = [_both(tokens)]
    while tokens[:1] == ["or"]:
        tokens.pop(0)
        choices.append(_both(tokens))
    return lambda file: any(choice(file) for choice in choices)


def _both(tokens: list[str]) -> Predicate:
    terms = [_term(tokens)]
    while tokens[:1] == ["and"]:
        tokens.pop(0)
        terms.append(_term(tokens))
    return lambda file: all(term(file) for term in terms)


def _term(tokens: list[str]) -> Predicate:
    if not tokens:
        raise QueryError("the query ends too early")
    first = tokens.pop(0)
    if first == "not":
        inner = _term(tokens)
        return lambda file: not inner(file)
    if first == "(":
        inner = _either(tokens)
        if tokens[:1] != [")"]:
            raise QueryError("a parenthesis is not closed")
        tokens.pop(0)
        return inner
    if len(tokens) < 2:
        raise QueryError(f"nothing follows {first}")
    operator, second = tokens.pop(0), tokens.pop(0)
    match first, operator, second:
        case _, "in", "parents":
            return lambda file: file.parent == _text(first)
        case "trashed", "=", ("true" | "false"):
            return lambda file: file.is_trashed == (second == "true")
        case "title", "=", _:
            # Drive compares titles without regard to case.
            return lambda file: file.title.lower() == _text(second).lower()
        case "mimeType", "=", _:
            return lambda file: file.mime_type == _text(second)
        case "mimeType", "!=", _:
            return lambda file: file.mime_type != _text(second)
    raise QueryError(f"cannot read {first} {operator} {second}")


def _text(token: str) -> str:
    return re.sub(r"\\(.)", r"\1", token[1:-1])


def project(resource: dict[str, Any], fields: str) -> dict[str, Any]:
    """The part of `resource` that the mask names (`a,b(c,d),e/f`)."""
    result: dict[str, Any] = {}
    for name, inner in _mask(fields):
        if name not in resource:
            continue
        value = resource[name]
        if inner and isinstance(value, list):
            value = [project(item, inner) for item in value]
        elif inner:
            value = {**result.get(name, {}), **project(value, inner)}
        result[name] = value
    return result


def _mask(fields: str) -> Iterator[tuple[str, str]]:
    depth, start = 0, 0
    for at, letter in enumerate(fields + ","):
        depth += (letter == "(") - (letter == ")")
        if letter == "," and depth == 0:
            part = fields[start:at].strip()
            start = at + 1
            if "/" in part.partition("(")[0]:
                name, _, inner = part.partition("/")
            else:
                name, _, inner = part.partition("(")
                inner = inner.removesuffix(")")
            yield name, inner
