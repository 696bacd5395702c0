"""The image that ships: it answers, it holds what serving needs, and nothing else."""

from __future__ import annotations

import json
import shutil
import subprocess
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.container.conftest import docker, free_port, post
from tests.events import expected

pytestmark = [pytest.mark.container, pytest.mark.xdist_group("container")]

LARGEST_ABOVE_BASE = 175_000_000
"""Bytes; onnxruntime and numpy are two thirds of them."""


@pytest.fixture(scope="module")
def metadata(root: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((root / "model/metadata.json").read_text())
    return loaded


def inside(image: str, *command: str) -> str:
    return docker("run", "--rm", "--entrypoint", command[0], image, *command[1:])


@pytest.mark.parametrize(
    "arguments",
    [(), ("--read-only",), ("--user", "1000:1000"), ("--memory", "256m")],
    ids=["plainly", "on a read-only file system", "as nobody in particular", "in 256 MB"],
)
def test_the_image_answers(
    invoked: Callable[..., Any], metadata: dict[str, Any], arguments: tuple[str, ...]
) -> None:
    expected.check("predict", invoked(expected.event("predict"), *arguments), metadata)


def test_sam_local_invoke_answers(
    sam: Callable[..., list[str]], built: Path, metadata: dict[str, Any], root: Path
) -> None:
    for name in ("predict", "bad-input"):
        event = str(root / f"tests/events/{name}.json")
        done = subprocess.run(
            sam("local", "invoke", "PredictFunction", "--template", str(built), "--event", event),
            cwd=root,
            capture_output=True,
            text=True,
            timeout=180,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        expected.check(name, json.loads(done.stdout.strip().splitlines()[-1]), metadata)


def test_sam_local_start_api_answers_over_http(
    sam: Callable[..., list[str]], built: Path, root: Path, tmp_path: Path
) -> None:
    port = free_port()
    command = sam(
        *("local", "start-api", "--template", str(built), "--host", "127.0.0.1"),
        *("--port", str(port), "--warm-containers", "EAGER"),
    )
    address = f"http://127.0.0.1:{port}"
    with (tmp_path / "log").open("wb") as log:
        server = subprocess.Popen(command, cwd=root, stdout=log, stderr=subprocess.STDOUT)
        try:
            body = expected.event("predict")["body"].encode()
            answer = json.loads(post(f"{address}/v1/predict", body))
            assert len(answer["curve"]) == 34
            refused = json.loads(post(f"{address}/v1/predict", b'{"species": 1}'))
            assert refused["status"] == 422
            for path, part in (("/", "<svg"), ("/docs", "openapi.json"), ("/health", '"ok"')):
                with urllib.request.urlopen(address + path, timeout=60) as page:
                    assert part in page.read().decode()
        finally:
            server.terminate()
            server.wait(timeout=60)


def test_nothing_of_training_is_in_the_image(image: str) -> None:
    installed = inside(image, "python", "-m", "pip", "list", "--format", "freeze").lower()
    names = {line.split("==")[0] for line in installed.splitlines()}
    present = set(inside(image, "ls", "/var/task").split())

    forbidden = {"scikit-learn", "scipy", "pandas", "joblib", "dvc", "pytest", "uvicorn", "onnx"}
    assert names & forbidden == set()
    assert present & {"sklearn", "scipy", "pandas", "joblib", "dvc", "training", "data"} == set()
    assert {"functions", "model", "onnxruntime"} <= present


def test_the_image_is_compiled_small_and_clean(image: str, base: str) -> None:
    sizes = [int(docker("inspect", "--format", "{{.Size}}", tag)) for tag in (image, base)]
    assert sizes[0] - sizes[1] <= LARGEST_ABOVE_BASE

    sources = inside(image, "find", "/var/task/functions", "-name", "*.py").split()
    compiled = inside(image, "find", "/var/task/functions", "-name", "*.pyc").split()
    assert len(compiled) == len(sources)
    assert inside(image, "sh", "-c", "find /tmp ~/.cache -type f 2>/dev/null || true") == ""


def test_no_secret_and_no_setting_of_this_machine_is_in_the_image(image: str) -> None:
    variables = json.loads(docker("inspect", "--format", "{{json .Config.Env}}", image))
    words = ("KEY", "SECRET", "TOKEN", "PASSWORD", "CREDENTIAL")
    assert [v for v in variables if any(word in v.upper() for word in words)] == []


def test_a_model_that_does_not_answer_as_recorded_ends_the_build(
    base: str, root: Path, tmp_path: Path
) -> None:
    for name in ("functions", "model"):
        shutil.copytree(root / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(root / "Dockerfile.lambda", tmp_path)
    metadata = tmp_path / "model/metadata.json"
    described = json.loads(metadata.read_text())
    described["golden"][0]["mortality_percent"] += 1
    metadata.write_text(json.dumps(described))
    done = subprocess.run(
        ["docker", "build", "--file", "Dockerfile.lambda", "--build-arg", f"BASE={base}", "."],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode != 0
    assert "golden[0]" in done.stdout + done.stderr
