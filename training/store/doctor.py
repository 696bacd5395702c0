"""The doctor: is the default remote fit for pulling and pushing, and if not, what to do."""

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
    """One line of the doctor's."""

    name: str
    outcome: Outcome
    text: str


def doctor(remote: str | None = None) -> Iterator[CheckResult]:
    """Examine a remote (default: the default one) and yield each check as it is done.

    It ends at the first that failed, since the later ones rest on it. Nothing is written to
    the remote, and no check's text holds a key.
    """
    try:
        case = CheckContext(remotes.find_remote(remote))
    except StoreError as error:
        yield CheckResult("configuration", "failed", str(error))
        return
    kind = doctor_drive.CHECKS if case.remote.is_drive else _OTHER
    for name, examine in (("configuration", _configuration), *kind, ("volume", _volume)):
        try:
            said = examine(case)
        except StoreError as error:
            yield CheckResult(name, "failed", redact(str(error)))
            return
        yield CheckResult(name, "warning" if isinstance(said, CheckWarning) else "ok", redact(said))


def exit_code(checks: Sequence[CheckResult]) -> int:
    """0 where all is well, 1 where something deserves a look, 2 where something failed."""
    return max((EXIT_CODES[check.outcome] for check in checks), default=0)


def _configuration(case: CheckContext) -> str:
    committed = Path(".dvc/config")
    if committed.is_file() and (found := _SECRET.search(committed.read_text(encoding="utf-8"))):
        raise StoreError(
            f"`.dvc/config` holds {found[1]}, and it is committed.",
            "Move it into .dvc/config.local (`dvc remote modify --local …`) and replace it.",
        )
    remotes.usable_remote(case.remote.name)
    return f"remote {case.remote.name}, {case.remote.url}"


def _place(case: CheckContext) -> str:
    if not case.remote.is_folder:
        return _reach(case)
    folder = Path(case.remote.url)
    if not folder.is_dir():
        raise StoreError(f"The folder {folder} does not exist.", "Create it, or mount its disk.")
    if not os.access(folder, os.W_OK):
        return CheckWarning(
            f"{folder} can be read but not written: pulling works, pushing will fail."
        )
    return f"{folder} can be read and written"


def _reach(case: CheckContext) -> str:
    filesystem, root = remotes.objects(case.remote)
    try:
        there = filesystem.exists(root)
    except OSError as error:
        raise StoreError(
            f"{case.remote.url} cannot be reached: {error}.", "Check the address and the keys."
        ) from error
    return "it holds objects" if there else "no objects there yet; the first push proves it"


def _volume(case: CheckContext) -> str:
    pointers = [read_pointer(name) for name in audit.chosen(case.remote, None)]
    files = sum(each.files for each in pointers)
    told = f"{files} files, {sum(each.size for each in pointers) / 1e6:.1f} MB tracked"
    if not case.remote.is_drive:
        return told
    told += (
        f": about {files * _CALLS_PER_PUSHED_FILE:.0f} calls of Drive to push all, "
        f"{files * _CALLS_PER_PULLED_FILE:.0f} to pull"
    )
    if files > _MANY_FILES:
        return CheckWarning(f"{told}. A new project's quota is near: pack small files together.")
    return told


_OTHER: Final[tuple[tuple[str, Callable[[CheckContext], str]], ...]] = (("place", _place),)
