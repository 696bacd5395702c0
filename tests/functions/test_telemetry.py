"""What is written of a request: one metric record and one log line, and nothing that it held."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from aws_lambda_powertools.metrics.provider.cloudwatch_emf.cloudwatch import (
    AmazonCloudWatchEMFProvider,
)

from functions.settings import Settings
from functions.telemetry import PowertoolsTelemetry, RequestLog, Terminal

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def settings(request: pytest.FixtureRequest) -> Settings:
    # A service of its own: Powertools keeps one logger, and its stream, for each name.
    return Settings(Path("model"), "INFO", f"service of {request.node.name}", "Trees", "7")


def written(capsys: Capture) -> list[dict[str, Any]]:
    shown = capsys.readouterr()
    assert shown.err == ""
    return [json.loads(line) for line in shown.out.splitlines()]


def metrics(record: dict[str, Any]) -> dict[str, tuple[str, float]]:
    """Unit and value of each metric that CloudWatch takes from an embedded record."""
    (directive,) = record["_aws"]["CloudWatchMetrics"]
    assert directive["Namespace"] == "Trees"
    assert directive["Dimensions"] == [["service"], ["service", "version"]]
    return {each["Name"]: (each["Unit"], record[each["Name"]]) for each in directive["Metrics"]}


def test_a_prediction_is_one_line_that_is_log_and_metrics_at_once(
    settings: Settings, capsys: Capture
) -> None:
    telemetry = PowertoolsTelemetry(settings, "0123456789ab", "published")
    before = int(1000 * time.time())
    telemetry.answered(RequestLog("seven", "POST", "/v1/predict/batch", 200, 12.345, 20, 41.504))

    (line,) = written(capsys)
    assert metrics(line) == {
        "Latency": ("Milliseconds", 12.345),
        "Requests": ("Count", 1),
        "Predictions": ("Count", 20),
        "OutcomePercent": ("Percent", 41.5),
        "ColdStart": ("Count", 1),
    }
    assert before <= line["_aws"]["Timestamp"] <= int(1000 * time.time())
    figures = [*metrics(line), "_aws"]
    assert {name: value for name, value in line.items() if name not in figures} == {
        "level": "INFO",
        "message": "request",
        "service": settings.service,
        "version": "7",
        "model_version": "0123456789ab",
        "model_data": "published",
        "request_id": "seven",
        "method": "POST",
        "route": "/v1/predict/batch",
        "status": 200,
        "cold_start": True,
    }


def test_only_the_first_request_is_a_cold_start(settings: Settings, capsys: Capture) -> None:
    telemetry = PowertoolsTelemetry(settings, "0123456789ab", "published")
    for _ in range(3):
        telemetry.answered(RequestLog("x", "GET", "/health", 200, 1.0))

    lines = written(capsys)
    assert [each["cold_start"] for each in lines] == [True, False, False]
    assert ["ColdStart" in metrics(each) for each in lines] == [True, False, False]


def test_a_provisioned_start_is_no_cold_start(settings: Settings, capsys: Capture) -> None:
    telemetry = PowertoolsTelemetry(replace(settings, cold_start=False), "0", "published")
    telemetry.answered(RequestLog("x", "GET", "/health", 200, 1.0))

    (line,) = written(capsys)
    assert (line["cold_start"], "ColdStart" in metrics(line)) == (False, False)


def test_a_request_after_a_warm_up_ping_is_no_cold_start(
    settings: Settings, capsys: Capture
) -> None:
    telemetry = PowertoolsTelemetry(settings, "0123456789ab", "published")
    telemetry.unknown_event(KeyError(), RequestLog("x", "OTHER"))
    telemetry.answered(RequestLog("x", "GET", "/health", 200, 1.0))

    _, line = written(capsys)
    assert (line["cold_start"], "ColdStart" in metrics(line)) == (False, False)


def test_each_line_of_a_kind_has_its_own_figures(settings: Settings, capsys: Capture) -> None:
    telemetry = PowertoolsTelemetry(settings, "0123456789ab", "published")
    logs = [RequestLog(f"r{n}", "POST", "/v1/predict", 200, n, n, 10.0 * n) for n in (1, 2, 3)]
    for request in logs:
        telemetry.answered(request)

    found = [
        RequestLog(
            line["request_id"],
            line["method"],
            line["route"],
            line["status"],
            line["Latency"],
            line["Predictions"],
            line["OutcomePercent"],
        )
        for line in written(capsys)
    ]
    assert found == logs


def test_powertools_makes_a_record_once_for_each_kind_of_request(
    settings: Settings, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[object] = []

    def counted(**arguments: Any) -> AmazonCloudWatchEMFProvider:
        made.append(arguments)
        return AmazonCloudWatchEMFProvider(**arguments)

    monkeypatch.setattr("functions.telemetry.AmazonCloudWatchEMFProvider", counted)
    telemetry = PowertoolsTelemetry(replace(settings, cold_start=False), "0", "published")
    for status in (200, 200, 404, 200, 404):
        telemetry.answered(RequestLog("x", "GET", "/health", status, 1.0))

    assert [each["status"] for each in written(capsys)] == [200, 200, 404, 200, 404]
    assert len(made) == 2


@pytest.mark.parametrize(("status", "kind"), [(400, "4xx"), (422, "4xx"), (500, "5xx")])
def test_an_error_is_counted_by_its_status_and_by_its_kind(
    settings: Settings, capsys: Capture, status: int, kind: str
) -> None:
    telemetry = PowertoolsTelemetry(settings, "0123456789ab", "published")
    telemetry.answered(RequestLog("x", "POST", "/v1/predict", status, 1.0))

    (line,) = written(capsys)
    assert metrics(line) == {
        "Latency": ("Milliseconds", 1.0),
        "Requests": ("Count", 1),
        f"Errors{kind}": ("Count", 1),
        f"Errors{status}": ("Count", 1),
        "ColdStart": ("Count", 1),
    }
    assert line["status"] == status


def test_a_failure_is_written_with_its_traceback_in_one_line(
    settings: Settings, capsys: Capture
) -> None:
    telemetry = PowertoolsTelemetry(settings, "0123456789ab", "published")
    try:
        raise RuntimeError("the graph broke")
    except RuntimeError:
        telemetry.failed(RequestLog("seven", "POST"))

    (line,) = written(capsys)
    assert (line["level"], line["message"], line["request_id"]) == (
        "ERROR",
        "request failed",
        "seven",
    )
    assert line["exception"].endswith("RuntimeError: the graph broke")


def test_an_unknown_event_is_logged_by_the_type_of_its_error_alone(
    settings: Settings, capsys: Capture
) -> None:
    telemetry = PowertoolsTelemetry(settings, "0123456789ab", "published")
    telemetry.unknown_event(KeyError("what the event held"), RequestLog("seven", "OTHER"))

    (line,) = written(capsys)
    assert (line["level"], line["message"], line["error"], line["request_id"]) == (
        "WARNING",
        "unknown event",
        "KeyError",
        "seven",
    )
    assert "what the event held" not in json.dumps(line)


def test_the_level_silences_the_log_but_not_the_metrics(
    settings: Settings, capsys: Capture
) -> None:
    telemetry = PowertoolsTelemetry(replace(settings, log_level="ERROR"), "0", "custom")
    telemetry.unknown_event(KeyError(), RequestLog("x", "OTHER"))
    telemetry.answered(RequestLog("x", "GET", "/health", 200, 1.0))

    (line,) = written(capsys)
    assert metrics(line)["Requests"] == ("Count", 1)


def test_a_terminal_shows_failures_alone(capsys: Capture) -> None:
    Terminal().answered(RequestLog("x", "GET", "/health", 200, 1.0))
    assert capsys.readouterr() == ("", "")

    Terminal().answered(RequestLog("x", "POST", "/v1/predict", 400, disconnected=True))
    assert capsys.readouterr() == ("", "request x: the client broke off\n")


def test_a_request_without_a_response_counts_as_a_failure() -> None:
    assert RequestLog("x", "GET").status == 500
