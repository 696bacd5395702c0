"""Transfers of outputs between a checkout and a remote, each verified."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from training.config import RELEASED_REMOTE
from training.errors import StoreError
from training.store import pointer, remotes, retry
from training.store.audit import LATE, Audit, audit, chosen
from training.store.dvc import run_dvc
from training.store.failures import REPAIR
from training.store.pointer import Pointer, parse_pointer, read_pointer
from training.store.remotes import Remote

_LATER: Final = (
    "Drive may show it later: run `python -m training store audit` in ten minutes, and with "
    "--repair if it still says so."
)
_LOCAL: Final = {"GDRIVE_CREDENTIALS_DATA": "unused"}


@dataclass(frozen=True)
class Status:
    """DVC's status of one output, or `in sync`. DVC does not check the files of a folder."""

    target: str
    checkout: str
    remote: str


def pull(
    target: str,
    remote: str | None = None,
    *,
    force: bool = False,
    timeout: float = retry.TIMEOUT,
    pause: float = retry.PAUSE,
) -> None:
    """Fetch one output (`model.dvc`) into the checkout as its pointer pins it, all or nothing.

    `remote` is a name in DVC's configuration (default: the default one). `force` overwrites
    local changes. Needs no git, and no credentials where the remote needs none.
    Raises `StoreError`.
    """
    at = remotes.usable_remote(remote)
    wanted = read_pointer(target)
    cache = remotes.cache()
    fetch_objects(wanted, at, cache, timeout=timeout, pause=pause)
    arguments = ["checkout", *(["--force"] if force else []), target]
    run_dvc(arguments, timeout=timeout, environment=at.environment())


def push(
    remote: str | None = None,
    targets: Sequence[str] | None = None,
    *,
    timeout: float = retry.TIMEOUT,
    pause: float = retry.PAUSE,
) -> Audit:
    """Upload the outputs (default: all that belong there), then verify each object.

    Raises `StoreError` where an object is damaged before the upload, where DVC keeps failing,
    where `timeout` seconds pass, or where the audit finds an object missing or damaged: a
    returned audit is verified.
    """
    at = remotes.usable_remote(remote)
    names = chosen(at, targets)
    cache = remotes.cache()
    for name in names:
        wanted = read_pointer(name)
        damaged = _damaged(wanted, cache)
        for oid, label in damaged.items():
            if pointer.cached(oid, cache).exists():
                raise StoreError(
                    f"{label} is damaged in this checkout's cache.",
                    f"Pull {name}, or track its output again (`dvc add`).",
                )
        if damaged and Path(wanted.output).exists():
            # The files did not come through DVC, but match the pointer.
            with suppress(StoreError):
                run_dvc(["commit", name], timeout=timeout, environment=_LOCAL)
    retry.push_objects(at, names, timeout=timeout, pause=pause)
    result = audit(at.name, names)
    if not result.verified:
        raise _incomplete(result, cache, on_drive=at.is_drive)
    return result


def _incomplete(result: Audit, cache: Path, *, on_drive: bool) -> StoreError:
    """The error for a push after which objects are not at the remote."""
    faults = "; ".join(map(str, result.findings))
    lacking = [each for each in result.findings if not pointer.cached(each.oid, cache).exists()]
    if not lacking:
        late = on_drive and all(each.state in LATE for each in result.findings)
        remedy = _LATER if late else REPAIR
        return StoreError(f"DVC reported the push as done, but {faults}.", remedy)
    target = lacking[0].target
    source = RELEASED_REMOTE if target == "model.dvc" else "NAME"
    return StoreError(
        f"This checkout lacks some of what {target} names, so the push is not complete: {faults}.",
        f"Pull it first (`python -m training store pull {target} --remote {source}`), or track "
        f"the current files (`dvc add {read_pointer(target).output}`).",
    )


def status(remote: str | None = None) -> list[Status]:
    """`dvc status` of each output, in the checkout and at a remote."""
    at = remotes.usable_remote(remote)
    names = chosen(at, None)
    outputs = {name: read_pointer(name).output for name in names}
    here = _changes(names)
    there = json.loads(
        run_dvc(
            ["status", "--cloud", "--remote", at.name, "--json", *names],
            timeout=600,
            environment=at.environment(),
        )
    )
    return [
        Status(
            name,
            here[name],
            str(there.get(output, "in sync")),
        )
        for name, output in outputs.items()
    ]


def changed(targets: Sequence[str]) -> list[str]:
    """The pointers whose output in the checkout differs from what they pin."""
    return [name for name, state in _changes(targets).items() if "modified" in state]


