"""The second stack: what is recorded, who may do what with it, and how a retraining starts."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from samtranslator.yaml_helper import yaml_parse

from functions.api.app import create_app
from functions.artefact import read_artefact
from functions.drift import handler as drift
from functions.drift.store import Folder
from functions.drift.watch import Findings, watch
from functions.scoring import Scorer
from functions.settings import Settings
from functions.telemetry import PowertoolsTelemetry
from tests.functions.conftest import Client
from tests.stack.conftest import Template, of_type, plain
from tests.stack.policies import assert_closed, statements
from tests.stack.test_alarms import alarms, summary
from tests.stack.test_roles import ENVIRONMENTS, SERVICE, length, listed

NAME = "${Service}-${Stage}"
MACHINE = {"StateMachineArn": "BatchMachine"}
# Those of a day have one datapoint in it, and keep their state until the next.
ALARMS = {
    "InputDriftAlarm": (
        f"{NAME}-input-drift",
        "Service InputDrift",
        {"service": NAME},
        "Maximum 86400 s, 1 of 1 >= 1",
        "Topic",
    ),
    "ModelDriftAlarm": (
        f"{NAME}-model-drift",
        "Service ModelDrift",
        {"service": NAME},
        "Maximum 86400 s, 1 of 1 >= 1",
        "Topic",
    ),
    "DriftFailedAlarm": (
        f"{NAME}-drift-failed",
        "AWS/Lambda Errors",
        {"FunctionName": "DriftFunction"},
        "Sum 86400 s, 1 of 1 >= 1",
        "Topic",
    ),
    "DriftMissingAlarm": (
        f"{NAME}-drift-missing",
        "Service RowsPredicted",
        {"service": NAME},
        "SampleCount 3600 s, 26 of 26 < 1",
        "Topic",
    ),
    "RetrainFailedAlarm": (
        f"{NAME}-retrain-failed",
        "AWS/Events FailedInvocations",
        {"RuleName": "Retraining"},
        "Sum 3600 s, 1 of 1 >= 1",
        "Topic",
    ),
    "BatchFailedAlarm": (
        f"{NAME}-batch-failed",
        "FILL(failed, 0) + FILL(late, 0) + FILL(unstarted, 0)",
        {
            "failed": ("AWS/States ExecutionsFailed", MACHINE),
            "late": ("AWS/States ExecutionsTimedOut", MACHINE),
            "unstarted": ("AWS/Events FailedInvocations", {"RuleName": "BatchRule"}),
        },
        "Sum 300 s, 1 of 1 >= 1",
        "Topic",
    ),
}
OF_THE_BATCH = {f"Batch{each}Role" for each in ("Begin", "Score", "Finish", "Machine", "Start")}


@pytest.fixture(scope="module")
def source(root: Path) -> Template:
    parsed: Template = yaml_parse((root / "deploy/supervision.yaml").read_text())
    return parsed


@pytest.fixture(scope="module")
def prod(supervision: Callable[..., Template]) -> Template:
    return supervision(Stage="prod")


@pytest.mark.parametrize("stage", ENVIRONMENTS)
def test_the_stack_gives_these_rights_and_no_others(
    supervision: Callable[..., Template], stage: str
) -> None:
    template = supervision(Stage=stage, Service=SERVICE)
    assert statements(template, Stage=stage, Service=SERVICE) == listed("supervision", stage)


def test_every_role_stays_within_the_boundary_and_iam_s_length(
    prod: Template, roles: Template
) -> None:
    name = plain(roles["Resources"]["Boundary"]["Properties"]["ManagedPolicyName"])
    found = of_type(prod, "AWS::IAM::Role")
    own = {"DeliveryRole", "SubscriptionRole", "DriftRole", "RetrainRole"}
    assert set(found) == own | OF_THE_BATCH
    for role in found.values():
        assert plain(role["Properties"]["PermissionsBoundary"]) == f"iam:policy/{name}"
        policies = role["Properties"]["Policies"]
        assert sum(length(each["PolicyDocument"]) for each in policies) <= 10_240


def test_the_boundary_admits_what_the_roles_may_do(prod: Template, roles: Template) -> None:
    allowed = {
        action
        for each in roles["Resources"]["Boundary"]["Properties"]["PolicyDocument"]["Statement"]
        for action in ([each["Action"]] if isinstance(each["Action"], str) else each["Action"])
    }
    for role in of_type(prod, "AWS::IAM::Role").values():
        for policy in role["Properties"]["Policies"]:
            for each in policy["PolicyDocument"]["Statement"]:
                actions = each["Action"]
                assert ({actions} if isinstance(actions, str) else set(actions)) <= allowed


def test_the_bucket_is_closed_encrypted_and_forgets(prod: Template) -> None:
    bucket = prod["Resources"]["Records"]
    properties = plain(bucket["Properties"])
    assert_closed(properties)
    (rule,) = properties["LifecycleConfiguration"]["Rules"]
    assert (rule["Status"], rule["ExpirationInDays"]) == ("Enabled", "RecordRetentionDays")
    # It outlives the stack, so a name of ours would be taken when the next one is created.
    assert bucket["DeletionPolicy"] == "RetainExceptOnCreate"
    assert "BucketName" not in properties


def test_firehose_writes_json_lines_below_the_day(prod: Template) -> None:
    properties = plain(prod["Resources"]["Delivery"]["Properties"])
    target = properties["ExtendedS3DestinationConfiguration"]
    assert target["Prefix"] == "records/!{timestamp:yyyy/MM/dd}/"
    assert target["CompressionFormat"] == "GZIP"
    # Without these, objects would hold CloudWatch's envelopes, compressed twice.
    assert target["ProcessingConfiguration"] == {
        "Enabled": True,
        "Processors": [
            {
                "Type": "Decompression",
                "Parameters": [{"ParameterName": "CompressionFormat", "ParameterValue": "GZIP"}],
            },
            {
                "Type": "CloudWatchLogProcessing",
                "Parameters": [
                    {"ParameterName": "DataMessageExtraction", "ParameterValue": "true"}
                ],
            },
        ],
    }


def test_lines_of_predictions_and_outcomes_are_handed_on_and_no_others(
    prod: Template, root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    properties = plain(prod["Resources"]["Subscription"]["Properties"])
    assert properties["LogGroupName"] == "/aws/lambda/${Service}-${Stage}"
    paths = re.findall(r"\(\$\.(\w+)\.(\w+) >= 0\)", properties["FilterPattern"])
    assert properties["FilterPattern"] == "{ ($.predicted.first >= 0) || ($.outcome.row >= 0) }"

    artefact = read_artefact(root / "model")
    settings = Settings(root, "INFO", "filtered", "Trees", "7", record_predictions=True)
    client = Client(
        create_app(Scorer(artefact), PowertoolsTelemetry(settings, artefact.version, "published"))
    )
    client.get("/health")
    client.post("/v1/predict", artefact.example)
    client.post("/v1/predict", {})
    report = {"inputs": artefact.example, artefact.time.name: 0, "outcome": "not_yet"}
    client.post("/v1/outcomes", {"outcomes": [report]})
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    handed_on = [
        line["message"]
        for line in lines
        if any(line.get(outer, {}).get(inner, -1) >= 0 for outer, inner in paths)
    ]
    assert (len(lines), handed_on) == (5, ["request", "outcome"])


def test_the_daily_job_is_the_image_with_this_command(prod: Template) -> None:
    properties = plain(prod["Resources"]["DriftFunction"]["Properties"])
    assert properties["Code"] == {"ImageUri": "Image"}
    assert properties["ImageConfig"] == {"Command": [f"{drift.__name__}.handler"]}
    assert properties["Environment"]["Variables"] == {
        "LOG_LEVEL": "INFO",
        "POWERTOOLS_SERVICE_NAME": "${Service}-${Stage}",
        "POWERTOOLS_METRICS_NAMESPACE": "Service",
        "RECORDS_BUCKET": "Records",
    }
    (rule,) = (
        each["Properties"]
        for each in of_type(prod, "AWS::Events::Rule").values()
        if "ScheduleExpression" in each["Properties"]
    )
    assert rule["ScheduleExpression"] == "cron(0 2 * * ? *)"


def test_the_alarms_are_these(prod: Template) -> None:
    found = alarms(prod)
    assert {name: summary(alarm) for name, alarm in found.items()} == ALARMS
    recovered = {name for name, alarm in found.items() if alarm.get("OKActions") == ["Topic"]}
    # A failure that is over is not a recovery: the state of a day is.
    assert recovered == set(found) - {"RetrainFailedAlarm", "BatchFailedAlarm"}
    assert {name: alarm["TreatMissingData"] for name, alarm in found.items()} == {
        "InputDriftAlarm": "ignore",
        "ModelDriftAlarm": "ignore",
        "DriftFailedAlarm": "ignore",
        "DriftMissingAlarm": "breaching",
        "RetrainFailedAlarm": "notBreaching",
        "BatchFailedAlarm": "notBreaching",
    }


def test_a_job_that_does_not_run_raises_an_alarm(
    prod: Template, scorer_of_root: Scorer, tmp_path: Path
) -> None:
    # What every run writes, also that of a day without traffic.
    assert "RowsPredicted" in watch(scorer_of_root, Folder(tmp_path), "2026-03-01").metrics()
    alarm = prod["Resources"]["DriftMissingAlarm"]["Properties"]
    assert 86_400 < alarm["Period"] * alarm["EvaluationPeriods"] <= 7 * 86_400


def test_alarms_and_dashboard_watch_what_the_job_writes(
    prod: Template, scorer_of_root: Scorer, tmp_path: Path
) -> None:
    findings: Findings = watch(scorer_of_root, Folder(tmp_path), "2026-03-01")
    sometimes = {"OutsideSeenPercent", "CalibrationErrorPercent"}
    written = set(findings.metrics()) | sometimes
    for name in ("InputDriftAlarm", "ModelDriftAlarm"):
        assert prod["Resources"][name]["Properties"]["MetricName"] in written
    shown = {
        metric[1]
        for widget in widgets(prod, ())
        for metric in widget["properties"].get("metrics", [])
    }
    assert shown == written


@pytest.mark.parametrize("on", [(), ("Retrains",), ("Scores",), ("Retrains", "Scores")])
def test_the_dashboard_shows_every_alarm_that_is_there(prod: Template, on: tuple[str, ...]) -> None:
    found = widgets(prod, on)
    shown = [name for each in found for name in each["properties"].get("alarms", ())]
    assert sorted(shown) == sorted(
        f"{name}.Arn"
        for name, each in of_type(prod, "AWS::CloudWatch::Alarm").items()
        if each.get("Condition") in (None, *on)
    )
    cells = [
        (each["x"] + i, each["y"] + j)
        for each in found
        for i in range(each["width"])
        for j in range(each["height"])
    ]
    assert len(cells) == len(set(cells))


def test_the_dashboard_s_batch_section_shows_what_the_alarm_watches(prod: Template) -> None:
    shown = [
        (row[1], row[3])
        for each in widgets(prod, ("Scores",))[len(widgets(prod, ())) :]
        for row in written_out(each["properties"].get("metrics", []))
    ]
    alarm = plain(prod["Resources"]["BatchFailedAlarm"]["Properties"])
    metrics = [each["MetricStat"]["Metric"] for each in alarm["Metrics"] if "MetricStat" in each]
    watched = {(each["MetricName"], each["Dimensions"][0]["Value"]) for each in metrics}
    functions = {(name, "BatchScore") for name in ("Invocations", "Errors", "Throttles")}
    assert set(shown) == watched | functions | {("ExecutionsSucceeded", "BatchMachine")}


def test_only_the_model_s_alarm_starts_a_retraining(prod: Template) -> None:
    rule = prod["Resources"]["Retraining"]
    assert rule["Condition"] == "Retrains"
    assert plain(rule["Properties"]["EventPattern"]) == {
        "source": ["aws.cloudwatch"],
        "detail-type": ["CloudWatch Alarm State Change"],
        "resources": ["ModelDriftAlarm.Arn"],
        "detail": {"state": {"value": ["ALARM"]}},
    }


def test_the_request_to_github_is_one_that_the_workflow_takes(prod: Template, root: Path) -> None:
    (target,) = prod["Resources"]["Retraining"]["Properties"]["Targets"]
    text = target["InputTransformer"]["InputTemplate"]["Fn::Sub"]
    event = {"alarm": "forest-prod-model-drift", "time": "2026-03-02T02:05:00Z"}
    assert target["InputTransformer"]["InputPathsMap"] == {
        "alarm": "$.detail.alarmName",
        "time": "$.time",
    }
    for name, value in event.items():
        text = text.replace(f"<{name}>", value)
    body = json.loads(text.replace("${RetrainBranch}", "main"))
    workflow = yaml_parse((root / ".github/workflows/retrain.yml").read_text())
    given = workflow.get("on", workflow.get(True))["workflow_dispatch"]["inputs"]
    required = {name for name, each in given.items() if each.get("required")}
    assert body["ref"] == "main"
    assert required <= set(body["inputs"]) <= set(given)
    assert event["alarm"] in body["inputs"]["reason"]
    destination = plain(prod["Resources"]["RetrainDestination"]["Properties"])
    assert destination["HttpMethod"] == "POST"
    assert destination["InvocationEndpoint"] == (
        "https://api.github.com/repos/${RetrainRepository}/actions/workflows/retrain.yml/dispatches"
    )


def test_no_retraining_is_started_unless_a_repository_is_named(source: Template) -> None:
    assert source["Parameters"]["RetrainRepository"]["Default"] == ""
    conditional = {
        name for name, each in source["Resources"].items() if each.get("Condition") == "Retrains"
    }
    assert conditional == {
        *("Retraining", "RetrainConnection", "RetrainDestination", "RetrainRole"),
        "RetrainFailedAlarm",
    }


def test_the_token_is_in_secrets_manager_alone(prod: Template) -> None:
    parameters = prod["Resources"]["RetrainConnection"]["Properties"]["AuthParameters"]
    value: dict[str, Any] = parameters["ApiKeyAuthParameters"]["ApiKeyValue"]
    assert value == {
        "Fn::Sub": "Bearer {{resolve:secretsmanager:${RetrainSecret}:SecretString:token}}"
    }


def test_cloudformation_takes_the_template_as_it_is(root: Path) -> None:
    text = (root / "deploy/supervision.yaml").read_text()
    assert not re.search(r"(?<=[:\-]) [&*][a-z]", text)
    assert len(text.encode()) < 51_200


@pytest.fixture(scope="module")
def scorer_of_root(root: Path) -> Scorer:
    return Scorer(read_artefact(root / "model"))


def widgets(template: Template, on: tuple[str, ...]) -> list[dict[str, Any]]:
    """Of the dashboard where these conditions hold: `${X.Arn}` is X.Arn."""
    body = template["Resources"]["Dashboard"]["Properties"]["DashboardBody"]
    text, variables = body["Fn::Sub"]
    for name, value in variables.items():
        condition, then, otherwise = value["Fn::If"]
        chosen = then["Fn::Sub"] if condition in on else otherwise
        text = text.replace(f"${{{name}}}", chosen)
    found: list[dict[str, Any]] = json.loads(re.sub(r"\$\{([\w.:]+)\}", r"\1", text))["widgets"]
    return found


def written_out(rows: list[list[Any]]) -> list[list[Any]]:
    """Rows of metrics with CloudWatch's dots replaced by what is above them."""
    found: list[list[Any]] = []
    for row in rows:
        found.append([found[-1][i] if part == "." else part for i, part in enumerate(row)])
    return found
