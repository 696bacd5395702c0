"""What samconfig.toml says of an environment: its stack, the service's name, its parameters."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Final

from deploy.errors import ReleaseError

CONFIG: Final = Path("samconfig.toml")


class Environment(StrEnum):
    """A stack of the service, and the value of its parameter Stage."""

    DEV = "dev"
    STAGING = "staging"
    PROD = "prod"


@dataclass(frozen=True)
class Configuration:
    """An environment as samconfig.toml describes it."""

    environment: Environment
    stack: str
    service: str
    """Prefix of every name in the account, and the name of the image repository."""
    parameters: Mapping[str, str]
    supervision: Mapping[str, str] = field(default_factory=dict)
    """Parameters of deploy/supervision.yaml that are its own."""

    @property
    def account_stack(self) -> str:
        """The stack of deploy/account.yaml."""
        return f"{self.service}-bootstrap"

    @property
    def roles_stack(self) -> str:
        """The stack of deploy/environment.yaml."""
        return f"{self.service}-bootstrap-{self.environment}"

    @property
    def supervision_stack(self) -> str:
        """The stack of deploy/supervision.yaml."""
        return f"{self.stack}-supervision"


def load_configuration(environment: Environment, path: Path = CONFIG) -> Configuration:
    """Reads an environment; raises ReleaseError for a key that is missing or does not fit."""
    document = tomllib.loads(path.read_text(encoding="utf-8"))
    try:
        settings = document[environment.value]["deploy"]["parameters"]
        overrides, stack = settings["parameter_overrides"], settings["stack_name"]
        tags = settings["tags"]
    except KeyError as error:
        raise ReleaseError(f"{path}: [{environment}.deploy.parameters] lacks {error}") from error
    parameters = _pairs(overrides)
    own = document[environment.value].get("supervision", {}).get("parameters", {})
    if "Service" not in parameters:
        raise ReleaseError(f"{path}: parameter_overrides of {environment} lacks Service=NAME")
    service = parameters["Service"]
    # The roles of deploy/environment.yaml reach these names and these tags, and no others.
    for key, found, wanted in (
        ("parameter Stage", parameters.get("Stage"), environment.value),
        ("stack_name", stack, f"{service}-{environment}"),
        ("tags", tags, f"application={service} stage={environment}"),
    ):
        if found != wanted:
            raise ReleaseError(f"{path}, {environment}: {key}: expected {wanted!r}, got {found!r}")
    supervision = _pairs(own.get("parameter_overrides", []))
    return Configuration(environment, stack, service, parameters, supervision)


def _pairs(overrides: str | list[str]) -> dict[str, str]:
    pairs = overrides.split() if isinstance(overrides, str) else overrides
    return dict(pair.split("=", 1) for pair in pairs)
