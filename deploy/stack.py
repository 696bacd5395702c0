"""A deployed stack: what it says of itself, and waiting for a change of it to end."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from botocore.exceptions import ClientError

from deploy.errors import ReleaseError

ENVIRONMENTS: Final = ("dev", "staging", "prod")
BOOTSTRAP: Final = "seedling-bootstrap"
"""The stack of deploy/github-oidc.yaml."""

Tell = Callable[[str], None]


@dataclass(frozen=True)
class Stack:
    """What CloudFormation says of a stack."""

    name: str
    identity: str
    """Its ARN; it finds the stack even when it is deleted."""
    status: str
    parameters: Mapping[str, str]
    outputs: Mapping[str, str]
    capabilities: tuple[str, ...]

    @property
    def image(self) -> str:
        """The image that it runs: REPOSITORY@sha256:DIGEST."""
        return self.parameters["Image"]


def stack_name(environment: str) -> str:
    """The stack of an environment."""
    return f"seedling-survival-{environment}"


def find_stack(cloudformation: Any, name: str) -> Stack | None:
    """A stack, where there is one."""
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
    )


def read_stack(cloudformation: Any, name: str) -> Stack:
    """A stack; raises ReleaseError where there is none."""
    found = find_stack(cloudformation, name)
    if found is None:
        region = cloudformation.meta.region_name
        raise ReleaseError(f"there is no stack {name} in {region}")
    return found


def wait_for_stack(
    cloudformation: Any, stack: Stack, tell: Tell, *, pause: float = 5.0, patience: float = 7200.0
) -> str:
    """Tells what happens in a stack until it rests; returns its last status.

    A stack that was deleted ends as DELETE_COMPLETE. Raises ReleaseError after `patience`
    seconds; the change itself then goes on in AWS.
    """
    told = set[str]()
    deadline = time.monotonic() + patience
    while True:
        status = read_stack(cloudformation, stack.identity).status
        for event in reversed(list(_events(cloudformation, stack))):
            if event["EventId"] not in told:
                told.add(event["EventId"])
                tell(_line(event))
        if not status.endswith("_IN_PROGRESS"):
            return status
        if time.monotonic() > deadline:
            raise ReleaseError(f"{stack.name} is still {status}; it goes on without this command")
        time.sleep(pause)


def _events(cloudformation: Any, stack: Stack) -> Iterator[dict[str, Any]]:
    """What happened since the last change was asked for, newest first."""
    for event in cloudformation.describe_stack_events(StackName=stack.identity)["StackEvents"]:
        yield event
        asked = event.get("ResourceStatusReason") == "User Initiated"
        if asked and event["LogicalResourceId"] == stack.name:
            return


def _line(event: Mapping[str, Any]) -> str:
    reason = event.get("ResourceStatusReason", "")
    line = f"  {event['ResourceStatus']:<28} {event['LogicalResourceId']}"
    return f"{line}: {reason}" if reason else line
