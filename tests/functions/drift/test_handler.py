"""The scheduled function: the day before, from a bucket, with metrics in its log."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import numpy as np
import pytest
from moto import mock_aws

from functions.drift import __main__ as command
from functions.drift import handler as drift
from functions.drift.store import Bucket, Folder
from functions.records import ReportedOutcome
from functions.scoring import Scorer
from tests.functions.drift.worlds import draw_as_trained, outcome_lines, outcomes_of, predictions
from tests.functions.drift.worlds import write_records as write

DATE = "2026-03-01"
Capture = pytest.CaptureFixture[str]


@pytest.fixture
def bucket(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bucket]:
    monkeypatch.setenv("MODEL_PATH", str(folder))
    monkeypatch.setenv("RECORDS_BUCKET", "records")
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "forest-prod")
    monkeypatch.setenv("POWERTOOLS_METRICS_NAMESPACE", "forest")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with mock_aws():
        client = boto3.client("s3")
        client.create_bucket(Bucket="records")
        yield Bucket(client, "records")


def test_it_judges_the_day_before_and_writes_metrics(
    bucket: Bucket, scorer: Scorer, capsys: Capture
) -> None:
    random, draw = np.random.default_rng(1), draw_as_trained(scorer)
    rows = [draw(random) for _ in range(150)]
    reports = outcomes_of(scorer, rows, random, odds=0.1)
    write(bucket, DATE, predictions(scorer, DATE, rows) + outcome_lines(reports))

    found = drift.handler({"time": "2026-03-02T02:00:00Z"}, None)

    (line,) = capsys.readouterr().out.splitlines()
    record: dict[str, Any] = json.loads(line)
    (directive,) = record["_aws"]["CloudWatchMetrics"]
    assert directive["Namespace"] == "forest"
    assert directive["Dimensions"] == [["service"]]
    assert record["service"] == "forest-prod"
    names = {each["Name"] for each in directive["Metrics"]}
    assert names == set(found) - {"date"}
    assert (found["date"], found["RowsPredicted"], found["ModelDrift"]) == (DATE, 150, 1)
    assert record["ModelDrift"] == [1.0]
    assert bucket.read(f"drift/reports/{DATE}.html")


def test_a_date_can_be_given_and_an_empty_bucket_is_no_fault(bucket: Bucket) -> None:
    found = drift.handler({"date": DATE}, None)
    assert (found["date"], found["RowsPredicted"], found["ModelDrift"]) == (DATE, 0, 0)


def test_a_missing_bucket_fails_the_function(
    bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RECORDS_BUCKET", "another")
    with pytest.raises(Exception, match="NoSuchBucket"):
        drift.handler({"date": DATE}, None)


def test_the_same_runs_on_a_folder(
    scorer: Scorer, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    random, draw = np.random.default_rng(1), draw_as_trained(scorer)
    rows = [draw(random) for _ in range(150)]
    reports = outcomes_of(scorer, rows, random, odds=0.1)
    write(Folder(tmp_path), DATE, predictions(scorer, DATE, rows))
    arguments = ["drift", str(tmp_path), "--model", str(folder), "--date", DATE]
    monkeypatch.setattr("sys.argv", arguments)
    assert command.main() == 0
    write(Folder(tmp_path), DATE, outcome_lines(reports), "b.jsonl")
    assert command.main() == command.SHIFTED
    assert "ModelDrift=1\n" in capsys.readouterr().out

    monkeypatch.setattr("sys.argv", [*arguments[:3], str(tmp_path / "none")])
    assert command.main() == 1
    assert "can't judge: model:" in capsys.readouterr().err


def test_known_outcomes_are_written_as_rows_for_a_field_book(
    scorer: Scorer, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    example, ask = scorer.artefact.example, Folder(tmp_path)
    write(ask, DATE, predictions(scorer, DATE, [example], prefix="id"))
    dead = ReportedOutcome(f"id{DATE}-0", 0, None, None, "plot 7", 24.5, "happened")
    alive = [
        ReportedOutcome(None, 0, example, "tag 3", None, day, "not_yet") for day in (24.5, 28.0)
    ]
    write(ask, DATE, outcome_lines([dead, *alive]), "b.jsonl")
    written = tmp_path / "outcomes.csv"
    monkeypatch.setattr(
        "sys.argv",
        [
            *("drift", str(tmp_path), "--model", str(folder), "--date", DATE),
            *("--outcomes", str(written)),
        ],
    )
    assert command.main() == 0
    with written.open(newline="") as file:
        first, second = csv.DictReader(file)
    inputs = {name: str(value) for name, value in example.items()}
    time = scorer.artefact.time.name
    assert first == {
        "subject": f"id{DATE}-0:0",
        "group": "plot 7",
        **inputs,
        time: "24.5",
        "happened": "1",
    }
    assert second == {
        "subject": "tag 3",
        "group": "",
        **inputs,
        time: "28",
        "happened": "0",
    }
