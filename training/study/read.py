"""Reads a study file: one `Study`, or every fault by key, value held and what is allowed."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from training.errors import InvalidStudyError, StudyFault
from training.study.consistency import disagreements
from training.study.declaration import DAY_OF_YEAR, Study
from training.study.parts import Parts
from training.study.vocabulary import NOT_BLANK, OTHER, TABLE, Declared, near, shown

LISTS = ("inputs", "derived", "rules", "expectations")
"""Parts that hold several entries; each is judged on its own."""


def read_study(path: Path) -> Study:
    """The study of a TOML file; raises InvalidStudyError with all its faults at once."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        reason = f"a file that can be read ({error.strerror}): {path}"
        raise InvalidStudyError([StudyFault("", "", reason)]) from error
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        reason = f"{path}: text in UTF-8; line {line} is not"
        raise InvalidStudyError([StudyFault("", "", reason)]) from error
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InvalidStudyError([StudyFault("", "", f"{path} is not TOML: {error}")]) from error
    except RecursionError as error:
        reason = f"{path}: tables and lists that are not nested as deeply"
        raise InvalidStudyError([StudyFault("", "", reason)]) from error
    return parse_study(data)


def parse_study(data: Mapping[str, Any]) -> Study:
    """The same from a file's tables; raises InvalidStudyError with all their faults."""
    unknown = [name for name in data if name not in Study.model_fields]
    faults = [_fault((name,), data, "extra_forbidden", "") for name in unknown]
    sections: dict[str, Any] = {}
    invalid = {name for section in unknown for name in _names(data[section])}
    for name, field in Study.model_fields.items():
        if name not in data:
            if field.is_required():
                faults.append(StudyFault(name, "", "a section of this name; it is required"))
            else:
                sections[name] = field.get_default(call_default_factory=True)
            continue
        value, found, names = _section(name, data)
        faults += found
        invalid |= names
        if value is not None:
            sections[name] = value
    faults += disagreements(Parts(**sections, invalid=frozenset(invalid)))
    if faults:
        raise InvalidStudyError(faults)
    return Study(**sections)


def _section(name: str, data: Mapping[str, Any]) -> tuple[Any, list[StudyFault], set[str]]:
    """What is sound of one section, its faults, and the names that the unsound rest bears."""
    content = data[name]
    several = name in LISTS and isinstance(content, list) and len(content) > 0
    if not several and not (name == "columns" and isinstance(content, dict)):
        try:
            return _validated(_adapter(name, entry=False), content), [], set()
        except ValidationError as error:
            return None, _faults(error, (name,), data), _names(content)
    # Each entry alone, so that one that is wrong hides nothing of the others.
    adapter = _adapter(name, entry=True)
    sound: dict[Any, Any] = {}
    faults: list[StudyFault] = []
    invalid: set[str] = set()
    for place, entry in enumerate(content) if several else content.items():
        try:
            sound[place] = _validated(adapter, entry)
        except ValidationError as error:
            faults += _faults(error, (name, place), data)
            invalid |= _names(entry) if several else {str(place)}
    return tuple(sound.values()) if several else sound, faults, invalid


@cache
def _adapter(name: str, *, entry: bool) -> TypeAdapter[Any]:
    """What validates a section, or one entry of it."""
    field = Study.model_fields[name]
    if not entry:
        return TypeAdapter(Annotated[field.annotation, *field.metadata, None])
    return TypeAdapter(get_args(field.annotation)[0 if name in LISTS else 1])


def _validated(adapter: TypeAdapter[Any], content: object) -> Any:
    # Through JSON: there strict means no conversion, while lists may still become tuples.
    text = json.dumps(content, default=lambda value: {"date": str(value)})
    return adapter.validate_json(text, strict=True)


def _names(entry: object) -> set[str]:
    if not isinstance(entry, dict):
        return set()
    found = {entry[key] for key in ("name", "column", "id") if isinstance(entry.get(key), str)}
    return found | _names(entry.get("group"))


def _faults(
    error: ValidationError, above: tuple[str | int, ...], data: Mapping[str, Any]
) -> list[StudyFault]:
    found = []
    for details in error.errors(include_url=False):
        path, kind = (*above, *_path(details["loc"])), details["type"]
        # pydantic counts sound entries alone: each unsound one has a fault of its own.
        if kind != "too_short" or len(details["input"]) < details["ctx"]["min_length"]:
            found.append(_fault(path, data, kind, _allowed(details)))
    return found


def _path(location: Sequence[str | int]) -> Iterator[str | int]:
    """A location without the names of the choices that pydantic made on the way."""
    for place, piece in enumerate(location):
        choice = place == 0 and piece in ("factor", "number")
        if piece not in (TABLE, OTHER, "[key]") and not choice:
            yield piece


