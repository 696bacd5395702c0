"""Whether a folder that serves as a remote is the one used before."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from training.errors import StoreError
from training.store import presence
from training.store.audit import audit

MD5 = hashlib.md5(b"weights", usedforsecurity=False).hexdigest()


@pytest.fixture(autouse=True)
def disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the default remote of a checkout that names one object."""
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "disk"
    folder.mkdir()
    (tmp_path / ".dvc").mkdir()
    config = f"[core]\n    remote = folder\n['remote \"folder\"']\n    url = {folder}\n"
    (tmp_path / ".dvc/config").write_text(config)
    (tmp_path / "model.dvc").write_text(
        f"outs:\n- md5: {MD5}\n  size: 7\n  hash: md5\n  path: model\n"
    )
    return folder


@pytest.mark.parametrize(
    ("content", "states"), [(None, ["missing"]), (b"w?ights", ["altered"]), (b"weights", [])]
)
def test_a_folder_is_marked_once_all_of_it_is_whole(
    disk: Path, content: bytes | None, states: list[str]
) -> None:
    if content:
        path = disk / "files" / "md5" / MD5[:2] / MD5[2:]
        path.parent.mkdir(parents=True)
        path.write_bytes(content)

    assert [finding.state for finding in audit().findings] == states

    assert (disk / presence.MARKER).exists() is (not states)


def test_every_folder_that_was_used_is_remembered(tmp_path: Path, disk: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    for folder in (disk, other):
        presence.mark(folder)
    for folder in (disk, other):
        presence.require_same_folder("folder", folder)
        (folder / presence.MARKER).unlink()
        with pytest.raises(StoreError, match="held objects before"):
            presence.require_same_folder("folder", folder)
