"""The commands as a person runs them: what they print, where they write, how they exit."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from training.model.folder import GRAPH, METADATA, write_model


def run(
    root: Path, folder: Path, *arguments: str, **environment: str
) -> subprocess.CompletedProcess[str]:
    """`python -m training …` in a folder, without credentials."""
    import os

    if not (folder / "study.toml").exists():
        shutil.copy(root / "study.toml", folder)
    clean = {
        k: v for k, v in os.environ.items() if k not in ("DATA", "STUDY", "GDRIVE_CREDENTIALS_DATA")
    }
    return subprocess.run(
        [sys.executable, "-m", "training", *arguments],
        cwd=folder,
        env={**clean, "PYTHONPATH": str(root), "COLUMNS": "200", **environment},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.trial
def test_simulate_check_and_train_go_hand_in_hand(root: Path, tmp_path: Path) -> None:
    written = run(root, tmp_path, "data", "simulate", "--rows", "700", "--to", "mine")
    assert written.returncode == 0, written.stderr
    assert "700 SIMULATED seedlings" in written.stderr

    checked = run(root, tmp_path, "data", "check", "mine")
    assert checked.returncode == 0
    assert "Valid: 700 rows, 700 seedlings in 18 plots; SIMULATED" in checked.stderr

    trained = run(root, tmp_path, "train", "--search", "1", "--jobs", "1", DATA="mine")
    assert trained.returncode == 0, trained.stderr
    assert trained.stdout == "build/sample/model\n"
    assert "Data: mine, as named." in trained.stderr
    assert "SIMULATED data" in trained.stderr
    assert not (tmp_path / "model").exists(), "a simulated model never stands in model/"
    described = json.loads((tmp_path / "build/sample/model" / METADATA).read_text())
    assert described["data"]["source"] == "simulated"


def test_without_data_or_credentials_training_takes_a_simulated_trial(
    root: Path, tmp_path: Path
) -> None:
    trained = run(root, tmp_path, "train", "--search", "1", "--jobs", "1")

    assert trained.returncode == 0, trained.stderr
    assert "so SIMULATED data in build/sample/data" in trained.stderr
    assert not (tmp_path / "data").exists()
    assert trained.stdout == "build/sample/model\n"


@pytest.mark.trial
def test_data_in_its_folder_is_taken_first(
    root: Path, tmp_path: Path, simulated_text: pd.DataFrame
) -> None:
    (tmp_path / "data").mkdir()
    simulated_text.assign(Plot="0").to_csv(tmp_path / "data" / "trial.csv", index=False)
    failed = run(root, tmp_path, "train")

    assert failed.returncode == 1
    assert "Data: data/, as it is." in failed.stderr
    assert "a whole number from 1 to 999" in failed.stderr
    assert "rows like these" in failed.stderr
    assert not (tmp_path / "build").exists()


@pytest.mark.trial
def test_a_failed_training_leaves_the_model_as_it_was(
    root: Path, tmp_path: Path, simulated_text: pd.DataFrame
) -> None:
    write_model(tmp_path / "model", b"old", {"contract": 1})
    few = simulated_text[simulated_text["Plot"].isin(["1", "2"])].assign(simulated="")
    few.to_csv(tmp_path / "few.csv", index=False)
    failed = run(root, tmp_path, "train", "--data", "few.csv")

    assert failed.returncode == 1
    assert "2 groups are too few: whole groups are held out" in failed.stderr
    assert (tmp_path / "model" / GRAPH).read_bytes() == b"old"


@pytest.mark.trial
def test_faults_are_a_table_and_exit_code_1(
    root: Path, tmp_path: Path, simulated_text: pd.DataFrame
) -> None:
    broken = simulated_text.copy()
    broken.loc[4, "Soil"] = "Mars [/red]"
    broken.to_csv(tmp_path / "trial.csv", index=False)
    checked = run(root, tmp_path, "data", "check", "trial.csv")

    assert checked.returncode == 1
    cells = [cell.strip() for line in checked.stderr.splitlines() for cell in line.split("│")]
    assert {"trial.csv", "6", "Soil", "Mars [/red]"} <= set(cells)
    assert "1 fault in the data, the first in trial.csv, row 6: correct" in checked.stderr


def test_a_failure_is_reported_in_one_line(root: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    for arguments, expected in {
        (
            "train",
            "--data",
            "[/none].csv",
        ): "no data at [/none].csv: name a CSV, or a folder that holds CSVs",
        (
            "data",
            "simulate",
            "--to",
            "file/sample",
        ): "A folder was expected (file/sample): move the file away, then try again.",
    }.items():
        failed = run(root, tmp_path, *arguments)
        assert failed.returncode == 1
        assert expected in failed.stderr.splitlines()[-1]
        assert "Traceback" not in failed.stderr


def test_zero_jobs_is_rejected(root: Path, tmp_path: Path) -> None:
    refused = run(root, tmp_path, "train", "--jobs", "0")

    assert refused.returncode == 2
    assert "1 or more processes, or -1 for one per core" in refused.stderr


def test_a_simulated_trial_is_never_written_into_data(root: Path, tmp_path: Path) -> None:
    refused = run(root, tmp_path, "data", "simulate", "--to", "data")

    assert refused.returncode == 1
    assert "data/ is for real data" in refused.stderr
    assert not (tmp_path / "data").exists()


def test_an_existing_model_is_served_unchanged(root: Path, tmp_path: Path) -> None:
    write_model(tmp_path / "model", b"mine", {"contract": 1})
    got = run(root, tmp_path, "model", "get")

    assert got.stdout == "model\n"
    assert "Model: model/, as it is." in got.stderr


@pytest.mark.trial
def test_describe_prints_mortality_by_level(
    root: Path, tmp_path: Path, simulated_text: pd.DataFrame
) -> None:
    simulated_text.to_csv(tmp_path / "trial.csv", index=False)
    described = run(root, tmp_path, "data", "describe", "trial.csv")

    assert described.returncode == 0, described.stderr
    assert "Kaplan-Meier" in described.stdout
    assert "Quercus rubra" in described.stdout


def test_help_lists_every_command(root: Path, tmp_path: Path) -> None:
    shown = run(root, tmp_path, "--help")

    assert shown.returncode == 0
    for command in ("train", "retrain", "rollback", "data", "store", "model", "study"):
        assert f" {command} " in shown.stdout
