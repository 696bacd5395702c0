"""`python -m training study …`: drafting and checking study files."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

VALID = Path(__file__).parents[1] / "study" / "valid.toml"


def run(root: Path, folder: Path, *arguments: str, code: int = 0) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "training", "study", *arguments],
        cwd=folder,
        env={"PYTHONPATH": str(root), "PATH": "", "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return " ".join(done.stderr.split())


@pytest.fixture
def csv(tmp_path: Path) -> Path:
    path = tmp_path / "lamps.csv"
    rows = range(120)
    pd.DataFrame(
        {
            "weeks": [1.37 * (place % 23 + 1) for place in rows],
            "failed": [place % 2 for place in rows],
            "maker": ["AB"[place % 5 % 2] for place in rows],
            "watts": [10 + place % 17 / 2 for place in rows],
        }
    ).to_csv(path, index=False)
    return path


def test_a_draft_is_written_explained_and_passes_its_own_check(
    root: Path, tmp_path: Path, csv: Path
) -> None:
    output = run(
        root, tmp_path, "new", "lamps.csv", *["--time", "weeks", "--event", "failed", "--to", "a"]
    )
    assert "failed = 1 says that the event happened (60 rows, 50%)" in output
    assert "Wrote a/study.toml: valid, with 120 of 120 rows used." in output
    assert "make train STUDY=a/study.toml DATA=" in output
    checked = run(root, tmp_path, "check", "a/study.toml", "--data", "lamps.csv")
    assert "1 factor and 1 number, 3 terms" in checked
    assert "120 rows, 120 subjects" in checked


def test_a_draft_never_overwrites_a_study(root: Path, tmp_path: Path, csv: Path) -> None:
    (tmp_path / "study.toml").write_text("mine")
    arguments = ["new", "lamps.csv", "--time", "weeks", "--event", "failed", "--to", "."]
    assert "study.toml is there already" in run(root, tmp_path, *arguments, code=1)
    assert (tmp_path / "study.toml").read_text() == "mine"


def test_a_faulty_study_is_a_table_of_keys(root: Path, tmp_path: Path) -> None:
    text = VALID.read_text(encoding="utf-8").replace("horizon = 20", 'horizon = "20"')
    (tmp_path / "study.toml").write_text(text, encoding="utf-8")
    output = run(root, tmp_path, "check", code=1)
    assert 'time.horizon │ "20" │ a number' in output
    assert "1 fault in study.toml" in output


def test_a_study_is_checked_against_its_data(root: Path, tmp_path: Path, csv: Path) -> None:
    (tmp_path / "study.toml").write_bytes(VALID.read_bytes())
    output = run(root, tmp_path, "check", "--data", "lamps.csv", code=1)
    assert 'data.group.column │ "Rack" │ a column of lamps.csv' in output
    assert 'time.column │ "Weeks" │ a column of lamps.csv; did you mean weeks?' in output
    run(root, tmp_path, "new", "lamps.csv", *["--time", "weeks", "--event", "failed", "--to", "a"])
    draft = tmp_path / "a" / "study.toml"
    draft.write_text(draft.read_text().replace("horizon = ", "horizon = 1"))
    output = run(root, tmp_path, "check", "a/study.toml", "--data", "lamps.csv", code=1)
    assert "at most the last time in the data, 31.51" in output
