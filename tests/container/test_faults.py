"""The image under strain: a model tampered with, nowhere to write, little memory, many calls."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from functions.artefact import read_artefact
from tests.container.conftest import Container, docker
from tests.events import expected, planted
from tests.events.hostile import CORPUS

pytestmark = [pytest.mark.container, pytest.mark.xdist_group("container")]

# Lambda's smallest sensible memory, and no swap to hide behind.
SMALL = ("--memory", "256m", "--memory-swap", "256m")
LARGEST_EVENT = 4_000_000
"""Bytes; a gateway takes 10 MB, but Lambda no more than 6 MB of event, base64 included."""


@pytest.fixture(scope="module")
def metadata(root: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((root / "model/metadata.json").read_text())
    return loaded


def batch(rows: int) -> dict[str, Any]:
    """A batch of so many rows, whatever the study."""
    artefact = read_artefact(Path(__file__).parents[2] / "model")
    inputs = [
        artefact.example
        | {n.name: n.minimum + (n.maximum - n.minimum) * i / rows for n in artefact.numbers}
        for i in range(rows)
    ]
    body = json.dumps({artefact.study.rows: inputs})
    return {**expected.event("batch"), "body": body}


def tampered(root: Path, folder: Path, name: str) -> Path:
    """A file of the model as it is in the image, but for one bit or one figure."""
    content = (root / "model" / name).read_bytes()
    if name.endswith(".json"):
        card = json.loads(content)
        card["metrics"]["calibration_error"] = 0.0
        content = json.dumps(card).encode()
    else:
        middle = len(content) // 2
        content = content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]
    (folder / name).write_bytes(content)
    return folder / name


SPOILT: dict[str, tuple[str, Callable[[Path, Path], Path], str]] = {
    "tampered metadata": (
        "model/metadata.json",
        lambda root, folder: tampered(root, folder, "metadata.json"),
        "SHA-256 of metadata.json: expected ",
    ),
    "a tampered graph": (
        "model/model.onnx",
        lambda root, folder: tampered(root, folder, "model.onnx"),
        "model.sha256: expected ",
    ),
    "no model": ("model", lambda _, folder: folder, "No such file or directory"),
    "an empty graph": ("model/model.onnx", lambda *_: Path("/dev/null"), "model.sha256: expected "),
    "an empty seal": ("model.seal", lambda *_: Path("/dev/null"), "expected nothing, got "),
}


@pytest.mark.parametrize("what", SPOILT)
def test_a_model_changed_after_the_build_is_never_served(
    image: str, root: Path, tmp_path: Path, what: str
) -> None:
    target, spoil, message = SPOILT[what]
    over = f"{spoil(root, tmp_path)}:/var/task/{target}:ro"
    # As in Lambda: the runtime client starts at once, with no emulator before it.
    done = subprocess.run(
        [
            *("docker", "run", "--rm", "--volume", over),
            *("--env", "AWS_LAMBDA_RUNTIME_API=127.0.0.1:1", image),
            "functions.api.handler.handler",
        ],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert done.returncode == 1
    (line,) = (done.stdout + done.stderr).splitlines()
    assert json.loads(line)["level"] == "CRITICAL"
    assert message in json.loads(line)["message"]


def test_a_whole_model_in_the_place_of_the_sealed_one_is_not_served(
    start: Callable[..., Container], root: Path, tmp_path: Path
) -> None:
    shutil.copytree(root / "model", tmp_path / "model")
    tampered(root, tmp_path / "model", "metadata.json")
    container = start("--volume", f"{tmp_path / 'model'}:/var/task/model:ro")

    assert container.invoke(expected.event("predict")) == {}
    assert "SHA-256 of metadata.json: expected " in container.log()


@pytest.mark.trial
@pytest.mark.parametrize(
    "arguments",
    [
        ("--read-only",),
        ("--read-only", "--user", "65534:65534", "--cap-drop", "ALL", "--network", "bridge"),
        ("--read-only", "--tmpfs", "/tmp:ro"),  # noqa: S108
    ],
    ids=["read-only", "read-only, as nobody, with no right", "no scratch folder"],
)
def test_it_needs_nowhere_to_write(
    start: Callable[..., Container], metadata: dict[str, Any], arguments: tuple[str, ...]
) -> None:
    container = start(*arguments)
    for name in sorted(expected.STATUSES):
        expected.check(name, container.invoke(expected.event(name)), metadata)


def test_a_thousand_rows_fit_into_256_mb(start: Callable[..., Container]) -> None:
    container = start(*SMALL)
    for _ in range(20):
        answer = container.invoke(batch(1000))
        assert answer["statusCode"] == 200
        assert len(json.loads(answer["body"])["predictions"]) == 1000

    state = json.loads(docker("inspect", "--format", "{{json .State}}", container.name))
    assert (state["OOMKilled"], state["Running"], state["ExitCode"]) == (False, True, 0)
    lines = [json.loads(line) for line in container.log().splitlines() if line.startswith("{")]
    assert [line["cold_start"] for line in lines] == [True] + [False] * 19, "never restarted"


def resident(container: Container) -> int:
    """Bytes that the process of the runtime client holds in memory."""
    script = "grep -l awslambdaric /proc/[0-9]*/cmdline | cut -d/ -f3"
    (pid,) = docker("exec", container.name, "sh", "-c", script).split()[:1]
    status = docker("exec", container.name, "cat", f"/proc/{pid}/status")
    return 1024 * int(status.partition("VmRSS:")[2].split()[0])


def test_two_thousand_calls_leak_nothing(start: Callable[..., Container]) -> None:
    container = start(*SMALL)
    events = [expected.event(name) for name in sorted(expected.STATUSES)] + [batch(1000)]
    held = []
    for i in range(2000):
        container.invoke(events[i % len(events)])
        if i + 1 in (500, 2000):
            held.append(resident(container))

    # Measured growth is nothing; a tenth of a kilobyte a call would be more than this.
    assert held[1] - held[0] <= 150_000 + 4096 * 16


@pytest.mark.trial
def test_every_hostile_body_gets_its_answer_from_the_image(
    start: Callable[..., Container],
) -> None:
    container = start(*SMALL)
    for hostile in CORPUS:
        if len(hostile.content) < LARGEST_EVENT:
            answer = container.invoke(hostile.event())
            hostile.check(answer["statusCode"], json.loads(answer["body"]))


def test_no_key_header_query_or_body_is_in_anything_that_the_image_writes(
    start: Callable[..., Container],
) -> None:
    secret = "do-not-write-this-down-4711"
    container = start("--env", "LOG_LEVEL=DEBUG")
    events = planted.events(secret)
    for event in events:
        assert container.invoke(event)["statusCode"] < 500

    log = container.log()
    written = set(re.findall(r'"lambda_request_id": ?"([^"]+)"', log))
    assert len(written) == len(events), "a line for each"
    assert secret not in log
    assert "Quercus" not in log
