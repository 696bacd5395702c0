"""Preparing an account, from the templates that ship, against moto."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from moto.cloudformation.models import cloudformation_backends

from deploy.bootstrap import GITHUB, Repository, prepare_account
from deploy.errors import ReleaseError
from deploy.stack import read_stack
from tests.deploy.account import (
    REGION,
    REPOSITORY,
    SERVICE,
    Account,
    configuration,
    unsupported_by_moto,
)

PROVIDER = f"arn:aws:iam::123456789012:oidc-provider/{GITHUB}"
FOREST = Repository("octo-org/Forest", "123456", "456789", "immutable")


def prepared(
    account: Account,
    environment: str = "staging",
    repository: Repository | None = None,
    **options: Any,
) -> tuple[dict[str, str], list[str]]:
    """The outputs, and the lines of progress."""
    logged: list[str] = []
    with unsupported_by_moto():
        outputs = prepare_account(
            configuration(environment),
            repository,
            options.pop("clients", account.clients),
            logged.append,
            pause=0,
            **options,
        )
    return outputs, logged


@pytest.fixture(autouse=True)
def provider(account: Account) -> None:
    """Another stack of the account trusts GitHub already: moto's CloudFormation can't."""
    account.client("iam").create_open_id_connect_provider(Url=f"https://{GITHUB}")


def test_one_command_leaves_a_repository_and_the_roles_of_an_environment(account: Account) -> None:
    outputs, logged = prepared(account, repository=FOREST)

    assert set(outputs) == {"Repository", "ExecutionRole", "DeployRole", "RollbackRole"}
    assert outputs["Repository"] == REPOSITORY
    assert outputs["ExecutionRole"] == account.role("staging")
    (images,) = account.client("ecr").describe_repositories()["repositories"]
    assert images["imageTagMutability"] == "IMMUTABLE_WITH_EXCLUSION"
    stacks = account.client("cloudformation").describe_stacks()["Stacks"]
    tags = {"Key": "application", "Value": SERVICE}
    assert [each["Tags"] for each in stacks] == [[tags], [tags]]
    assert logged[0] == f"Creating {SERVICE}-bootstrap."
    assert f"Creating {SERVICE}-bootstrap-staging." in logged


@pytest.mark.parametrize(
    ("form", "subject"),
    [
        ("immutable", "repo:octo-org@123456/Forest@456789:environment:staging"),
        ("legacy", "repo:octo-org/Forest:environment:staging"),
    ],
)
def test_a_role_trusts_exactly_one_environment_of_one_repository(
    account: Account, form: str, subject: str
) -> None:
    trusted = Repository("octo-org/Forest", "123456", "456789", form)
    outputs, _ = prepared(account, repository=trusted)
    found = {
        name: trust_of(account, outputs[name])["Condition"]["StringEquals"][f"{GITHUB}:sub"]
        for name in ("DeployRole", "RollbackRole")
    }
    assert found == {"DeployRole": subject, "RollbackRole": f"{subject}-rollback"}
    assert trust_of(account, outputs["DeployRole"])["Principal"] == {"Federated": PROVIDER}


def trust_of(account: Account, role: str) -> dict[str, Any]:
    found = account.client("iam").get_role(RoleName=role.rpartition("/")[2])
    document = found["Role"]["AssumeRolePolicyDocument"]
    (statement,) = (json.loads(document) if isinstance(document, str) else document)["Statement"]
    return dict(statement)


def test_without_a_repository_no_workflow_is_trusted(account: Account) -> None:
    outputs, _ = prepared(account, "dev")
    assert set(outputs) == {"Repository", "ExecutionRole"}


def test_running_it_again_keeps_what_was_given_before(account: Account) -> None:
    prepared(account, repository=FOREST)
    again, logged = prepared(account)
    assert "DeployRole" in again, "the repository is remembered"
    assert not any(line.startswith("Creating") for line in logged)
    assert f"{SERVICE}-bootstrap is up to date." in logged


@pytest.mark.parametrize(
    ("found", "given"), [({}, "create"), ({"cloudwatchRoleArn": "arn:x"}, "existing")]
)
def test_the_gateway_s_role_for_logs_is_made_where_the_region_has_none(
    account: Account, found: dict[str, str], given: str
) -> None:
    gateway = SimpleNamespace(get_account=lambda: found)
    prepared(account, clients=account.clients | {"apigateway": gateway})
    stack = read_stack(account.client("cloudformation"), f"{SERVICE}-bootstrap")
    assert stack.parameters["GatewayLogging"] == given


def test_a_second_region_uses_the_provider_and_collides_with_nothing(account: Account) -> None:
    prepared(account)
    names = ("apigateway", "cloudformation", "ecr", "iam", "lambda")
    elsewhere = {name: boto3.client(name, region_name="us-east-1") for name in names}
    outputs, _ = prepared(account, clients=elsewhere)

    stack = read_stack(elsewhere["cloudformation"], f"{SERVICE}-bootstrap")
    assert stack.parameters["OidcProviderArn"] == PROVIDER
    assert outputs["Repository"] == REPOSITORY.replace(REGION, "us-east-1")
    assert outputs["ExecutionRole"].endswith("-us-east-1")
    assert account.role("staging").endswith(f"-{REGION}"), "the first one is untouched"


@pytest.mark.parametrize("status", ["ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED"])
def test_what_is_left_of_a_failed_creation_is_deleted_and_it_is_tried_again(
    account: Account, status: str
) -> None:
    cloudformation = account.client("cloudformation")
    cloudformation.create_stack(
        StackName=f"{SERVICE}-bootstrap",
        TemplateBody='{"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}}',
    )
    (stack,) = cloudformation_backends["123456789012"][REGION].stacks.values()
    stack.status = status

    outputs, logged = prepared(account)
    assert outputs["Repository"] == REPOSITORY
    assert logged[0] == (
        f"{SERVICE}-bootstrap was never created ({status}); deleting what is left of it."
    )


def test_a_repository_that_no_stack_owns_is_not_run_into(account: Account) -> None:
    account.client("ecr").create_repository(repositoryName=SERVICE)
    with pytest.raises(
        ReleaseError, match=f"delete-repository --force --repository-name {SERVICE}"
    ):
        prepared(account)
    assert account.client("cloudformation").describe_stacks()["Stacks"] == []


def test_a_budget_without_an_address_is_refused(account: Account) -> None:
    with pytest.raises(ReleaseError, match="set ALARM_EMAIL"):
        prepared(account, monthly_budget=20)


def test_a_budget_reaches_the_account_stack(account: Account) -> None:
    prepared(account, monthly_budget=20, budget_email="ranger@example.org")
    stack = read_stack(account.client("cloudformation"), f"{SERVICE}-bootstrap")
    assert stack.parameters["MonthlyBudget"] == "20"
    assert stack.parameters["BudgetEmail"] == "ranger@example.org"


@pytest.mark.parametrize("name", ["forest", "octo/org/forest", "octo org/forest", ""])
def test_a_malformed_repository_is_refused_before_gh_is_called(name: str) -> None:
    with pytest.raises(ReleaseError, match="expected OWNER/NAME"):
        Repository.look_up(name)
