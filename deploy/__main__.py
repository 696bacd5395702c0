"""`python -m deploy --help`: bootstrap, deploy, smoke, images, rollback, destroy."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated, Any, Final

import boto3
import typer
from botocore.exceptions import BotoCoreError, ClientError

import deploy as package
from deploy.bootstrap import Repository, prepare_account
from deploy.configuration import Configuration, Environment, load_configuration
from deploy.environment import deploy_stack, destroy_stack, read_preparation
from deploy.errors import ReleaseError
from deploy.history import read_history
from deploy.image import log_in_docker, push_image, require_pinned_base
from deploy.rollback import rollback_release
from deploy.smoke import KNOWN_API, NEW_API, run_smoke_tests
from deploy.stack import Stack, find_stack, read_stack
from functions.artefact import read_artefact
from functions.errors import ServingError

MODEL: Final = Path("model")
OWNERS: Final = Path(".github/CODEOWNERS")

app = typer.Typer(
    name="deploy",
    help=package.__doc__,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
Target = Annotated[Environment, typer.Argument(metavar="ENVIRONMENT", help="dev, staging or prod.")]


def _clients() -> dict[str, Any]:
    services = ("apigateway", "cloudformation", "ecr", "iam", "lambda")
    return {service: boto3.client(service) for service in services}


def _log(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _stack_of(configuration: Configuration, clients: dict[str, Any]) -> Stack:
    return read_stack(clients["cloudformation"], configuration.stack)


@app.command()
def bootstrap(
    environment: Target,
    repository: Annotated[
        str, typer.Option(metavar="OWNER/NAME", help="GitHub repository that may deploy.")
    ] = "",
    legacy_subject: Annotated[
        bool, typer.Option(help="Trust the old OIDC subject, without ids.")
    ] = False,
    monthly_budget: Annotated[
        int, typer.Option(min=0, help="US dollars a month above which a mail is sent; 0 for none.")
    ] = 0,
) -> None:
    """Prepare the account and an environment: repository, roles, boundary, OIDC trust."""
    trusted = Repository.look_up(repository, legacy=legacy_subject) if repository else None
    outputs = prepare_account(
        load_configuration(environment),
        trusted,
        _clients(),
        _log,
        monthly_budget=monthly_budget,
        budget_email=os.environ.get("ALARM_EMAIL", ""),
    )
    for name, value in sorted(outputs.items()):
        print(f"{name}={value}")
    if trusted and "@OWNER" in OWNERS.read_text(encoding="utf-8"):
        _log(f"Warning: {OWNERS} still names @OWNER, so GitHub asks nobody for a review.")


@app.command("deploy")
def deploy_environment(
    environment: Target,
    image: Annotated[
        str, typer.Option(metavar="REPOSITORY@DIGEST", help="Deploy this image; build none.")
    ] = "",
) -> None:
    """Build and push an image and deploy it; ALARM_EMAIL is notified of alarms."""
    stack = deploy_stack(
        load_configuration(environment),
        image,
        "" if image else read_artefact(MODEL).version,
        os.environ.get("ALARM_EMAIL", ""),
        _clients(),
        _log,
    )
    _log(f"{stack.name} runs {stack.image} at {stack.outputs['Url']}")
    _log(f"Test it: make smoke ENV={environment}")


@app.command()
def smoke(
    target: Annotated[str, typer.Argument(help="URL of an API, or an environment.")],
    key_from_env: Annotated[
        str, typer.Option(metavar="NAME", help="Variable that holds the API key.")
    ] = "API_KEY",
    patience: Annotated[
        float, typer.Option(min=0, help="Seconds to wait for the API to come up.")
    ] = KNOWN_API,
) -> None:
    """Run the smoke tests against a deployed API."""
    url, key = target, os.environ.get(key_from_env, "").strip()
    if target in list(Environment):
        clients = _clients()
        stack = _stack_of(load_configuration(Environment(target)), clients)
        url = stack.outputs["Url"]
        found = clients["apigateway"].get_api_key(apiKey=stack.outputs["KeyId"], includeValue=True)
        key = found["value"]
        patience = patience if stack.updated else max(patience, NEW_API)
    if not run_smoke_tests(url, key, read_artefact(MODEL), print, patience=patience):
        raise typer.Exit(1)


@app.command()
def images(environment: Target) -> None:
    """List the releases of an environment and their images, newest first."""
    clients = _clients()
    row = "{:>7}  {:>8}  {:<10}  {:<12}  {:<12}  {}".format
    print(row("version", "traffic", "pushed", "model", "commit", "digest"))
    for release in read_history(_stack_of(load_configuration(environment), clients), clients):
        earlier = "previous" if release.served else "none"
        share = f"{release.share:.0%}" if release.share else earlier
        origin = (release.pushed or "deleted", release.model or "?", release.commit[:12] or "?")
        print(row(release.version, share, *origin, release.digest))


@app.command()
def rollback(
    environment: Target,
    digest: Annotated[str, typer.Argument(help="sha256:…; by default the image before.")] = "",
    now: Annotated[bool, typer.Option(help="Move all traffic at once.")] = False,
) -> None:
    """Deploy an earlier image again, by an update of the stack."""
    clients, configuration = _clients(), load_configuration(environment)
    stack = _stack_of(configuration, clients)
    rollback_release(configuration, stack, digest, clients, _log, now=now)


@app.command()
def current_image(environment: Target) -> None:
    """Print the deployed image as image=; empty if there is none."""
    configuration = load_configuration(environment)
    found = find_stack(boto3.client("cloudformation"), configuration.stack)
    print(f"image={found.image if found else ''}")


@app.command()
def push(environment: Target) -> None:
    """Push the image that sam build made; print image=, name= and digest=."""
    require_pinned_base(environment)
    clients = _clients()
    prepared = read_preparation(clients["cloudformation"], load_configuration(environment))
    version = read_artefact(MODEL).version
    pushed = push_image(prepared["Repository"], version, clients["ecr"], _log)
    name, _at, digest = pushed.partition("@")
    print(f"image={pushed}\nname={name}\ndigest={digest}")


@app.command()
def docker_login(environment: Target) -> None:
    """Sign docker in to the account's registry; print repository=."""
    clients = _clients()
    prepared = read_preparation(clients["cloudformation"], load_configuration(environment))
    log_in_docker(clients["ecr"])
    print(f"repository={prepared['Repository']}")


@app.command()
def destroy(
    environment: Target,
    confirm: Annotated[
        str, typer.Option(metavar="STACK", help="Name of the stack; prompted for otherwise.")
    ] = "",
) -> None:
    """Delete the stack of an environment and everything in it."""
    configuration = load_configuration(environment)
    confirmation = confirm or _prompt(f"Type {configuration.stack} to delete it: ")
    destroy_stack(configuration, confirmation, boto3.client("cloudformation"), _log)


def _prompt(question: str) -> str:
    try:
        return input(question).strip()
    except EOFError:
        return ""


def main() -> None:
    """Runs a command; an expected failure is one line and exit code 1."""
    try:
        app()
    except (ReleaseError, ServingError, BotoCoreError, ClientError) as error:
        _log(f"deploy: {error}")
        sys.exit(1)


if __name__ == "__main__":
    main()
