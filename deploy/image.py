"""Puts the image that `sam build` made into ECR, under a tag that no other image will ever bear."""

from __future__ import annotations

import base64
from typing import Any, Final

from botocore.exceptions import ClientError

from deploy.process import run_tool, tool_output
from deploy.stack import Tell

BUILT: Final = "predictfunction:latest"
"""What `sam build` calls the image of template.yaml's PredictFunction."""


def log_in(ecr: Any) -> None:
    """Lets docker, and what reads its configuration, into the account's registry."""
    given = ecr.get_authorization_token()["authorizationData"][0]
    user, _, password = base64.b64decode(given["authorizationToken"]).decode().partition(":")
    host = given["proxyEndpoint"].removeprefix("https://")
    run_tool("docker", "login", "--username", user, "--password-stdin", host, given=password)


def push_image(repository: str, model: str, ecr: Any, tell: Tell) -> str:
    """Pushes the image that was built; returns it as REPOSITORY@sha256:DIGEST.

    The tag says commit, model version and the image's own id. The same image twice is pushed
    once; another image never takes an old tag. Raises ReleaseError where a tool fails.
    """
    identity = tool_output("docker", "image", "inspect", "--format", "{{.Id}}", BUILT)
    mark = "-dirty" if dirty() else ""
    commit = tool_output("git", "rev-parse", "HEAD")
    tag = f"{commit}{mark}-{model}-{identity.removeprefix('sha256:')[:12]}"
    digest = _digest(ecr, repository, tag)
    if digest:
        tell(f"{repository}:{tag} is there already.")
    else:
        log_in(ecr)
        run_tool("docker", "tag", BUILT, f"{repository}:{tag}")
        run_tool("docker", "push", "--quiet", f"{repository}:{tag}")
        digest = _digest(ecr, repository, tag)
        tell(f"Pushed {repository}:{tag}")
    return f"{repository}@{digest}"


def dirty() -> bool:
    """Whether the working tree differs from its commit."""
    return bool(tool_output("git", "status", "--porcelain"))


def _digest(ecr: Any, repository: str, tag: str) -> str:
    """The digest that the registry itself gives to a tag; empty where it has none."""
    try:
        found = ecr.describe_images(
            repositoryName=repository.partition("/")[2], imageIds=[{"imageTag": tag}]
        )
    except ClientError as error:
        if error.response["Error"]["Code"] == "ImageNotFoundException":
            return ""
        raise
    return str(found["imageDetails"][0]["imageDigest"])
