"""Who may do what: each statement of each template, for each environment."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.stack.conftest import Template, of_type, plain
from tests.stack.policies import statements

ENVIRONMENTS = ("dev", "staging", "prod")
RIGHTS = Path(__file__).parent / "rights"
SERVICE = "forest"


def listed(name: str, stage: str) -> list[str]:
    """The lines of a table, for an environment."""
    text = (RIGHTS / f"{name}.txt").read_text().replace("{stage}", stage)
    return sorted(text.replace("{service}", SERVICE).splitlines())


@pytest.mark.parametrize("stage", ENVIRONMENTS)
def test_the_stack_gives_these_rights_and_no_others(
    transform: Callable[..., Template], stage: str
) -> None:
    template = transform(Stage=stage, Service=SERVICE)
    assert statements(template, Stage=stage, Service=SERVICE) == listed("stack", stage)


@pytest.mark.parametrize("stage", ENVIRONMENTS)
def test_the_roles_of_an_environment_have_these_rights_and_no_others(
    roles: Template, stage: str
) -> None:
    assert statements(roles, Stage=stage, Service=SERVICE) == listed("roles", stage)


def test_the_account_gives_these_rights_and_no_others(account: Template) -> None:
    assert statements(account, Service=SERVICE) == listed("account", "")


@pytest.mark.parametrize("stage", ENVIRONMENTS)
def test_no_right_of_an_environment_names_another_one(
    transform: Callable[..., Template], roles: Template, stage: str
) -> None:
    given = statements(transform(Stage=stage, Service=SERVICE), Stage=stage, Service=SERVICE)
    given += statements(roles, Stage=stage, Service=SERVICE)
    others = set(ENVIRONMENTS) - {stage}
    assert not [line for line in given if re.search(rf"{SERVICE}-({'|'.join(others)})\b", line)]
    # Whatever has a name is reached by this environment's name alone.
    wide = re.findall(rf"{SERVICE}-\*", "\n".join(given))
    assert wide == []


def test_every_resource_is_named_but_where_aws_has_no_names_for_it() -> None:
    unnamed = [
        line.split(" on *")[0]
        for name in ("stack", "roles", "account")
        for line in listed(name, "x")
        if re.search(r" on \*( |$)", line)
        and " may not " not in line
        and not line.startswith("EncryptionKey:")  # there `*` is the key itself
    ]
    assert unnamed == [
        "PredictRole: may xray:PutTelemetryRecords PutTraceSegments",
        "Boundary: may xray:PutTelemetryRecords PutTraceSegments",
        "DeployRole: may ecr:GetAuthorizationToken; lambda:GetAccountSettings",
        "ExecutionRole: may kms:CreateKey TagResource",
        "ExecutionRole: may sns:GetSubscriptionAttributes SetSubscriptionAttributes Unsubscribe",
    ]


def test_only_staging_pushes_and_only_cloudformation_has_the_rights_of_supervision(
    roles: Template,
) -> None:
    attached = {
        name: (resource.get("Condition"), plain(resource["Properties"].get("Roles")))
        for name, resource in roles["Resources"].items()
        if resource["Type"] in ("AWS::IAM::Policy", "AWS::IAM::ManagedPolicy")
    }
    assert attached == {
        "PushPolicy": ("Pushes", ["DeployRole"]),
        "SupervisionPolicy": (None, ["ExecutionRole"]),
        "Boundary": (None, None),
    }
    pushes = plain(roles["Conditions"]["Pushes"])
    assert pushes == {
        "Fn::And": [{"Condition": "HasRepository"}, {"Fn::Equals": ["Stage", "staging"]}]
    }


def test_every_role_of_the_stack_stays_within_the_boundary(prod: Template, roles: Template) -> None:
    name = plain(roles["Resources"]["Boundary"]["Properties"]["ManagedPolicyName"])
    found = of_type(prod, "AWS::IAM::Role")

    assert set(found) == {"PredictRole", "ReleaseHookRole", "CheckRole", "ShiftRole"}
    for role in found.values():
        properties = plain(role["Properties"])
        assert properties["PermissionsBoundary"] == f"iam:policy/{name}"
        assert "ManagedPolicyArns" not in properties
        assert "RoleName" not in properties


def test_the_key_is_cared_for_by_the_role_that_creates_it(prod: Template, roles: Template) -> None:
    name = plain(roles["Resources"]["ExecutionRole"]["Properties"]["RoleName"])
    (care,) = (
        each
        for each in plain(prod["Resources"]["EncryptionKey"]["Properties"]["KeyPolicy"])[
            "Statement"
        ]
        if each["Sid"] == "Deployments"
    )
    assert care["Principal"] == {"AWS": f"iam:role/{name}"}


def test_what_environments_run_never_expires(account: Template) -> None:
    repository = account["Resources"]["Images"]["Properties"]
    rules = json.loads(repository["LifecyclePolicy"]["LifecyclePolicyText"])["rules"]
    # An image that a rule covers is out of reach of those below it.
    assert {rule["rulePriority"]: shortened(rule["selection"]) for rule in rules} == {
        1: ("keep-*", "imageCountMoreThan", 1000),
        2: ("previous-*", "imageCountMoreThan", 1000),
        3: ("live-*", "imageCountMoreThan", 1000),
        4: ("untagged", "sinceImagePushed", 7),
        5: ("any", "imageCountMoreThan", 30),
    }
    mutable = [
        each["ImageTagMutabilityExclusionFilterValue"]
        for each in repository["ImageTagMutabilityExclusionFilters"]
    ]
    assert mutable == ["live-*", "previous-*"]


def shortened(selection: dict[str, Any]) -> tuple[str, str, int]:
    patterns = selection.get("tagPatternList", [selection["tagStatus"]])
    return ", ".join(patterns), selection["countType"], selection["countNumber"]


def test_images_are_scanned_and_encrypted_and_a_budget_is_told_of_twice(account: Template) -> None:
    repository = account["Resources"]["Images"]["Properties"]
    assert repository["ImageScanningConfiguration"] == {"ScanOnPush": True}
    assert repository["EncryptionConfiguration"] == {"EncryptionType": "KMS"}
    log_role = plain(account["Resources"]["GatewayLogRole"]["Properties"])
    assert log_role["ManagedPolicyArns"] == [
        "iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs"
    ]
    budget = plain(account["Resources"]["Budget"]["Properties"])
    assert budget["Budget"] == {
        "BudgetType": "COST",
        "TimeUnit": "MONTHLY",
        "BudgetLimit": {"Amount": "MonthlyBudget", "Unit": "USD"},
    }
    to = [{"SubscriptionType": "EMAIL", "Address": "BudgetEmail"}]
    assert [each["Subscribers"] for each in budget["NotificationsWithSubscribers"]] == [to, to]
    notified = [each["Notification"] for each in budget["NotificationsWithSubscribers"]]
    assert [(each["NotificationType"], each["Threshold"]) for each in notified] == [
        ("FORECASTED", 100),
        ("ACTUAL", 80),
    ]
    assert {each["ComparisonOperator"] for each in notified} == {"GREATER_THAN"}


def test_a_failed_creation_leaves_nothing_that_would_fail_the_next(account: Template) -> None:
    retained = {
        name: (resource["DeletionPolicy"], resource["UpdateReplacePolicy"])
        for name, resource in account["Resources"].items()
        if "DeletionPolicy" in resource
    }
    assert retained == dict.fromkeys(
        ("Images", "GatewayAccount", "GatewayLogRole"), ("RetainExceptOnCreate", "Retain")
    )


def test_no_policy_is_longer_than_iam_takes(
    prod: Template, roles: Template, account: Template
) -> None:
    for template in (prod, roles, account):
        for resource in template["Resources"].values():
            properties = resource.get("Properties", {})
            if resource["Type"] == "AWS::IAM::ManagedPolicy":
                assert length(properties["PolicyDocument"]) <= 6_144
            if resource["Type"] == "AWS::IAM::Role":
                inline = properties.get("Policies", [])
                assert sum(length(each["PolicyDocument"]) for each in inline) <= 10_240


def length(document: object) -> int:
    """Characters of a policy where all names are long; IAM does not count white space."""

    def written(value: object) -> object:
        match value:
            case {"Fn::Sub": str(text)}:
                names = {"AWS::Partition": 6, "AWS::Region": 14, "AWS::AccountId": 12}
                for name, size in {**names, "Service": 20, "Stage": 7}.items():
                    text = text.replace(f"${{{name}}}", "x" * size)
                return text
            case {"Ref": _} | {"Fn::GetAtt": _} | {"Fn::ImportValue": _}:
                return "x" * 100
            case dict():
                return {key: written(inner) for key, inner in value.items()}
            case list():
                return [written(inner) for inner in value]
        return value

    return len(json.dumps(written(document), separators=(",", ":")))