def _fault(
    path: tuple[str | int, ...], data: Mapping[str, Any], kind: str, allowed: str
) -> StudyFault:
    if kind in ("union_tag_not_found", "union_tag_invalid"):
        path = (*path, "kind")
        allowed = '"factor" or "number"'
    if path in _CHOICES and kind in ("literal_error", "tuple_type"):
        allowed = _CHOICES[path]
    if kind == "extra_forbidden":
        known = _fields_at(path[:-1], _at(path[:-1], data))
        allowed = f"a known key; {near(str(path[-1]), known)}"
    return StudyFault(_key(path, data), _held(path, data), allowed)


def _key(path: Sequence[str | int], data: Any) -> str:
    """A path as people find it: entries of a list by their name, else counted from 1."""
    key, here = "", data
    for piece in path:
        if isinstance(piece, int):
            here = here[piece] if isinstance(here, list) and piece < len(here) else None
            name = here.get("name") if isinstance(here, dict) else None
            key += f"[{name if isinstance(name, str) and name else piece + 1}]"
        else:
            here = here.get(piece) if isinstance(here, dict) else None
            key += f".{piece}" if key else piece
    return key


_NOTHING = object()


def _at(path: Sequence[str | int], data: Any) -> Any:
    for piece in path:
        try:
            data = data[piece]
        except (KeyError, IndexError, TypeError):
            return _NOTHING
    return data


def _held(path: Sequence[str | int], data: Any) -> str:
    here = _at(path, data)
    return "" if here is _NOTHING else shown(here)


def _allowed(details: ErrorDetails) -> str:
    kind, context = details["type"], details.get("ctx", {})
    if kind == "string_pattern_mismatch":
        return _PATTERNS.get(context["pattern"], f"text that matches {context['pattern']}")
    if kind in _RULES:
        return _RULES[kind].format(**context)
    return str(details["msg"])


_CHOICES: dict[tuple[str | int, ...], str] = {
    ("time", "visits"): '"observed", or a table such as { every = 7 }',
    ("time", "periods"): "a list of ends, or a table such as { minimum_events = 10 }",
}
_PATTERNS = {
    NOT_BLANK: "text that is not blank",
    r"^[^\W\d_]\w*$": "letters of any script, digits and _, beginning with a letter",
    DAY_OF_YEAR: "month and day, such as 06-01",
    r"^[a-z][a-z0-9-]*$": "small letters, digits and -, beginning with a letter",
    r"^[0-9a-f]{32}$": "an MD5 of 32 hexadecimal digits",
}
_RULES = {
    "missing": "a value; it is required",
    "string_type": "text in quotes",
    "string_too_short": "text that is not empty",
    "string_too_long": "at most {max_length} characters",
    "float_type": "a number",
    "finite_number": "a finite number",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "bool_type": "true or false",
    "tuple_type": "a list",
    "dict_type": "a table",
    "model_type": "a table",
    "model_attributes_type": "a table",
    "literal_error": "{expected}",
    "too_short": "at least {min_length} entries",
    "too_long": "at most {max_length} entries",
    "greater_than": "more than {gt:g}",
    "greater_than_equal": "at least {ge:g}",
    "less_than": "less than {lt:g}",
    "less_than_equal": "at most {le:g}",
}


def _fields_at(path: Sequence[str | int], table: Any) -> tuple[str, ...]:
    """The keys that a table at a path may have; an input's are those of its kind."""
    kinds: list[Any] = [Study]
    for piece in path:
        kinds = [inner for kind in kinds for inner in _inside(kind, piece)]
    models = [model for kind in kinds for model in _models(kind)]
    if len(path) == 2 and path[0] == "inputs" and isinstance(table, dict):
        kind = table.get("kind")
        models = [m for m in models if kind in get_args(m.model_fields["kind"].annotation)]
    return tuple(dict.fromkeys(name for model in models for name in model.model_fields))


def _inside(kind: Any, piece: str | int) -> Iterator[Any]:
    """The types of what lies at a key or place within a type."""
    if isinstance(kind, type) and issubclass(kind, Declared):
        if piece in kind.model_fields:
            yield kind.model_fields[str(piece)].annotation
    elif get_origin(kind) is dict:
        yield get_args(kind)[1]
    elif get_origin(kind) is tuple:
        arguments = get_args(kind)
        yield arguments[min(int(piece), len(arguments) - 2)] if isinstance(piece, int) else None
    else:
        for inner in _choices(kind):
            yield from _inside(inner, piece)


def _models(kind: Any) -> Iterator[type[Declared]]:
    if isinstance(kind, type) and issubclass(kind, Declared):
        yield kind
    for inner in _choices(kind):
        yield from _models(inner)


def _choices(kind: Any) -> tuple[Any, ...]:
    if get_origin(kind) is Annotated:
        return (get_args(kind)[0],)
    if get_origin(kind) in (Union, UnionType):
        return get_args(kind)
    return ()
