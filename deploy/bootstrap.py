"""Prepares an account for an environment: deploys deploy/account.yaml and deploy/environment.yaml.

Running it again updates both. What another stack or region has already made (GitHub's OIDC
provider, API Gateway's role for logs) is found and used.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from botocore.exceptions import ClientError

from deploy.configuration import Configuration
from deploy.errors import ReleaseError
from deploy.process import tool_output
from deploy.stack import Log, find_stack, read_stack, wait_for_stack

FOLDER: Final = Path(__file__).parent
GITHUB: Final = "token.actions.githubusercontent.com"
_NAME: Final = re.compile(r"[A-Za-z0-9-]+/[A-Za-z0-9._-]+")
_FAILED_CREATION: Final = ("ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED")


@dataclass(frozen=True)
class Repository:
    """A GitHub repository whose workflows may deploy."""

    name: str
    """OWNER/NAME."""
    owner_id: str
    identity: str
    subject: str
    """`immutable` or `legacy`: the form of the subject in GitHub's OIDC tokens."""

    @classmethod
    def look_up(cls, name: str, *, legacy: bool = False) -> Repository:
        """Reads the ids with `gh api`; raises ReleaseError for a malformed name or if gh fails."""
        if not _NAME.fullmatch(name):
            raise ReleaseError(f"{name} is not a repository; expected OWNER/NAME")
        found = json.loads(tool_output("gh", "api", f"repos/{name}"))
        return cls(
            name=found["full_name"],
            owner_id=str(found["owner"]["id"]),
            identity=str(found["id"]),
            subject="legacy" if legacy else "immutable",
        )


def prepare_account(
    configuration: Configuration,
    repository: Repository | None,
    clients: Mapping[str, Any],
    log: Log,
    *,
    monthly_budget: int = 0,
    budget_email: str = "",
    pause: float = 5.0,
) -> dict[str, str]:
    """Deploys both stacks; returns the outputs of the environment's.

    `clients` are those of cloudformation, iam, ecr and apigateway. Raises ReleaseError if a stack
    fails, if a repository of images is left over from an earlier one, or if a budget has no
    address to notify.
    """
    if monthly_budget and not budget_email:
        raise ReleaseError("a budget needs somebody to notify: set ALARM_EMAIL")
    account = {
        "Service": configuration.service,
        **_shared_resources(configuration, clients),
        **_budget(monthly_budget, budget_email),
    }
    _apply(configuration.account_stack, "account.yaml", account, clients, log, pause)
    roles = {
        "Service": configuration.service,
        "Stage": str(configuration.environment),
        **_trusted_repository(repository),
    }
    _apply(configuration.roles_stack, "environment.yaml", roles, clients, log, pause)
    return dict(read_stack(clients["cloudformation"], configuration.roles_stack).outputs)


def _shared_resources(configuration: Configuration, clients: Mapping[str, Any]) -> dict[str, str]:
    """Parameters that say what exists already; empty for a stack that exists, which keeps its own.

    Raises ReleaseError for a repository of images that no stack owns.
    """
    stack = find_stack(clients["cloudformation"], configuration.account_stack)
    if stack is not None and stack.status not in _FAILED_CREATION:
        return {}
    if _has_repository(clients["ecr"], configuration.service):
        raise ReleaseError(
            f"the repository {configuration.service} exists, but not the stack "
            f"{configuration.account_stack}. If its images are no longer needed: aws ecr "
            f"delete-repository --force --repository-name {configuration.service}"
        )
    providers = clients["iam"].list_open_id_connect_providers()["OpenIDConnectProviderList"]
    found = [each["Arn"] for each in providers if each["Arn"].endswith(f"/{GITHUB}")]
    logging = clients["apigateway"].get_account().get("cloudwatchRoleArn")
    return {
        "OidcProviderArn": found[0] if found else "",
        "GatewayLogging": "existing" if logging else "create",
    }


def _has_repository(ecr: Any, name: str) -> bool:
    try:
        ecr.describe_repositories(repositoryNames=[name])
    except ClientError as error:
        if error.response["Error"]["Code"] == "RepositoryNotFoundException":
            return False
        raise
    return True


def _budget(monthly: int, email: str) -> dict[str, str]:
    return {"MonthlyBudget": str(monthly), "BudgetEmail": email} if monthly else {}


def _trusted_repository(repository: Repository | None) -> dict[str, str]:
    if repository is None:
        return {}
    owner, _, name = repository.name.partition("/")
    return {
        "GitHubOwner": owner,
        "GitHubRepository": name,
        "GitHubOwnerId": repository.owner_id,
        "GitHubRepositoryId": repository.identity,
        "GitHubSubject": repository.subject,
    }


def _apply(
    name: str,
    template: str,
    given: Mapping[str, str],
    clients: Mapping[str, Any],
    log: Log,
    pause: float,
) -> None:
    """Creates or updates a stack; parameters that are not given keep their value."""
    cloudformation = clients["cloudformation"]
    stack = find_stack(cloudformation, name)
    if stack is not None and stack.status in _FAILED_CREATION:
        log(f"{name} was never created ({stack.status}); deleting what is left of it.")
        cloudformation.delete_stack(StackName=name)
        _require(wait_for_stack(cloudformation, stack, log, pause=pause), "DELETE_COMPLETE", name)
        stack = None
    parameters: list[dict[str, Any]] = [
        {"ParameterKey": key, "ParameterValue": value} for key, value in given.items()
    ]
    request: dict[str, Any] = {
        "StackName": name,
        "TemplateBody": (FOLDER / template).read_text(encoding="utf-8"),
        "Capabilities": ["CAPABILITY_NAMED_IAM"],
        "Tags": [{"Key": "application", "Value": given["Service"]}],
    }
    if stack is None:
        log(f"Creating {name}.")
        cloudformation.create_stack(Parameters=parameters, **request)
        wanted = "CREATE_COMPLETE"
    else:
        kept = [key for key in stack.parameters if key not in given]
        parameters += [{"ParameterKey": key, "UsePreviousValue": True} for key in kept]
        try:
            cloudformation.update_stack(Parameters=parameters, **request)
        except ClientError as error:
            if "No updates are to be performed" in str(error):
                log(f"{name} is up to date.")
                return
            raise
        log(f"Updating {name}.")
        wanted = "UPDATE_COMPLETE"
    changed = read_stack(cloudformation, name)
    _require(wait_for_stack(cloudformation, changed, log, pause=pause), wanted, name)


def _require(status: str, wanted: str, name: str) -> None:
    if status != wanted:
        raise ReleaseError(f"{name} ended as {status}; its events say why. Repair it and run again")
