"""Writes values as TOML; the standard library only reads it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

_BARE = re.compile(r"[A-Za-z0-9_-]+")


def toml_key(name: str) -> str:
    """A key, in quotes where it needs them."""
    return name if _BARE.fullmatch(name) else toml_value(name)


def toml_value(value: Any) -> str:
    """A text, number, boolean, list or table on one line."""
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{toml_key(k)} = {toml_value(v)}" for k, v in value.items()) + " }"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, Sequence):
        return "[" + ", ".join(map(toml_value, value)) + "]"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        short = f"{value:.12g}"
        return short if float(short) == value else repr(value)
    return str(value)


def toml_lines(table: Mapping[str, Any]) -> list[str]:
    """`key = value` for each entry; a list of tables has a line for each of them."""
    lines = []
    for key, value in table.items():
        if isinstance(value, list | tuple) and value and isinstance(value[0], Mapping):
            lines += [f"{toml_key(key)} = [", *(f"  {toml_value(each)}," for each in value), "]"]
        else:
            lines.append(f"{toml_key(key)} = {toml_value(value)}")
    return lines
