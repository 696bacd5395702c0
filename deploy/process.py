"""Runs other programs: sam, docker, git, gh."""

from __future__ import annotations

import subprocess
from typing import Final

from deploy.errors import ReleaseError

_STDERR: Final = 2
"""Where other programs print, so that a command's own output can be piped."""


def run_tool(*command: str, stdin: str | None = None) -> None:
    """Runs a program and shows its output; raises ReleaseError if it fails or is missing."""
    _run(command, stdin, _STDERR)


def tool_output(*command: str) -> str:
    """A program's output without the final newline; raises ReleaseError as `run_tool` does."""
    return _run(command, None, subprocess.PIPE).strip()


def _run(command: tuple[str, ...], stdin: str | None, stdout: int) -> str:
    name = " ".join(command[:2])
    try:
        done = subprocess.run(command, input=stdin, stdout=stdout, text=True, check=False)
    except FileNotFoundError as error:
        raise ReleaseError(f"{command[0]} is not installed or not on PATH") from error
    if done.returncode:
        raise ReleaseError(f"`{name}` failed with exit code {done.returncode}")
    return str(done.stdout or "")
