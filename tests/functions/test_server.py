"""The server on this machine, as a person starts, calls and stops it."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.functions.conftest import Vary


def start(root: Path, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "functions.api", *arguments],
        cwd=root,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )


@pytest.fixture
def server(root: Path) -> Iterator[subprocess.Popen[str]]:
    running = start(root, "--model", "model", "--port", "0")
    yield running
    running.kill()
    running.communicate()


@pytest.mark.trial
def test_it_says_where_it_is_and_a_command_that_works(server: subprocess.Popen[str]) -> None:
    assert server.stdout is not None
    greeting = server.stdout.readline()
    words = shlex.split(greeting.partition("Try: ")[2])

    assert greeting.startswith("Serving http://127.0.0.1:")
    assert words[0] == "curl"
    name, _, value = words[words.index("-H") + 1].partition(": ")
    answer = httpx.post(words[1], headers={name: value}, content=words[words.index("-d") + 1])
    assert answer.status_code == 200
    assert len(answer.json()["curve"]) == 34


def test_head_and_304_are_answered_without_a_failure(server: subprocess.Popen[str]) -> None:
    assert server.stdout is not None
    address = server.stdout.readline().split()[1]
    for path in ("/", "/model", "/docs", "/openapi.json", "/health", "/v1/model"):
        got, head = httpx.get(f"{address}{path}"), httpx.head(f"{address}{path}")
        assert (head.status_code, head.content) == (200, b"")
        assert head.headers["content-length"] == got.headers["content-length"]
        if tag := got.headers.get("etag"):
            again = httpx.get(f"{address}{path}", headers={"if-none-match": tag})
            assert (again.status_code, again.content) == (304, b"")
    server.send_signal(signal.SIGINT)
    _, errors = server.communicate(timeout=20)

    assert errors == ""


def test_ctrl_c_ends_it_without_a_word(server: subprocess.Popen[str]) -> None:
    assert server.stdout is not None
    server.stdout.readline()
    server.send_signal(signal.SIGINT)
    output, errors = server.communicate(timeout=20)

    assert (server.returncode, output, errors) == (0, "", "")


def refusal(root: Path, *arguments: str) -> str:
    done = start(root, *arguments)
    output, errors = done.communicate(timeout=60)
    assert done.returncode == 1
    assert output == ""
    assert len(errors.splitlines()) == 1, errors
    return errors


def test_an_address_that_can_t_be_had_is_named_with_the_reason(root: Path) -> None:
    remedy = "try another --port, or a --host of this machine"
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        assert refusal(root, "--port", port) == (
            f"can't serve: 127.0.0.1:{port}: Address already in use; {remedy}\n"
        )
    refused = refusal(root, "--host", "::nowhere", "--port", "0")
    assert re.fullmatch(rf"can't serve: \[::nowhere\]:0: [A-Z][a-z ]+; {remedy}\n", refused)


@pytest.mark.parametrize(
    ("host", "called"),
    [("::1", "[::1]"), ("::", "[::1]"), ("0.0.0.0", "127.0.0.1")],  # noqa: S104
)
def test_the_greeting_names_an_address_that_can_be_called(
    root: Path, host: str, called: str
) -> None:
    running = start(root, "--model", "model", "--host", host, "--port", "0")
    try:
        assert running.stdout is not None
        address = running.stdout.readline().split()[1]
        assert address.startswith(f"http://{called}:")
        assert httpx.get(f"{address}/health").status_code == 200
    finally:
        running.kill()
        running.communicate()


@pytest.mark.parametrize("port", ["many", "-1", "65536", "443,80", "\u0663"])
def test_an_invalid_port_is_named(root: Path, port: str) -> None:
    done = start(root, f"--port={port}")
    _, errors = done.communicate(timeout=60)

    assert done.returncode == 2
    assert f"'{port}' is not a number from 0 to 65535" in errors


def test_a_model_that_is_not_there_or_damaged_is_named(
    root: Path, vary: Vary, tmp_path: Path
) -> None:
    assert "No such file" in refusal(root, "--model", str(tmp_path / "none"), "--port", "0")
    damaged = vary(lambda metadata: metadata.update(contract=7))
    assert "contract: expected 2, got 7" in refusal(root, "--model", str(damaged), "--port", "0")


def test_a_simulated_model_is_marked_in_the_greeting(root: Path, vary: Vary) -> None:
    folder = vary(lambda metadata: metadata["data"].update(source="simulated"))
    running = start(root, "--model", str(folder), "--port", "0")
    try:
        assert running.stdout is not None
        assert re.search(r"\(SIMULATED data, model [0-9a-f]{12};", running.stdout.readline())
    finally:
        running.kill()
        running.communicate()


def test_a_body_that_breaks_off_is_one_line_at_the_terminal(
    server: subprocess.Popen[str],
) -> None:
    # A body that never comes whole must not be taken for one.
    assert server.stdout is not None
    port = int(re.findall(r":(\d+) ", server.stdout.readline())[0])
    with socket.create_connection(("127.0.0.1", port)) as half:
        half.sendall(b"POST /v1/predict HTTP/1.1\r\nhost: x\r\ncontent-length: 50\r\n\r\n{")
    assert httpx.get(f"http://127.0.0.1:{port}/health").json()["status"] == "ok"
    server.send_signal(signal.SIGINT)
    _, errors = server.communicate(timeout=20)

    assert re.fullmatch(r"request [0-9a-f]{32}: the client broke off\n", errors)


def test_it_describes_itself(server: subprocess.Popen[str]) -> None:
    assert server.stdout is not None
    address = server.stdout.readline().split()[1]
    assert "openapi" in httpx.get(f"{address}/docs").text
    assert json.loads(httpx.get(f"{address}/v1/model").text)["contract"] == 2
