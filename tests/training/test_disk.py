"""Files whole or not at all, and where there is no room."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import NamedTuple

import pytest

from training.disk import full_disks, whole_file


class Usage(NamedTuple):
    """What shutil says of a disk."""

    total: int
    used: int
    free: int


def write_half(path: Path) -> None:
    with whole_file(path) as file:
        file.write("ne")
        raise OSError(28, "full")


def test_an_error_leaves_the_file_that_was_there(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("old")
    with pytest.raises(OSError, match="full") as raised:
        write_half(path)
    assert raised.value.filename == str(path)
    assert [each.name for each in tmp_path.iterdir()] == ["a.txt"]
    assert path.read_text() == "old"
    with whole_file(path) as file:
        file.write("new")
    assert path.read_text() == "new"


def test_a_full_disk_is_named_by_its_mount(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda path: Usage(9, 9, 0))
    monkeypatch.setattr(Path, "is_mount", lambda path: path in (tmp_path, Path("/")))
    monkeypatch.chdir(tmp_path)
    assert full_disks().startswith(f" at {tmp_path}")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: Usage(9, 0, 10**9))
    assert full_disks() == ""
