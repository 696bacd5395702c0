"""Where data and model come from when a service account's key is at hand."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.training.store.drive.world import World, bring_data, git
from training.study.read import read_study
from training.study.simulation import simulate, write_csv


def test_training_pulls_missing_data_when_credentials_are_set(
    world: World, root: Path, tmp_path: Path
) -> None:
    cells = simulate(read_study(root / "study.toml"), rows=600)
    bring_data(world, write_csv(cells, tmp_path / "csv"))
    clone = world.clone("trainer")
    output = world.training(clone, "train", "--search", "1", "--jobs", "1")

    assert "Data: data/, pulled from the remote just now." in output
    assert list((clone / "data").glob("*.csv"))


def test_a_model_that_is_not_bundled_comes_from_drive(world: World) -> None:
    owner = world.clone("model-owner")
    world.training(owner, "store", "pull", "model.dvc", "--remote", "released")
    world.training(owner, "store", "push", "model.dvc")
    clone = world.clone("server")
    shutil.rmtree(clone / ".dvc/released/files")
    output = " ".join(world.training(clone, "model", "get").split())

    assert (
        "Model: pulled from the remote 'drive', since there was no model/, nothing from" in output
    )
    assert (clone / "model/model.onnx").is_file()


@pytest.mark.parametrize("role", ["reader", "commenter"])
def test_a_retrain_that_could_not_push_ends_before_it_pulls_or_trains(
    world: World, role: str
) -> None:
    clone = world.clone("retrainer")
    for name, value in (("user.name", "Owner"), ("user.email", "owner@example.org")):
        git(clone, "config", name, value)
    drive = world.drive.drive
    (top,) = [file for file in drive.files.values() if file.parent is None]
    top.roles = dict.fromkeys(drive.accounts, role)

    done = subprocess.run(
        [sys.executable, "-m", "training", "retrain", "--reason", "Monthly"],
        cwd=clone,
        env={**world.environment, "GDRIVE_CREDENTIALS_DATA": world.credentials},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 1
    assert 'may read "Seedlings" but not write: pulling works, pushing will fail.' in done.stderr
    assert not any(request.is_download for request in world.drive.requests)
    assert "train ─" not in done.stdout + done.stderr
