"""What Lambda sees: every event answered, a bad model refused at the start, a clean log."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.events import expected


@pytest.fixture(scope="module")
def metadata(root: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((root / "model/metadata.json").read_text())
    return loaded


def test_every_event_gets_its_right_answer(emulator: Any, metadata: dict[str, Any]) -> None:
    names = {path.stem for path in expected.FOLDER.glob("*.json")}
    assert names == set(expected.STATUSES)
    for name in sorted(names):
        expected.check(name, emulator.invoke(expected.event(name)), metadata)


def test_many_calls_in_a_row_give_each_its_own_answer(emulator: Any) -> None:
    answers = {}
    for light in (i / 1000 for i in range(32, 162)):
        event = expected.event("predict")
        body = {"species": "Quercus rubra", "soil": "Acer rubrum", "light": light}
        answers[light] = json.loads(emulator.invoke({**event, "body": json.dumps(body)})["body"])

    percents = [answer["mortality_percent"] for answer in answers.values()]
    assert percents == sorted(percents, reverse=True), "one red oak per light, in order"
    assert len(set(percents)) > 100


def test_a_request_leaves_one_line_that_is_log_and_metrics(emulator: Any) -> None:
    marker = "not-for-the-log"
    event = expected.event("bad-input")
    event["headers"] |= {"x-api-key": marker, "authorization": marker}
    event["body"] = json.dumps({"species": marker})
    event["path"] = "/v1/predict"
    for _ in range(2):
        emulator.invoke(event)

    metrics = [record for record in emulator.records() if "_aws" in record]
    lines = [record for record in emulator.records() if record.get("message") == "request"]
    assert [line["cold_start"] for line in lines] == [True, False]
    assert {line["status"] for line in lines} == {422}
    assert {line["request_id"] for line in lines} == {event["requestContext"]["requestId"]}
    assert [record["Errors422"] for record in metrics] == [1, 1]
    assert marker not in emulator.log()


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda model: (model / "model.onnx").unlink(), "No such file or directory"),
        (lambda model: (model / "model.onnx").write_bytes(b"x"), "model.sha256"),
        (lambda model: (model / "metadata.json").write_text('{"contract": 2}'), "contract is 2"),
    ],
)
def test_a_model_that_can_t_be_served_stops_the_start_with_one_line(
    start: Callable[..., Any],
    root: Path,
    tmp_path: Path,
    spoil: Callable[[Path], object],
    told: str,
) -> None:
    model = tmp_path / "model"
    shutil.copytree(root / "model", model)
    spoil(model)
    emulator = start(MODEL_PATH=str(model))
    answer = emulator.invoke(expected.event("predict"))

    assert answer == {"failed": 502}, "there is no half-working server"
    critical = [r for r in emulator.records() if r.get("level") == "CRITICAL"]
    assert critical
    assert all(told in record["message"] for record in critical)
