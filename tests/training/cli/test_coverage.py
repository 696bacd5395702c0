"""`python -m training coverage`, on a small study."""

from __future__ import annotations

from pathlib import Path

from typer.testing import CliRunner

from tests.studies.data import study_file, write_data
from training.__main__ import app


def test_both_intervals_are_measured_and_printed(tmp_path: Path) -> None:
    data = write_data("one-factor", tmp_path)
    study = str(study_file("one-factor"))
    arguments = ["coverage", "--study", study, "--data", str(data), "--replicates", "2"]
    done = CliRunner().invoke(app, [*arguments, "--jobs", "1"])

    assert done.exit_code == 0, done.output
    assert "Interval of the average, 2 simulated data sets each" in done.output
    assert "as at hand" in done.output
    assert "each at hand left out in turn" in done.output


def test_without_groups_there_is_one_interval(tmp_path: Path) -> None:
    data = write_data("one-number", tmp_path)
    study = str(study_file("one-number"))
    arguments = ["coverage", "--study", study, "--data", str(data), "--replicates", "2"]
    done = CliRunner().invoke(app, [*arguments, "--jobs", "1"])

    assert done.exit_code == 0, done.output
    assert "Interval of one new group: none for these data." in done.output
