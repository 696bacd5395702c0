"""The commands that pages, workflows and the Makefile call exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from deploy.__main__ import app

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


@pytest.mark.parametrize("command", ["bootstrap", "deploy", "rollback", "images", "destroy"])
def test_an_unknown_environment_is_refused(command: str) -> None:
    done = CliRunner().invoke(app, [command, "production"])
    assert done.exit_code == 2
    assert "Invalid value" in done.output
