"""Every statement of a template's policies, one line each."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from tests.stack.conftest import Template, plain

_DOCUMENTS = ("AssumeRolePolicyDocument", "PolicyDocument", "KeyPolicy", "RepositoryPolicyText")


def statements(template: Template, **parameters: str) -> list[str]:
    """All of them, sorted, with the values of parameters in place of their names.

    A line is `RESOURCE: [PRINCIPAL] may ACTIONS on TARGETS if CONDITION`.
    """
    return sorted(
        _line(name, each)
        for name, resource in template["Resources"].items()
        for document in _documents(plain(_filled(resource.get("Properties", {}), parameters)))
        for each in document["Statement"]
    )


def _filled(value: Any, parameters: dict[str, str]) -> Any:
    match value:
        case {"Ref": str(name)} if name in parameters:
            return parameters[name]
        case {"Fn::Sub": str(text)}:
            for name, given in parameters.items():
                text = text.replace(f"${{{name}}}", given)
            return {"Fn::Sub": text}
        case dict():
            return {key: _filled(inner, parameters) for key, inner in value.items()}
        case list():
            return [_filled(inner, parameters) for inner in value]
    return value


def _documents(properties: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for key in _DOCUMENTS:
        if key in properties:
            yield properties[key]
    for policy in properties.get("Policies", []):
        yield policy["PolicyDocument"]


def _line(name: str, given: dict[str, Any]) -> str:
    assert not {"NotAction", "NotResource", "NotPrincipal"} & set(given)
    verb = {"Allow": "may", "Deny": "may not"}[given["Effect"]]
    who = "".join(f"{principal} " for principal in given.get("Principal", {}).values())
    line = f"{name}: {who}{verb} {_actions(given['Action'])}"
    if "Resource" in given:
        targets = given["Resource"]
        line += f" on {targets if isinstance(targets, str) else ', '.join(map(str, targets))}"
    if "Condition" in given:
        line += f" if {_compact(given['Condition'])}"
    return line


def _actions(given: str | list[str]) -> str:
    """Sorted, each service named once: `logs:CreateLogStream PutLogEvents`."""
    by_service: dict[str, list[str]] = {}
    for action in sorted([given] if isinstance(given, str) else given):
        service, _, verb = action.partition(":")
        by_service.setdefault(service, []).append(verb)
    return "; ".join(f"{service}:{' '.join(verbs)}" for service, verbs in by_service.items())


def _compact(value: object) -> str:
    return json.dumps(value, separators=(",", ":")).replace('"', "")


def assert_closed(bucket: dict[str, Any]) -> None:
    """Asserts of a bucket's plain properties that nobody else gets in, and all is encrypted."""
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    assert bucket["OwnershipControls"] == {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
    (rule,) = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert rule["ServerSideEncryptionByDefault"] == {"SSEAlgorithm": "AES256"}
