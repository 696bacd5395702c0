"""The image that `sam build` made, and its copies and tags in ECR."""

from __future__ import annotations

import base64
import re
from pathlib import Path
from typing import Any, Final

from botocore.exceptions import ClientError

from deploy.configuration import Environment
from deploy.errors import ReleaseError
from deploy.process import run_tool, tool_output
from deploy.stack import Log

BUILT: Final = "predictfunction:latest"
"""The name `sam build` gives to the image of template.yaml's PredictFunction."""
DOCKERFILE: Final = Path("Dockerfile.lambda")
LIVE: Final = "live"
PREVIOUS: Final = "previous"


def log_in_docker(ecr: Any) -> None:
    """Signs docker, and what reads its configuration, in to the account's registry."""
    granted = ecr.get_authorization_token()["authorizationData"][0]
    user, _, password = base64.b64decode(granted["authorizationToken"]).decode().partition(":")
    host = granted["proxyEndpoint"].removeprefix("https://")
    run_tool("docker", "login", "--username", user, "--password-stdin", host, stdin=password)


def push_image(repository: str, model: str, ecr: Any, log: Log) -> str:
    """Pushes the image that was built; returns it as REPOSITORY@sha256:DIGEST.

    The tag holds the commit, the model version and the image's own id. The same image is pushed
    once; a different image never reuses a tag. Raises ReleaseError if a program fails.
    """
    identity = tool_output("docker", "image", "inspect", "--format", "{{.Id}}", BUILT)
    mark = "-dirty" if has_uncommitted_changes() else ""
    commit = tool_output("git", "rev-parse", "HEAD")
    tag = f"{commit}{mark}-{model}-{identity.removeprefix('sha256:')[:12]}"
    digest = find_digest(ecr, repository, tag)
    if digest:
        log(f"{repository}:{tag} is already in the repository.")
    else:
        log_in_docker(ecr)
        run_tool("docker", "tag", BUILT, f"{repository}:{tag}")
        run_tool("docker", "push", "--quiet", f"{repository}:{tag}")
        digest = find_digest(ecr, repository, tag)
        log(f"Pushed {repository}:{tag}")
    return f"{repository}@{digest}"


def has_uncommitted_changes() -> bool:
    """Whether the working tree differs from its commit."""
    return bool(tool_output("git", "status", "--porcelain"))


def require_pinned_base(environment: Environment) -> None:
    """Raises ReleaseError where staging or prod would get an image of a base named by its tag."""
    bases = re.findall(r"^FROM (.+)$", DOCKERFILE.read_text(encoding="utf-8"), re.MULTILINE)
    pinned = all(re.search(r"@sha256:[0-9a-f]{64}$", base) for base in bases)
    if environment != Environment.DEV and not pinned:
        raise ReleaseError(
            f"{environment} takes an image whose base is pinned by its digest: run `make pin-base` "
            f"and commit {DOCKERFILE}"
        )


def find_digest(ecr: Any, repository: str, tag: str) -> str:
    """The digest of a tag in ECR; empty if the tag does not exist."""
    return str(_describe(ecr, repository, {"imageTag": tag}).get("imageDigest", ""))


def describe_image(ecr: Any, image: str) -> dict[str, Any]:
    """ECR's description of REPOSITORY@DIGEST; empty if the image was deleted."""
    repository, _, digest = image.rpartition("@")
    return _describe(ecr, repository, {"imageDigest": digest})


def remember_images(ecr: Any, environment: str, live: str, previous: str) -> None:
    """Tags the images that an environment runs and ran before, so that neither ever expires.

    Both are REPOSITORY@DIGEST; an empty or deleted `previous` leaves its tag where it is.
    """
    if previous and describe_image(ecr, previous):
        _tag(ecr, previous, f"{PREVIOUS}-{environment}")
    _tag(ecr, live, f"{LIVE}-{environment}")


def previous_image(ecr: Any, environment: str, repository: str) -> str:
    """The image an environment ran before, as REPOSITORY@DIGEST; empty if none is tagged."""
    digest = find_digest(ecr, repository, f"{PREVIOUS}-{environment}")
    return f"{repository}@{digest}" if digest else ""


def _tag(ecr: Any, image: str, tag: str) -> None:
    repository, _, digest = image.rpartition("@")
    if find_digest(ecr, repository, tag) == digest:
        return
    name = _repository_name(repository)
    (found,) = ecr.batch_get_image(repositoryName=name, imageIds=[{"imageDigest": digest}])[
        "images"
    ]
    ecr.put_image(
        repositoryName=name,
        imageManifest=found["imageManifest"],
        imageManifestMediaType=found["imageManifestMediaType"],
        imageTag=tag,
        imageDigest=digest,
    )


def _describe(ecr: Any, repository: str, identity: dict[str, str]) -> dict[str, Any]:
    try:
        found = ecr.describe_images(
            repositoryName=_repository_name(repository), imageIds=[identity]
        )
    except ClientError as error:
        if error.response["Error"]["Code"] == "ImageNotFoundException":
            return {}
        raise
    image: dict[str, Any] = found["imageDetails"][0]
    return image


def _repository_name(repository: str) -> str:
    return repository.partition("/")[2]
