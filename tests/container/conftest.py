"""The built image: made once, run with `docker` and with SAM CLI, always cleaned up."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.deploy.conftest import account
from tests.local_server import free_port

__all__ = ["account"]


def docker(*arguments: str, timeout: float = 120) -> str:
    done = subprocess.run(
        ["docker", *arguments], capture_output=True, text=True, timeout=timeout, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.strip()


@pytest.fixture(scope="session")
def base(root: Path) -> str:
    """The base image as Dockerfile.lambda names it."""
    dockerfile = (root / "Dockerfile.lambda").read_text().splitlines()
    (name,) = (line.split()[1] for line in dockerfile if line.startswith("FROM "))
    if not shutil.which("docker"):
        pytest.skip("there is no Docker here")
    seen = subprocess.run(["docker", "info"], capture_output=True, check=False)
    if seen.returncode:
        pytest.skip("no Docker Engine answers")
    seen = subprocess.run(["docker", "image", "inspect", name], capture_output=True, check=False)
    if seen.returncode and "CI" not in os.environ:
        pytest.skip(f"the base image is not here: docker pull {name}")
    return name


@pytest.fixture(scope="session")
def sam(root: Path) -> Callable[..., list[str]]:
    """The command line of SAM CLI; it answers nothing to its makers."""
    binary = root / ".sam-venv/bin/sam"
    if not binary.exists():
        pytest.skip("SAM CLI is not here: `make test` sets it up")
    os.environ["SAM_CLI_TELEMETRY"] = "0"
    return lambda *arguments: [str(binary), *arguments]


@pytest.fixture(scope="session")
def built(
    base: str,
    sam: Callable[..., list[str]],
    root: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    """The template that `sam build` wrote."""
    folder = tmp_path_factory.mktemp("build")
    command = sam("build", "--build-dir", str(folder), "--template", str(root / "template.yaml"))
    done = subprocess.run(
        command, cwd=root, capture_output=True, text=True, timeout=600, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return folder / "template.yaml"


@pytest.fixture(scope="session")
def image(built: Path) -> str:
    """The image, by its own hash: a tag may move while the tests run."""
    line = next(line for line in built.read_text().splitlines() if "ImageUri:" in line)
    return docker("inspect", "--format", "{{.Id}}", line.split("ImageUri:")[1].strip())


class Container:
    """One execution environment of the image: started cold, invoked over HTTP."""

    def __init__(self, image: str, *arguments: str) -> None:
        self.name, port = f"seedling-{uuid.uuid4().hex[:12]}", free_port()
        self._address = f"http://127.0.0.1:{port}/2015-03-31/functions/function/invocations"
        docker(
            *("run", "--detach", "--name", self.name, "--publish", f"127.0.0.1:{port}:8080"),
            *arguments,
            image,
        )

    def invoke(self, event: object) -> Any:
        """What the handler returned; an empty answer where the start was stopped."""
        return json.loads(post(self._address, json.dumps(event).encode()) or b"{}")

    def log(self) -> str:
        """All that it has written, to either stream."""
        done = subprocess.run(["docker", "logs", self.name], capture_output=True, check=True)
        return (done.stdout + done.stderr).decode(errors="replace")

    def remove(self) -> None:
        subprocess.run(["docker", "rm", "--force", self.name], capture_output=True, check=False)


@pytest.fixture
def container_of() -> Iterator[Callable[..., Container]]:
    """Starts containers of an image, with arguments of `docker run`, and removes them all."""
    started: list[Container] = []

    def begin(image: str, *arguments: str) -> Container:
        started.append(Container(image, *arguments))
        return started[-1]

    yield begin
    for container in started:
        container.remove()


@pytest.fixture
def start(image: str, container_of: Callable[..., Container]) -> Callable[..., Container]:
    """Starts containers of the image, with arguments of `docker run`."""
    return partial(container_of, image)


@pytest.fixture(scope="session")
def api(
    sam: Callable[..., list[str]],
    built: Path,
    root: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[str]:
    """The address at which `sam local start-api` serves the image."""
    port = free_port()
    command = sam(
        *("local", "start-api", "--template", str(built), "--host", "127.0.0.1"),
        *("--port", str(port), "--warm-containers", "EAGER"),
    )
    address = f"http://127.0.0.1:{port}"
    with (tmp_path_factory.mktemp("api") / "log").open("wb") as log:
        server = subprocess.Popen(command, cwd=root, stdout=log, stderr=subprocess.STDOUT)
        try:
            post(f"{address}/v1/predict", b"{}")
            yield address
        finally:
            server.terminate()
            server.wait(timeout=60)


def post(address: str, body: bytes, seconds: float = 60) -> bytes:
    """Posts, trying again until somebody listens."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            request = urllib.request.Request(
                address, body, {"content-type": "application/json"}, method="POST"
            )
            with urllib.request.urlopen(request, timeout=60) as answer:
                return bytes(answer.read())
        except urllib.error.HTTPError as error:
            return bytes(error.read())
        except (urllib.error.URLError, ConnectionError):
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)
