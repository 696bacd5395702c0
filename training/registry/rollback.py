"""Going back to an earlier model: whole at the remote first, committed last."""

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
    pointer notes what was left, so that the next retrain does not bring it back unasked.
    Raises TrainingError where there is no such version or the gate never promoted it,
    StoreError where its model is lost.
    """
    with release_lock():
        start_clean()
        git.require_committed([POINTER])
        step("find the earlier version")
        left = read_pointer(POINTER)
        revision = revision or _previous_promoted(left)
        text = git.text_at(revision, POINTER)
        if parse_pointer(text, POINTER).oid == left.oid:
            raise TrainingError(f"{POINTER} names the model of {revision[:12]} already")
        with restore_on_failure():
            Path(POINTER).write_text(text, encoding="utf-8")
            _record_withdrawn(left)
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


def _previous_promoted(left: Pointer) -> str:
    """The commit of the last promoted version before the model `left` was first released."""
    revisions = git.versions(POINTER)
    pointers = [parse_pointer(git.text_at(each, POINTER), POINTER) for each in revisions]
    first = max((place for place, each in enumerate(pointers) if each.oid == left.oid), default=0)
    for revision, each in zip(revisions[first + 1 :], pointers[first + 1 :], strict=True):
        if each.meta.get("verdict") == "promote":
            return revision
    raise TrainingError(
        f"this checkout is shallow and knows no earlier {POINTER}: `git fetch --unshallow` first"
        if git.is_shallow()
        else "no promoted model was released before this one: there is nothing to go back to"
    )


def _record_withdrawn(left: Pointer) -> None:
    """Writes into the pointer which model was left, and those left before it."""
    with modify_yaml(POINTER) as written:
        meta = written.setdefault("meta", {})
        back, gone = ({key: m.get(key) for key in ("data", "recipe")} for m in (meta, left.meta))
        noted = [each for each in left.meta.get("withdrawn", ()) if each != back]
        if all(gone.values()):
            noted.append(gone)
        meta["withdrawn"] = noted


def _ensure_at_remote(revision: str) -> None:
    """Proves the model at the remote; sends it again where the remote lost it."""
    found = audit(None, [POINTER])
    if found.verified:
        return
    # Too large a model was never bundled; the cache may have it all the same.
    with suppress(TrainingError):
        git.restore_from(revision, str(RELEASED))
        transfer.pull(POINTER, remote=config.RELEASED_REMOTE, force=True)
    try:
        found = audit(None, [POINTER], repair=True)
    except StoreError as error:
        lost = "; ".join(map(str, found.findings))
        raise StoreError(lost, "No copy is left here either: choose another version.") from error
    if not found.verified:
        raise StoreError("; ".join(map(str, found.findings)), "Choose another version.")
