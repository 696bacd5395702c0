"""The handler under Lambda's own runtime client and interface emulator, without Docker."""

from __future__ import annotations

import json
import os
import platform
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.functions.models import SEEDLINGS
from tests.local_server import free_port


class Emulator:
    """One execution environment: started cold, invoked over HTTP, its log in a file."""

    def __init__(
        self, binary: Path, root: Path, log: Path, handler: str, environment: dict[str, str]
    ) -> None:
        self._port, self._log = free_port(), log
        with log.open("wb") as output:
            self.process = subprocess.Popen(
                [
                    binary,
                    *("--runtime-interface-emulator-address", f"127.0.0.1:{self._port}"),
                    *("--runtime-api-address", f"127.0.0.1:{free_port()}"),
                    *(sys.executable, "-m", "awslambdaric", handler),
                ],
                cwd=root,
                env={**os.environ, "AWS_LAMBDA_FUNCTION_TIMEOUT": "30", **environment},
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        self._wait()

    def _wait(self) -> None:
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self._port)) == 0:
                    return
            time.sleep(0.02)
        raise AssertionError(f"the emulator did not start: {self.log()}")

    def invoke(self, event: object) -> Any:
        address = f"http://127.0.0.1:{self._port}/2015-03-31/functions/function/invocations"
        request = urllib.request.Request(address, json.dumps(event).encode(), method="POST")
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return json.loads(answer.read())
        except urllib.error.HTTPError as error:
            return {"failed": error.code}

    def log(self) -> str:
        return self._log.read_text(errors="replace")

    def records(self) -> list[dict[str, Any]]:
        """Lines of the log that the handler wrote."""
        return [json.loads(line) for line in self.log().splitlines() if line.startswith("{")]

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(timeout=10)


@pytest.fixture(scope="session")
def binary(root: Path) -> Path:
    if platform.system() != "Linux":
        pytest.skip("the Runtime Interface Emulator runs on Linux alone")
    machine = {"x86_64": "x86_64", "aarch64": "arm64"}.get(platform.machine(), "none")
    folder = "lib/python3.*/site-packages/samcli/local/rapid"
    found = list((root / ".sam-venv").glob(f"{folder}/aws-lambda-rie-{machine}"))
    if not found:
        pytest.skip("no Runtime Interface Emulator here: `make test` sets it up")
    return found[0]


@pytest.fixture(scope="session")
def seedlings(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A model that answers what these tests ask, whatever study.toml declares."""
    return str(SEEDLINGS.write(tmp_path_factory.mktemp("seedlings") / "model"))


@pytest.fixture
def start(binary: Path, root: Path, tmp_path: Path) -> Iterator[Callable[..., Emulator]]:
    """Starts emulators, with more in the environment, and stops them all."""
    started: list[Emulator] = []

    def begin(handler: str = "functions.api.handler.handler", **environment: str) -> Emulator:
        log = tmp_path / f"log-{len(started)}"
        started.append(Emulator(binary, root, log, handler, environment))
        return started[-1]

    yield begin
    for emulator in started:
        emulator.stop()


@pytest.fixture
def emulator(start: Callable[..., Emulator]) -> Emulator:
    return start()
