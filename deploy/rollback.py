"""Rollback: an earlier image is deployed again, by an update of the stack.

It is a release like any other: the hook and the guards apply, and CloudFormation records it, so
the stack does not drift from its template.
"""

from __future__ import annotations

import re
from typing import Any, Final

from deploy.configuration import Configuration
from deploy.errors import ReleaseError
from deploy.history import read_history
from deploy.image import describe_image, previous_image, remember_images
from deploy.stack import (
    Log,
    Stack,
    change_parameters,
    require_stable,
    require_status,
    wait_for_stack,
)
from deploy.supervision import move_supervision

_DIGEST: Final = re.compile(r"sha256:[0-9a-f]{64}")


def rollback_release(
    configuration: Configuration,
    stack: Stack,
    digest: str,
    clients: dict[str, Any],
    log: Log,
    *,
    now: bool = False,
    pause: float = 5.0,
) -> None:
    """Deploys an image again, by default the one before the current one, and waits for it.

    `clients` are those of cloudformation, lambda and ecr. With `now` all traffic moves at once,
    whatever the stack's TrafficShift is. If an update is in progress and no digest is given, that
    update is cancelled instead. The supervision stack, if there is one, follows the API's. Raises
    ReleaseError if no image qualifies or an update fails.
    """
    cloudformation = clients["cloudformation"]
    if stack.status == "UPDATE_IN_PROGRESS" and not digest:
        log(f"An update of {stack.name} is in progress; cancelling it.")
        cloudformation.cancel_update_stack(StackName=stack.name)
        status = wait_for_stack(cloudformation, stack, log, pause=pause)
        require_status(status, "UPDATE_ROLLBACK_COMPLETE")
        log(f"{stack.name} runs what it ran before.")
        return
    require_stable(stack)
    image = _choose_image(configuration, stack, digest, clients)
    if image == stack.image:
        log(f"{stack.name} already runs {image}.")
    else:
        if not describe_image(clients["ecr"], image):
            raise ReleaseError(f"ECR no longer holds {image}. Pick another one from `images`.")
        log(f"{stack.name}: {stack.image} -> {image}")
        changed = {"Image": image} | ({"TrafficShift": "AllAtOnce"} if now else {})
        change_parameters(cloudformation, stack, changed, log, pause=pause)
        remember_images(clients["ecr"], configuration.environment, image, stack.image)
        log(f"{stack.name} runs {image}.")
    move_supervision(configuration, image, cloudformation, log, pause=pause)


def _choose_image(
    configuration: Configuration, stack: Stack, digest: str, clients: dict[str, Any]
) -> str:
    repository, _, current = stack.image.rpartition("@")
    if digest:
        wanted = digest.rpartition("@")[2]
        if not _DIGEST.fullmatch(wanted):
            raise ReleaseError(f"{digest} is not a digest; expected sha256:<64 hex digits>")
        return f"{repository}@{wanted}"
    tagged = previous_image(clients["ecr"], configuration.environment, repository)
    if tagged and tagged != stack.image:
        return tagged
    releases = read_history(stack, clients)
    live = next((each.version for each in releases if each.digest == current and each.share), 0)
    for release in releases:
        earlier = release.version < live and release.digest != current
        if earlier and release.served and release.available:
            return f"{repository}@{release.digest}"
    raise ReleaseError(
        "No earlier image that served traffic is left in ECR. "
        "Pick one from `images` and pass its digest."
    )
