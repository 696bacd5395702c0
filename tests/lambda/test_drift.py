"""The daily job under Lambda's own runtime client, against an emulated S3."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from functions.artefact import read_artefact
from functions.drift.store import Bucket
from functions.scoring import Scorer
from tests.deploy import account as accounts
from tests.functions.drift.worlds import (
    draw_as_trained,
    outcome_lines,
    outcomes_of,
    predictions,
    write_records,
)

DATE = "2026-03-01"


def test_a_scheduled_event_leaves_a_report_and_one_line_of_metrics(
    start: Callable[..., Any], root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in accounts.ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    scorer = Scorer(read_artefact(root / "model"))
    random, draw = np.random.default_rng(1), draw_as_trained(scorer)
    rows = [draw(random) for _ in range(120)]
    reports = outcomes_of(scorer, rows, random, odds=0.1)
    with accounts.opened() as account:
        client = account.client("s3")
        place = {"LocationConstraint": client.meta.region_name}
        client.create_bucket(Bucket="records", CreateBucketConfiguration=place)
        bucket = Bucket(client, "records")
        write_records(bucket, DATE, predictions(scorer, DATE, rows) + outcome_lines(reports))
        emulator = start(
            "functions.drift.handler.handler",
            AWS_ENDPOINT_URL=account.url,
            RECORDS_BUCKET="records",
            POWERTOOLS_SERVICE_NAME="forest-prod",
        )
        found = emulator.invoke({"time": "2026-03-02T02:00:00Z"})
        assert "ModelDrift" in found, emulator.log()
        assert (found["date"], found["RowsPredicted"], found["ModelDrift"]) == (DATE, 120, 1)
        (line,) = emulator.records()
        assert line["ModelDrift"] == [1.0]
        assert bucket.read("drift/reports/latest.html")
        assert emulator.invoke({"date": "no date"})["errorType"] == "ValueError"
