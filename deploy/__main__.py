"""`python -m deploy`: deploy, smoke, images, rollback, destroy."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import Any, Final

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from deploy import image
from deploy.environment import bootstrap, deploy, destroy
from deploy.errors import ReleaseError
from deploy.history import history
from deploy.rollback import rollback_release
from deploy.smoke import smoke
from deploy.stack import ENVIRONMENTS, find_stack, read_stack, stack_name
from functions.artefact import read_artefact
from functions.errors import ServingError

MODEL: Final = Path("model")
_KEY: Final = "API_KEY"


def _clients() -> dict[str, Any]:
    services = ("apigateway", "cloudformation", "ecr", "lambda")
    return {service: boto3.client(service) for service in services}


def _deploy(asked: argparse.Namespace) -> bool:
    model = read_artefact(MODEL).version
    stack = deploy(asked.environment, asked.image, model, _clients(), _tell)
    _tell(f"{stack.name} runs {stack.image} at {stack.outputs['Url']}")
    _tell(f"Ask it: make smoke ENV={asked.environment}")
    return True


def _smoke(asked: argparse.Namespace) -> bool:
    url, key = asked.target, os.environ.get(asked.key_from_env, "").strip()
    if url in ENVIRONMENTS:
        clients = _clients()
        outputs = read_stack(clients["cloudformation"], stack_name(url)).outputs
        url = outputs["Url"]
        given = clients["apigateway"].get_api_key(apiKey=outputs["KeyId"], includeValue=True)
        key = given["value"]
    return smoke(url, key, read_artefact(MODEL), print)


def _images(asked: argparse.Namespace) -> bool:
    clients = _clients()
    stack = read_stack(clients["cloudformation"], stack_name(asked.environment))
    row = "{:>7}  {:>7}  {:<10}  {:<12}  {:<12}  {}".format
    print(row("version", "traffic", "pushed", "model", "commit", "digest"))
    for release in history(stack, clients):
        share = f"{release.share:.0%}" if release.share else "was" if release.served else "-"
        known = (release.pushed or "gone", release.model or "?", release.commit[:12] or "?")
        print(row(release.version, share, *known, release.digest))
    return True


def _rollback(asked: argparse.Namespace) -> bool:
    clients = _clients()
    stack = read_stack(clients["cloudformation"], stack_name(asked.environment))
    rollback_release(stack, asked.digest, clients, _tell, now=asked.now)
    return True


def _serving(asked: argparse.Namespace) -> bool:
    found = find_stack(boto3.client("cloudformation"), stack_name(asked.environment))
    print(f"image={found.image if found else ''}")
    return True


def _push(_: argparse.Namespace) -> bool:
    clients = _clients()
    repository = bootstrap(clients["cloudformation"])["Repository"]
    pushed = image.push_image(repository, read_artefact(MODEL).version, clients["ecr"], _tell)
    name, _at, digest = pushed.partition("@")
    print(f"image={pushed}\nname={name}\ndigest={digest}")
    return True


def _log_in(_: argparse.Namespace) -> bool:
    image.log_in(boto3.client("ecr"))
    return True


def _destroy(asked: argparse.Namespace) -> bool:
    name = stack_name(asked.environment)
    typed = asked.confirm or _ask(f"Type {name} to delete it and all that is in it: ")
    destroy(asked.environment, typed, boto3.client("cloudformation"), _tell)
    return True


def _ask(question: str) -> str:
    try:
        return input(question).strip()
    except EOFError:
        return ""


def _tell(sentence: str) -> None:
    print(sentence, file=sys.stderr, flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m deploy", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, run: Any, text: str, *, environment: bool = True) -> Any:
        made = commands.add_parser(name, help=text, description=text)
        made.set_defaults(run=run)
        if environment:
            made.add_argument("environment", choices=ENVIRONMENTS)
        return made

    made = command("deploy", _deploy, "Build, push and deploy; with --image, deploy that one.")
    made.add_argument("--image", default="", help="REPOSITORY@sha256:DIGEST")
    made = command("smoke", _smoke, "Ask a deployed API what it must answer.", environment=False)
    made.add_argument("target", help="its address, or an environment")
    made.add_argument("--key-from-env", default=_KEY, metavar="NAME", help="default: API_KEY")
    command("images", _images, "List the releases of an environment.")
    made = command("rollback", _rollback, "Put an earlier image back, through the stack.")
    made.add_argument("digest", nargs="?", default="", help="default: the one before")
    made.add_argument("--now", action="store_true", help="all traffic at once")
    command("serving", _serving, "Print image=, what an environment runs; empty for none.")
    command(
        "push", _push, "Push what sam build made; print image=, name=, digest=.", environment=False
    )
    command("log-in", _log_in, "Let docker into the registry.", environment=False)
    made = command("destroy", _destroy, "Delete the stack of an environment.")
    made.add_argument("--confirm", default="", metavar="STACK", help="its name; else it is asked")
    return parser


def main(arguments: list[str] | None = None) -> int:
    """Runs a command: 0 done and well, 1 not, with one line that says why."""
    asked = _parser().parse_args(arguments)
    try:
        return 0 if asked.run(asked) else 1
    except (ReleaseError, ServingError, BotoCoreError, ClientError) as error:
        _tell(f"release: {error}")
        return 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
