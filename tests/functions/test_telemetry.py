"""What is written of a request: one metric record and one log line, and nothing that it held."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from functions.settings import Settings
from functions.telemetry import PowertoolsTelemetry, Request, Terminal

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def settings(request: pytest.FixtureRequest) -> Settings:
    # A service of its own: Powertools keeps one logger, and its stream, for each name.
    return Settings(Path("model"), "INFO", f"service of {request.node.name}", "Trees")


def written(capsys: Capture) -> list[dict[str, Any]]:
    shown = capsys.readouterr()
    assert shown.err == ""
    return [json.loads(line) for line in shown.out.splitlines()]


def metrics(record: dict[str, Any]) -> dict[str, tuple[str, float]]:
    """Unit and value of each metric that CloudWatch takes from an embedded record."""
    (directive,) = record["_aws"]["CloudWatchMetrics"]
    assert directive["Namespace"] == "Trees"
    assert directive["Dimensions"] == [["service"]]
    return {each["Name"]: (each["Unit"], record[each["Name"]][0]) for each in directive["Metrics"]}


def test_a_prediction_is_one_metric_record_and_one_log_line(
    settings: Settings, capsys: Capture
) -> None:
    telemetry = PowertoolsTelemetry(settings, "0123456789ab", "published")
    telemetry.answered(Request("seven", "POST", "/v1/predict/batch", 200, 12.345, 20, 41.5))

    record, line = written(capsys)
    assert record["service"] == settings.service
    assert metrics(record) == {
        "Latency": ("Milliseconds", 12.345),
        "Requests": ("Count", 1.0),
        "Predictions": ("Count", 20.0),
        "MortalityPercent": ("Percent", 41.5),
        "ColdStart": ("Count", 1.0),
    }
    del line["timestamp"], line["location"]
    assert line == {
        "level": "INFO",
        "message": "request",
        "service": settings.service,
        "model_version": "0123456789ab",
        "model_data": "published",
        "request_id": "seven",
        "method": "POST",
        "route": "/v1/predict/batch",
        "status": 200,
        "milliseconds": 12.35,
        "predictions": 20,
        "cold_start": True,
    }


def test_only_the_first_request_is_a_cold_start(settings: Settings, capsys: Capture) -> None:
    telemetry = PowertoolsTelemetry(settings, "0123456789ab", "published")
    for _ in range(3):
        telemetry.answered(Request("x", "GET", "/health", 200, 1.0))

    lines = written(capsys)
    assert [each["cold_start"] for each in lines[1::2]] == [True, False, False]
    assert ["ColdStart" in metrics(each) for each in lines[::2]] == [True, False, False]


@pytest.mark.parametrize(("status", "kind"), [(400, "4xx"), (422, "4xx"), (500, "5xx")])
def test_an_error_is_counted_by_its_status_and_by_its_kind(
    settings: Settings, capsys: Capture, status: int, kind: str
) -> None:
    telemetry = PowertoolsTelemetry(settings, "0123456789ab", "published")
    telemetry.answered(Request("x", "POST", "/v1/predict", status, 1.0))

    record, line = written(capsys)
    assert metrics(record) == {
        "Latency": ("Milliseconds", 1.0),
        "Requests": ("Count", 1.0),
        f"Errors{kind}": ("Count", 1.0),
        f"Errors{status}": ("Count", 1.0),
        "ColdStart": ("Count", 1.0),
    }
    assert line["status"] == status


def test_a_failure_is_written_with_its_traceback_in_one_line(
    settings: Settings, capsys: Capture
) -> None:
    telemetry = PowertoolsTelemetry(settings, "0123456789ab", "published")
    try:
        raise RuntimeError("the graph broke")
    except RuntimeError:
        telemetry.failed(Request("seven", "POST"))

    (line,) = written(capsys)
    assert (line["level"], line["message"], line["request_id"]) == (
        "ERROR",
        "request failed",
        "seven",
    )
    assert line["exception"].endswith("RuntimeError: the graph broke")


def test_an_unknown_event_is_told_by_the_kind_of_its_error_alone(
    settings: Settings, capsys: Capture
) -> None:
    telemetry = PowertoolsTelemetry(settings, "0123456789ab", "published")
    telemetry.unknown_event(KeyError("what the event held"))

    (line,) = written(capsys)
    assert (line["level"], line["message"], line["error"]) == (
        "WARNING",
        "unknown event",
        "KeyError",
    )
    assert "what the event held" not in json.dumps(line)


def test_the_level_asked_for_silences_what_is_below_it(settings: Settings, capsys: Capture) -> None:
    quiet = Settings(settings.model, "ERROR", settings.service, settings.namespace)
    PowertoolsTelemetry(quiet, "0", "custom").answered(Request("x", "GET", "/health", 200, 1.0))

    (record,) = written(capsys)
    assert metrics(record)["Requests"] == ("Count", 1.0)


def test_a_terminal_is_told_of_failures_alone(capsys: Capture) -> None:
    Terminal().answered(Request("x", "GET", "/health", 200, 1.0))
    assert capsys.readouterr() == ("", "")
