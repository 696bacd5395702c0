"""A model folder is swapped in whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from training.model.folder import read_metadata, recover_folder, require_writable, write_model


def contents(folder: Path) -> dict[str, str]:
    return {p.relative_to(folder).as_posix(): p.read_text() for p in folder.rglob("*.*")}


def test_a_model_folder_holds_two_files_and_nothing_else(tmp_path: Path) -> None:
    write_model(tmp_path / "model", b"graph", {"contract": 1})

    assert contents(tmp_path) == {
        "model/model.onnx": "graph",
        "model/metadata.json": '{\n  "contract": 1\n}\n',
    }
    assert read_metadata(tmp_path / "model") == {"contract": 1}


def test_a_new_model_replaces_the_old_one_leaving_nothing_behind(tmp_path: Path) -> None:
    write_model(tmp_path / "model", b"old", {})
    write_model(tmp_path / "model", b"new", {})

    assert contents(tmp_path)["model/model.onnx"] == "new"
    assert [p.name for p in tmp_path.iterdir()] == ["model"]


def test_a_failure_while_writing_leaves_the_old_model(tmp_path: Path) -> None:
    write_model(tmp_path / "model", b"old", {})
    before = contents(tmp_path)

    with pytest.raises(ValueError, match="JSON compliant"):
        write_model(tmp_path / "model", b"new", {"metric": float("nan")})
    assert contents(tmp_path) == before


def test_a_swap_cut_off_in_the_middle_is_undone(tmp_path: Path) -> None:
    write_model(tmp_path / "model", b"old", {})
    (tmp_path / "model").rename(tmp_path / ".model-old")

    recover_folder(tmp_path / "model")
    assert contents(tmp_path)["model/model.onnx"] == "old"


def test_a_swap_cut_off_at_its_end_keeps_the_new_model(tmp_path: Path) -> None:
    write_model(tmp_path / "model", b"new", {})
    write_model(tmp_path / ".model-old", b"old", {})

    recover_folder(tmp_path / "model")
    assert contents(tmp_path)["model/model.onnx"] == "new"
    assert [p.name for p in tmp_path.iterdir()] == ["model"]


def test_a_destination_that_cannot_be_written_is_named_before_anything_is_made(
    tmp_path: Path,
) -> None:
    (tmp_path / "file").touch()
    require_writable(tmp_path / "new/model")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
    with pytest.raises(NotADirectoryError) as caught:
        require_writable(tmp_path / "file/model")
    assert caught.value.filename == str(tmp_path / "file")
