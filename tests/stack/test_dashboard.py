"""The dashboard: it can be read, its parts do not overlap, and it asks for what is measured."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from functions import settings
from functions.telemetry import PowertoolsTelemetry, Request
from tests.stack.conftest import Template, of_type, plain


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
        "Alarms of the live release",
        "Requests",
        "Latency, ms",
        "Cold starts",
        "Errors by kind",
        "Turned away",
        "Predicted mortality, %",
        "Which model answered",
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


def test_it_asks_for_what_the_code_measures(
    prod: Template, widgets: list[dict[str, Any]], capsys: pytest.CaptureFixture[str]
) -> None:
    telemetry = PowertoolsTelemetry(
        settings.read({"POWERTOOLS_SERVICE_NAME": "measures"}), "version", "published"
    )
    for status in (200, 400, 413, 415, 422, 500):
        request = Request("id", "POST", status=status, predictions=1, mortality_percent=25.0)
        telemetry.answered(request)
    measured = {"QuotaExceeded"}  # counted from the access log
    for line in capsys.readouterr().out.splitlines():
        for group in json.loads(line).get("_aws", {}).get("CloudWatchMetrics", []):
            assert group["Namespace"] == "SeedlingSurvival"
            measured |= {metric["Name"] for metric in group["Metrics"]}

    shown = [metric for widget in widgets for metric in metrics(widget)]
    ours = [metric for metric in shown if metric[0] == "SeedlingSurvival"]
    assert {metric[2:] for metric in ours} == {("service", "seedling-survival-${Stage}")}
    names = {metric[1] for metric in ours}
    alarmed = {
        alarm["Properties"]["MetricName"]
        for alarm in of_type(prod, "AWS::CloudWatch::Alarm").values()
        if alarm["Properties"].get("Namespace") == "SeedlingSurvival"
    }
    assert len(names) > 8
    assert names | alarmed <= measured


def test_what_it_reads_in_the_logs_is_logged(
    widgets: list[dict[str, Any]], capsys: pytest.CaptureFixture[str]
) -> None:
    telemetry = PowertoolsTelemetry(
        settings.read({"POWERTOOLS_SERVICE_NAME": "failures"}), "version", "published"
    )
    try:
        raise ZeroDivisionError
    except ZeroDivisionError:
        telemetry.failed(Request("id", "POST"))
    logged = set(json.loads(capsys.readouterr().out.splitlines()[-1])) | {"@timestamp"}

    for widget in (each["properties"] for each in widgets if each["type"] == "log"):
        assert plain({"Fn::Sub": widget["query"]}).startswith("SOURCE '${PredictLog}' | ")
        display = re.search(r"(?:display|by) ([@\w, ]+)$", widget["query"])
        assert display
        assert set(display[1].split(", ")) <= logged
