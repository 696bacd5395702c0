"""What is recorded of predictions and outcomes: inputs, answer, model, id and time; no more."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from functions import records
from functions.api.app import create_app
from functions.artefact import read_artefact
from functions.records import ROWS_PER_LINE
from functions.scoring import Scorer
from functions.settings import Settings
from functions.telemetry import PowertoolsTelemetry, Terminal
from tests.functions.conftest import Client, read_problem
from tests.functions.models import SEEDLINGS

OAK = {"species": "Quercus rubra", "soil": "Acer rubrum", "light": 0.1}
NEVER = ("x-api-key", "a-secret", "authorization", "accept", "user-agent")
Capture = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def scorer(tmp_path_factory: pytest.TempPathFactory) -> Scorer:
    return Scorer(read_artefact(SEEDLINGS.write(tmp_path_factory.mktemp("seedlings") / "model")))


@pytest.fixture
def recorded(scorer: Scorer, request: pytest.FixtureRequest) -> Client:
    """The app with the telemetry of Lambda, which records."""
    name = f"service of {request.node.name}"
    settings = Settings(Path("model"), "INFO", name, "Trees", "7", record_predictions=True)
    return Client(create_app(scorer, PowertoolsTelemetry(settings, "0123456789ab", "published")))


def written(capsys: Capture) -> list[dict[str, Any]]:
    shown = capsys.readouterr().out
    assert not [word for word in NEVER if word in shown.lower()]
    return [json.loads(line) for line in shown.splitlines()]


def test_the_line_of_a_prediction_holds_its_inputs_and_its_answer(
    recorded: Client, capsys: Capture
) -> None:
    headers = {"x-request-id": "one", "x-api-key": "a-secret"}
    answer = recorded.post("/v1/predict", {**OAK, "day": 49}, headers=headers).json()

    (line,) = written(capsys)
    figures = ("mortality_percent", "interval_90", "stand_interval_90")
    assert line["predicted"] == {
        "first": 0,
        "at": 49.0,
        "inputs": [{**OAK, "day": 49}],
        "answers": [{name: answer[name] for name in figures}],
    }
    assert (line["request_id"], line["model_version"]) == ("one", "0123456789ab")
    assert (line["message"], line["Predictions"]) == ("request", 1)


def test_a_batch_is_recorded_in_lines_that_cloudwatch_can_take(
    recorded: Client, capsys: Capture
) -> None:
    rows = [{**OAK, "light": round(0.05 + i / 10_000, 4)} for i in range(2 * ROWS_PER_LINE + 1)]
    recorded.post("/v1/predict/batch", {"seedlings": rows}, headers={"x-request-id": "many"})

    lines = written(capsys)
    assert [each["message"] for each in lines] == ["request", "predicted", "predicted"]
    assert [each["predicted"]["first"] for each in lines] == [0, ROWS_PER_LINE, 2 * ROWS_PER_LINE]
    assert [row for each in lines for row in each["predicted"]["inputs"]] == rows
    assert {each["request_id"] for each in lines} == {"many"}
    assert ["_aws" in each for each in lines] == [True, False, False]
    assert max(len(json.dumps(each)) for each in lines) < 256 * 1024


def test_what_was_not_predicted_is_not_recorded(recorded: Client, capsys: Capture) -> None:
    recorded.post("/v1/predict", {**OAK, "soil": "a-secret-soil"})

    (line,) = written(capsys)
    assert "predicted" not in line


def test_nothing_is_recorded_unless_that_is_switched_on(scorer: Scorer, capsys: Capture) -> None:
    settings = Settings(Path("model"), "INFO", "not recording", "Trees", "7")
    client = Client(create_app(scorer, PowertoolsTelemetry(settings, "0", "published")))
    client.post("/v1/predict", OAK)
    report = {"outcomes": [{"inputs": OAK, "day": 49, "outcome": "happened"}]}
    problem = read_problem(client.post("/v1/outcomes", report), 404)

    assert problem["detail"] == "Outcomes are not recorded here."
    assert [set(each) & {"predicted", "outcome"} for each in written(capsys)] == [set(), set()]


def test_each_outcome_is_a_line(recorded: Client, capsys: Capture) -> None:
    outcomes = [
        {"request_id": "one", "row": 3, "day": 49, "outcome": "happened"},
        {"inputs": OAK, "subject": "17", "group": "A", "day": 28.5, "outcome": "taken_out"},
    ]
    response = recorded.post("/v1/outcomes", {"outcomes": outcomes}, headers={"x-request-id": "r"})

    assert (response.status_code, response.json()) == (202, {"accepted": 2})
    request, *lines = written(capsys)
    assert (request["route"], request["status"]) == ("/v1/outcomes", 202)
    assert {tuple(each) for each in lines} == {
        ("timestamp", "request_id", "model_version", "model_data", "message", "outcome")
    }
    assert [each["outcome"] for each in lines] == [
        {
            "request_id": "one",
            "row": 3,
            "inputs": None,
            "subject": None,
            "group": None,
            "time": 49.0,
            "fate": "happened",
        },
        {
            "request_id": None,
            "row": 0,
            "inputs": OAK,
            "subject": "17",
            "group": "A",
            "time": 28.5,
            "fate": "taken_out",
        },
    ]


@pytest.mark.parametrize(
    ("outcome", "field", "rule"),
    [
        ({"day": 1, "outcome": "happened"}, "outcomes[0]", "exactly one of request_id and inputs"),
        ({"request_id": "a", "inputs": OAK, "day": 1, "outcome": "happened"}, "outcomes[0]", "one"),
        ({"request_id": "a b", "day": 1, "outcome": "happened"}, "outcomes[0].request_id", ""),
        ({"request_id": "a", "day": 999, "outcome": "happened"}, "outcomes[0].day", "range"),
        ({"request_id": "a", "day": 1, "outcome": "dead"}, "outcomes[0].outcome", "allowed"),
        ({"request_id": "a", "row": 1.5, "day": 1, "outcome": "happened"}, "outcomes[0].row", ""),
        ({"request_id": "a", "outcome": "happened"}, "outcomes[0].day", "required"),
        ({"inputs": {}, "day": 1, "outcome": "not_yet"}, "outcomes[0].inputs.species", "required"),
    ],
)
def test_an_outcome_that_says_nothing_is_refused_and_named(
    recorded: Client, outcome: dict[str, Any], field: str, rule: str
) -> None:
    document = read_problem(recorded.post("/v1/outcomes", {"outcomes": [outcome]}), 422)

    assert document["errors"][0]["field"] == field
    assert rule in document["errors"][0]["rule"]


def test_a_terminal_writes_records_to_a_folder_by_day(scorer: Scorer, tmp_path: Path) -> None:
    client = Client(create_app(scorer, Terminal(tmp_path, "0123456789ab")))
    client.post("/v1/predict", OAK, headers={"x-request-id": "one"})
    client.get("/health")
    report = {"outcomes": [{"request_id": "one", "day": 49, "outcome": "not_yet"}]}
    client.post("/v1/outcomes", report)

    (path,) = (tmp_path / "records").rglob("*.jsonl")
    first, second = map(json.loads, path.read_text().splitlines())
    assert path.parent == tmp_path / "records" / records.day_of(first["timestamp"])
    assert first["predicted"]["inputs"] == [OAK]
    assert second["outcome"]["request_id"] == "one"
