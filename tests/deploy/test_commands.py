"""What pages, workflows and the Makefile call is there to be called."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from deploy.__main__ import main

CALLERS = ("docs/deploy.md", "Makefile", ".github/workflows/deploy.yml")


def test_every_command_that_is_called_exists(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    called = {
        command
        for caller in CALLERS
        for command in re.findall(
            r"(?:-m deploy|\$\(RELEASE\)) ([a-z-]+)", (root / caller).read_text()
        )
    }
    assert called == {
        *("deploy", "smoke", "images", "rollback", "serving", "push", "log-in", "destroy"),
    }
    for command in called:
        with pytest.raises(SystemExit) as ended:
            main([command, "--help"])
        assert ended.value.code == 0
    assert "usage: python -m deploy" in capsys.readouterr().out


def test_every_make_target_that_the_page_names_exists(root: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (root / "Makefile").read_text(), re.MULTILINE))
    named = set(re.findall(r"\bmake ([a-z-]+)", (root / "docs/deploy.md").read_text()))
    assert {"deploy", "smoke", "undo", "destroy"} <= named <= targets


@pytest.mark.parametrize("environment", ["production", "", "DEV"])
def test_an_environment_that_is_none_is_refused(environment: str) -> None:
    for command in ("deploy", "rollback", "images", "destroy"):
        with pytest.raises(SystemExit) as ended:
            main([command, environment])
        assert ended.value.code == 2
