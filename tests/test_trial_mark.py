"""Tests marked `trial` run while study.toml declares the trial, and skip once it is another's."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import TRIAL

MARKED_AND_UNMARKED = """
import pytest

@pytest.mark.trial
def test_of_the_trial(): pass

def test_of_any_study(): pass
"""


@pytest.mark.parametrize(
    ("name", "outcomes"),
    [(TRIAL, "2 passed"), ("machines", "1 passed, 1 skipped")],
)
def test_tests_of_the_trial_skip_once_another_study_is_declared(
    name: str, outcomes: str, root: Path, tmp_path: Path
) -> None:
    # Not called tests/: the copied conftest.py imports from the real folder of that name.
    checks = tmp_path / "checks"
    checks.mkdir()
    shutil.copy(root / "tests/conftest.py", checks)
    shutil.copy(root / "pyproject.toml", tmp_path)
    (checks / "test_two.py").write_text(MARKED_AND_UNMARKED)
    (tmp_path / "study.toml").write_text(f'[study]\nname = "{name}"\n')

    done = subprocess.run(
        [sys.executable, "-m", "pytest", "checks", "-p", "no:cacheprovider"],
        cwd=tmp_path,
        env={"PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert f"= {outcomes} in " in done.stdout, done.stdout + done.stderr
    reason = f"it holds for {TRIAL}; study.toml declares {name}"
    assert (reason in done.stdout) == (name != TRIAL)
