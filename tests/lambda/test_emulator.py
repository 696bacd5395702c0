"""What Lambda sees: every event answered, a bad model refused at the start, a clean log."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from functions.artefact import read_artefact
from functions.scoring import Scorer
from tests.events import expected
from tests.events.hostile import HEAVY, Hostile


@pytest.fixture(scope="module")
def metadata(root: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((root / "model/metadata.json").read_text())
    return loaded


@pytest.mark.trial
def test_every_event_gets_its_right_answer(emulator: Any, metadata: dict[str, Any]) -> None:
    names = {path.stem for path in expected.FOLDER.glob("*.json")}
    assert names == set(expected.STATUSES)
    for name in sorted(names):
        expected.check(name, emulator.invoke(expected.event(name)), metadata)


@pytest.mark.trial
def test_many_calls_in_a_row_give_each_its_own_answer(emulator: Any, root: Path) -> None:
    scorer = Scorer(read_artefact(root / "model"))
    species, soil = scorer.artefact.factors
    bodies = [
        {"species": one, "soil": other, "light": light}
        for one in species.levels
        for other in soil.levels
        for light in (0.04, 0.07, 0.1, 0.13)
    ]
    answered = []
    for body in bodies:
        event = {**expected.event("predict"), "body": json.dumps(body)}
        answered.append(json.loads(emulator.invoke(event)["body"])["mortality_percent"])

    right = scorer.forecast(*scorer.encoder.encode(bodies), 115.5).average[:, 0].tolist()
    assert answered == pytest.approx(right, abs=0.0051)
    assert len(set(answered)) > 100


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


@pytest.mark.trial
def test_without_a_folder_to_write_to_every_event_gets_its_right_answer(
    start: Callable[..., Any], metadata: dict[str, Any]
) -> None:
    emulator = start(TMPDIR="/nowhere", HOME="/nowhere")
    for name in sorted(expected.STATUSES):
        expected.check(name, emulator.invoke(expected.event(name)), metadata)


@pytest.mark.parametrize("heavy", HEAVY, ids=lambda each: each.name)
def test_no_body_keeps_the_function_busy_until_its_time_is_up(
    start: Callable[..., Any], seedlings: str, heavy: Hostile
) -> None:
    emulator = start(AWS_LAMBDA_FUNCTION_TIMEOUT="10", MODEL_PATH=seedlings)
    assert emulator.invoke(expected.event("health"))["statusCode"] == 200  # starting isn't meant

    answer = emulator.invoke(heavy.event())
    heavy.check(answer["statusCode"], json.loads(answer["body"]))


def seal(model: Path) -> None:
    digest = hashlib.sha256((model / "metadata.json").read_bytes()).hexdigest()
    Path(f"{model}.seal").write_text(f"{digest}  model/metadata.json\n")


def cut_short(file: Path) -> None:
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def one_bit_off(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


def better_on_paper(model: Path) -> None:
    """A change of the metadata that is sound in itself: only the seal can tell."""
    metadata = json.loads((model / "metadata.json").read_text())
    metadata["metrics"]["calibration_error"] = 0.0
    (model / "metadata.json").write_text(json.dumps(metadata))


SPOILT: dict[str, tuple[Callable[[Path], object], str]] = {
    "no graph": (lambda model: (model / "model.onnx").unlink(), "No such file or directory"),
    "no metadata": (lambda model: (model / "metadata.json").unlink(), "No such file or directory"),
    "no folder": (shutil.rmtree, "No such file or directory"),
    "a graph cut short": (lambda model: cut_short(model / "model.onnx"), "model.sha256: expected"),
    "metadata cut short": (lambda model: cut_short(model / "metadata.json"), "no JSON"),
    "another contract": (
        lambda model: (model / "metadata.json").write_text('{"contract": 1}'),
        "contract: expected 2, got 1",
    ),
    "a graph tampered with": (
        lambda model: one_bit_off(model / "model.onnx"),
        "model.sha256: expected",
    ),
    "sealed, then tampered with": (
        lambda model: (seal(model), better_on_paper(model)),
        "SHA-256 of metadata.json: expected",
    ),
}


@pytest.fixture(params=SPOILT)
def spoilt(request: pytest.FixtureRequest, root: Path, tmp_path: Path) -> tuple[Path, str]:
    """A model that can't be served, and what the log then says."""
    spoil, message = SPOILT[request.param]
    model = tmp_path / "model"
    shutil.copytree(root / "model", model)
    spoil(model)
    return model, message


def test_a_model_that_can_t_be_served_stops_the_start_with_one_line(
    root: Path, spoilt: tuple[Path, str]
) -> None:
    model, message = spoilt
    # Nobody listens where the client is sent: a start that went on would say so.
    away = {"MODEL_PATH": str(model), "AWS_LAMBDA_RUNTIME_API": "127.0.0.1:1"}
    done = subprocess.run(
        [sys.executable, "-m", "awslambdaric", "functions.api.handler.handler"],
        cwd=root,
        env={**os.environ, **away},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert done.returncode == 1
    (line,) = (done.stdout + done.stderr).splitlines()
    record = json.loads(line)
    assert record["level"] == "CRITICAL"
    assert record["message"].startswith("model: ")
    assert message in record["message"]


def test_where_the_start_was_stopped_no_call_is_answered(
    start: Callable[..., Any], root: Path, tmp_path: Path
) -> None:
    model = tmp_path / "model"
    shutil.copytree(root / "model", model)
    seal(model)
    better_on_paper(model)
    emulator = start(MODEL_PATH=str(model))

    for _ in range(2):
        assert emulator.invoke(expected.event("predict")) == {"failed": 502}
    critical = [r for r in emulator.records() if r.get("level") == "CRITICAL"]
    assert critical
    assert all("SHA-256 of metadata.json: expected" in record["message"] for record in critical)
