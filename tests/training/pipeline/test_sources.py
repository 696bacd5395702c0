"""The order in which data and a model are looked for, and what is said of the choice."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from training import config
from training.errors import StoreError
from training.model.folder import write_model
from training.pipeline import sources
from training.pipeline.sources import DeclaredStudy
from training.store import transfer
from training.study.declaration import Study
from training.study.simulation import FILE, simulate, write_csv


@pytest.fixture
def messages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is said, in an empty folder and without credentials."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GDRIVE_CREDENTIALS_DATA", raising=False)
    return []


def trained() -> Path:
    return Path("trained")


@pytest.fixture
def released(root: Path, study: Study, messages: list[str]) -> DeclaredStudy:
    """The checkout's study as the released one of the empty folder."""
    config.RELEASED_STUDY.write_bytes((root / "study.toml").read_bytes())
    return sources.find_study(config.RELEASED_STUDY)


def test_data_given_by_path_come_before_the_folder(
    messages: list[str], released: DeclaredStudy
) -> None:
    write_csv(simulate(released.study, rows=10), config.DATA)

    assert sources.find_data(released, Path("mine.csv"), messages.append) == Path("mine.csv")
    assert sources.find_data(released, None, messages.append) == config.DATA
    assert messages == ["Data: mine.csv, as named.", "Data: data/, as it is."]


def test_a_folder_without_a_csv_is_not_used_as_data(
    messages: list[str], released: DeclaredStudy
) -> None:
    config.DATA.mkdir()
    (config.DATA / "notes.txt").write_text("to be done")

    assert sources.find_data(released, None, messages.append) == config.SAMPLE_DATA
    assert list(config.SAMPLE_DATA.iterdir()) == [config.SAMPLE_DATA / FILE]
    assert "so SIMULATED data in build/sample/data/." in messages[0]
    assert messages[1].startswith("Simulated from the study alone, since no model of it is at hand")


def test_data_of_another_study_are_never_those_in_the_folder(
    messages: list[str], released: DeclaredStudy
) -> None:
    write_csv(simulate(released.study, rows=10), config.DATA)
    other = DeclaredStudy(released.study, Path("other.toml"), released.sha256)

    folder = config.BUILD / released.study.study.name / "data"
    assert sources.find_data(other, None, messages.append) == folder
    assert messages == [f"Data: none named for this study, so SIMULATED data in {folder}/."]


def test_a_model_is_trained_where_none_is_available(messages: list[str]) -> None:
    assert sources.find_model(messages.append, trained) == Path("trained")
    assert messages == [
        (
            "Model: training one, since there was no model/, nothing from the remote 'released' "
            "(There is no .dvc folder here)."
        )
    ]


def test_a_pointer_in_conflict_is_named_and_not_trained_around(messages: list[str]) -> None:
    Path("model.dvc").write_text("<<<<<<< HEAD\nouts: []\n=======\n>>>>>>> x\n")
    with pytest.raises(StoreError, match="holds an unresolved merge conflict"):
        sources.find_model(messages.append, trained)


def test_an_incomplete_model_folder_is_not_used(messages: list[str]) -> None:
    config.MODEL.mkdir()
    (config.MODEL / "model.onnx").write_bytes(b"alone")

    assert sources.find_model(messages.append, trained) == Path("trained")


def test_a_model_that_was_not_released_is_served_with_a_message(
    messages: list[str], root: Path
) -> None:
    write_model(config.MODEL, b"mine", {"contract": 2})
    shutil.copy(root / "model.dvc", "model.dvc")

    assert sources.find_model(messages.append, trained) == config.MODEL
    (sentence,) = messages
    assert sentence.startswith("Model: model/, as it is. It was not released: model/ is not ")


def test_the_released_model_is_used_without_a_message(messages: list[str], root: Path) -> None:
    released = root / "model"
    shutil.copytree(released, config.MODEL)
    shutil.copy(root / "model.dvc", "model.dvc")
    sources.find_model(messages.append, trained)
    if "model/ is not the model that model.dvc names" in messages[0]:
        pytest.skip("the checkout's model/ is not the released one")

    assert messages == ["Model: model/, as it is."]


def test_a_released_model_is_trained_anew_only_where_it_is_lost(
    messages: list[str], root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise StoreError("The disk is full.", "Free some space.")

    for name in (".dvc/released", ".dvc/config", "model.dvc"):
        copy = shutil.copytree if (root / name).is_dir() else shutil.copyfile
        Path(name).parent.mkdir(exist_ok=True)
        copy(root / name, name)
    monkeypatch.setattr(transfer, "pull", full)
    with pytest.raises(StoreError, match="The disk is full"):
        sources.find_model(messages.append, trained)
    assert messages == []

    graph = max(Path(".dvc/released").rglob("*"), key=lambda path: path.stat().st_size)
    graph.write_bytes(graph.read_bytes() + b"\r\n")
    assert sources.find_model(messages.append, trained) == Path("trained")
    assert messages[0].startswith("WARNING: the released model is DAMAGED in this checkout")
