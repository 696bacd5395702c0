"""The way back: an earlier image becomes the one that serves, by an update of the stack.

It is a release like any other: the check before traffic and the alarms guard it, and
CloudFormation knows of it, so that nothing drifts from the template.
"""

from __future__ import annotations

import re
from typing import Any, Final

from deploy.errors import ReleaseError
from deploy.history import find_image, history
from deploy.stack import Stack, Tell, wait_for_stack

_DIGEST: Final = re.compile(r"sha256:[0-9a-f]{64}")
_RESTING: Final = ("CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE")


def rollback_release(
    stack: Stack,
    digest: str,
    clients: dict[str, Any],
    tell: Tell,
    *,
    now: bool = False,
    pause: float = 5.0,
) -> None:
    """Puts an image back, by default the last other one that served, and waits for it.

    `clients` are those of cloudformation, lambda and ecr. With `now` all traffic moves at once,
    whatever the stack's own way is. Where a release is under way, that release is cancelled
    instead. Raises ReleaseError where there is no way back, or the way back failed.
    """
    cloudformation = clients["cloudformation"]
    if stack.status == "UPDATE_IN_PROGRESS" and not digest:
        tell(f"A release of {stack.name} is under way: it is cancelled.")
        cloudformation.cancel_update_stack(StackName=stack.name)
        _finish(
            wait_for_stack(cloudformation, stack, tell, pause=pause), "UPDATE_ROLLBACK_COMPLETE"
        )
        tell(f"{stack.name} runs what it ran before.")
        return
    _check_status(stack)
    image = _target(stack, digest, clients)
    if image == stack.image:
        tell(f"{stack.name} already runs {image}; nothing was changed.")
        return
    if not find_image(clients["ecr"], image):
        raise ReleaseError(
            f"the repository no longer holds {image}; choose another of the images that are listed"
        )
    tell(f"{stack.name}: {stack.image} -> {image}")
    changed = {"Image": image} | ({"TrafficShift": "AllAtOnce"} if now else {})
    cloudformation.update_stack(
        StackName=stack.name,
        UsePreviousTemplate=True,
        Parameters=[
            {"ParameterKey": name, "ParameterValue": changed[name]}
            if name in changed
            else {"ParameterKey": name, "UsePreviousValue": True}
            for name in stack.parameters
        ],
        Capabilities=stack.capabilities,
    )
    _finish(wait_for_stack(cloudformation, stack, tell, pause=pause), "UPDATE_COMPLETE")
    tell(f"{stack.name} runs {image}.")


def _check_status(stack: Stack) -> None:
    if stack.status in _RESTING:
        return
    remedy = "wait until it rests, then try again"
    if stack.status == "UPDATE_ROLLBACK_FAILED":
        remedy = (
            "mend what its events name, then: aws cloudformation continue-update-rollback "
            f"--stack-name {stack.name}; that alone brings the earlier release back"
        )
    elif not stack.status.endswith("_IN_PROGRESS"):
        remedy = "it never ran well, so there is nothing to go back to: destroy it and deploy anew"
    raise ReleaseError(f"{stack.name} is {stack.status}: {remedy}")


def _target(stack: Stack, digest: str, clients: dict[str, Any]) -> str:
    repository, _, current = stack.image.rpartition("@")
    if digest:
        wanted = digest.rpartition("@")[2]
        if not _DIGEST.fullmatch(wanted):
            raise ReleaseError(f"{digest} is no digest: sha256: and 64 digits are needed")
        return f"{repository}@{wanted}"
    releases = history(stack, clients)
    live = next((each.version for each in releases if each.digest == current and each.share), 0)
    for release in releases:
        earlier = release.version < live and release.digest != current
        if earlier and release.served and release.kept:
            return f"{repository}@{release.digest}"
    raise ReleaseError(
        f"{stack.name} has no earlier image that is known to have served and is still held; "
        "list the images, and name one"
    )


def _finish(status: str, wanted: str) -> None:
    if status != wanted:
        raise ReleaseError(
            f"the update ended as {status}: what served before still does; its events say why"
        )
