"""Rolling back to an earlier model: verified at the remote first, committed last."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

from dvc.utils.serialize import modify_yaml  # type: ignore[import-untyped]

from training import config
from training.errors import StoreError, TrainingError
from training.registry import git
from training.registry.publish import (
    POINTER,
    RELEASED,
    Step,
    mirror,
    release_lock,
    restore_on_failure,
    start_clean,
    verify_promoted,
)
from training.store import transfer
from training.store.audit import audit
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
        start_clean()
        git.require_committed([POINTER])
        step("find the earlier version")
        current = read_pointer(POINTER)
        revision = revision or _previous_promoted(current)
        text = git.text_at(revision, POINTER)
        if parse_pointer(text, POINTER).oid == current.oid:
            raise TrainingError(f"{POINTER} already names the model of {revision[:12]}")
        with restore_on_failure():
            Path(POINTER).write_text(text, encoding="utf-8")
            _record_withdrawn(current)
            step("verify it at the remote")
            _ensure_at_remote(revision)
            step("pull it")
            transfer.pull(POINTER, force=True)
            verify_promoted(config.MODEL)
            step("mirror")
            mirror()
            step("commit")
            return git.commit([POINTER, str(RELEASED)], f"Roll back the model to {revision[:12]}")


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
        f"this is a shallow clone without an earlier {POINTER}: run `git fetch --unshallow` first"
        if git.is_shallow()
        else "no promoted model was released before this one: there is nothing to roll back to"
    )


def _record_withdrawn(current: Pointer) -> None:
    """Records in the pointer the model that is withdrawn, and those withdrawn before it."""
    with modify_yaml(POINTER) as written:
        meta = written.setdefault("meta", {})
        back, gone = ({key: m.get(key) for key in ("data", "recipe")} for m in (meta, current.meta))
        noted = [each for each in current.meta.get("withdrawn", ()) if each != back]
        if all(gone.values()):
            noted.append(gone)
        meta["withdrawn"] = noted


def _ensure_at_remote(revision: str) -> None:
    """Verifies the model at the remote; uploads it again where the remote lost it."""
    found = audit(None, [POINTER])
    if found.verified:
        return
    # A model too large to be bundled may still be in the cache.
    with suppress(TrainingError):
        git.restore_from(revision, str(RELEASED))
        transfer.pull(POINTER, remote=config.RELEASED_REMOTE, force=True)
    try:
        found = audit(None, [POINTER], repair=True)
    except StoreError as error:
        lost = "; ".join(map(str, found.findings))
        raise StoreError(lost, "There is no local copy either: choose another version.") from error
    if not found.verified:
        raise StoreError("; ".join(map(str, found.findings)), "Choose another version.")
