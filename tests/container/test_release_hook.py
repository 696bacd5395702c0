"""The check before traffic, run from the image it judges, against an account on this machine."""

from __future__ import annotations

import json
import subprocess
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.container.conftest import docker, post
from tests.deploy import account as accounts
from tests.deploy.account import Account
from tests.local_server import free_port

pytestmark = [pytest.mark.container, pytest.mark.xdist_group("container")]

VERSION = "arn:aws:lambda:eu-west-1:123456789012:function:seedling-survival-prod:7"
EVENT = {"DeploymentId": "d-1", "LifecycleEventHookExecutionId": "execution"}


def started(image: str, *arguments: str) -> Iterator[Callable[[object], Any]]:
    """A container whose functions are invoked on a port of 127.0.0.1 of the host's own network."""
    name, port = f"seedling-{uuid.uuid4().hex[:12]}", free_port()
    docker(
        *("run", "--detach", "--name", name, "--network", "host"),
        *("--entrypoint", "/usr/local/bin/aws-lambda-rie"),
        *arguments[:-1],
        image,
        *("--runtime-interface-emulator-address", f"127.0.0.1:{port}"),
        *("--runtime-api-address", f"127.0.0.1:{free_port()}"),
        *("/var/runtime/bootstrap", arguments[-1]),
    )
    address = f"http://127.0.0.1:{port}/2015-03-31/functions/function/invocations"
    try:
        yield lambda event: json.loads(post(address, json.dumps(event).encode()))
    finally:
        subprocess.run(["docker", "rm", "--force", name], capture_output=True, check=False)


@pytest.fixture
def version(image: str) -> Iterator[Callable[[object], Any]]:
    """The version that is about to take traffic."""
    handler = "functions.api.handler.handler"
    yield from started(image, "--env", f"_HANDLER={handler}", handler)


@pytest.fixture
def hook(image: str, account: Account) -> Iterator[Callable[[object], Any]]:
    """The hook, as template.yaml configures it."""
    handler = "functions.hook.handler.handler"
    environment = {
        **accounts.ENVIRONMENT,
        "AWS_ENDPOINT_URL": account.url,
        "AWS_LAMBDA_FUNCTION_TIMEOUT": "120",
        "NEW_VERSION": VERSION,
        "_HANDLER": handler,
    }
    given = [word for name, value in environment.items() for word in ("--env", f"{name}={value}")]
    yield from started(image, *given, handler)


def test_the_hook_invokes_its_image_and_reports_to_codedeploy(
    account: Account,
    hook: Callable[[object], Any],
    version: Callable[[object], Any],
) -> None:
    account.invoke = lambda _, payload: ({}, json.dumps(version(json.loads(payload))).encode())
    verdict = hook(EVENT)
    assert verdict == {"verdict": "Succeeded", "faults": []}
    assert account.reports == [
        {
            "deploymentId": "d-1",
            "lifecycleEventHookExecutionId": "execution",
            "status": "Succeeded",
        }
    ]
    assert {call.split()[0] for call in account.calls} == {"lambda", "codedeploy"}


def test_the_image_refuses_a_version_that_crashes(
    account: Account, hook: Callable[[object], Any]
) -> None:
    account.invoke = lambda *_: ({"X-Amz-Function-Error": "Unhandled"}, b'{"errorType": "Exit"}')
    verdict = hook(EVENT)
    assert verdict["verdict"] == "Failed"
    assert [report["status"] for report in account.reports] == ["Failed"]
