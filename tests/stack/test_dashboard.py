"""Dashboard and guide can be read, and ask for what is measured and logged."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from functions import settings
from functions.telemetry import PowertoolsTelemetry, RequestLog
from tests.stack.conftest import Template, of_type


@pytest.fixture
def widgets(prod: Template) -> list[dict[str, Any]]:
    body = prod["Resources"]["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"]
    loaded: list[dict[str, Any]] = json.loads(body)["widgets"]
    return loaded


def metrics(widget: dict[str, Any]) -> list[tuple[str, ...]]:
    """Namespace, name and dimensions of each row, CloudWatch's dots written out."""
    found: list[tuple[str, ...]] = []
    for row in widget["properties"].get("metrics", []):
        texts = [part for part in row if isinstance(part, str)]
        if texts == ["..."]:
            texts = list(found[-1])
        found.append(tuple(found[-1][i] if part == "." else part for i, part in enumerate(texts)))
    return found


def test_its_parts_are_these(widgets: list[dict[str, Any]]) -> None:
    assert [widget["properties"]["title"] for widget in widgets] == [
        "Alarms, then the guards of the live release",
        "Requests",
        "Latency, ms",
        "Cold starts",
        "Errors by kind",
        "Rejected",
        "Predicted percentage",
        "Models in use",
        "Last failures",
    ]


def test_its_parts_do_not_overlap(widgets: list[dict[str, Any]]) -> None:
    cells = [
        (widget["x"] + i, widget["y"] + j)
        for widget in widgets
        for i in range(widget["width"])
        for j in range(widget["height"])
    ]
    assert len(cells) == len(set(cells))
    assert max(x for x, _ in cells) < 24


def test_it_shows_every_alarm(prod: Template, widgets: list[dict[str, Any]]) -> None:
    alarms = of_type(prod, "AWS::CloudWatch::Alarm")
    assert sorted(widgets[0]["properties"]["alarms"]) == sorted(
        f"${{{name}.Arn}}" for name in alarms
    )


def test_the_dashboard_shows_metrics_that_the_code_emits(
    prod: Template, widgets: list[dict[str, Any]], capsys: pytest.CaptureFixture[str]
) -> None:
    telemetry = PowertoolsTelemetry(
        settings.read_settings(
            {"POWERTOOLS_SERVICE_NAME": "measures", "POWERTOOLS_METRICS_NAMESPACE": "metrics"}
        ),
        "version",
        "published",
    )
    for status in (200, 400, 413, 415, 422, 500):
        request = RequestLog("id", "POST", status=status, predictions=1, outcome_percent=25.0)
        telemetry.answered(request)
    measured = {"QuotaExceeded"}  # counted from the access log
    for line in capsys.readouterr().out.splitlines():
        for group in json.loads(line).get("_aws", {}).get("CloudWatchMetrics", []):
            assert group["Namespace"] == "metrics"
            assert group["Dimensions"] == [["service"], ["service", "version"]]
            measured |= {metric["Name"] for metric in group["Metrics"]}

    shown = [metric for widget in widgets for metric in metrics(widget)]
    ours = [metric for metric in shown if metric[0] == "${Service}"]
    assert {metric[2:] for metric in ours} == {("service", "${Service}-${Stage}")}
    names = {metric[1] for metric in ours}
    alarmed = {
        alarm["Properties"]["MetricName"]
        for alarm in of_type(prod, "AWS::CloudWatch::Alarm").values()
        if alarm["Properties"].get("Namespace") == {"Ref": "Service"}
    }
    assert len(names) > 8
    assert names | alarmed <= measured


@pytest.fixture
def logged(
    prod: Template, capsys: pytest.CaptureFixture[str], request: pytest.FixtureRequest
) -> set[str]:
    """Every field of a line of the function, of the gateway and of Lambda itself."""
    # A service of its own: Powertools keeps one logger, and its stream, for each name.
    known = settings.read_settings({"POWERTOOLS_SERVICE_NAME": request.node.name})
    telemetry = PowertoolsTelemetry(known, "version", "published")
    telemetry.answered(
        RequestLog("id", "POST", status=200, predictions=1, milliseconds=1, outcome_percent=25.0)
    )
    try:
        raise ZeroDivisionError
    except ZeroDivisionError:
        telemetry.failed(RequestLog("id", "POST"))
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    setting = prod["Resources"]["ApiStage"]["Properties"]["AccessLogSetting"]
    lines.append(json.loads(setting["Format"]["Fn::Sub"]))
    by_lambda = {"@timestamp", "@message", "@type", "@duration", "@maxMemoryUsed", "@memorySize"}
    return by_lambda.union(*lines)


def fields(query: str) -> set[str]:
    """The words of a Logs Insights query that are neither its language nor its own names."""
    bare = re.sub(r"'[^']*'|\"[^\"]*\"|/[^/]+/|bin\(\w+\)| as \w+|\w+\(\*\)|\b\d+\b", " ", query)
    language = "SOURCE filter stats sort limit display by desc in like max pct count requests"
    return set(re.findall(r"@?[A-Za-z_]\w*", bare)) - set(language.split())


def test_the_dashboard_reads_what_is_logged(
    widgets: list[dict[str, Any]], logged: set[str]
) -> None:
    queries = [each["properties"]["query"] for each in widgets if each["type"] == "log"]
    assert len(queries) == 2
    for query in queries:
        assert query.startswith("SOURCE '${PredictLog}' | ")
        assert fields(query)
        assert fields(query) <= logged


def test_the_guide_reads_what_is_logged(root: Path, logged: set[str]) -> None:
    guide = (root / "docs/operate.md").read_text()
    blocks = re.findall(r"^```(\w*)\n(.+?)^```", guide, re.MULTILINE | re.DOTALL)
    queries = [text for language, text in blocks if not language]
    assert len(queries) > 5
    for query in queries:
        assert fields(query)
        assert fields(query) <= logged, query
