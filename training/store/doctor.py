"""The doctor: whether a remote is ready for pulling and pushing, and if not, what to do."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from training.errors import StoreError
from training.store import audit, doctor_drive, remotes
from training.store.doctor_drive import CheckContext, CheckWarning
from training.store.dvc import redact
from training.store.pointer import read_pointer

Outcome = Literal["ok", "warning", "failed"]
EXIT_CODES: Final[dict[Outcome, int]] = {"ok": 0, "warning": 1, "failed": 2}

_SECRET: Final = re.compile(r"^\s*(\w*(?:secret|password|token|private_key)\w*)\s*=", re.MULTILINE)
_MANY_FILES: Final = 900
_CALLS_PER_PUSHED_FILE, _CALLS_PER_PULLED_FILE = 2, 3.3


@dataclass(frozen=True)
class CheckResult:
    """One line of the report."""

    name: str
    outcome: Outcome
    text: str


def doctor(remote: str | None = None) -> Iterator[CheckResult]:
    """Check a remote (default: the default one) and yield each result as it is known.

    It ends at the first failure, since later checks depend on it. Nothing is written to the
    remote, and no text contains a key.
    """
    try:
        context = CheckContext(remotes.find_remote(remote))
    except StoreError as error:
        yield CheckResult("configuration", "failed", str(error))
        return
    kind = doctor_drive.CHECKS if context.remote.is_drive else _OTHER
    for name, check in (("configuration", _configuration), *kind, ("volume", _volume)):
        try:
            text = check(context)
        except StoreError as error:
            yield CheckResult(name, "failed", redact(str(error)))
            return
        yield CheckResult(name, "warning" if isinstance(text, CheckWarning) else "ok", redact(text))


def exit_code(checks: Sequence[CheckResult]) -> int:
    """0 without findings, 1 with warnings, 2 after a failure."""
    return max((EXIT_CODES[check.outcome] for check in checks), default=0)


def _configuration(context: CheckContext) -> str:
    committed = Path(".dvc/config")
    if committed.is_file() and (found := _SECRET.search(committed.read_text(encoding="utf-8"))):
        raise StoreError(
            f"`.dvc/config` holds {found[1]}, and it is committed.",
            "Move it into .dvc/config.local (`dvc remote modify --local …`) and replace it.",
        )
    remotes.usable_remote(context.remote.name)
    return f"remote {context.remote.name}, {context.remote.url}"


def _location(context: CheckContext) -> str:
    if not context.remote.is_folder:
        return _reach(context)
    folder = Path(context.remote.url)
    if not folder.is_dir():
        raise StoreError(f"The folder {folder} does not exist.", "Create it, or mount its disk.")
    if not os.access(folder, os.W_OK):
        return CheckWarning(
            f"{folder} can be read but not written: pulling works, pushing will fail."
        )
    return f"{folder} can be read and written"


def _reach(context: CheckContext) -> str:
    filesystem, root = remotes.objects(context.remote)
    try:
        there = filesystem.exists(root)
    except OSError as error:
        raise StoreError(
            f"{context.remote.url} cannot be reached: {error}.", "Check the address and the keys."
        ) from error
    return "it holds objects" if there else "reachable; no objects yet"


def _volume(context: CheckContext) -> str:
    pointers = [read_pointer(name) for name in audit.chosen(context.remote, None)]
    files = sum(each.files for each in pointers)
    text = f"{files} files, {sum(each.size for each in pointers) / 1e6:.1f} MB tracked"
    if not context.remote.is_drive:
        return text
    text += (
        f": about {files * _CALLS_PER_PUSHED_FILE:.0f} Drive API calls to push everything, "
        f"{files * _CALLS_PER_PULLED_FILE:.0f} to pull it"
    )
    if files > _MANY_FILES:
        return CheckWarning(f"{text}. A new project's quota is near: pack small files together.")
    return text


_OTHER: Final[tuple[tuple[str, Callable[[CheckContext], str]], ...]] = (("location", _location),)
