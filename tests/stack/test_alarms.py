"""Each alarm in full, so that a threshold moves only together with this table."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from tests.stack.conftest import Template, of_type, plain

VERSION = "PredictFunctionVersion"
NAME = "seedling-survival-${Stage}"
ALIAS = {"FunctionName": "PredictFunction", "Resource": "${PredictFunction}:live"}

# name: metric, dimensions, statistic, seconds x periods, comparison
ALARMS = {
    "CrashesAlarm": (
        f"{NAME}-crashes-v${{{VERSION}.Version}}",
        "AWS/Lambda Errors",
        ALIAS | {"ExecutedVersion": f"{VERSION}.Version"},
        "Sum 60 s x 1 >= 1",
    ),
    "FaultsAlarm": (
        f"{NAME}-faults-v${{{VERSION}.Version}}",
        "SeedlingSurvival Errors5xx",
        {"service": NAME, "version": f"{VERSION}.Version"},
        "Sum 60 s x 1 >= 1",
    ),
    "LatencyAlarm": (
        f"{NAME}-latency-v${{{VERSION}.Version}}",
        "SeedlingSurvival Latency",
        {"service": NAME, "version": f"{VERSION}.Version"},
        "p99 60 s x 2 > 1000",
    ),
    "ThrottlesAlarm": (
        f"{NAME}-throttles-v${{{VERSION}.Version}}",
        "IF(FILL(answered, 0) > 0, FILL(throttled, 0), 0)",
        {
            "throttled": ("AWS/Lambda Throttles", ALIAS),
            "answered": (
                "AWS/Lambda Invocations",
                ALIAS | {"ExecutedVersion": f"{VERSION}.Version"},
            ),
        },
        "Sum 60 s x 2 >= 1",
    ),
    "GatewayAlarm": (
        f"{NAME}-gateway",
        "AWS/ApiGateway 5XXError",
        {"ApiName": NAME, "Stage": "Stage"},
        "Average 300 s x 2 > 0.01",
    ),
    "QuotaAlarm": (
        f"{NAME}-quota",
        "SeedlingSurvival QuotaExceeded",
        {"service": NAME},
        "Sum 300 s x 1 >= 1",
    ),
}
UNDO = ["CrashesAlarm", "FaultsAlarm", "LatencyAlarm", "ThrottlesAlarm"]
SIGNS = {"GreaterThanThreshold": ">", "GreaterThanOrEqualToThreshold": ">="}


def alarms(template: Template) -> dict[str, dict[str, Any]]:
    return {
        name: plain(resource["Properties"])
        for name, resource in of_type(template, "AWS::CloudWatch::Alarm").items()
    }


def dimensions(metric: dict[str, Any]) -> dict[str, str]:
    return {each["Name"]: unversioned(each["Value"]) for each in metric["Dimensions"]}


def unversioned(text: str) -> str:
    """The logical id of the version without the hash that SAM adds to it."""
    return re.sub(rf"{VERSION}[0-9a-f]{{10}}", VERSION, text)


def summary(alarm: dict[str, Any]) -> tuple[object, ...]:
    name = unversioned(alarm["AlarmName"])
    rule = f"x {alarm['EvaluationPeriods']} {SIGNS[alarm['ComparisonOperator']]} "
    rule += str(alarm["Threshold"])
    if "Metrics" not in alarm:
        statistic = alarm.get("Statistic") or alarm["ExtendedStatistic"]
        metric = f"{alarm['Namespace']} {alarm['MetricName']}"
        return name, metric, dimensions(alarm), f"{statistic} {alarm['Period']} s {rule}"
    (told,) = (each for each in alarm["Metrics"] if each["ReturnData"])
    parts = {each["Id"]: each["MetricStat"] for each in alarm["Metrics"] if "MetricStat" in each}
    ((statistic, period),) = {(part["Stat"], part["Period"]) for part in parts.values()}
    made_of = {
        id_: (
            f"{part['Metric']['Namespace']} {part['Metric']['MetricName']}",
            dimensions(part["Metric"]),
        )
        for id_, part in parts.items()
    }
    return name, told["Expression"], made_of, f"{statistic} {period} s {rule}"


def test_the_alarms_are_these(prod: Template) -> None:
    assert {name: summary(alarm) for name, alarm in alarms(prod).items()} == ALARMS


def test_silence_is_no_alarm_and_every_alarm_is_told(prod: Template) -> None:
    for alarm in alarms(prod).values():
        assert alarm["TreatMissingData"] == "notBreaching"
        assert alarm["AlarmActions"] == ["Topic"]
        assert alarm.get("ActionsEnabled", True) is True
        assert "DatapointsToAlarm" not in alarm


def test_four_of_them_undo_a_release_and_each_is_the_release_s_own(prod: Template) -> None:
    group = plain(prod["Resources"]["PredictFunctionDeploymentGroup"]["Properties"])
    assert group["AlarmConfiguration"] == {
        "Enabled": True,
        "Alarms": [{"Name": name} for name in UNDO],
    }
    assert group["AutoRollbackConfiguration"]["Enabled"] is True
    assert "DEPLOYMENT_STOP_ON_ALARM" in group["AutoRollbackConfiguration"]["Events"]
    # A new name is a new alarm, which has no state: one that fires for the version before
    # can't stop the release that mends it.
    for name in UNDO:
        assert re.search(rf"\$\{{{VERSION}[0-9a-f]+\.Version\}}", alarms(prod)[name]["AlarmName"])


def test_the_quota_s_metric_is_counted_from_the_access_log(prod: Template) -> None:
    assert plain(prod["Resources"]["QuotaMetric"]["Properties"]) == {
        "LogGroupName": "AccessLog",
        "FilterPattern": '{ $.error = "QUOTA_EXCEEDED" }',
        "MetricTransformations": [
            {
                "MetricNamespace": "SeedlingSurvival",
                "MetricName": "QuotaExceeded",
                "MetricValue": "1",
                "Dimensions": [{"Key": "service", "Value": "$.service"}],
            }
        ],
    }


def test_the_guide_explains_every_alarm_and_no_other(prod: Template, root: Path) -> None:
    guide = (root / "docs/operate.md").read_text()
    explained = re.findall(r"^### `([a-z]+)`", guide, re.MULTILINE)
    named = [
        re.sub(r"-v\$.*", "", alarm["AlarmName"]).removeprefix(f"{NAME}-")
        for alarm in alarms(prod).values()
    ]
    assert sorted(explained) == sorted(named)
    for section in re.split(r"^### ", guide, flags=re.MULTILINE)[1 : len(named) + 1]:
        assert all(f"**{part}**" in section for part in ("Means", "Look", "Do")), section[:40]


def test_the_guide_counts_what_is_paid_for(prod: Template, root: Path) -> None:
    every = alarms(prod).values()
    metrics = sum(
        sum("MetricStat" in each for each in alarm.get("Metrics", [{"MetricStat": alarm}]))
        for alarm in every
    )
    guide = (root / "docs/operate.md").read_text()
    assert f"| alarms | {len(every)}, on {metrics} metrics |" in guide
    assert (
        len(of_type(prod, "AWS::KMS::Key")) == len(of_type(prod, "AWS::CloudWatch::Dashboard")) == 1
    )
