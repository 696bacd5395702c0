"""The stack's template, by the linters that know CloudFormation and SAM."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest


def test_cloudformation_s_linter_finds_nothing(root: Path) -> None:
    done = subprocess.run(
        [Path(sys.executable).with_name("cfn-lint"), "template.yaml"],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "")


def test_sam_s_linter_finds_nothing(root: Path) -> None:
    sam = root / ".sam-venv/bin/sam"
    if not sam.exists():
        pytest.skip("SAM CLI is not here: `make test` sets it up")
    done = subprocess.run(
        [sam, "validate", "--lint", "--region", "eu-west-1"],
        cwd=root,
        env={**os.environ, "SAM_CLI_TELEMETRY": "0"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "is a valid SAM Template" in done.stdout
