"""Publishing a model: it becomes the one that serves.

The pointer `model.dvc` is committed last, and only after its objects were read back from
the remote into an empty cache. Until then the committed pointer, and with it everything
that serves, is the old one; a run that was cut off is undone by `start_clean`.
"""

from __future__ import annotations

import fcntl
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

from dvc.utils.serialize import modify_yaml  # type: ignore[import-untyped]

from training import config
from training.errors import StoreError, TrainingError
from training.model.folder import (
    GRAPH,
    METADATA,
    read_metadata,
    recover_folder,
    serialise_metadata,
    write_model,
)
from training.registry import git
from training.store import pointer, transfer
from training.store.pointer import read_pointer
from training.study.files import directory_hash

POINTER: Final = "model.dvc"
RELEASED: Final = Path(".dvc/released")
LARGEST_BUNDLED: Final = 1_000_000
"""A model over this many bytes is not mirrored into the repository."""
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
                "another retrain or rollback is running in this checkout: wait for it"
            ) from error
        yield


def start_clean() -> list[str]:
    """Undoes an interrupted release; returns the paths that were restored."""
    recover_folder(config.MODEL)
    return git.restore([POINTER, str(RELEASED)])


@contextmanager
def restore_on_failure() -> Iterator[None]:
    """Restores the pointer, the bundled remote and model/ where a release fails."""
    try:
        yield
    except BaseException:
        start_clean()
        if Path(POINTER).is_file():
            # Where the cache lacks it, the next pull fetches it.
            with suppress(StoreError):
                transfer.check_out(POINTER)
        raise


def publish(
    graph: bytes, metadata: Mapping[str, Any], meta: Mapping[str, object], step: Step
) -> str:
    """Releases a model: written, pushed, read back, mirrored, and only then committed.

    `meta` is written into `model.dvc`: why the model was made. Returns the commit.
    Raises StoreError where the remote does not hold it intact.
    """
    with restore_on_failure():
        step("write model/ and its pointer")
        write_model(config.MODEL, graph, metadata)
        _write_pointer(meta)
        step("push and verify")
        transfer.push(targets=[POINTER])
        step("read back")
        _verify_remote_copy(graph, serialise_metadata(metadata).encode())
        step("mirror")
        mirror()
        step("commit")
        return git.commit([POINTER, str(RELEASED)], f"Release a model: {meta['reason']}")


def verify_promoted(folder: Path) -> None:
    """Raises TrainingError unless a folder holds the model that model.dvc names, promoted."""
    files = {path.name: pointer.md5(path) for path in sorted(folder.glob("*")) if path.is_file()}
    pointed = read_pointer(POINTER).oid.removesuffix(".dir")
    if directory_hash(files) != pointed:
        raise TrainingError(f"{folder}/ is not the model that {POINTER} names")
    metadata = read_metadata(folder)
    source, verdict = metadata["data"]["source"], metadata["gate"]["verdict"]
    if source == "simulated" or verdict != "promote":
        raise TrainingError(
            f"{folder}/ must not serve in production: {source} data, gate verdict '{verdict}'"
        )


def mirror() -> None:
    """Makes the bundled remote hold the model's objects and no others.

    A model over LARGEST_BUNDLED leaves it empty: the repository must stay small.
    """
    shutil.rmtree(RELEASED / "files", ignore_errors=True)
    RELEASED.mkdir(exist_ok=True)
    if sum(path.stat().st_size for path in config.MODEL.iterdir()) <= LARGEST_BUNDLED:
        transfer.push(remote=config.RELEASED_REMOTE, targets=[POINTER])


def _write_pointer(meta: Mapping[str, object]) -> None:
    """Lets DVC write the pointer of model/, and adds why the model was made."""
    done = subprocess.run(
        [sys.executable, "-m", "dvc", "add", "--quiet", str(config.MODEL)],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise StoreError(f"DVC could not add {config.MODEL}/: {done.stderr.strip()}")
    with modify_yaml(POINTER) as written:
        written["meta"] = dict(meta)


def _verify_remote_copy(graph: bytes, metadata: bytes) -> None:
    """Pulls the model as a new clone would and compares it byte by byte."""
    with tempfile.TemporaryDirectory() as folder:
        pulled = transfer.read_back(POINTER, None, Path(folder) / "checkout")
        for name, sent in ((GRAPH, graph), (METADATA, metadata)):
            if (pulled / name).read_bytes() != sent:
                raise StoreError(
                    f"{name} read back from the remote differs.", "Run `store audit --repair`."
                )
