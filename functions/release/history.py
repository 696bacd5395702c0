"""The releases of an environment: which images it has run, which one it runs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from botocore.exceptions import ClientError

from functions.release.stack import Stack

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

    @property
    def kept(self) -> bool:
        """Whether the repository still holds the image, so that one can go back to it."""
        return bool(self.pushed)


def history(stack: Stack, functions: Any, repository: Any) -> list[Release]:
    """The newest releases, newest first, by the clients of Lambda and of ECR."""
    name = stack.outputs["Function"]
    shares = _shares(functions.get_alias(FunctionName=name, Name=ALIAS))
    pages = functions.get_paginator("list_versions_by_function").paginate(FunctionName=name)
    versions = sorted(
        (int(each["Version"]) for page in pages for each in page["Versions"] if _numbered(each)),
        reverse=True,
    )[:MOST]
    return list(_releases(name, versions, shares, functions, repository))


def _releases(
    name: str, versions: list[int], shares: dict[int, float], functions: Any, repository: Any
) -> Iterator[Release]:
    for version in versions:
        code = functions.get_function(FunctionName=name, Qualifier=str(version))["Code"]
        image = find_image(repository, code["ResolvedImageUri"])
        tags = [TAG.fullmatch(tag) for tag in image.get("imageTags", [])]
        named = next((tag for tag in tags if tag), None)
        yield Release(
            version=version,
            share=shares.get(version, 0.0),
            digest=code["ResolvedImageUri"].rpartition("@")[2],
            pushed=image["imagePushedAt"].date().isoformat() if image else "",
            commit=named["commit"] if named else "",
            model=named["model"] if named else "",
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


def _shares(alias: dict[str, Any]) -> dict[int, float]:
    others = (alias.get("RoutingConfig") or {}).get("AdditionalVersionWeights") or {}
    shares = {int(version): float(weight) for version, weight in others.items()}
    return {int(alias["FunctionVersion"]): 1 - sum(shares.values()), **shares}


def _numbered(version: dict[str, Any]) -> bool:
    return bool(version["Version"] != "$LATEST")
