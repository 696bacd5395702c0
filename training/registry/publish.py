"""Publishing a model: it becomes the one that serves.

The pointer `model.dvc` is committed last, and only after its objects were read back from
the remote into an empty cache. Until then the checkout, and with it everything that serves,
has the old model: the new one is made beside it (`training.registry.staging`).
"""

from __future__ import annotations

import fcntl
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from training.errors import StoreError, TrainingError
from training.model.folder import GRAPH, METADATA, read_metadata, serialise_metadata
from training.registry import git
from training.registry.staging import (
    POINTER,
    RELEASED,
    StagedRelease,
    finish_interrupted,
    keep_own_model,
)
from training.store import pointer
from training.store.pointer import read_pointer

LOCK: Final = Path(".dvc/tmp/release.lock")

Step = Callable[[str], None]
"""Called with the name of each step as it begins."""


@contextmanager
def release_lock() -> Iterator[None]:
    """Holds the lock that admits one retrain or rollback at a time in this checkout.

    A killed process releases it. Raises TrainingError where it is held.
    """
    LOCK.parent.mkdir(parents=True, exist_ok=True)
    with LOCK.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise TrainingError(
                "another retrain or rollback is running in this checkout: wait for it, then try "
                "again."
            ) from error
        yield


def start_clean() -> git.Position:
    """Clears an interrupted release; returns what is checked out.

    Raises RepositoryError where no branch is, or a person's changes to the released model are
    not committed.
    """
    at = git.position()
    finish_interrupted()
    git.require_committed([POINTER, str(RELEASED)])
    return at


def publish(
    graph: bytes,
    metadata: Mapping[str, Any],
    meta: Mapping[str, object],
    step: Step,
    at: git.Position | None = None,
) -> str:
    """Releases a model: staged, pushed, read back, mirrored, and only then committed.

    `meta` is written into `model.dvc`: why the model was made. `at` is what was checked out when
    the run began; the release is refused where it has changed. Returns the commit.
    Raises StoreError where the remote does not hold it intact.
    """
    text = serialise_metadata(metadata).encode()
    staged = StagedRelease(at or git.position())
    try:
        step("write the new model and its pointer")
        staged.add_model(graph, text)
        staged.annotate(meta)
        step("push and verify")
        staged.push()
        step("read back")
        with tempfile.TemporaryDirectory() as folder:
            pulled = staged.read_back(Path(folder) / "checkout")
            for name, sent in ((GRAPH, graph), (METADATA, text)):
                if (pulled / name).read_bytes() != sent:
                    raise StoreError(
                        f"{name} read back from the remote differs.", "Start it again."
                    )
        step("mirror")
        staged.mirror()
        step("commit")
        tell_kept(step)
        return staged.commit(f"Release a model: {meta['reason']}")
    finally:
        staged.discard()


def tell_kept(step: Step) -> None:
    """Moves a person's own model out of model/, and says where it is."""
    if kept := keep_own_model():
        step(f"a model in model/ that was never released is kept in {kept}/")


def verify_promoted(folder: Path) -> None:
    """Raises TrainingError unless a folder holds the model that model.dvc names, promoted."""
    if pointer.folder_oid(folder) != read_pointer(POINTER).oid:
        raise TrainingError(
            f"{folder}/ is not the model that {POINTER} names: get it with `python -m training "
            f"store pull {POINTER} --force`."
        )
    require_promoted(folder)


def require_promoted(folder: Path) -> None:
    """Raises TrainingError unless the gate promoted a folder's model, of real data."""
    metadata = read_metadata(folder)
    source, verdict = metadata["data"]["source"], metadata["gate"]["verdict"]
    if source == "simulated" or verdict != "promote":
        raise TrainingError(
            f"{folder}/ must not serve in production: {source} data, gate verdict '{verdict}'. "
            "Name a version that the gate promoted (`git log -- model.dvc`)."
        )
