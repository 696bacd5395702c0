"""The commands that pages, workflows and the Makefile call exist."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from deploy.__main__ import app
from tests.deploy import tools

CALLERS = (
    "docs/deploy.md",
    "docs/operate.md",
    "Makefile",
    ".github/workflows/deploy.yml",
    ".github/workflows/rescan.yml",
    ".github/workflows/rollback.yml",
)


def test_every_command_that_is_called_exists_and_every_command_is_called(root: Path) -> None:
    called = {
        command
        for caller in CALLERS
        for command in re.findall(
            r"(?:-m deploy|\$\(RELEASE\)) ([a-z-]+)", (root / caller).read_text()
        )
    }
    assert called == set(get_command(app).commands)  # type: ignore[attr-defined]


def test_every_make_target_that_the_pages_name_exists(root: Path) -> None:
    targets = set(
        re.findall(r"^([a-z-]+)(?: [a-z-]+)*:", (root / "Makefile").read_text(), re.MULTILINE)
    )
    pages = "".join((root / f"docs/{page}.md").read_text() for page in ("deploy", "operate"))
    named = set(re.findall(r"(?:^\s*|`|do )make ([a-z-]+)", pages, re.MULTILINE))
    assert {"bootstrap", "deploy", "smoke", "rollback-release", "destroy"} <= named <= targets


def test_the_base_image_is_pinned_by_the_digest_that_was_pulled(root: Path, tmp_path: Path) -> None:
    for name in ("Makefile", "Dockerfile.lambda"):
        shutil.copy(root / name, tmp_path)
    tools.install(tmp_path / "bin", root, ("docker",))
    environment = {
        **os.environ,
        "PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}",
        "TOOLS_LOG": str(tmp_path / "log"),
    }
    before = (tmp_path / "Dockerfile.lambda").read_text()
    for _ in range(2):  # a pin is replaced by the next
        subprocess.run(["make", "pin-base"], cwd=tmp_path, env=environment, check=True)
    after = (tmp_path / "Dockerfile.lambda").read_text()
    image = "public.ecr.aws/lambda/python:3.13"
    assert after == before.replace(f"FROM {image}", f"FROM {image}@{tools.IMAGE_ID}")


@pytest.mark.parametrize(
    ("target", "calls"),
    [("image", 1), ("invoke", 2), ("local-api", 2)],  # the latter two build it first
)
def test_sam_is_handed_the_host_of_docker_s_context(
    root: Path, tmp_path: Path, target: str, calls: int
) -> None:
    shutil.copy(root / "Makefile", tmp_path)
    (tmp_path / "event.json").write_text("{}")
    log = tmp_path / "log"
    scripts = {
        "docker": '[ "$1" != context ] || echo unix:///elsewhere.sock',
        "sam": f'echo "$DOCKER_HOST" >> {shlex.quote(str(log))}',
    }
    for name, script in scripts.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / name).chmod(0o755)
    environment = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"}
    environment.pop("DOCKER_HOST", None)
    ready = ("--old-file=model", "--old-file=.sam-venv/.ready")
    subprocess.run(
        ["make", *ready, target, "SAM=sam", "EVENT=event.json"],
        cwd=tmp_path,
        env=environment,
        check=True,
    )
    assert log.read_text().splitlines() == ["unix:///elsewhere.sock"] * calls


@pytest.mark.parametrize("command", ["bootstrap", "deploy", "rollback", "images", "destroy"])
def test_an_unknown_environment_is_refused(command: str) -> None:
    done = CliRunner().invoke(app, [command, "production"])
    assert done.exit_code == 2
    assert "Invalid value" in done.output
