"""Verify that a remote holds every object of an output intact, and upload again what it lost.

`dvc status --cloud` and `dvc push` check a folder's list of files only, so they call a remote in
sync whose files were trashed or altered.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Literal

from training.config import RELEASED_REMOTE, settle_seconds
from training.errors import StoreError
from training.store import drive, filesystem, pointer, presence, remotes, retry
from training.store.objects import ObjectStore, StoredObject
from training.store.pointer import Pointer, read_pointer
from training.store.remotes import Remote

TARGETS: Final = ("data.dvc", "model.dvc")

LATE: Final = ("missing", "unchecked")
"""What an object may be for some seconds after its upload, since Drive's listings lag."""
_SETTLE_PAUSE: Final = 2.0
_logger = logging.getLogger(__name__)

State = Literal["missing", "trashed", "altered", "unchecked", "duplicated"]
_WORDS: Final[dict[State, str]] = {
    "missing": "is not at the remote",
    "trashed": "is in the remote's trash",
    "altered": "was altered at the remote",
    "unchecked": "has no checksum at the remote yet",
    "duplicated": "is at the remote more than once, each copy intact",
}


@dataclass(frozen=True)
class Finding:
    """One object that is not at the remote exactly once and intact."""

    target: str
    oid: str
    label: str
    """Its path in the checkout, such as `model/model.onnx`."""
    state: State

    def __str__(self) -> str:
        return f"{self.label} {_WORDS[self.state]} ({self.target}, object {self.oid})"


@dataclass(frozen=True)
class Audit:
    """Result of an audit: `findings` are faults, `duplicates` are harmless."""

    remote: str
    objects: int
    size: int
    """Bytes of the objects that are intact."""
    findings: tuple[Finding, ...] = ()
    duplicates: tuple[Finding, ...] = ()
    repaired: tuple[Finding, ...] = ()

    @property
    def verified(self) -> bool:
        """Whether every object is there and intact."""
        return not self.findings


def audit(
    remote: str | None = None,
    targets: Sequence[str] | None = None,
    *,
    repair: bool = False,
    timeout: float = retry.TIMEOUT,
) -> Audit:
    """Check every object of the outputs at a remote (default: the configured one).

    On Drive by Drive's own checksums, in a local folder by hashing, elsewhere by the remote's
    checksum where it has one and else by reading. `repair` uploads what is missing or damaged
    again from the local cache. Raises `StoreError` where the remote cannot be read, or a
    damaged object cannot be replaced from here (then nothing was changed).
    """
    at = remotes.usable_remote(remote)
    pointers = [read_pointer(name) for name in chosen(at, targets)]
    return audit_pointers(at, pointers, repair=repair, timeout=timeout)


def audit_pointers(
    at: Remote,
    pointers: Sequence[Pointer],
    *,
    repair: bool = False,
    timeout: float = retry.TIMEOUT,
    folder: Path | None = None,
) -> Audit:
    """The same for pointers already read; `folder` is the DVC project that holds their files."""
    result = _settled(at, pointers)
    if repair and result.findings:
        before = result.findings
        _discard_damaged(at, pointers, before)
        names = [each.file for each in pointers]
        retry.push_objects(at, names, timeout=timeout, folder=folder)
        result = _settled(at, pointers, waits_for=(*LATE, "trashed"))
        remaining = {finding.oid for finding in result.findings}
        repaired = tuple(finding for finding in before if finding.oid not in remaining)
        result = replace(result, repaired=repaired)
    if result.verified and at.is_folder and at.name != RELEASED_REMOTE:
        presence.mark(Path(at.url))
    return result


def _settled(at: Remote, pointers: Sequence[Pointer], waits_for: Sequence[State] = LATE) -> Audit:
    """A survey, repeated within limits while Drive may not show yet what was just changed."""
    result, deadline, waits = _survey(at, pointers), time.monotonic() + settle_seconds(), 0
    while at.is_drive and time.monotonic() < deadline:
        late = [each.label for each in result.findings if each.state in waits_for]
        if not late:
            break
        if not waits:
            _logger.warning(
                "Drive does not show %s (%d of %d objects) yet: waiting up to %.0f s for it.",
                late[0], len(late), result.objects, settle_seconds(),
            )  # fmt: skip
        waits += 1
        time.sleep(_SETTLE_PAUSE)
        result = _survey(at, pointers)
    return result


