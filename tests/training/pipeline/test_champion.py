"""The model that serves: proven at the remote in every run, and refused where it is foreign."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.training import scratch
from tests.training.scratch import Checkout
from training.errors import StoreError
from training.model.folder import GRAPH, METADATA
from training.pipeline.champion import find_champion, pull_champion
from training.study.declaration import Study
from training.study.table import Table

OWN: dict[str, Any] = {
    "recipe": {"estimator": "LogisticRegression"},
    "data": {"md5": "0"},
    "gate": {"verdict": "promote"},
    "inputs": [],
    "time": {"period_ends": [7, 14], "visits": [7, 14], "curve": "steps"},
    "interval": {"refits": 1},
}


@pytest.fixture
def released(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Checkout:
    """A checkout whose model is at its remote, entered."""
    checkout = scratch.make(tmp_path, root)
    checkout.publish("one")
    monkeypatch.chdir(checkout.path)
    for name, value in checkout.environment.items():
        monkeypatch.setenv(name, value)
    return checkout


def objects(checkout: Checkout) -> list[Path]:
    """Those of the model at the default remote."""
    folder = checkout.path.parent / "remote/files/md5"
    return [folder / oid[:2] / oid[2:] for oid in sorted(checkout.pointed())]


def forget_remote(checkout: Checkout) -> None:
    """Makes the pointer one of a release that did not record its remote."""
    pointer = checkout.path / "model.dvc"
    lines = pointer.read_text().splitlines(keepends=True)
    pointer.write_text("".join(line for line in lines if "remote:" not in line))


@pytest.mark.parametrize("bundled", [True, False])
def test_an_earlier_model_in_the_model_folder_gives_way_to_the_champion(
    released: Checkout, bundled: bool
) -> None:
    folder = released.path / "model"
    earlier = folder.parent / "earlier"
    shutil.copytree(folder, earlier)
    released.publish("two")
    served = released.graph()
    shutil.rmtree(folder)
    earlier.rename(folder)
    if bundled:
        for path in objects(released):
            path.unlink()
        forget_remote(released)
    shutil.rmtree(released.path / ".dvc/cache")  # without it, DVC would hesitate
    pull_champion(lambda _: None)
    assert released.graph() == served


@pytest.mark.parametrize("recorded", [True, False])
def test_a_champion_of_which_the_remote_lost_a_file_stops_the_loop(
    released: Checkout, recorded: bool
) -> None:
    objects(released)[0].unlink()
    if not recorded:
        forget_remote(released)
    with pytest.raises(StoreError, match="The model that serves is not whole") as caught:
        pull_champion(lambda _: None)
    assert "store audit --repair" in caught.value.remedy


def test_a_remote_that_never_held_the_champion_is_named_with_what_brings_it_there(
    released: Checkout,
) -> None:
    for path in objects(released):
        path.unlink()
    with pytest.raises(StoreError, match="The model that serves is not whole"):
        pull_champion(lambda _: None)

    forget_remote(released)
    steps: list[str] = []
    pull_champion(steps.append)
    (step,) = steps
    assert step.startswith("champion from the remote released, since drive never held it")
    assert "store push model.dvc" in step


def test_a_champion_that_no_remote_holds_is_not_taken_from_the_cache(released: Checkout) -> None:
    for path in objects(released):
        path.unlink()
    shutil.rmtree(released.path / ".dvc/released")
    forget_remote(released)
    with pytest.raises(StoreError, match="The model that serves is at no remote"):
        pull_champion(lambda _: None)


def without(key: str) -> Callable[[dict[str, Any]], object]:
    return lambda metadata: {name: each for name, each in metadata.items() if name != key}


@pytest.mark.parametrize(
    ("edit", "cause"),
    [
        *((without(key), "metadata that this program did not write") for key in OWN),
        (lambda _: ["a", "list"], "metadata that this program did not write"),
        (lambda metadata: {**metadata, "inputs": 7}, "metadata that this program did not write"),
        (
            lambda metadata: {**metadata, "recipe": {"estimator": "Forest"}},
            "was made with Forest, which is no longer here",
        ),
        (lambda metadata: metadata, "does not answer: the ONNX graph can't be run"),
    ],
)
def test_a_champion_of_another_program_is_refused_with_a_way_out(
    edit: Callable[[dict[str, Any]], object],
    cause: str,
    study: Study,
    simulated_table: Table,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("model").mkdir()
    Path("model.dvc").touch()
    Path("model", GRAPH).write_bytes(b"no graph")
    Path("model", METADATA).write_text(json.dumps(edit(OWN)))
    with pytest.raises(StoreError) as caught:
        find_champion(study, simulated_table)
    assert cause in caught.value.cause
    assert caught.value.remedy.startswith("Roll back (`make rollback-model`), or start over:")
