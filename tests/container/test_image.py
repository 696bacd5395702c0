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

from functions.artefact import read_artefact
from tests.container.conftest import Container, docker, post
from tests.events import expected

pytestmark = [pytest.mark.container, pytest.mark.xdist_group("container")]


@pytest.fixture(scope="module")
def metadata(root: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((root / "model/metadata.json").read_text())
    return loaded


def inside(image: str, *command: str) -> str:
    return docker("run", "--rm", "--entrypoint", command[0], image, *command[1:])


@pytest.mark.trial
@pytest.mark.parametrize(
    "arguments",
    [(), ("--user", "1000:1000")],
    ids=["plainly", "as nobody in particular"],
)
def test_the_image_answers(
    start: Callable[..., Container], metadata: dict[str, Any], arguments: tuple[str, ...]
) -> None:
    container = start(*arguments)
    for name in sorted(expected.STATUSES):
        expected.check(name, container.invoke(expected.event(name)), metadata)


@pytest.mark.trial
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


def test_sam_local_start_api_answers_over_http(api: str, root: Path) -> None:
    artefact = read_artefact(root / "model")
    answer = json.loads(post(f"{api}/v1/predict", json.dumps(artefact.example).encode()))
    assert len(answer["curve"]) == len(artefact.time.visits)
    refused = json.loads(post(f"{api}/v1/predict", b'{"species": 1}'))
    assert refused["status"] == 422
    for path, part in (("/", "<svg"), ("/docs", "openapi.json"), ("/health", '"ok"')):
        with urllib.request.urlopen(api + path, timeout=60) as page:
            assert part in page.read().decode()


def test_nothing_of_training_is_in_the_image(image: str) -> None:
    installed = inside(image, "python", "-m", "pip", "list", "--format", "freeze").lower()
    names = {line.split("==")[0] for line in installed.splitlines()}
    present = set(inside(image, "ls", "/var/task").split())

    forbidden = {"scikit-learn", "scipy", "pandas", "joblib", "dvc", "pytest", "uvicorn", "onnx"}
    assert names & forbidden == set()
    assert present & {"sklearn", "scipy", "pandas", "joblib", "dvc", "training", "data"} == set()
    assert {"functions", "model", "onnxruntime"} <= present


def test_the_image_is_compiled(image: str) -> None:
    sources = inside(image, "find", "/var/task/functions", "-name", "*.py").split()
    compiled = inside(image, "find", "/var/task/functions", "-name", "*.pyc").split()
    assert len(compiled) == len(sources)


# What a build can leave behind and an intruder could use; the base has its own of each.
FOUND = {
    "anybody may write to": "find /var/task /opt /etc -xdev -perm /o+w ! -type l",
    "run as another user": "find / -xdev -perm /6000 -type f",
    "of a compiler": "for x in cc gcc g++ clang ld make cargo; do command -v $x; done",
    "of a package manager's cache": "find /var/cache ~/.cache ~/.local -type f",
    "of a shell's history": "find / -xdev -name '.*_history'",
    "left in a scratch folder": "find /tmp /var/tmp -type f",
    "that could make packages": r"find / -xdev \( -name pip -o -name setuptools -o -name uv \)",
}


@pytest.mark.parametrize("what", FOUND)
def test_the_build_adds_nothing(image: str, base: str, what: str) -> None:
    command = f"({FOUND[what]}) 2>/dev/null || true"
    ours, theirs = (set(inside(tag, "sh", "-c", command).split()) for tag in (image, base))

    assert ours - theirs == set()


def test_nothing_of_a_repository_or_a_key_is_in_the_image(image: str) -> None:
    listed = inside(image, "find", "/var/task", "-maxdepth", "2").splitlines()
    task = {line.removeprefix("/var/task/").split("/")[0] for line in listed[1:]}
    assert {each for each in task if each.startswith(".")} == set()
    assert not task & {"tests", "training", "data", "Makefile", "requirements.txt", "bin"}
    named = r"\( -name '*.pem' -o -name '*.key' -o -name 'credentials*' \)"
    command = f"find /var/task /home ~ -xdev {named} || true"
    assert inside(image, "sh", "-c", command) == ""


def test_the_seal_is_that_of_the_model_and_anybody_can_check_it(image: str) -> None:
    assert inside(image, "sha256sum", "--check", "model.seal") == "model/metadata.json: OK"
    assert inside(image, "find", "model", "model.seal", "functions", "-perm", "/go+w") == ""


def test_the_image_says_what_it_is(image: str) -> None:
    settings = json.loads(docker("inspect", "--format", "{{json .Config}}", image))
    labels = settings["Labels"]
    assert labels["org.opencontainers.image.revision"] == "unknown", "a build may name its commit"
    assert settings["Cmd"] == ["functions.api.handler.handler"]
    assert settings.get("User", "") == "", "Lambda gives it a user of its own"
    assert "Healthcheck" not in settings, "Lambda asks for none"


def test_no_secret_and_no_setting_of_this_machine_is_in_the_image(image: str) -> None:
    variables = json.loads(docker("inspect", "--format", "{{json .Config.Env}}", image))
    words = ("KEY", "SECRET", "TOKEN", "PASSWORD", "CREDENTIAL")
    assert [v for v in variables if any(word in v.upper() for word in words)] == []


def test_a_second_build_from_nothing_holds_the_same_bytes(image: str, root: Path) -> None:
    again = docker(
        *("build", "--quiet", "--no-cache", "--file", str(root / "Dockerfile.lambda"), str(root)),
        timeout=300,
    ).splitlines()[-1]
    hashes = "find . -type f -print0 | sort -z | xargs -0 sha256sum"
    try:
        first, second = (inside(each, "sh", "-c", hashes) for each in (image, again))
    finally:
        docker("rmi", again)

    assert first == second


def test_a_model_that_does_not_answer_as_recorded_ends_the_build(
    base: str, root: Path, tmp_path: Path
) -> None:
    for name in ("functions", "model"):
        shutil.copytree(root / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(root / "Dockerfile.lambda", tmp_path)
    metadata = tmp_path / "model/metadata.json"
    described = json.loads(metadata.read_text())
    described["golden"][0][f"{described['study']['outcome']}_percent"] += 1
    metadata.write_text(json.dumps(described))
    done = subprocess.run(
        ["docker", "build", "--file", "Dockerfile.lambda", "."],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode != 0
    assert "golden[0]" in done.stdout + done.stderr
