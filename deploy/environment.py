"""Brings the stack of an environment up to date with this checkout, and deletes one."""

from __future__ import annotations

from typing import Any, Final

from botocore.exceptions import ClientError

from deploy.configuration import Configuration, Environment
from deploy.errors import ReleaseError
from deploy.image import (
    has_uncommitted_changes,
    push_image,
    remember_images,
    require_pinned_base,
)
from deploy.process import run_tool
from deploy.stack import Log, Stack, find_stack, read_stack, wait_for_stack
from deploy.supervision import delete_supervision, deploy_supervision

TEMPLATE: Final = "template.yaml"


def deploy_stack(
    configuration: Configuration,
    image: str,
    model: str,
    alarm_email: str,
    clients: dict[str, Any],
    log: Log,
) -> Stack:
    """Deploys an image by digest; builds and pushes one if `image` is empty. Returns the stack.

    Raises ReleaseError for uncommitted changes and a base image that is not pinned (dev may have
    both), for prod without an address for alarms, for an account that is not prepared, and if a
    program fails.
    """
    environment = configuration.environment
    if environment != Environment.DEV and has_uncommitted_changes():
        raise ReleaseError(f"{environment} takes committed work only; see `git status`")
    require_pinned_base(environment)
    overrides = dict(configuration.parameters)
    if alarm_email:
        overrides["AlarmEmail"] = alarm_email
    if environment == Environment.PROD and not overrides.get("AlarmEmail"):
        raise ReleaseError("prod needs somebody to notify: set ALARM_EMAIL to an e-mail address")
    cloudformation = clients["cloudformation"]
    prepared = read_preparation(cloudformation, configuration)
    _warn_of_low_concurrency(overrides, clients["lambda"], log)
    before = find_stack(cloudformation, configuration.stack)
    if not image:
        run_tool("sam", "build")
        image = push_image(prepared["Repository"], model, clients["ecr"], log)
    repository, at, _ = image.partition("@")
    if not at:
        raise ReleaseError(f"{image} is a tag; images are deployed by digest, NAME@sha256:…")
    overrides["Image"] = image
    # --parameter-overrides replaces the whole list of samconfig.toml.
    run_tool(
        *("sam", "deploy", "--template-file", TEMPLATE, "--config-env", environment),
        *("--image-repository", repository, "--role-arn", prepared["ExecutionRole"]),
        *("--no-confirm-changeset", "--no-fail-on-empty-changeset"),
        *("--parameter-overrides", *(f"{name}={value}" for name, value in overrides.items())),
    )
    stack = read_stack(cloudformation, configuration.stack)
    replaced = before.image if before and "Image" in before.parameters else ""
    remember_images(clients["ecr"], environment, image, "" if replaced == image else replaced)
    role = prepared["ExecutionRole"]
    deploy_supervision(configuration, stack, repository, role, cloudformation, log)
    return stack


def read_preparation(cloudformation: Any, configuration: Configuration) -> dict[str, str]:
    """Outputs of the environment's bootstrap stack; raises ReleaseError if there is none."""
    found = find_stack(cloudformation, configuration.roles_stack)
    if found is None:
        raise ReleaseError(
            f"the account is not prepared in {cloudformation.meta.region_name}: there is no stack "
            f"{configuration.roles_stack}; run `make bootstrap ENV={configuration.environment}`"
        )
    return dict(found.outputs)


def _warn_of_low_concurrency(overrides: dict[str, str], functions: Any, log: Log) -> None:
    """A new account runs ten functions at a time, whatever the gateway lets through."""
    burst = int(overrides.get("Burst", "0"))
    try:
        limit = functions.get_account_settings()["AccountLimit"]["ConcurrentExecutions"]
    except ClientError as error:
        log(f"Warning: the account's limit of concurrent executions cannot be read ({error}).")
        return
    if limit < burst:
        log(
            f"Warning: this account runs {limit} functions at a time and Burst is {burst}: more "
            "requests at once get a 5xx. Ask for more in Service Quotas (Lambda, Concurrent "
            "executions), or lower Burst."
        )


def destroy_stack(
    configuration: Configuration,
    confirmation: str,
    cloudformation: Any,
    log: Log,
    *,
    pause: float = 5.0,
) -> None:
    """Deletes the stack of an environment, and everything in it, if its name was confirmed.

    Raises ReleaseError for another name, and if something could not be deleted.
    """
    name = configuration.stack
    stack = read_stack(cloudformation, name)
    if confirmation != name:
        raise ReleaseError(f"{confirmation!r} is not {name}: nothing was deleted")
    delete_supervision(configuration, cloudformation, log, pause=pause)
    cloudformation.delete_stack(StackName=name)
    status = wait_for_stack(cloudformation, stack, log, pause=pause)
    if status != "DELETE_COMPLETE":
        raise ReleaseError(f"{name} is {status}: its events name what could not be deleted")
    log(f"{name} is deleted. Its images stay in the repository, for other environments.")
