"""Brings an environment's stack up to what this checkout says, and takes one down."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any, Final

from deploy import image
from deploy.errors import ReleaseError
from deploy.process import run_tool
from deploy.stack import BOOTSTRAP, Stack, Tell, find_stack, read_stack, stack_name, wait_for_stack

TEMPLATE: Final = "template.yaml"


def deploy(environment: str, given: str, model: str, clients: dict[str, Any], tell: Tell) -> Stack:
    """Builds and pushes an image, unless one is given by digest, and deploys it; returns the stack.

    Raises ReleaseError for a working tree that differs from its commit (dev may), where the
    account was not prepared, or where a tool fails.
    """
    if environment != "dev" and image.dirty():
        raise ReleaseError(f"{environment} takes committed work only: `git status` names the rest")
    cloudformation = clients["cloudformation"]
    prepared = bootstrap(cloudformation)
    overrides = parameters(environment)
    if not given:
        run_tool("sam", "build")
        given = image.push_image(prepared["Repository"], model, clients["ecr"], tell)
    repository, at, _ = given.partition("@")
    if not at:
        raise ReleaseError(f"{given} is a tag; an image is deployed by digest, REPOSITORY@sha256:…")
    # What stands on the command line takes the place of all that the file lists.
    run_tool(
        *("sam", "deploy", "--template-file", TEMPLATE, "--config-env", environment),
        *("--image-repository", repository, "--role-arn", prepared["ExecutionRole"]),
        *("--no-confirm-changeset", "--no-fail-on-empty-changeset"),
        *("--parameter-overrides", *overrides, f"Image={given}"),
    )
    return read_stack(cloudformation, stack_name(environment))


def bootstrap(cloudformation: Any) -> dict[str, str]:
    """What deploy/github-oidc.yaml prepared; raises ReleaseError where it is not deployed."""
    found = find_stack(cloudformation, BOOTSTRAP)
    if found is None:
        raise ReleaseError(
            f"the account is not prepared in {cloudformation.meta.region_name}: there is no stack "
            f"{BOOTSTRAP}; docs/deploy.md, step 2, makes it"
        )
    return dict(found.outputs)


def parameters(environment: str, config: Path = Path("samconfig.toml")) -> list[str]:
    """The parameters that samconfig.toml gives an environment, each NAME=VALUE.

    Raises ReleaseError where it gives none.
    """
    known = tomllib.loads(config.read_text(encoding="utf-8"))
    try:
        overrides = known[environment]["deploy"]["parameters"]["parameter_overrides"]
    except KeyError as error:
        raise ReleaseError(f"{config} gives {environment} no parameter_overrides") from error
    return overrides.split() if isinstance(overrides, str) else list(overrides)


def destroy(
    environment: str, typed: str, cloudformation: Any, tell: Tell, *, pause: float = 5.0
) -> None:
    """Deletes an environment's stack, and all that is in it, once its name was typed.

    Raises ReleaseError where another name was typed, or something could not be deleted.
    """
    name = stack_name(environment)
    stack = read_stack(cloudformation, name)
    if typed != name:
        raise ReleaseError(f"{typed!r} is not {name}: nothing was deleted")
    cloudformation.delete_stack(StackName=name)
    status = wait_for_stack(cloudformation, stack, tell, pause=pause)
    if status != "DELETE_COMPLETE":
        raise ReleaseError(f"{name} is {status}: its events say what could not be deleted")
    tell(f"{name} is gone. Its images stay in the repository, for other environments.")
