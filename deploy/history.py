"""The releases of an environment: which images it has run, which one it runs."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from botocore.exceptions import ClientError

from deploy.stack import Stack

ALIAS: Final = "live"
MOST: Final = 30
"""As many images as the repository keeps."""
TAG: Final = re.compile(r"(?P<commit>[0-9a-f]{40})(?:-dirty)?-(?P<model>[0-9a-f]{12})-[0-9a-f]{12}")
"""Commit, model version, and the id of the image itself, so that no tag is ever used again."""


@dataclass(frozen=True)
class Release:
    """A published version of the function."""

    version: int
    share: float
    """Of the traffic, 0 to 1."""
    digest: str
    """sha256:…"""
    pushed: str
    """Day on which the image was pushed; empty where the repository holds it no more."""
    commit: str
    model: str
    served: bool
    """Whether all traffic came to it, now or earlier: not so where a guard turned it away, or
    where CloudFormation remembers it no more."""

    @property
    def kept(self) -> bool:
        """Whether the repository still holds the image, so that one can go back to it."""
        return bool(self.pushed)


def history(stack: Stack, clients: Mapping[str, Any]) -> list[Release]:
    """The newest releases, newest first; `clients` are of cloudformation, lambda and ecr."""
    name, functions = stack.outputs["Function"], clients["lambda"]
    shares = _shares(functions.get_alias(FunctionName=name, Name=ALIAS))
    pages = functions.get_paginator("list_versions_by_function").paginate(FunctionName=name)
    versions = sorted(
        (int(each["Version"]) for page in pages for each in page["Versions"] if _numbered(each)),
        reverse=True,
    )[:MOST]
    served = _served(clients["cloudformation"], stack)
    return list(_releases(name, versions, shares, served, clients))


def _releases(
    name: str,
    versions: list[int],
    shares: Mapping[int, float],
    served: set[int],
    clients: Mapping[str, Any],
) -> Iterator[Release]:
    for version in versions:
        code = clients["lambda"].get_function(FunctionName=name, Qualifier=str(version))["Code"]
        image = find_image(clients["ecr"], code["ResolvedImageUri"])
        tags = [TAG.fullmatch(tag) for tag in image.get("imageTags", [])]
        named = next((tag for tag in tags if tag), None)
        yield Release(
            version=version,
            share=shares.get(version, 0.0),
            digest=code["ResolvedImageUri"].rpartition("@")[2],
            pushed=image["imagePushedAt"].date().isoformat() if image else "",
            commit=named["commit"] if named else "",
            model=named["model"] if named else "",
            served=version in served or shares.get(version) == 1,
        )


def find_image(repository: Any, uri: str) -> dict[str, Any]:
    """What ECR says of an image, REPOSITORY@DIGEST; nothing where it holds it no more."""
    address, _, digest = uri.rpartition("@")
    try:
        found = repository.describe_images(
            repositoryName=address.partition("/")[2], imageIds=[{"imageDigest": digest}]
        )
    except ClientError as error:
        if error.response["Error"]["Code"] == "ImageNotFoundException":
            return {}
        raise
    image: dict[str, Any] = found["imageDetails"][0]
    return image


def _served(cloudformation: Any, stack: Stack) -> set[int]:
    """Versions that the alias came to rest on, by what happened in the stack."""
    pages = cloudformation.get_paginator("describe_stack_events").paginate(StackName=stack.identity)
    rested = (
        json.loads(event.get("ResourceProperties") or "{}")
        for page in pages
        for event in page["StackEvents"]
        if event["ResourceType"] == "AWS::Lambda::Alias"
        and event["ResourceStatus"] in ("CREATE_COMPLETE", "UPDATE_COMPLETE")
    )
    return {int(alias["FunctionVersion"]) for alias in rested if "FunctionVersion" in alias}


def _shares(alias: dict[str, Any]) -> dict[int, float]:
    others = (alias.get("RoutingConfig") or {}).get("AdditionalVersionWeights") or {}
    shares = {int(version): float(weight) for version, weight in others.items()}
    return {int(alias["FunctionVersion"]): 1 - sum(shares.values()), **shares}


def _numbered(version: dict[str, Any]) -> bool:
    return bool(version["Version"] != "$LATEST")
