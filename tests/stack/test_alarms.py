"""Each alarm in full, so that a threshold moves only together with this table."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from samtranslator.yaml_helper import yaml_parse

from tests.stack.conftest import Template, of_type, plain

VERSION = "PredictFunctionVersion"
NAME = "${Service}-${Stage}"
ALIAS = {"FunctionName": "PredictFunction", "Resource": "${PredictFunction}:live"}
STAGE = {"ApiName": NAME, "Stage": "Stage"}

# name: metric, dimensions, statistic, seconds, points of periods, comparison, topic
GUARDS = {
    "CrashesGuard": (
        f"{NAME}-guard-crashes-v${{{VERSION}.Version}}",
        "AWS/Lambda Errors",
        ALIAS | {"ExecutedVersion": f"{VERSION}.Version"},
        "Sum 60 s, 1 of 1 >= 1",
        None,
    ),
    "FaultsGuard": (
        f"{NAME}-guard-faults-v${{{VERSION}.Version}}",
        "Service Errors5xx",
        {"service": NAME, "version": f"{VERSION}.Version"},
        "Sum 60 s, 1 of 1 >= 1",
        None,
    ),
    "LatencyGuard": (
        f"{NAME}-guard-latency-v${{{VERSION}.Version}}",
        "Service Latency",
        {"service": NAME, "version": f"{VERSION}.Version"},
        "p99 60 s, 2 of 2 > 1000",
        None,
    ),
    "ThrottlesGuard": (
        f"{NAME}-guard-throttles-v${{{VERSION}.Version}}",
        "IF(FILL(served, 0) > 0, FILL(throttled, 0), 0)",
        {
            "throttled": ("AWS/Lambda Throttles", ALIAS),
            "served": (
                "AWS/Lambda Invocations",
                ALIAS | {"ExecutedVersion": f"{VERSION}.Version"},
            ),
        },
        "Sum 60 s, 2 of 2 >= 1",
        None,
    ),
}
SHARE = (
    "IF(FILL(requests, 0) >= 10, 100 * FILL(failed, 0) / requests, 0)",
    {
        "failed": ("AWS/ApiGateway 5XXError", STAGE),
        "requests": ("AWS/ApiGateway Count", STAGE),
    },
)
FOR_PEOPLE = {
    "OutageAlarm": (f"{NAME}-outage", *SHARE, "Sum 300 s, 2 of 3 > 10", "UrgentTopic"),
    "ErrorsAlarm": (f"{NAME}-errors", *SHARE, "Sum 300 s, 2 of 3 > 1", "Topic"),
    "CrashesAlarm": (
        f"{NAME}-crashes",
        "AWS/Lambda Errors",
        ALIAS,
        "Sum 300 s, 2 of 3 >= 1",
        "Topic",
    ),
    "ThrottlesAlarm": (
        f"{NAME}-throttles",
        "AWS/Lambda Throttles",
        ALIAS,
        "Sum 300 s, 2 of 3 >= 1",
        "Topic",
    ),
    "LatencyAlarm": (
        f"{NAME}-latency",
        "Service Latency",
        {"service": NAME},
        "p99 300 s, 2 of 3 > 1000",
        "Topic",
    ),
    "CheckAlarm": (
        f"{NAME}-check",
        "AWS/Lambda Errors",
        {"FunctionName": "CheckFunction"},
        "Sum 900 s, 2 of 3 >= 1",
        "UrgentTopic",
    ),
    "QuotaAlarm": (
        f"{NAME}-quota",
        "Service QuotaExceeded",
        {"service": NAME},
        "Sum 300 s, 1 of 1 >= 1",
        "Topic",
    ),
}
SIGNS = {
    "GreaterThanThreshold": ">",
    "GreaterThanOrEqualToThreshold": ">=",
    "LessThanThreshold": "<",
}


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
    periods = alarm["EvaluationPeriods"]
    rule = f"{alarm.get('DatapointsToAlarm', periods)} of {periods} "
    rule += f"{SIGNS[alarm['ComparisonOperator']]} {alarm['Threshold']}"
    (topic,) = alarm.get("AlarmActions", [None])
    if "Metrics" not in alarm:
        statistic = alarm.get("Statistic") or alarm["ExtendedStatistic"]
        metric = f"{alarm['Namespace']} {alarm['MetricName']}"
        return name, metric, dimensions(alarm), f"{statistic} {alarm['Period']} s, {rule}", topic
    (returned,) = (each for each in alarm["Metrics"] if each.get("ReturnData", True))
    parts = {each["Id"]: each["MetricStat"] for each in alarm["Metrics"] if "MetricStat" in each}
    ((statistic, period),) = {(part["Stat"], part["Period"]) for part in parts.values()}
    made_of = {
        id_: (
            f"{part['Metric']['Namespace']} {part['Metric']['MetricName']}",
            dimensions(part["Metric"]),
        )
        for id_, part in parts.items()
    }
    return name, returned["Expression"], made_of, f"{statistic} {period} s, {rule}", topic


def test_the_alarms_are_these(prod: Template) -> None:
    assert {name: summary(alarm) for name, alarm in alarms(prod).items()} == GUARDS | FOR_PEOPLE


def test_guards_notify_nobody_and_alarms_for_people_notify_of_recovery_too(prod: Template) -> None:
    for name, alarm in alarms(prod).items():
        actions = [alarm.get(each) for each in ("AlarmActions", "OKActions")]
        assert actions == ([None, None] if name in GUARDS else [actions[0]] * 2)
        assert alarm.get("ActionsEnabled", True) is True


def test_missing_data_never_alarms_but_a_check_that_stops_is_published(prod: Template) -> None:
    missing = {name: alarm["TreatMissingData"] for name, alarm in alarms(prod).items()}
    assert missing.pop("CheckAlarm") == "missing"
    assert set(missing.values()) == {"notBreaching"}
    # A new alarm begins without data and publishes nothing until it changes its state.
    stopped = {name: alarm.get("InsufficientDataActions") for name, alarm in alarms(prod).items()}
    assert stopped == dict.fromkeys(stopped) | {"CheckAlarm": ["Topic"]}


def test_what_can_wait_is_not_urgent(prod: Template, root: Path) -> None:
    urgent = {name for name, row in FOR_PEOPLE.items() if row[-1] == "UrgentTopic"}
    assert urgent == {"OutageAlarm", "CheckAlarm"}
    for name, alarm in alarms(prod).items():
        assert alarm["AlarmDescription"].startswith("Urgent:") is (name in urgent)


def test_urgent_alarms_reach_somebody_where_any_address_is_given(prod: Template) -> None:
    found = {
        name: (resource["Condition"], plain(resource["Properties"]))
        for name, resource in of_type(prod, "AWS::SNS::Subscription").items()
    }
    assert found == {
        "Subscription": (
            "HasEmail",
            {"TopicArn": "Topic", "Protocol": "email", "Endpoint": "AlarmEmail"},
        ),
        "UrgentSubscription": (
            "HasAnyEmail",
            {
                "TopicArn": "UrgentTopic",
                "Protocol": "email",
                "Endpoint": {"Fn::If": ["HasUrgentEmail", "UrgentEmail", "AlarmEmail"]},
            },
        ),
    }


def test_the_guards_roll_a_release_back_and_each_is_of_one_release(prod: Template) -> None:
    group = plain(prod["Resources"]["PredictFunctionDeploymentGroup"]["Properties"])
    assert group["AlarmConfiguration"] == {
        "Enabled": True,
        "Alarms": [{"Name": name} for name in GUARDS],
    }
    assert group["AutoRollbackConfiguration"]["Enabled"] is True
    assert "DEPLOYMENT_STOP_ON_ALARM" in group["AutoRollbackConfiguration"]["Events"]
    # A new name is a new alarm, which has no state: one that fires for the version before
    # cannot stop the release that repairs it.
    for name in GUARDS:
        assert re.search(rf"\$\{{{VERSION}[0-9a-f]+\.Version\}}", alarms(prod)[name]["AlarmName"])


def test_the_check_runs_every_quarter_of_an_hour_and_a_failure_counts_once(prod: Template) -> None:
    (rule,) = of_type(prod, "AWS::Events::Rule").values()
    assert rule["Properties"]["ScheduleExpression"] == "rate(15 minutes)"
    (target,) = rule["Properties"]["Targets"]
    assert plain(target["Arn"]) == "CheckFunction.Arn"
    (retries,) = of_type(prod, "AWS::Lambda::EventInvokeConfig").values()
    assert retries["Properties"]["MaximumRetryAttempts"] == 0
    function = plain(prod["Resources"]["CheckFunction"]["Properties"])
    assert function["ImageConfig"] == {"Command": ["functions.hook.check.handler"]}
    assert function["Environment"]["Variables"]["ALIAS"] == "PredictFunctionAliaslive"


def test_the_quota_s_metric_is_counted_from_the_access_log(prod: Template) -> None:
    assert plain(prod["Resources"]["QuotaMetric"]["Properties"]) == {
        "LogGroupName": "AccessLog",
        "FilterPattern": '{ $.error = "QUOTA_EXCEEDED" }',
        "MetricTransformations": [
            {
                "MetricNamespace": "Service",
                "MetricName": "QuotaExceeded",
                "MetricValue": "1",
                "Dimensions": [{"Key": "service", "Value": "$.service"}],
            }
        ],
    }


def test_the_guide_explains_every_alarm_and_every_guard(prod: Template, root: Path) -> None:
    guide = (root / "docs/operate.md").read_text()
    explained = re.findall(r"^### `([a-z-]+)`", guide, re.MULTILINE)
    named = [
        re.sub(r"-v\$.*", "", alarm["AlarmName"]).removeprefix(f"{NAME}-")
        for alarm in alarms(prod).values()
    ]
    supervision = yaml_parse((root / "deploy/supervision.yaml").read_text())
    named += [
        alarm["Properties"]["AlarmName"]["Fn::Sub"].removeprefix("${Service}-${Stage}-")
        for alarm in of_type(supervision, "AWS::CloudWatch::Alarm").values()
    ]
    assert sorted(explained) == sorted(named)
    for section in re.split(r"^### (?=`)", guide, flags=re.MULTILINE)[1:]:
        assert all(f"**{part}**" in section for part in ("Means", "Look", "Do")), section[:40]


def test_the_guide_counts_what_is_paid_for(prod: Template, root: Path) -> None:
    every = alarms(prod).values()
    metrics = sum(
        sum("MetricStat" in each for each in alarm.get("Metrics", [{"MetricStat": alarm}]))
        for alarm in every
    )
    guide = (root / "docs/operate.md").read_text()
    # Priced by metric: $0.10 each a month.
    assert f"| alarms | {len(every)}, on {metrics} metrics | ${metrics * 0.10:.2f} |" in guide
    assert (
        len(of_type(prod, "AWS::KMS::Key")) == len(of_type(prod, "AWS::CloudWatch::Dashboard")) == 1
    )
