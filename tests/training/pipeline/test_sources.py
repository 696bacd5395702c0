"""The order in which data and a model are looked for, and what is said of the choice."""

from __future__ import annotations

from pathlib import Path

import pytest

from training import config
from training.pipeline import sources
from training.study import simulate


@pytest.fixture
def told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is said, in an empty folder and without credentials."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GDRIVE_CREDENTIALS_DATA", raising=False)
    return []


def trained() -> Path:
    return Path("trained")


def test_data_that_was_asked_for_comes_before_the_folder(told: list[str]) -> None:
    simulate.write_trial(simulate.simulate(10), config.DATA)

    assert sources.find_trial(Path("mine.csv"), told.append) == Path("mine.csv")
    assert sources.find_trial(None, told.append) == config.DATA
    assert told == ["Data: mine.csv, as asked.", "Data: data/, as it stands."]


def test_a_folder_without_a_csv_is_no_data(told: list[str]) -> None:
    config.DATA.mkdir()
    (config.DATA / "notes.txt").write_text("to be done")

    assert sources.find_trial(None, told.append) == config.SAMPLE_DATA
    assert list(config.SAMPLE_DATA.iterdir()) == [config.SAMPLE_DATA / simulate.FILE]
    assert "so a SIMULATED trial in build/sample/data/." in told[0]


def test_where_no_model_is_to_be_had_one_is_trained(told: list[str]) -> None:
    assert sources.find_model(told.append, trained) == Path("trained")
    assert told == [
        (
            "Model: training one, since there was no model/, nothing from the remote 'released' "
            "(There is no .dvc folder here)."
        )
    ]


def test_half_a_model_is_no_model(told: list[str]) -> None:
    config.MODEL.mkdir()
    (config.MODEL / "model.onnx").write_bytes(b"alone")

    assert sources.find_model(told.append, trained) == Path("trained")
