"""The stack's templates, by the linters that know CloudFormation, SAM and what is unsafe."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

TEMPLATES = ("template.yaml", "deploy/github-oidc.yaml")
# What checkov would have otherwise; the reason for each stands beside the resource.
EXCEPTIONS = {
    ("CKV_AWS_120", "Api"),
    *(
        (check, function)
        for function in ("PredictFunction", "ReleaseHook")
        for check in ("CKV_AWS_115", "CKV_AWS_116", "CKV_AWS_117", "CKV_AWS_173")
    ),
}


@pytest.mark.parametrize("template", TEMPLATES)
def test_cloudformation_s_linter_finds_nothing(root: Path, template: str) -> None:
    done = subprocess.run(
        [Path(sys.executable).with_name("cfn-lint"), template],
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


def test_checkov_finds_nothing_but_the_exceptions_that_give_a_reason(root: Path) -> None:
    checkov = root / ".checkov-venv/bin/checkov"
    if not checkov.exists():
        pytest.skip("checkov is not here: `make check` sets it up")
    done = subprocess.run(
        [
            *(checkov, "--framework", "cloudformation", "--skip-download"),
            *("--output", "json", "--file", *TEMPLATES),
        ],
        cwd=root,
        # No address that anything could be asked of: what it says rests on its own rules.
        env={
            **os.environ,
            "HTTPS_PROXY": "http://127.0.0.1:9",
            "https_proxy": "http://127.0.0.1:9",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    found = json.loads(done.stdout)
    assert found["summary"]["passed"] > 90
    assert found["summary"]["failed"] == found["summary"]["parsing_errors"] == 0
    skipped = found["results"]["skipped_checks"]
    assert {(each["check_id"], each["resource"].rpartition(".")[2]) for each in skipped} == (
        EXCEPTIONS
    )
    assert all(len(each["check_result"]["suppress_comment"]) > 30 for each in skipped)
