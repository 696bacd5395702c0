"""The second stack of an environment: records, the daily job, the retraining, the batch."""

from __future__ import annotations

from typing import Any, Final

from deploy.configuration import Configuration
from deploy.errors import ReleaseError
from deploy.process import run_tool
from deploy.stack import (
    Log,
    Stack,
    change_parameters,
    find_stack,
    require_stable,
    wait_for_stack,
)

TEMPLATE: Final = "deploy/supervision.yaml"
SWITCH: Final = "Supervision"
"""Parameter of template.yaml: whether the function records, and this stack is there."""
_SHARED: Final = ("Service", "Stage", "Architecture", "LogRetentionDays")
"""Parameters that it has from the API's."""


def deploy_supervision(
    configuration: Configuration,
    api: Stack,
    repository: str,
    role: str,
    cloudformation: Any,
    log: Log,
) -> None:
    """Brings the stack up to date with the API's, where the environment wants it.

    An environment that does not want it keeps one that is there: what was recorded is not
    deleted by the way. Raises ReleaseError if the stack cannot be updated; the API's is by then.
    """
    name = configuration.supervision_stack
    if configuration.parameters.get(SWITCH, "off") != "on":
        if find_stack(cloudformation, name):
            log(
                f"Warning: Supervision is off and the stack {name} is there. To delete it: "
                f"aws cloudformation delete-stack --stack-name {name}"
            )
        return
    given = {
        key: configuration.parameters[key] for key in _SHARED if key in configuration.parameters
    }
    given |= {
        "Image": api.image,
        "EncryptionKey": api.outputs["EncryptionKey"],
        "Topic": api.outputs["Topic"],
    }
    overrides = given | dict(configuration.supervision)
    try:
        run_tool(
            *("sam", "deploy", "--template-file", TEMPLATE),
            *("--config-env", configuration.environment, "--stack-name", name),
            *("--image-repository", repository, "--role-arn", role),
            *("--no-confirm-changeset", "--no-fail-on-empty-changeset"),
            *("--parameter-overrides", *(f"{key}={value}" for key, value in overrides.items())),
        )
    except ReleaseError as error:
        raise ReleaseError(
            f"{api.name} runs {api.image}, but {name} was not brought up to date: {error}. If its "
            f"events say that a right is missing: make bootstrap ENV={configuration.environment}"
        ) from error


def move_supervision(
    configuration: Configuration, image: str, cloudformation: Any, log: Log, *, pause: float
) -> None:
    """Brings the functions of the stack, if there is one, to the image that the API runs.

    Raises ReleaseError if they stay behind.
    """
    stack = find_stack(cloudformation, configuration.supervision_stack)
    if stack is None or stack.image == image:
        return
    log(f"{stack.name}: {stack.image} -> {image}")
    try:
        require_stable(stack)
        change_parameters(cloudformation, stack, {"Image": image}, log, pause=pause)
    except ReleaseError as error:
        raise ReleaseError(
            f"{configuration.stack} runs {image}, {stack.name} still {stack.image}: {error}. After "
            f"that: make rollback-release ENV={configuration.environment} "
            f"IMAGE={image.rpartition('@')[2]}"
        ) from error
    log(f"{stack.name} runs {image}.")


def delete_supervision(
    configuration: Configuration, cloudformation: Any, log: Log, *, pause: float
) -> None:
    """Deletes the stack, if there is one; its buckets stay. Raises ReleaseError if it cannot."""
    name = configuration.supervision_stack
    stack = find_stack(cloudformation, name)
    if stack is None:
        return
    cloudformation.delete_stack(StackName=name)
    status = wait_for_stack(cloudformation, stack, log, pause=pause)
    if status != "DELETE_COMPLETE":
        raise ReleaseError(f"{name} is {status}: its events name what could not be deleted")
    log(f"{name} is deleted. Its buckets stay, until you delete them.")