def chosen(remote: Remote, targets: Sequence[str] | None) -> list[str]:
    """The pointers to use: those named, or all in the checkout that belong at that remote."""
    if remote.name != RELEASED_REMOTE:
        names = list(targets or [name for name in TARGETS if Path(name).is_file()])
        if not names:
            cause = f"There is neither {' nor '.join(TARGETS)} here."
            raise StoreError(cause, "Run at the top of a checkout.")
        return names
    if set(targets or ()) - {"model.dvc"}:
        raise StoreError(
            f"The remote {RELEASED_REMOTE} accepts model.dvc only.", "Name another with --remote."
        )
    return ["model.dvc"]


def _object_store(remote: Remote) -> ObjectStore:
    return (
        drive.DriveObjectStore(remote)
        if remote.is_drive
        else filesystem.FilesystemObjectStore(remote)
    )


def _survey(remote: Remote, pointers: Sequence[Pointer]) -> Audit:
    store, cache = _object_store(remote), remotes.cache()
    copies = _by_oid(store.copies({each.oid for each in pointers}))
    expected: dict[str, Finding] = {}
    for each in pointers:
        members = _members(each, cache, store, copies.get(each.oid, []))
        for oid in (each.oid, *members):
            label = each.label(oid, members)
            expected.setdefault(oid, Finding(each.file, oid, label, "missing"))
    copies |= _by_oid(store.copies(expected.keys() - copies.keys()))

    found = [_judge(each, copies.get(each.oid, [])) for each in expected.values()]
    return Audit(
        remote.name,
        len(expected),
        sum(copy.size for same in copies.values() for copy in same[:1] if copy.is_whole),
        tuple(each for each in found if each and each.state != "duplicated"),
        tuple(each for each in found if each and each.state == "duplicated"),
    )


def _members(
    each: Pointer, cache: Path, store: ObjectStore, tops: Sequence[StoredObject]
) -> dict[str, str]:
    """Files of a tracked folder, from the cache or the remote; none where neither has its list."""
    if not each.is_folder:
        return {}
    local = pointer.cached(each.oid, cache)
    if pointer.is_whole(each.oid, local):
        return pointer.members(local.read_bytes())
    whole = [copy for copy in tops if copy.is_whole]
    return pointer.members(store.read(whole[0])) if whole else {}


def _judge(finding: Finding, copies: Sequence[StoredObject]) -> Finding | None:
    live = [copy for copy in copies if not copy.trashed]
    state: State | None = None
    if not live:
        state = "trashed" if copies else "missing"
    elif not all(copy.is_whole for copy in live):
        state = "altered" if any(copy.md5 and not copy.is_whole for copy in live) else "unchecked"
    elif len(live) > 1:
        state = "duplicated"
    return Finding(finding.target, finding.oid, finding.label, state) if state else None


def _discard_damaged(
    remote: Remote, pointers: Sequence[Pointer], findings: Sequence[Finding]
) -> None:
    """Delete altered objects and the folder list above each fault, so that DVC uploads them."""
    cache = remotes.cache()
    affected = {finding.target for finding in findings}
    lists = {each.oid: each.label(each.oid, {}) for each in pointers if each.file in affected}
    needed = {finding.oid: finding.label for finding in findings} | lists
    lost = [
        label
        for oid, label in needed.items()
        if not pointer.is_whole(oid, pointer.cached(oid, cache))
    ]
    if lost:
        raise StoreError(
            f"{', '.join(sorted(lost))}: missing or damaged in this checkout's cache too.",
            "Repair from a checkout that has it, or track the output again (`dvc add`).",
        )
    store = _object_store(remote)
    discarded = set()
    for copy in store.copies(needed):
        if not copy.trashed and (copy.oid in lists or not copy.is_whole):
            store.discard(copy)
            discarded.add(copy.location)
    if remote.is_drive:
        _wait_for_trash(store, lists, discarded)


def _wait_for_trash(store: ObjectStore, lists: Collection[str], discarded: set[str]) -> None:
    """Waits until Drive's listings miss the discarded lists of files: DVC uploads none it finds."""
    deadline = time.monotonic() + settle_seconds()
    while discarded & {copy.location for copy in store.copies(lists) if not copy.trashed}:
        if time.monotonic() >= deadline:
            raise StoreError(
                "Drive still shows what the repair moved to its trash.",
                "Run `python -m training store audit --repair` again in ten minutes.",
            )
        _logger.warning("Drive still shows what was moved to its trash: waiting for it.")
        time.sleep(_SETTLE_PAUSE)


def _by_oid(copies: Sequence[StoredObject]) -> dict[str, list[StoredObject]]:
    found: dict[str, list[StoredObject]] = {}
    for copy in copies:
        found.setdefault(copy.oid, []).append(copy)
    return found
