"""The stack as CloudFormation gets it: transformed by SAM's own translator, without AWS."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import pytest
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator
from samtranslator.yaml_helper import yaml_parse

REGION = "eu-west-1"
IMAGE = f"123456789012.dkr.ecr.{REGION}.amazonaws.com/survival@sha256:{'a' * 64}"
Template = dict[str, Any]


@pytest.fixture(scope="session")
def source(root: Path) -> Template:
    """The template as it is written."""
    parsed: Template = yaml_parse((root / "template.yaml").read_text())
    return parsed


@pytest.fixture(scope="session")
def account(root: Path) -> Template:
    """The stack of the account."""
    parsed: Template = yaml_parse((root / "deploy/account.yaml").read_text())
    return parsed


@pytest.fixture(scope="session")
def roles(root: Path) -> Template:
    """The stack of an environment's roles."""
    parsed: Template = yaml_parse((root / "deploy/environment.yaml").read_text())
    return parsed


@pytest.fixture(scope="session")
def environments(root: Path) -> dict[str, dict[str, Any]]:
    """What samconfig.toml passes to `sam deploy`, by environment."""
    read = tomllib.loads((root / "samconfig.toml").read_text())
    return {name: read[name]["deploy"]["parameters"] for name in ("dev", "staging", "prod")}


@pytest.fixture(scope="session")
def transform(root: Path, source: Template) -> Callable[..., Template]:
    """The transformed template, given parameters."""
    defaults = {
        name: str(parameter.get("Default")) for name, parameter in source["Parameters"].items()
    }

    def transformed(**parameters: str) -> Template:
        translator = Translator({}, Parser(), boto_session=boto3.Session(region_name=REGION))
        given = {**defaults, "Image": IMAGE, "AWS::Region": REGION, "AWS::Partition": "aws"}
        # The translator changes what it is given.
        template = yaml_parse((root / "template.yaml").read_text())
        translated: Template = translator.translate(template, {**given, **parameters})
        return translated

    return transformed


@pytest.fixture(scope="session")
def supervision(root: Path) -> Callable[..., Template]:
    """The transformed template of the second stack, given parameters."""
    text = (root / "deploy/supervision.yaml").read_text()
    parameters = yaml_parse(text)["Parameters"]
    defaults = {name: str(each.get("Default")) for name, each in parameters.items()}

    def transformed(**parameters: str) -> Template:
        translator = Translator({}, Parser(), boto_session=boto3.Session(region_name=REGION))
        given = {**defaults, "Image": IMAGE, "AWS::Region": REGION, "AWS::Partition": "aws"}
        translated: Template = translator.translate(yaml_parse(text), {**given, **parameters})
        return translated

    return transformed


@pytest.fixture(scope="session")
def prod(transform: Callable[..., Template]) -> Template:
    return transform(Stage="prod")


def of_type(template: Template, kind: str) -> dict[str, Any]:
    """The resources of one type, by logical id."""
    return {
        name: resource
        for name, resource in template["Resources"].items()
        if resource["Type"] == kind
    }


def plain(value: Any) -> Any:
    """A value with its intrinsic functions as text: `!Ref X` is X, `!GetAtt X.Arn` is X.Arn.

    An ARN loses the partition, the region and the account, which are all this account's.
    """
    match value:
        case {"Ref": str(name)} if len(value) == 1:
            return name
        case {"Fn::GetAtt": [str(name), str(attribute)]}:
            return f"{name}.{attribute}"
        case {"Fn::GetAtt": str(name)}:
            return name
        case {"Fn::ImportValue": inner}:
            return plain(inner)
        case {"Fn::Sub": str(text)}:
            return _short(text)
        case {"Fn::Sub": [str(text), {**variables}]}:
            for variable, inner in variables.items():
                text = text.replace(f"${{{variable}}}", str(plain(inner)))
            return _short(text)
        case dict():
            return {key: plain(inner) for key, inner in value.items()}
        case list():
            return [plain(inner) for inner in value]
    return value


def _short(text: str) -> str:
    for pseudo, short in (
        ("arn:${AWS::Partition}:", ""),
        ("arn:aws:", ""),
        (":${AWS::Region}:${AWS::AccountId}:", ":"),
        (":${AWS::Region}:", ":"),
        ("::${AWS::AccountId}:", ":"),
    ):
        text = text.replace(pseudo, short)
    return text
