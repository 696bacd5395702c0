"""The batch in the second stack: its switch, its bucket, its functions, and what starts it."""

from __future__ import annotations

import json
from collections.abc import Callable
from copy import deepcopy

import boto3
import pytest
from moto import mock_aws

from functions.batch import handler
from functions.batch.objects import INCOMING, PARTS
from tests.stack.conftest import IMAGE, REGION, Template, of_type, plain
from tests.stack.policies import assert_closed

STEPS = {"Begin": handler.begin, "Score": handler.score_batch, "Finish": handler.finish}


@pytest.fixture(scope="module")
def prod(supervision: Callable[..., Template]) -> Template:
    return supervision(Stage="prod", Batch="on")


def test_nothing_of_the_batch_is_there_unless_it_is_switched_on(prod: Template) -> None:
    assert prod["Parameters"]["Batch"]["Default"] == "off"
    assert prod["Conditions"]["Scores"] == {"Fn::Equals": [{"Ref": "Batch"}, "on"]}
    own = {name for name in prod["Resources"] if name.startswith(("Batch", "Files"))}
    scoring = {
        name for name, each in prod["Resources"].items() if each.get("Condition") == "Scores"
    }
    assert own == scoring
    # A condition on what others refer to would fail a stack without it.
    others = {name: each for name, each in deepcopy(prod["Resources"]).items() if name not in own}
    shown = others["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"][1].pop("Scoring")
    assert (shown["Fn::If"][0], shown["Fn::If"][2]) == ("Scores", "")
    assert not [name for name in own if f'"{name}' in json.dumps(others)]
    assert prod["Outputs"]["Files"]["Condition"] == "Scores"
    assert prod["Outputs"]["Files"]["Value"] == {"Ref": "Files"}


def test_the_bucket_is_closed_encrypted_and_outlives_the_stack(prod: Template) -> None:
    bucket = prod["Resources"]["Files"]
    properties = plain(bucket["Properties"])
    assert_closed(properties)
    assert bucket["DeletionPolicy"] == "RetainExceptOnCreate"
    assert bucket["UpdateReplacePolicy"] == "Retain"
    assert "BucketName" not in properties
    # What CloudFormation makes of the longest stack's name and this one, in 63 characters.
    assert len(f"{'s' * 20}-staging-supervision-Files-{'x' * 12}") <= 63


