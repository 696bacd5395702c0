"""The bundled remote: small, the released model and nothing else, enough for a new clone."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from training.store import pointer
from training.store.pointer import read_pointer
from training.study.files import directory_hash
from training.study.read import read_study

LARGEST = 1_000_000


@pytest.fixture(scope="module")
def objects(root: Path) -> dict[str, Path]:
    """Files of the bundled remote by the MD5 they are named after."""
    folder = root / ".dvc/released/files/md5"
    return {f"{path.parent.name}{path.name}": path for path in folder.rglob("*") if path.is_file()}


def test_it_is_small(objects: dict[str, Path]) -> None:
    assert 0 < sum(path.stat().st_size for path in objects.values()) <= LARGEST


def test_it_holds_the_released_model_whole_and_nothing_else(
    root: Path, objects: dict[str, Path]
) -> None:
    top = read_pointer(str(root / "model.dvc")).oid
    members = {entry["md5"] for entry in json.loads(objects[top].read_text())}

    assert set(objects) == {top, *members}
    for oid, path in objects.items():
        assert pointer.md5(path) == oid.removesuffix(".dir")


def test_the_trial_is_not_in_it(root: Path, objects: dict[str, Path]) -> None:
    assert read_study(root / "study.toml").study.published_md5 not in objects
    assert read_pointer(str(root / "data.dvc")).oid not in objects
    assert not any(path.read_bytes().startswith(b"No,Plot") for path in objects.values())


def test_the_released_model_was_made_from_the_data_that_data_dvc_tracks(
    root: Path, objects: dict[str, Path]
) -> None:
    released = read_pointer(str(root / "model.dvc"))
    if released.meta.get("withdrawn"):
        pytest.skip("the model was rolled back: it is of the data of its time")
    named = {
        entry["relpath"]: entry["md5"] for entry in json.loads(objects[released.oid].read_text())
    }
    data = json.loads(objects[named["metadata.json"]].read_text())["data"]

    assert f"{directory_hash(data['files'])}.dir" == read_pointer(str(root / "data.dvc")).oid
    assert data["md5"] == released.meta["data"]


def test_no_trial_and_no_model_is_tracked_by_git(root: Path) -> None:
    if not (root / ".git").exists():
        pytest.skip("this is no git checkout")
    tracked = subprocess.run(
        ["git", "ls-files"], cwd=root, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    assert [name for name in tracked if name.endswith((".csv", ".onnx", ".pkl", ".joblib"))] == []


def test_a_new_clone_without_an_account_gets_the_released_model(root: Path, tmp_path: Path) -> None:
    if not (root / ".git").exists():
        pytest.skip("this is no git checkout")
    clone = tmp_path / "clone"
    subprocess.run(["git", "clone", "--quiet", str(root), str(clone)], check=True)
    environment = {k: v for k, v in os.environ.items() if not k.startswith("GDRIVE_")}
    got = subprocess.run(
        [sys.executable, "-m", "training", "model", "get"],
        cwd=clone,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )

    assert got.returncode == 0, got.stderr
    assert got.stdout == "model\n"
    assert "pulled from the remote 'released', since there was no model/." in got.stderr
    metadata = json.loads((clone / "model/metadata.json").read_text())
    assert metadata["data"]["md5"] == read_pointer(str(root / "model.dvc")).meta["data"]
