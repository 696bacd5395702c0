"""How a release is let in: a version for every change, a check before it, a shift, a way back."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from graphlib import TopologicalSorter
from typing import Any

import pytest
from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER

from tests.stack.conftest import IMAGE, REGION, Template, of_type, plain

VERSION = re.compile(r"PredictFunctionVersion[0-9a-f]{10}")


def version(template: Template) -> tuple[str, Any]:
    ((name, resource),) = of_type(template, "AWS::Lambda::Version").items()
    return name, resource


def referred(value: Any, known: set[str]) -> Iterator[str]:
    """The resources that a part of the template names, wherever in it."""
    match value:
        case {"Ref": str(name)} if name in known:
            yield name
        case {"Fn::GetAtt": [str(name), *_]} if name in known:
            yield name
        case {"Fn::GetAtt": str(name)} if name.split(".")[0] in known:
            yield name.split(".")[0]
        case {"Fn::Sub": str(text)}:
            yield from set(re.findall(r"\$\{(\w+)", text)) & known
        case {"Fn::Sub": [str(text), dict(variables)]}:
            yield from set(re.findall(r"\$\{(\w+)", text)) & known
            yield from referred(list(variables.values()), known)
        case dict():
            yield from referred(list(value.values()), known)
        case list():
            for inner in value:
                yield from referred(inner, known)


@pytest.mark.parametrize("template", ["prod", "roles", "account"])
def test_no_resource_waits_for_itself(template: str, request: pytest.FixtureRequest) -> None:
    resources = request.getfixturevalue(template)["Resources"]
    graph = {}
    for name, resource in resources.items():
        needs = set(referred(resource, set(resources)))
        after = resource.get("DependsOn", [])
        graph[name] = needs | set([after] if isinstance(after, str) else after)
    assert sum(map(len, graph.values())) > 0
    order = list(TopologicalSorter(graph).static_order())  # raises CycleError
    assert len(order) == len(resources)


def test_hook_and_guards_come_before_traffic_moves(prod: Template) -> None:
    resources = prod["Resources"]
    alias, group = (
        resources["PredictFunctionAliaslive"],
        resources["PredictFunctionDeploymentGroup"],
    )
    name, _ = version(prod)

    assert plain(alias["Properties"]["FunctionVersion"]) == f"{name}.Version"
    assert alias["Properties"]["Name"] == "live"
    assert plain(alias["UpdatePolicy"]) == {
        "CodeDeployLambdaAliasUpdate": {
            "ApplicationName": "ServerlessDeploymentApplication",
            "DeploymentGroupName": "PredictFunctionDeploymentGroup",
            "BeforeAllowTrafficHook": "ReleaseHook",
        }
    }
    assert plain(group["Properties"]["ServiceRoleArn"]) == "ShiftRole.Arn"
    assert "CodeDeployServiceRole" not in resources


def test_the_hook_is_the_same_image_and_has_no_hook_of_its_own(prod: Template) -> None:
    properties = plain(prod["Resources"]["ReleaseHook"]["Properties"])
    name, _ = version(prod)

    assert properties["Code"] == {"ImageUri": "Image"}
    assert properties["ImageConfig"] == {"Command": ["functions.hook.handler.handler"]}
    assert properties["Environment"]["Variables"]["NEW_VERSION"] == name
    assert len(of_type(prod, "AWS::Lambda::Alias")) == 1
    assert len(of_type(prod, "AWS::CodeDeploy::DeploymentGroup")) == 1


def test_the_function_is_the_image_with_this_environment(prod: Template) -> None:
    properties = plain(prod["Resources"]["PredictFunction"]["Properties"])

    assert properties["Code"] == {"ImageUri": IMAGE}
    assert "ImageConfig" not in properties  # the image's own command
    assert properties["Architectures"] == ["Architecture"]
    assert properties["Timeout"] == 10
    assert properties["TracingConfig"] == {"Mode": "Active"}
    assert properties["Environment"]["Variables"] == {
        "LOG_LEVEL": "INFO",
        "POWERTOOLS_SERVICE_NAME": "${Service}-${Stage}",
        "POWERTOOLS_METRICS_NAMESPACE": "Service",
        "RECORD_PREDICTIONS": "Supervision",
        "ATTEMPT": "Attempt",
        "CORS_ORIGIN": "CorsOrigin",
    }


@pytest.mark.parametrize(
    "changed",
    [
        {"Image": IMAGE.replace("a" * 64, "b" * 64)},
        {"Memory": "2048"},
        {"Architecture": "arm64"},
        {"Attempt": "2"},
        {"SnapStart": "PublishedVersions"},
    ],
    ids=lambda changed: next(iter(changed)),
)
def test_whatever_changes_the_function_makes_a_version(
    transform: Callable[..., Template], changed: dict[str, str]
) -> None:
    def published(**parameters: str) -> tuple[str, str]:
        name, resource = version(transform(**parameters))
        described: str = resource["Properties"]["Description"]["Fn::Sub"]
        defaults = {"Memory": "1024", "Architecture": "x86_64", "Attempt": "1", "SnapStart": "None"}
        for key, value in {**defaults, **parameters}.items():
            described = described.replace(f"${{{key}}}", value)
        return name, described

    # CloudFormation publishes where the id or the description of the version is another.
    assert published(**changed) != published()


def test_every_parameter_of_the_function_is_in_the_description_of_its_version(
    prod: Template, source: Template
) -> None:
    properties = dict(prod["Resources"]["PredictFunction"]["Properties"])
    del properties["ReservedConcurrentExecutions"]  # of the function, never of a version
    used = set(referred(properties, set(source["Parameters"])))
    _, resource = version(prod)
    described = set(referred(resource["Properties"], set(source["Parameters"])))

    # Service and stage are the stack's for life.
    assert used - {"Service", "Stage"} == described


def test_concurrency_is_not_part_of_a_version(transform: Callable[..., Template]) -> None:
    # Lambda would refuse to publish one that equals the last, and the update would fail.
    names = {version(transform(Concurrency=number))[0] for number in ("0", "5", "10")}
    assert len(names) == 1


def test_earlier_versions_are_kept(prod: Template) -> None:
    assert version(prod)[1]["DeletionPolicy"] == "Retain"


def test_traffic_shifts_as_each_environment_says(
    transform: Callable[..., Template], environments: dict[str, dict[str, Any]]
) -> None:
    found = {}
    for name, environment in environments.items():
        given = dict(pair.split("=") for pair in environment["parameter_overrides"])
        group = transform(**given)["Resources"]["PredictFunctionDeploymentGroup"]
        text, variables = group["Properties"]["DeploymentConfigName"]["Fn::Sub"]
        found[name] = text.replace("${ConfigName}", variables["ConfigName"])
    assert found == {
        "dev": "CodeDeployDefault.LambdaAllAtOnce",
        "staging": "CodeDeployDefault.LambdaAllAtOnce",
        "prod": "CodeDeployDefault.LambdaCanary10Percent5Minutes",
    }


def test_what_is_logged_is_encrypted_and_ends(
    prod: Template, supervision: Callable[..., Template]
) -> None:
    second = supervision(Stage="prod")
    for template, key in ((prod, "EncryptionKey.Arn"), (second, "EncryptionKey")):
        groups = {
            plain(resource["Properties"]["LogGroupName"]): (
                plain(resource["Properties"]["KmsKeyId"]),
                plain(resource["Properties"].get("RetentionInDays")),
            )
            for resource in of_type(template, "AWS::Logs::LogGroup").values()
        }
        functions = of_type(template, "AWS::Lambda::Function").values()
        names = {f"/aws/lambda/{plain(each['Properties']['FunctionName'])}" for each in functions}
        if template is prod:
            names.add("/aws/apigateway/${Service}-${Stage}")
        assert groups == dict.fromkeys(names, (key, "LogRetentionDays"))
    for topic in of_type(prod, "AWS::SNS::Topic").values():
        assert plain(topic["Properties"]["KmsMasterKeyId"]) == "EncryptionKey"
    (its_key,) = of_type(prod, "AWS::KMS::Key").values()
    assert its_key["Properties"]["EnableKeyRotation"] is True
    assert its_key["Properties"]["PendingWindowInDays"] == 7


def test_each_function_has_this_memory_and_this_time(
    prod: Template, supervision: Callable[..., Template]
) -> None:
    functions = of_type(prod, "AWS::Lambda::Function")
    functions |= of_type(supervision(Stage="prod"), "AWS::Lambda::Function")
    assert {
        name: (plain(each["Properties"]["MemorySize"]), each["Properties"]["Timeout"])
        for name, each in functions.items()
    } == {
        "PredictFunction": ("Memory", 10),
        "ReleaseHook": (512, 120),
        "CheckFunction": (512, 60),
        "DriftFunction": (1769, 900),
        "BatchBegin": (1769, 60),
        "BatchScore": (1769, 60),
        "BatchFinish": (1769, 900),
    }


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("AWS::Lambda::Version", "Description"),
        ("AWS::CloudWatch::Alarm", "AlarmName"),
        ("AWS::ApiGateway::ApiKey", "Name"),
    ],
)
def test_cloudformation_replaces_what_it_is_meant_to(kind: str, name: str) -> None:
    schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema(REGION, kind).schema
    assert f"/properties/{name}" in schema["createOnlyProperties"]