def require_exact(target: str) -> None:
    """Raises `StoreError` unless the files of an output are those of its pointer, no other.

    What an operating system or a spreadsheet hides there (`.…`, `~$…`) does not count.
    """
    wanted = read_pointer(target)
    if not wanted.is_folder:
        return
    folder = Path(wanted.output)
    listing = pointer.cached(wanted.oid, remotes.cache()).read_bytes()
    pinned = pointer.file_hashes(listing)
    here = {
        path.relative_to(folder).as_posix(): path
        for path in sorted(folder.rglob("*"))
        if path.is_file()
        and not any(part.startswith((".", "~$")) for part in path.relative_to(folder).parts)
    }
    if extra := sorted(here.keys() - pinned.keys()):
        raise StoreError(
            f"{folder}/ holds files that {target} does not: {', '.join(extra)}.",
            f"Track them (`dvc add {folder}`; is one in .dvcignore?), or move them away.",
        )
    if wrong := [n for n, oid in pinned.items() if not pointer.is_whole(oid, folder / n)]:
        raise StoreError(
            f"{folder}/ lacks or has changed what {target} names: {', '.join(wrong)}.",
            f"Pull it with --force, or track the change (`dvc add {folder}`).",
        )


def read_back(target: str, remote: str | None, to: Path, text: str | None = None) -> Path:
    """Pull an output into `to` as a new clone would, with an empty cache, and verify it.

    `to` must not exist or be empty; it becomes a DVC project of its own. Returns the output's
    path in it. `text` is another text of the pointer than the checkout's, such as an earlier one.
    Raises `StoreError` where a file is missing or differs from the pointer.
    """
    at = remotes.usable_remote(remote)
    wanted = read_pointer(target) if text is None else parse_pointer(text, target)
    if to.is_dir() and any(to.iterdir()):
        raise StoreError(f"{to} is not empty.", "Name a new folder to read back into.")
    begin_project(to, at)
    (to / target).write_text(text or Path(target).read_text(encoding="utf-8"), encoding="utf-8")
    cache = to / ".dvc" / "cache" / "files" / "md5"
    fetch_objects(wanted, at, cache, folder=to)
    run_dvc(["checkout", target], timeout=600, folder=to, environment=at.environment())
    output = to / wanted.output
    for oid, path in _content(wanted, cache, output).items():
        if not pointer.is_whole(oid, path):
            raise StoreError(f"{path.relative_to(to)}, read back, differs from {target}.", REPAIR)
    return output


def fetch_objects(
    wanted: Pointer,
    remote: Remote,
    cache: Path,
    *,
    timeout: float = retry.TIMEOUT,
    pause: float = retry.PAUSE,
    folder: Path | None = None,
) -> None:
    """Fill the cache with an output's objects and check each: DVC trusts a folder blindly.

    `folder` is the DVC project that holds the pointer. Raises `StoreError`.
    """
    for oid in _damaged(wanted, cache):
        # Otherwise DVC would trust the damaged file and not fetch the object.
        pointer.cached(oid, cache).unlink(missing_ok=True)
    arguments = ["fetch", "--remote", remote.name, wanted.file]
    retry.run_transfer(arguments, remote, timeout=timeout, pause=pause, folder=folder)
    for oid, label in _damaged(wanted, cache).items():
        pointer.cached(oid, cache).unlink(missing_ok=True)
        raise StoreError(
            f"{label} is missing or damaged at the remote {remote.name} (object {oid}).", REPAIR
        )


def _damaged(wanted: Pointer, cache: Path) -> dict[str, str]:
    """Objects of an output that the cache lacks or holds damaged, each with its label."""
    top = pointer.cached(wanted.oid, cache)
    if not pointer.is_whole(wanted.oid, top):
        return {wanted.oid: wanted.label(wanted.oid, {})}
    members = pointer.members(top.read_bytes()) if wanted.is_folder else {}
    return {
        oid: wanted.label(oid, members)
        for oid in members
        if not pointer.is_whole(oid, pointer.cached(oid, cache))
    }


def _content(wanted: Pointer, cache: Path, output: Path) -> dict[str, Path]:
    if not wanted.is_folder:
        return {wanted.oid: output}
    members = pointer.members(pointer.cached(wanted.oid, cache).read_bytes())
    return {oid: output / path for oid, path in members.items()}


def begin_project(to: Path, remote: Remote, cache: Path | None = None) -> None:
    """Makes `to` a DVC project without git whose remote is this one.

    `cache` is the cache's folder; by default it has an empty one of its own.
    """
    from dvc.config import Config  # type: ignore[import-untyped]

    settings = to / ".dvc"
    settings.mkdir(mode=0o700, parents=True)
    project = Config.init(str(settings))
    with project.edit("repo") as changed:
        changed["core"] |= {"no_scm": True, "analytics": False, "remote": remote.name}
        changed["remote"][remote.name] = dict(remote.options)
        if cache:
            changed["cache"]["dir"] = str(cache.resolve())


def _changes(names: Sequence[str]) -> dict[str, str]:
    """DVC's status of each output in the checkout."""
    found = json.loads(run_dvc(["status", "--json", *names], timeout=600, environment=_LOCAL))
    return {name: _words(found.get(name, [])) for name in names}


def _words(changes: list[dict[str, dict[str, str]]]) -> str:
    states = {state for change in changes for outs in change.values() for state in outs.values()}
    return ", ".join(sorted(states)) or "in sync"