def test_what_the_steps_leave_expires_and_files_do_not(prod: Template) -> None:
    properties = plain(prod["Resources"]["Files"]["Properties"])
    rules = {each["Id"]: each for each in properties["LifecycleConfiguration"]["Rules"]}
    expiring = {
        each["Prefix"]: each["ExpirationInDays"]
        for each in rules.values()
        if "ExpirationInDays" in each
    }
    writer = read_definition(prod)["States"]["Score"]["ResultWriter"]["Parameters"]
    assert expiring == {PARTS: 15, f"{writer['Prefix']}/": 30}
    assert rules["broken-uploads"]["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 1}
    assert {each["Status"] for each in rules.values()} == {"Enabled"}


@pytest.mark.parametrize("step", STEPS)
def test_each_step_is_the_image_with_its_command_and_a_role_and_a_log_of_its_own(
    prod: Template, step: str
) -> None:
    properties = plain(prod["Resources"][f"Batch{step}"]["Properties"])
    assert properties["Code"] == {"ImageUri": "Image"}
    function = STEPS[step]
    assert properties["ImageConfig"] == {"Command": [f"{handler.__name__}.{function.__name__}"]}
    assert properties["Role"] == f"Batch{step}Role.Arn"
    assert properties["Timeout"] == (900 if step == "Finish" else 60)
    assert properties["MemorySize"] == 1769
    log = plain(prod["Resources"][f"Batch{step}Log"]["Properties"])
    assert log == {
        "LogGroupName": f"/aws/lambda/{properties['FunctionName']}",
        "RetentionInDays": "LogRetentionDays",
        "KmsKeyId": "EncryptionKey",
    }


def test_the_machine_s_placeholders_are_the_functions_and_the_bucket(prod: Template) -> None:
    properties = prod["Resources"]["BatchMachine"]["Properties"]
    assert properties["StateMachineType"] == "STANDARD"
    assert plain(properties["DefinitionSubstitutions"]) == {
        **{f"{step}Function": f"Batch{step}.Arn" for step in STEPS},
        "Bucket": "Files",
    }
    # Numbers and switches arrive as such: a string would be refused.
    score = read_definition(prod)["States"]["Score"]
    assert (score["MaxConcurrency"], score["ToleratedFailureCount"]) == (20, 0)


def test_the_rights_on_its_own_runs_name_the_machine(prod: Template) -> None:
    name = plain(prod["Resources"]["BatchMachine"]["Properties"]["StateMachineName"])
    (policy,) = plain(prod["Resources"]["BatchMachineRole"]["Properties"]["Policies"])
    named = [
        each["Resource"]
        for each in policy["PolicyDocument"]["Statement"]
        if "states:" in str(each["Action"])
    ]
    assert named == [
        f"states:stateMachine:{name}",
        f"states:execution:{name}:*",
        f"states:execution:{name}/*",
    ]


def test_an_object_below_incoming_starts_the_machine_and_no_other_does(prod: Template) -> None:
    files = plain(prod["Resources"]["Files"]["Properties"])
    assert files["NotificationConfiguration"] == {
        "EventBridgeConfiguration": {"EventBridgeEnabled": True}
    }
    rule = plain(prod["Resources"]["BatchRule"]["Properties"])
    assert rule["EventPattern"] == {
        "source": ["aws.s3"],
        "detail-type": ["Object Created"],
        "detail": {"bucket": {"name": ["Files"]}, "object": {"key": [{"prefix": INCOMING}]}},
    }
    # The event as it is: the first step reads the bucket's name and the key from it.
    assert rule["Targets"] == [
        {"Id": "batch", "Arn": "BatchMachine", "RoleArn": "BatchStartRole.Arn"}
    ]


def test_deployments_may_change_what_the_batch_has(prod: Template, roles: Template) -> None:
    machine = plain(prod["Resources"]["BatchMachine"]["Properties"]["StateMachineName"])
    given = plain(roles["Resources"]["SupervisionPolicy"]["Properties"]["PolicyDocument"])
    (own,) = (each for each in given["Statement"] if each["Sid"] == "Batch")
    assert own["Resource"] == f"states:stateMachine:{machine}"
    assert of_type(prod, "AWS::StepFunctions::StateMachine").keys() == {"BatchMachine"}


@pytest.mark.parametrize("switch", ["on", "off"])
def test_a_stack_has_the_batch_where_it_is_switched_on(
    supervision: Callable[..., Template], switch: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In moto, which has no bucket policies and no alarms in a stack."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    given = {
        "Service": "forest",
        "Stage": "dev",
        "Image": IMAGE,
        "Batch": switch,
        "EncryptionKey": f"arn:aws:kms:{REGION}:123456789012:key/0",
        "Topic": f"arn:aws:sns:{REGION}:123456789012:forest-dev-Topic",
    }
    template = supervision(Stage="dev", Service="forest")
    missing = {"AWS::S3::BucketPolicy", "AWS::CloudWatch::Alarm"}
    template["Resources"] = {
        name: each
        for name, each in template["Resources"].items()
        if each.get("Condition") == "Scores" and each["Type"] not in missing
    }
    template["Outputs"] = {"Files": template["Outputs"]["Files"]}
    with mock_aws():
        stacks, states = boto3.client("cloudformation"), boto3.client("stepfunctions")
        stacks.create_stack(
            StackName="forest-dev-supervision",
            TemplateBody=json.dumps(template),
            Parameters=[{"ParameterKey": key, "ParameterValue": given[key]} for key in given],
            Capabilities=["CAPABILITY_IAM"],
        )
        (stack,) = stacks.describe_stacks()["Stacks"]
        machines = [each["name"] for each in states.list_state_machines()["stateMachines"]]
        buckets = [each["Name"] for each in boto3.client("s3").list_buckets()["Buckets"]]
    assert stack["StackStatus"] == "CREATE_COMPLETE"
    assert [each["OutputValue"] for each in stack.get("Outputs", ())] == buckets
    assert machines == (["forest-dev-batch"] if switch == "on" else [])
    assert len(buckets) == len(machines)


def read_definition(template: Template) -> Template:
    """The definition as Step Functions gets it, before the substitutions."""
    written = template["Resources"]["BatchMachine"]["Properties"]["DefinitionString"]
    separator, lines = written["Fn::Join"]
    parsed: Template = json.loads(separator.join(lines))
    return parsed
