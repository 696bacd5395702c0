"""Rolling back to an earlier model: verified at the remote first, committed last."""

from __future__ import annotations

import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

from training.errors import StoreError, TrainingError
from training.registry import git
from training.registry.publish import Step, release_lock, require_promoted, start_clean, tell_kept
from training.registry.staging import POINTER, RELEASED, StagedRelease
from training.store import pointer, remotes
from training.store.pointer import Pointer, parse_pointer, read_pointer


def rollback_model(revision: str | None, step: Step) -> str:
    """Puts `model.dvc` back to an earlier version and commits it; returns the commit.

    `revision` is a commit (default: the last promoted version before the model that serves was
    first released, so that doing it twice goes further back). An object that the remote lost is
    sent again from the cache or from the copy that the repository had at that revision. The
    pointer records the withdrawn model, so that the next retrain does not promote it again.
    Raises TrainingError where there is no such version or the gate never promoted it,
    StoreError where its model is lost.
    """
    with release_lock():
        at = start_clean()
        git.require_committed([POINTER])
        step("find the earlier version")
        current = read_pointer(POINTER)
        revision = revision or _previous_promoted(current)
        text = git.text_at(revision, POINTER)
        if parse_pointer(text, POINTER).oid == current.oid:
            raise TrainingError(
                f"{POINTER} already names the model of {revision[:12]}: name another version "
                f"(`git log -- {POINTER}`)."
            )
        staged = StagedRelease(at)
        try:
            staged.add_pointer(text)
            staged.annotate(_with_withdrawn(staged.pointer, current))
            step("verify it at the remote")
            _ensure_at_remote(staged, revision)
            step("pull it")
            with tempfile.TemporaryDirectory() as folder:
                require_promoted(staged.read_back(Path(folder) / "checkout"))
            staged.fetch()
            step("mirror")
            staged.mirror()
            step("commit")
            tell_kept(step)
            return staged.commit(f"Roll back the model to {revision[:12]}")
        finally:
            staged.discard()


def withdrawn() -> list[dict[str, Any]]:
    """Data and recipe of each model that was rolled back from and not replaced since."""
    noted = read_pointer(POINTER).meta if Path(POINTER).is_file() else {}
    return list(noted.get("withdrawn", ()))


def _previous_promoted(current: Pointer) -> str:
    """The commit of the last promoted version before the model `current` was first released."""
    revisions = git.versions(POINTER)
    pointers = [parse_pointer(git.text_at(each, POINTER), POINTER) for each in revisions]
    first = max(
        (place for place, each in enumerate(pointers) if each.oid == current.oid), default=0
    )
    for revision, each in zip(revisions[first + 1 :], pointers[first + 1 :], strict=True):
        if each.meta.get("verdict") == "promote":
            return revision
    raise TrainingError(
        f"this is a shallow clone without an earlier {POINTER}: run `git fetch --unshallow` first."
        if git.is_shallow()
        else "no promoted model was released before this one: there is nothing to roll back to. "
        "Retrain instead, or name a commit."
    )


def _with_withdrawn(back: Pointer, current: Pointer) -> dict[str, Any]:
    """What the pointer shall say: also the model that is withdrawn, and those before it."""
    own, gone = (
        {key: each.meta.get(key) for key in ("data", "recipe")} for each in (back, current)
    )
    noted = [each for each in current.meta.get("withdrawn", ()) if each != own]
    if all(gone.values()):
        noted.append(gone)
    return {**back.meta, "withdrawn": noted}


def _ensure_at_remote(staged: StagedRelease, revision: str) -> None:
    """Verifies the model at the remote; uploads it again where the remote lost it."""
    found = staged.audit()
    if found.verified:
        return
    # A model too large to be bundled may still be in the cache.
    with suppress(TrainingError):
        _bring_from_repository(staged.pointer, revision)
    try:
        found = staged.audit(repair=True)
    except StoreError as error:
        lost = "; ".join(map(str, found.findings))
        raise StoreError(lost, "There is no local copy either: choose another version.") from error
    if not found.verified:
        raise StoreError("; ".join(map(str, found.findings)), "Choose another version.")


def _bring_from_repository(wanted: Pointer, revision: str) -> None:
    """Puts a model's objects into the cache, from those that a revision bundles."""
    listing = _bring(wanted.oid, revision)
    for oid in pointer.members(listing):
        _bring(oid, revision)


def _bring(oid: str, revision: str) -> bytes:
    path = pointer.cached(oid, remotes.cache())
    if pointer.is_whole(oid, path):
        return path.read_bytes()
    bundled = pointer.cached(oid, RELEASED / "files/md5").as_posix()
    content = git.blob_at(revision, bundled)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    path.write_bytes(content)
    return content
