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
    git.git("init", "--quiet", "--initial-branch", "work")
    for name in ("model.dvc", "notes", "released/one"):
        Path(name).parent.mkdir(exist_ok=True)
        Path(name).write_text("first\n")
    commit("Begin")
    return tmp_path


def commit(message: str) -> str:
    """Commits everything, as a person would."""
    git.git("add", "--all")
    git.git("commit", "--quiet", "--message", message)
    return git.head()


def test_a_commit_holds_the_named_files_and_leaves_the_checkout_alone(tmp_path: Path) -> None:
    at, begun = git.position(), git.head()
    assert at == git.Position("refs/heads/work", begun)
    made_elsewhere = tmp_path / "staged"
    made_elsewhere.write_text("second\n")
    Path("notes").write_text("mine\n")
    git.git("add", "notes")
    files = {"model.dvc": made_elsewhere, "released/two": made_elsewhere}
    made = git.commit_files(at, files, ["released"], "Release", tmp_path / "index")

    assert made == git.head() != begun
    assert git.git("ls-tree", "-r", "--name-only", made).split() == [
        *("model.dvc", "notes", "released/two")
    ]
    assert git.text_at(made, "model.dvc") == "second\n"
    assert git.text_at(made, "notes") == "first\n"
    assert git.git("log", "-1", "--format=%s") == "Release"
    assert Path("model.dvc").read_text() == "first\n"
    git.unstage(["model.dvc", "released"])
    assert "M  notes" in git.git("status", "--porcelain").splitlines()


def test_nothing_is_committed_on_another_commit_or_branch(tmp_path: Path) -> None:
    at = git.position()
    moved = commit_something()
    with pytest.raises(git.RepositoryError, match=r"is checked out, and work \(.* was when"):
        git.commit_files(
            at, {"model.dvc": Path("notes")}, ["released"], "Release", tmp_path / "index"
        )
    assert git.head() == moved

    git.require_position(git.Position("refs/heads/work", moved))
    git.git("switch", "--quiet", "--create", "other")
    with pytest.raises(git.RepositoryError, match=r"^other \("):
        git.require_position(git.Position("refs/heads/work", moved))
    git.git("switch", "--quiet", "--detach")
    with pytest.raises(git.RepositoryError, match="HEAD is detached"):
        git.position()


def commit_something() -> str:
    Path("notes").write_text("moved on\n")
    return commit("Go on")


def test_versions_of_a_file_are_listed_newest_first_without_its_deletion() -> None:
    first = git.head()
    Path("notes").write_text("other\n")
    commit("Something else")
    Path("model.dvc").write_text("second\n")
    second = commit("Release")
    Path("model.dvc").unlink()
    commit("Remove")

    assert git.versions("model.dvc") == [second, first]
    assert git.text_at(first, "model.dvc") == "first\n"
    assert git.text_at(second, "model.dvc") == "second\n"
    assert git.blob_at(second, "model.dvc") == b"second\n"
    with pytest.raises(git.RepositoryError):
        git.text_at("HEAD", "model.dvc")


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
    commit("Go on")
    command = ["git", "clone", "--quiet", "--depth", "1", f"file://{checkout}", "clone"]
    subprocess.run(command, check=True)
    monkeypatch.chdir(checkout / "clone")
    assert git.is_shallow()


def test_a_machine_without_git_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert shutil.which("git")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(git.RepositoryError, match="git is not installed"):
        git.head()
