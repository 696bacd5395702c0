"""A change of the API that breaks its clients is named, and no other is."""

from __future__ import annotations

import json
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from deploy.openapi_changes import breaking_changes, main

Change = Callable[[dict[str, Any]], object]


@pytest.fixture(scope="module")
def document(root: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((root / "docs/openapi.json").read_text("utf-8"))
    return loaded


def properties(document: dict[str, Any], name: str) -> dict[str, Any]:
    found: dict[str, Any] = document["components"]["schemas"][name]["properties"]
    return found


def require(document: dict[str, Any], schema: str, name: str) -> None:
    document["components"]["schemas"][schema]["required"].append(name)


BREAKING: dict[str, tuple[Change, list[str]]] = {
    "a path gone": (lambda d: d["paths"].pop("/health"), ["GET /health: removed"]),
    "a method gone": (
        lambda d: d["paths"]["/v1/predict"].update(put=d["paths"]["/v1/predict"].pop("post")),
        ["POST /v1/predict: removed"],
    ),
    "another id": (
        lambda d: d["paths"]["/health"]["get"].update(operationId="alive"),
        ["GET /health: operationId changed, from health"],
    ),
    "another success": (
        lambda d: d["paths"]["/health"]["get"]["responses"].update(
            {"204": d["paths"]["/health"]["get"]["responses"].pop("200")}
        ),
        ["GET /health: response 200 removed"],
    ),
    "a field of the response gone": (
        lambda d: properties(d, "Health").pop("status"),
        ["GET /health: response.status: removed"],
    ),
    "a field of the response of another type": (
        lambda d: properties(d, "Health").update(status={"type": "integer"}),
        ["GET /health: response.status: type was string, is integer"],
    ),
    "a new field required": (
        lambda d: (
            properties(d, "PredictionRequest").update(age={"type": "number"}),
            require(d, "PredictionRequest", "age"),
        ),
        ["POST /v1/predict: request.age: now required"],
    ),
    "a level gone": (
        lambda d: d["components"]["schemas"]["Species"]["enum"].remove("Quercus alba"),
        [
            "POST /v1/predict: request.species: 'Quercus alba' no longer allowed",
            "POST /v1/predict/batch: request.seedlings[].species: 'Quercus alba' no longer allowed",
        ],
    ),
    "a narrower range": (
        lambda d: properties(d, "PredictionRequest")["light"].update(maximum=0.5),
        ["POST /v1/predict: request.light: maximum is now 0.5"],
    ),
    "smaller batches": (
        lambda d: properties(d, "BatchRequest")["seedlings"].update(maxItems=10),
        ["POST /v1/predict/batch: request.seedlings: maxItems is now 10"],
    ),
    "a field no longer sent": (
        lambda d: properties(d, "BatchRequest").pop("day"),
        ["POST /v1/predict/batch: request.day: no longer allowed"],
    ),
}


@pytest.mark.parametrize("name", BREAKING)
def test_a_breaking_change_is_named(document: dict[str, Any], name: str) -> None:
    change, expected = BREAKING[name]
    changed = deepcopy(document)
    change(changed)

    assert breaking_changes(document, changed) == expected


HARMLESS: dict[str, Change] = {
    "nothing": lambda d: None,
    "another path": lambda d: d["paths"].update({"/new": d["paths"]["/health"]}),
    "another field of the response": lambda d: properties(d, "Health").update(
        since={"type": "string"}
    ),
    "another optional field of the request": lambda d: properties(d, "PredictionRequest").update(
        age={"type": "number"}
    ),
    "another level": lambda d: d["components"]["schemas"]["Species"]["enum"].append("Acer x"),
    "a wider range": lambda d: properties(d, "PredictionRequest")["light"].update(maximum=2),
    "other words": lambda d: d["info"].update(description="Other words."),
}


@pytest.mark.parametrize("name", HARMLESS)
def test_any_other_change_is_not(document: dict[str, Any], name: str) -> None:
    changed = deepcopy(document)
    HARMLESS[name](changed)

    assert breaking_changes(document, changed) == []


def test_the_command_fails_for_a_breaking_change(
    document: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    old, new = tmp_path / "old.json", tmp_path / "new.json"
    old.write_text(json.dumps(document))
    new.write_text(json.dumps({**document, "paths": {}}))

    assert main(str(old), str(old)) == 0
    assert capsys.readouterr().out == ""
    assert main(str(old), str(new)) == 1
    assert "breaking: GET /health: removed" in capsys.readouterr().out.splitlines()
