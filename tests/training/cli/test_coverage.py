"""`python -m training coverage`, on a small study."""

from __future__ import annotations

from pathlib import Path

from typer.testing import CliRunner

from tests.studies.data import study_file, write_data
from training.__main__ import app


def measure(study: str, folder: Path) -> str:
    """What the command prints about a study of tests/studies."""
    files = ["--study", str(study_file(study)), "--data", str(write_data(study, folder))]
    done = CliRunner().invoke(app, ["coverage", *files, "--replicates", "2", "--jobs", "1"])
    assert done.exit_code == 0, done.output
    return done.output


def test_both_intervals_are_measured_and_printed(tmp_path: Path) -> None:
    output = measure("one-factor", tmp_path)

    assert "Interval of the average, 2 simulated data sets each" in output
    assert "as at hand" in output
    assert "each at hand left out in turn" in output


def test_without_groups_there_is_one_interval(tmp_path: Path) -> None:
    output = measure("one-number", tmp_path)

    assert "Interval of one new group: none for these data." in output
