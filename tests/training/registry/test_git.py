"""Git commands on a checkout: exactly the paths that are named, and nothing else."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from training.registry import git


@pytest.fixture(autouse=True)
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with one commit of two files and a folder."""
    monkeypatch.chdir(tmp_path)
    for name in ("GIT_AUTHOR_NAME", "GIT_COMMITTER_NAME"):
        monkeypatch.setenv(name, "Tester")
    for name in ("GIT_AUTHOR_EMAIL", "GIT_COMMITTER_EMAIL"):
        monkeypatch.setenv(name, "tester@example.org")
    git.git("init", "--quiet")
    for name in ("model.dvc", "notes", "released/one"):
        Path(name).parent.mkdir(exist_ok=True)
        Path(name).write_text("first\n")
    git.commit(["model.dvc", "notes", "released"], "Begin")
    return tmp_path


def state() -> str:
    return git.git("status", "--porcelain")


def test_a_commit_holds_the_named_paths_alone() -> None:
    begun = git.head()
    for name in ("model.dvc", "notes", "released/two"):
        Path(name).write_text("second\n")
    Path("released/one").unlink()
    Path("empty").mkdir()
    made = git.commit(["model.dvc", "released", "empty"], "Release")

    assert made == git.head() != begun
    changed = git.git("diff", "--name-status", begun, made).split()
    assert changed == ["M", "model.dvc", "D", "released/one", "A", "released/two"] or changed == [
        *("M", "model.dvc", "R100", "released/one", "released/two")
    ]
    assert state() == "M notes"


def test_versions_of_a_file_are_listed_newest_first_without_its_deletion() -> None:
    first = git.head()
    Path("notes").write_text("other\n")
    git.commit(["notes"], "Something else")
    Path("model.dvc").write_text("second\n")
    second = git.commit(["model.dvc"], "Release")
    Path("model.dvc").unlink()
    git.commit(["model.dvc"], "Remove")

    assert git.versions("model.dvc") == [second, first]
    assert git.text_at(first, "model.dvc") == "first\n"
    assert git.text_at(second, "model.dvc") == "second\n"
    with pytest.raises(git.RepositoryError, match="git show failed: "):
        git.text_at("HEAD", "model.dvc")
    git.restore_from(first, "model.dvc")
    assert Path("model.dvc").read_text() == "first\n"


def test_what_is_restored_is_named_and_the_rest_stays() -> None:
    for name in ("model.dvc", "notes", "released/new"):
        Path(name).write_text("changed\n")
    git.git("add", "model.dvc")

    assert git.restore(["model.dvc", "released", "unknown"]) == ["model.dvc", "released/new"]
    assert Path("model.dvc").read_text() == "first\n"
    assert not Path("released/new").exists()
    assert Path("notes").read_text() == "changed\n"
    assert git.restore(["model.dvc", "released"]) == []


def test_uncommitted_paths_and_a_missing_identity_are_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    git.require_committed(["model.dvc", "released"])
    Path("notes").write_text("changed\n")
    git.require_committed(["model.dvc"])
    with pytest.raises(git.RepositoryError, match=r"uncommitted changes: notes\. A model"):
        git.require_committed(["notes", "model.dvc"])
    monkeypatch.setenv("GIT_COMMITTER_NAME", "")
    monkeypatch.setenv("GIT_COMMITTER_EMAIL", "")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    git.git("config", "user.useConfigOnly", "true")
    with pytest.raises(git.RepositoryError, match=r"no committer identity: set user\.name"):
        git.require_committed(["model.dvc"])


def test_a_shallow_clone_is_known_as_one(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not git.is_shallow()
    Path("notes").write_text("second\n")
    git.commit(["notes"], "Go on")
    command = ["git", "clone", "--quiet", "--depth", "1", f"file://{checkout}", "clone"]
    subprocess.run(command, check=True)
    monkeypatch.chdir(checkout / "clone")
    assert git.is_shallow()


def test_a_machine_without_git_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert shutil.which("git")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(git.RepositoryError, match="git is not installed"):
        git.head()
