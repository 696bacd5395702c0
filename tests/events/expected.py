"""The right answer to each event of this folder, wherever the handler runs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

FOLDER: Final = Path(__file__).parent
STATUSES: Final = {
    "predict": 200,
    "predict-http-v2": 200,
    "batch": 200,
    "health": 200,
    "docs-under-a-stage": 200,
    "docs-under-a-stage-http-v2": 200,
    "base64-body": 200,
    "base64-body-broken": 400,
    "missing-body": 400,
    "bad-input": 422,
    "unknown-path": 404,
    "unknown": 400,
}


def event(name: str) -> dict[str, Any]:
    """An event, as a gateway sends it."""
    loaded: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text())
    return loaded


def check(name: str, answer: dict[str, Any], metadata: dict[str, Any]) -> None:
    """Asserts that an answer is the right one, given the model's metadata."""
    assert answer["statusCode"] == STATUSES[name], answer
    assert answer["isBase64Encoded"] is False
    headers = answer["headers"]
    assert headers["x-model-version"]
    assert headers["x-request-id"]
    if name.startswith("docs"):
        assert '<base href="/prod/">' in answer["body"]
        assert '"openapi.json"' in answer["body"]
        return
    body = json.loads(answer["body"])
    if answer["statusCode"] >= 400:
        assert headers["content-type"] == "application/problem+json"
        assert body["status"] == answer["statusCode"]
        assert body["request_id"] == headers["x-request-id"]
    if name in ("predict", "predict-http-v2", "base64-body"):
        low, high = body["interval_90"]
        assert 0 < low <= body["mortality_percent"] <= high < 100
        assert len(body["curve"]) == len(metadata["time"]["visits"])
        assert body["curve"][-1]["mortality_percent"] == body["mortality_percent"]
        assert body["model"]["data"] == metadata["data"]["source"]
    if name == "batch":
        assert body["day"] == 49
        assert len(body["predictions"]) == 2
        assert "outside the range seen in training" in body["predictions"][1]["warnings"][0]
    if name == "bad-input":
        assert {fault["field"] for fault in body["errors"]} == {"species", "light", "AMF"}
