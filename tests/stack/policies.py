"""Every statement of a template's policies, one row each."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from tests.stack.conftest import Template, plain

_DOCUMENTS = ("AssumeRolePolicyDocument", "PolicyDocument", "KeyPolicy", "RepositoryPolicyText")


class Statement(NamedTuple):
    """Who may do what to what, where it is written."""

    resource: str
    """Logical id of the resource that the statement is part of."""
    principal: object
    """Of whom it speaks; none is the role that it belongs to."""
    actions: str
    """Sorted; a service is told once: `logs: CreateLogStream PutLogEvents`."""
    targets: object
    condition: object


def statements(template: Template) -> list[Statement]:
    """All of them, in the order of the template; raises AssertionError for one that denies."""
    return [
        _statement(name, each)
        for name, resource in template["Resources"].items()
        for document in _documents(plain(resource.get("Properties", {})))
        for each in document["Statement"]
    ]


def _documents(properties: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for key in _DOCUMENTS:
        if key in properties:
            yield properties[key]
    for policy in properties.get("Policies", []):
        yield policy["PolicyDocument"]


def _statement(name: str, given: dict[str, Any]) -> Statement:
    assert given["Effect"] == "Allow"
    assert not {"NotAction", "NotResource", "NotPrincipal"} & set(given)
    actions = [given["Action"]] if isinstance(given["Action"], str) else given["Action"]
    by_service: dict[str, list[str]] = {}
    for action in sorted(actions):
        service, _, verb = action.partition(":")
        by_service.setdefault(service, []).append(verb)
    return Statement(
        name,
        given.get("Principal"),
        "; ".join(f"{service}: {' '.join(verbs)}" for service, verbs in by_service.items()),
        given.get("Resource"),
        given.get("Condition"),
    )
