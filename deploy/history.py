"""The releases of an environment: which images it has run, and which one it runs now."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from deploy.image import describe_image
from deploy.stack import Stack

ALIAS: Final = "live"
NEWEST: Final = 30
"""How many versions are listed."""
TAG: Final = re.compile(r"(?P<commit>[0-9a-f]{40})(?:-dirty)?-(?P<model>[0-9a-f]{12})-[0-9a-f]{12}")
"""Commit, model version and image id."""


@dataclass(frozen=True)
class Release:
    """A published version of the function."""

    version: int
    share: float
    """Share of the traffic, 0 to 1."""
    digest: str
    """sha256:…"""
    pushed: str
    """Day on which the image was pushed; empty if the image was deleted."""
    commit: str
    model: str
    served: bool
    """Whether it ever took all traffic. False if a guard stopped it, or if CloudFormation has
    deleted the event (it keeps them for 90 days)."""

    @property
    def available(self) -> bool:
        """Whether the repository still holds the image."""
        return bool(self.pushed)


def read_history(stack: Stack, clients: Mapping[str, Any]) -> list[Release]:
    """The newest releases, newest first; `clients` are of cloudformation, lambda and ecr."""
    name, functions = stack.outputs["Function"], clients["lambda"]
    shares = _traffic_shares(functions.get_alias(FunctionName=name, Name=ALIAS))
    pages = functions.get_paginator("list_versions_by_function").paginate(FunctionName=name)
    numbers = (each["Version"] for page in pages for each in page["Versions"])
    versions = sorted((int(number) for number in numbers if number != "$LATEST"), reverse=True)
    served = _served_versions(clients["cloudformation"], stack)
    return list(_releases(name, versions[:NEWEST], shares, served, clients))


def _releases(
    name: str,
    versions: list[int],
    shares: Mapping[int, float],
    served: set[int],
    clients: Mapping[str, Any],
) -> Iterator[Release]:
    for version in versions:
        code = clients["lambda"].get_function(FunctionName=name, Qualifier=str(version))["Code"]
        image = describe_image(clients["ecr"], code["ResolvedImageUri"])
        matches = (TAG.fullmatch(tag) for tag in image.get("imageTags", []))
        tag = next((match for match in matches if match), None)
        yield Release(
            version=version,
            share=shares.get(version, 0.0),
            digest=code["ResolvedImageUri"].rpartition("@")[2],
            pushed=image["imagePushedAt"].date().isoformat() if image else "",
            commit=tag["commit"] if tag else "",
            model=tag["model"] if tag else "",
            served=version in served or shares.get(version) == 1,
        )


def _served_versions(cloudformation: Any, stack: Stack) -> set[int]:
    """Versions to which an update of the alias was completed."""
    pages = cloudformation.get_paginator("describe_stack_events").paginate(StackName=stack.identity)
    completed = (
        json.loads(event.get("ResourceProperties") or "{}")
        for page in pages
        for event in page["StackEvents"]
        if event["ResourceType"] == "AWS::Lambda::Alias"
        and event["ResourceStatus"] in ("CREATE_COMPLETE", "UPDATE_COMPLETE")
    )
    return {int(alias["FunctionVersion"]) for alias in completed if "FunctionVersion" in alias}


def _traffic_shares(alias: dict[str, Any]) -> dict[int, float]:
    weights = (alias.get("RoutingConfig") or {}).get("AdditionalVersionWeights") or {}
    shares = {int(version): float(weight) for version, weight in weights.items()}
    return {int(alias["FunctionVersion"]): 1 - sum(shares.values()), **shares}
