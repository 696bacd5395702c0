"""What Lambda sees: every event answered, a bad model refused at the start, a clean log."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from functions import artefact
from functions.scoring import Scorer
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


def test_many_calls_in_a_row_give_each_its_own_answer(emulator: Any, root: Path) -> None:
    scorer = Scorer(artefact.read(root / "model"))
    asked = [
        (species, soil, light)
        for species in range(len(scorer.artefact.species))
        for soil in range(len(scorer.artefact.soils))
        for light in (0.04, 0.07, 0.1, 0.13)
    ]
    answered, right = [], []
    for species, soil, light in asked:
        names = {"species": scorer.artefact.species[species], "soil": scorer.artefact.soils[soil]}
        event = {**expected.event("predict"), "body": json.dumps({**names, "light": light})}
        answered.append(json.loads(emulator.invoke(event)["body"])["mortality_percent"])
        right.append(scorer.mortality([species], [soil], [light], 115.5).percent[0])

    assert answered == pytest.approx(right, abs=0.0051)
    assert len(set(answered)) > 100


def test_a_request_leaves_one_log_line_and_one_metric_record(emulator: Any) -> None:
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
    assert [record["Errors422"] for record in metrics] == [[1.0], [1.0]]
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
