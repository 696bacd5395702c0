"""Stacks of CloudFormation: reading one, changing one, and following a change to its end."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from botocore.exceptions import ClientError

from deploy.errors import ReleaseError

Log = Callable[[str], None]
"""Takes a line of progress."""
_STABLE: Final = ("CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE")


@dataclass(frozen=True)
class Stack:
    """A stack as CloudFormation describes it."""

    name: str
    identity: str
    """Its ARN, which finds the stack even when it is deleted."""
    status: str
    parameters: Mapping[str, str]
    outputs: Mapping[str, str]
    capabilities: tuple[str, ...]
    updated: bool
    """Whether it was changed since it was created."""

    @property
    def image(self) -> str:
        """The deployed image: REPOSITORY@sha256:DIGEST."""
        return self.parameters["Image"]


def find_stack(cloudformation: Any, name: str) -> Stack | None:
    """A stack by name or ARN; None if there is none."""
    try:
        (found,) = cloudformation.describe_stacks(StackName=name)["Stacks"]
    except ClientError as error:
        if "does not exist" in str(error):
            return None
        raise
    return Stack(
        name=found["StackName"],
        identity=found["StackId"],
        status=found["StackStatus"],
        parameters={p["ParameterKey"]: p["ParameterValue"] for p in found.get("Parameters", [])},
        outputs={o["OutputKey"]: o["OutputValue"] for o in found.get("Outputs", [])},
        capabilities=tuple(found.get("Capabilities", [])),
        updated="LastUpdatedTime" in found,
    )


def read_stack(cloudformation: Any, name: str) -> Stack:
    """A stack by name or ARN; raises ReleaseError if there is none."""
    found = find_stack(cloudformation, name)
    if found is None:
        region = cloudformation.meta.region_name
        raise ReleaseError(f"there is no stack {name} in {region}")
    return found


def wait_for_stack(
    cloudformation: Any, stack: Stack, log: Log, *, pause: float = 5.0, patience: float = 7200.0
) -> str:
    """Logs the events of a stack until no change is in progress; returns the final status.

    A deleted stack ends as DELETE_COMPLETE. Raises ReleaseError after `patience` seconds; the
    change itself then continues in AWS.
    """
    logged = set[str]()
    deadline = time.monotonic() + patience
    while True:
        status = read_stack(cloudformation, stack.identity).status
        for event in reversed(list(_latest_events(cloudformation, stack))):
            if event["EventId"] not in logged:
                logged.add(event["EventId"])
                log(_format_event(event))
        if not status.endswith("_IN_PROGRESS"):
            return status
        if time.monotonic() > deadline:
            raise ReleaseError(f"{stack.name} is still {status}; it continues without this command")
        time.sleep(pause)


def require_stable(stack: Stack) -> None:
    """Raises ReleaseError, with the remedy, for a stack that cannot be updated now."""
    if stack.status in _STABLE:
        return
    remedy = "wait until the change has ended, then try again"
    if stack.status == "UPDATE_ROLLBACK_FAILED":
        remedy = (
            "repair what its events name, then: aws cloudformation continue-update-rollback "
            f"--stack-name {stack.name}; that alone restores the earlier release"
        )
    elif not stack.status.endswith("_IN_PROGRESS"):
        remedy = "it has no working release to return to; destroy it and deploy again"
    raise ReleaseError(f"{stack.name} is {stack.status}: {remedy}")


def change_parameters(
    cloudformation: Any, stack: Stack, changed: Mapping[str, str], log: Log, *, pause: float
) -> None:
    """Updates a stack by its own template, with other values of some parameters, and waits.

    Raises ReleaseError if CloudFormation refuses the update, or if it fails: the stack is restored
    then.
    """
    try:
        cloudformation.update_stack(
            StackName=stack.name,
            TemplateBody=_original_template(cloudformation, stack),
            Parameters=[
                {"ParameterKey": name, "ParameterValue": changed[name]}
                if name in changed
                else {"ParameterKey": name, "UsePreviousValue": True}
                for name in stack.parameters
            ],
            Capabilities=stack.capabilities,
        )
    except ClientError as error:
        raise ReleaseError(f"{stack.name} was not updated: {error}") from error
    require_status(wait_for_stack(cloudformation, stack, log, pause=pause), "UPDATE_COMPLETE")


def require_status(status: str, wanted: str) -> None:
    """Raises ReleaseError where an update did not end as wanted."""
    if status != wanted:
        raise ReleaseError(
            f"the update ended as {status}; the earlier release still serves, see its events"
        )


def _original_template(cloudformation: Any, stack: Stack) -> str:
    """The template as it was sent, so that SAM's transform runs again on the new image.

    Documentation does not say whether UsePreviousTemplate transforms again or keeps the result,
    which holds the old image in the id of the version.
    """
    found = cloudformation.get_template(StackName=stack.name, TemplateStage="Original")
    body = found["TemplateBody"]
    return body if isinstance(body, str) else json.dumps(body)  # boto3 parses JSON templates


def _latest_events(cloudformation: Any, stack: Stack) -> Iterator[dict[str, Any]]:
    """The events of the latest change, newest first."""
    for event in cloudformation.describe_stack_events(StackName=stack.identity)["StackEvents"]:
        yield event
        started = event.get("ResourceStatusReason") == "User Initiated"
        if started and event["LogicalResourceId"] == stack.name:
            return


def _format_event(event: Mapping[str, Any]) -> str:
    reason = event.get("ResourceStatusReason", "")
    line = f"  {event['ResourceStatus']:<28} {event['LogicalResourceId']}"
    return f"{line}: {reason}" if reason else line
