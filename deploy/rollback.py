"""Rollback: an earlier image is deployed again, by an update of the stack.

It is a release like any other: the hook and the guards apply, and CloudFormation records it, so
the stack does not drift from its template.
"""

from __future__ import annotations

import json
import re
from typing import Any, Final

from deploy.configuration import Configuration
from deploy.errors import ReleaseError
from deploy.history import read_history
from deploy.image import describe_image, previous_image, remember_images
from deploy.stack import Log, Stack, wait_for_stack

_DIGEST: Final = re.compile(r"sha256:[0-9a-f]{64}")
_STABLE: Final = ("CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE")


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
    update is cancelled instead. Raises ReleaseError if no image qualifies or the update fails.
    """
    cloudformation = clients["cloudformation"]
    if stack.status == "UPDATE_IN_PROGRESS" and not digest:
        log(f"An update of {stack.name} is in progress; cancelling it.")
        cloudformation.cancel_update_stack(StackName=stack.name)
        status = wait_for_stack(cloudformation, stack, log, pause=pause)
        _require(status, "UPDATE_ROLLBACK_COMPLETE")
        log(f"{stack.name} runs what it ran before.")
        return
    _require_stable(stack)
    image = _choose_image(configuration, stack, digest, clients)
    if image == stack.image:
        log(f"{stack.name} already runs {image}; nothing was changed.")
        return
    if not describe_image(clients["ecr"], image):
        raise ReleaseError(f"ECR no longer holds {image}. Pick another one from `images`.")
    log(f"{stack.name}: {stack.image} -> {image}")
    changed = {"Image": image} | ({"TrafficShift": "AllAtOnce"} if now else {})
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
    _require(wait_for_stack(cloudformation, stack, log, pause=pause), "UPDATE_COMPLETE")
    remember_images(clients["ecr"], configuration.environment, image, stack.image)
    log(f"{stack.name} runs {image}.")


def _original_template(cloudformation: Any, stack: Stack) -> str:
    """The template as it was sent, so that SAM's transform runs again on the new image.

    Documentation does not say whether UsePreviousTemplate transforms again or keeps the result,
    which holds the old image in the id of the version.
    """
    found = cloudformation.get_template(StackName=stack.name, TemplateStage="Original")
    body = found["TemplateBody"]
    return body if isinstance(body, str) else json.dumps(body)  # boto3 parses JSON templates


def _require_stable(stack: Stack) -> None:
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


def _require(status: str, wanted: str) -> None:
    if status != wanted:
        raise ReleaseError(
            f"the update ended as {status}; the earlier release still serves, see its events"
        )
