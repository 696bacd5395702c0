"""Git commands on the checkout: committed texts, and commits of verified changes."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

from training.errors import TrainingError


class RepositoryError(TrainingError):
    """A git command failed."""


def git(*arguments: str) -> str:
    """What a git command prints; raises RepositoryError with its last line where it fails."""
    try:
        done = subprocess.run(["git", *arguments], capture_output=True, text=True, check=True)
    except FileNotFoundError as error:
        raise RepositoryError("git is not installed; the pointers are versioned with it") from error
    except subprocess.CalledProcessError as error:
        last = (error.stderr.strip().splitlines() or ["no output"])[-1]
        raise RepositoryError(f"git {arguments[0]} failed: {last}") from error
    return done.stdout.strip()


def head() -> str:
    """The commit that is checked out."""
    return git("rev-parse", "HEAD")


def require_committed(paths: Sequence[str]) -> None:
    """Raises RepositoryError unless these paths are committed and git has an identity."""
    try:
        git("var", "GIT_COMMITTER_IDENT")
    except RepositoryError as error:
        message = "git has no committer identity: set user.name and user.email"
        raise RepositoryError(message) from error
    if changed := _changed(paths):
        raise RepositoryError(
            f"uncommitted changes: {', '.join(changed)}. A model records the commit it was made "
            "from: commit them first"
        )


def versions(file: str) -> list[str]:
    """Commits that hold a new text of a file, the newest first."""
    return git("log", "--format=%H", "--diff-filter=AM", "--", file).splitlines()


def is_shallow() -> bool:
    """Whether the checkout lacks the history before some commit."""
    return git("rev-parse", "--is-shallow-repository") == "true"


def text_at(revision: str, file: str) -> str:
    """A file's text as committed at a revision; raises RepositoryError where it has none."""
    return git("show", f"{revision}:{file}") + "\n"


def restore(paths: Sequence[str]) -> list[str]:
    """Puts paths back to what was committed; returns what had differed."""
    kept = [path for path in paths if git("ls-tree", "HEAD", path)]
    differing = _changed(paths)
    git("reset", "--quiet", "--", *paths)
    if kept:
        git("checkout", "--quiet", "HEAD", "--", *kept)
    # Without a path it would clean the whole checkout.
    if folders := [path for path in paths if Path(path).is_dir()]:
        git("clean", "-fdq", "--", *folders)
    return differing


def restore_from(revision: str, path: str) -> None:
    """Puts a path as it was at a revision into the checkout."""
    git("checkout", "--quiet", revision, "--", path)


def commit(paths: Sequence[str], message: str) -> str:
    """Commits these paths and nothing else; returns the new commit."""
    git("add", "--all", "--", *paths)
    # Git takes no path that is empty both before and after.
    known = [path for path in paths if git("ls-files", path) or git("ls-tree", "HEAD", path)]
    git("commit", "--quiet", "--only", "--message", message, "--", *known)
    return head()


def _changed(paths: Sequence[str]) -> list[str]:
    lines = git("status", "--porcelain", "--", *paths).splitlines()
    return [line.strip().partition(" ")[2].strip() for line in lines]
