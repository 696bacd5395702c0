"""Git commands on the checkout: committed texts, and commits of verified changes."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from training.disk import full_disks
from training.errors import TrainingError


class RepositoryError(TrainingError):
    """A git command failed."""


@dataclass(frozen=True)
class Position:
    """What is checked out: a branch, and its commit."""

    branch: str
    commit: str


def git(*arguments: str, index: Path | None = None) -> str:
    """What a git command prints; raises RepositoryError with what git says where it fails.

    `index` is a file to use in place of the checkout's index.
    """
    return _run(arguments, index).decode(errors="replace").strip()


def _run(arguments: Sequence[str], index: Path | None = None) -> bytes:
    environment = os.environ | ({"GIT_INDEX_FILE": str(index.resolve())} if index else {})
    try:
        done = subprocess.run(["git", *arguments], env=environment, capture_output=True, check=True)
    except FileNotFoundError as error:
        raise RepositoryError(
            "git is not installed: install it, since it keeps the versions of the pointers."
        ) from error
    except subprocess.CalledProcessError as error:
        raise explain_git(arguments[0], error.stderr.decode(errors="replace")) from error
    return done.stdout


def explain_git(command: str, output: str) -> RepositoryError:
    """The error for a failed git command, given what it printed: one cause, one remedy."""
    for pattern, sentence in _RULES:
        if found := re.search(pattern, output):
            return RepositoryError(sentence.format(**found.groupdict(), disks=full_disks()))
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    chosen = [line for line in lines if line.startswith(("fatal:", "error:"))] or lines[-1:]
    text = (chosen or ["no output"])[0].rstrip(".:")
    return RepositoryError(
        f"git {command} failed ({text}). Run `git status`, put right what it names, try again."
    )


_RULES: Final = (
    (
        r"Unable to create '(?P<path>[^']+\.lock)': File exists",
        "Another git command holds {path}: let it finish; if none is running, remove that file.",
    ),
    (
        r"dubious ownership in repository at '(?P<path>[^']+)'",
        "Git distrusts a folder of others: run `git config --global --add safe.directory {path}`.",
    ),
    (
        r"No space left on device",
        "The disk of this checkout is full{disks}: free some space, then try again.",
    ),
    (
        r"not a git repository",
        "This folder is no git checkout: run the command at the top of a clone.",
    ),
    (
        r"(?:nvalid object name|unknown revision|bad revision) '?(?P<name>[^'\n]+?)'?[.\n]",
        "Git has no revision {name}: name one of `git log -- model.dvc`, or run `git fetch` first.",
    ),
    (
        r"path '(?P<path>[^']+)' (does not exist|exists on disk, but not) in '(?P<at>[^']+)'",
        "There is no {path} in the commit {at}: name one that `git log -- {path}` lists.",
    ),
    (
        r"gpg failed to sign|failed to write commit object",
        "Git could not sign the commit: see to the key of commit.gpgSign, then try again.",
    ),
)


def position() -> Position:
    """Branch and commit that are checked out; raises RepositoryError where HEAD is detached."""
    try:
        branch = git("symbolic-ref", "--quiet", "HEAD")
    except RepositoryError as error:
        git("rev-parse", "--git-dir")
        raise RepositoryError(
            "HEAD is detached, so a release would be on no branch: check one out "
            "(`git switch main`), then try again."
        ) from error
    return Position(branch, head())


def require_position(at: Position) -> None:
    """Raises RepositoryError where another branch or commit is checked out than at the start."""
    now = position()
    if now != at:
        raise RepositoryError(
            f"{_short(now)} is checked out, and {_short(at)} was when this began: nothing was "
            "released. Leave the branch alone while it runs, and start it again."
        )


def _short(at: Position) -> str:
    return f"{at.branch.removeprefix('refs/heads/')} ({at.commit[:12]})"


def head() -> str:
    """The commit that is checked out."""
    return git("rev-parse", "HEAD")


def require_committed(paths: Sequence[str]) -> None:
    """Raises RepositoryError unless these paths are committed and git has an identity."""
    try:
        git("var", "GIT_COMMITTER_IDENT")
    except RepositoryError as error:
        raise RepositoryError(
            "git has no committer identity: set user.name and user.email (`git config`), then try "
            "again."
        ) from error
    if changed := _changed(paths):
        raise RepositoryError(
            f"uncommitted changes: {', '.join(changed)}. A model records the commit it was made "
            "from: commit them first, or take them back (`git restore`)."
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


def blob_at(revision: str, file: str) -> bytes:
    """A file's bytes as committed at a revision; raises RepositoryError where it has none."""
    return _run(["show", f"{revision}:{file}"])


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


def commit_files(
    at: Position, files: Mapping[str, Path], replaced: Sequence[str], message: str, index: Path
) -> str:
    """Commits these files on top of `at`, each from where it lies; returns the new commit.

    Paths under `replaced` that are not among `files` are removed. The checkout's files and its
    index stay as they are: `index` names a scratch file. Raises RepositoryError, and then
    nothing was committed, where HEAD is no longer `at` or git fails.
    """
    git("read-tree", at.commit, index=index)
    git("rm", "-r", "--cached", "--quiet", "--ignore-unmatch", "--", *replaced, index=index)
    for path, source in files.items():
        blob = git("hash-object", "-w", "--no-filters", "--", str(source))
        git("update-index", "--add", "--cacheinfo", f"100644,{blob},{path}", index=index)
    require_position(at)
    git("commit", "--quiet", "--message", message, index=index)
    return head()


def unstage(paths: Sequence[str]) -> None:
    """Makes the index hold these paths as HEAD has them."""
    git("reset", "--quiet", "--", *paths)


def _changed(paths: Sequence[str]) -> list[str]:
    lines = git("status", "--porcelain", "--", *paths).splitlines()
    return [line.strip().partition(" ")[2].strip() for line in lines]
