"""Where data and model come from when a service account's key is at hand."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.training.store.drive.world import World, bring_data
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
