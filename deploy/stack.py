"""Stacks of CloudFormation: reading one, changing one, and following a change to its end."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from deploy.errors import ReleaseError

Log = Callable[[str], None]
"""Takes a line of progress."""


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
