"""Requests for whatever model is in `model/`: a single row, and batches whose rows differ."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any, Final

from functions.artefact import Artefact, Factor, read_artefact

MODEL: Final = Path("model")
_EVENT: Final = Path("tests/events/predict.json")


@cache
def artefact(model: Path = MODEL) -> Artefact:
    """The model that is measured."""
    return read_artefact(model)


def row(number: int = 0, model: Path = MODEL) -> dict[str, Any]:
    """Inputs of one prediction; hardly two of the first thousand are alike."""
    values: dict[str, Any] = {}
    for stride, each in enumerate(artefact(model).inputs, 1):
        if isinstance(each, Factor):
            values[each.name] = each.levels[number // stride % len(each.levels)]
        else:
            low, high = each.seen
            values[each.name] = round(low + (high - low) * (number * 37 % 97) / 96, 6)
    return values


def event(path: str, body: object) -> dict[str, Any]:
    """A gateway event that posts a body."""
    loaded: dict[str, Any] = json.loads(_EVENT.read_text())
    loaded["path"], loaded["pathParameters"] = path, {"proxy": path.lstrip("/")}
    loaded["requestContext"]["path"] = f"/v0{path}"
    return {**loaded, "body": json.dumps(body)}


def single(model: Path = MODEL) -> dict[str, Any]:
    """The event of one prediction."""
    return event("/v1/predict", row(model=model))


def batch(size: int) -> dict[str, Any]:
    """The event of a batch."""
    return event("/v1/predict/batch", {artefact().study.rows: [row(i) for i in range(size)]})
