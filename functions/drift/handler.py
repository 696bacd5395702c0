"""Lambda's handler of the daily schedule: judges the day before and writes metrics to its log."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.metrics.provider.cloudwatch_emf.cloudwatch import (
    AmazonCloudWatchEMFProvider,
)

from functions.artefact import read_artefact
from functions.drift.store import Bucket
from functions.drift.watch import watch
from functions.scoring import Scorer
from functions.settings import read_settings


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Judges the day before the event's `time`, or the event's own `date` for one by hand.

    Whatever goes wrong is raised, so that Lambda counts an error and an alarm sees it.
    """
    date = event.get("date") or _day_before(event["time"])
    settings = read_settings()
    store = Bucket(boto3.client("s3"), os.environ["RECORDS_BUCKET"])
    findings = watch(Scorer(read_artefact(settings.model)), store, date)
    metrics = AmazonCloudWatchEMFProvider(namespace=settings.namespace)
    metrics.add_dimension("service", settings.service)
    for name, value in findings.metrics().items():
        unit = MetricUnit.Percent if name.endswith("Percent") else MetricUnit.NoUnit
        metrics.add_metric(name, unit, value)
    metrics.add_metadata("date", date)
    metrics.flush_metrics()
    return {"date": date, **findings.metrics()}


def _day_before(time: str) -> str:
    """Of a time as events have it, 2026-06-01T02:00:00Z."""
    day = datetime.fromisoformat(time).astimezone(UTC) - timedelta(days=1)
    return day.date().isoformat()
