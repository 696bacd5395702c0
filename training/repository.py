"""The git checkout: what was committed, and committing what was proven."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

from training.errors import TrainingError


class RepositoryError(TrainingError):
    """Git could not do what was asked of it."""


def git(*arguments: str) -> str:
    """What a git command prints; raises RepositoryError with its last line where it fails."""
    try:
        done = subprocess.run(["git", *arguments], capture_output=True, text=True, check=True)
    except FileNotFoundError as error:
        raise RepositoryError("git is not installed; pointers are kept in it") from error
    except subprocess.CalledProcessError as error:
        last = (error.stderr.strip().splitlines() or ["no word"])[-1]
        raise RepositoryError(f"git {arguments[0]} failed: {last}") from error
    return done.stdout.strip()


def head() -> str:
    """The commit that is checked out."""
    return git("rev-parse", "HEAD")


def versions(file: str) -> list[str]:
    """Commits that changed a file, the newest first."""
    return git("log", "--format=%H", "--", file).splitlines()


def at(revision: str, file: str) -> str:
    """A file's text as committed at a revision; raises RepositoryError where it has none."""
    return git("show", f"{revision}:{file}") + "\n"


def restore(paths: Sequence[str]) -> list[str]:
    """Puts paths back to what was committed; returns what had differed."""
    kept = [path for path in paths if git("ls-tree", "HEAD", path)]
    differing = git("status", "--porcelain", "--", *paths).splitlines()
    git("reset", "--quiet", "--", *paths)
    if kept:
        git("checkout", "--quiet", "HEAD", "--", *kept)
    git("clean", "-fdq", "--", *(path for path in paths if Path(path).is_dir()))
    return [line[3:] for line in differing]


def commit(paths: Sequence[str], message: str) -> str:
    """Commits these paths and nothing else; returns the new commit."""
    git("add", "--all", "--", *paths)
    git("commit", "--quiet", "--only", "--message", message, "--", *paths)
    return head()
