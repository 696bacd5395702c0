"""Runs other programs: sam, docker, git."""

from __future__ import annotations

import subprocess
from typing import Final

from deploy.errors import ReleaseError

_STDERR: Final = 2
"""Where other programs print, so that what a command itself prints can be read by one."""


def run_tool(*command: str, given: str | None = None) -> None:
    """Runs a program, its output shown; raises ReleaseError where it fails or is not there."""
    _run(command, given, _STDERR)


def tool_output(*command: str) -> str:
    """What a program prints, without the last line's end; raises ReleaseError as `run` does."""
    return _run(command, None, subprocess.PIPE).strip()


def _run(command: tuple[str, ...], given: str | None, stdout: int) -> str:
    name = " ".join(command[:2])
    try:
        done = subprocess.run(command, input=given, stdout=stdout, text=True, check=False)
    except FileNotFoundError as error:
        raise ReleaseError(f"{command[0]} is not installed, or not on PATH") from error
    if done.returncode:
        raise ReleaseError(f"`{name}` failed (exit code {done.returncode})")
    return str(done.stdout or "")
