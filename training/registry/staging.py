"""A release in the making, beside the checkout: pointer, bundled objects and model/.

Nothing of the checkout changes before the commit. A run that is cut off leaves its scratch
folder, and no more, for the next one to clear; what a person has in model/ is never lost.
"""

from __future__ import annotations

import errno
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from training import config
from training.errors import StoreError, TrainingError
from training.model.folder import GRAPH, METADATA, recover_folder, replace_folder
from training.registry import git
from training.store import pointer, remotes, retry, transfer
from training.store.audit import Audit, audit_pointers
from training.store.dvc import run_dvc
from training.store.pointer import Pointer, parse_pointer
from training.store.remotes import Remote

POINTER: Final = "model.dvc"
RELEASED: Final = Path(".dvc/released")
LARGEST_BUNDLED: Final = 1_000_000
"""A model over this many bytes is not mirrored into the repository."""
SCRATCH: Final = Path(".dvc/tmp/release")
_PROJECT: Final = SCRATCH / "project"
_MIRROR: Final = SCRATCH / "released"
_BASE: Final = SCRATCH / "base"
"""The commit on which the release is based."""
_COMMITTED: Final = SCRATCH / "committed"
"""Written once the release is committed and only the checkout is behind."""


class StagedRelease:
    """A pointer of model/ with its objects in the cache, in a DVC project of its own."""

    def __init__(self, at: git.Position) -> None:
        self._at = at
        self.remote: Remote = remotes.usable_remote()
        shutil.rmtree(SCRATCH, ignore_errors=True)
        transfer.begin_project(_PROJECT, self.remote, remotes.cache().parents[1])
        _BASE.write_text(at.commit, encoding="utf-8")

    def add_model(self, graph: bytes, metadata: bytes) -> None:
        """Writes a model's files and lets DVC write their pointer."""
        folder = _PROJECT / config.MODEL
        folder.mkdir()
        (folder / GRAPH).write_bytes(graph)
        (folder / METADATA).write_bytes(metadata)
        run_dvc(["add", "--quiet", str(config.MODEL)], timeout=600, folder=_PROJECT)

    def add_pointer(self, text: str) -> None:
        """Takes a pointer as it was committed before; its objects may not be in the cache."""
        (_PROJECT / POINTER).write_text(text, encoding="utf-8")

    def annotate(self, meta: Mapping[str, Any]) -> None:
        """Adds to the pointer why it was made, and a digest of the remote that holds it."""
        from dvc.utils.serialize import modify_yaml  # type: ignore[import-untyped]

        with modify_yaml(_PROJECT / POINTER) as written:
            written["meta"] = {**meta, "remote": self.remote.digest}

    @property
    def pointer(self) -> Pointer:
        return parse_pointer(self.text, POINTER)

    @property
    def text(self) -> str:
        return (_PROJECT / POINTER).read_text(encoding="utf-8")

    def push(self) -> None:
        """Uploads the objects and verifies each; raises StoreError."""
        retry.push_objects(self.remote, [POINTER], folder=_PROJECT)
        found = self.audit()
        if not found.verified:
            faults = "; ".join(map(str, found.findings))
            raise StoreError(f"DVC reported the push as done, but {faults}.", "Start it again.")

    def audit(self, *, repair: bool = False) -> Audit:
        """Every object at the remote; `repair` uploads again, from the cache, what it lost."""
        return audit_pointers(self.remote, [self.pointer], repair=repair, folder=_PROJECT)

    def fetch(self) -> None:
        """Brings the objects into the checkout's cache; raises StoreError."""
        transfer.fetch_objects(self.pointer, self.remote, remotes.cache(), folder=_PROJECT)

    def read_back(self, to: Path) -> Path:
        """The model as a new clone would pull it; returns its folder."""
        return transfer.read_back(POINTER, self.remote.name, to, self.text)

    def mirror(self) -> None:
        """Makes the scratch mirror hold the model's objects, unless it is LARGEST_BUNDLED."""
        if self.pointer.size > LARGEST_BUNDLED:
            return
        cache = remotes.cache()
        listing = pointer.cached(self.pointer.oid, cache)
        for oid in (self.pointer.oid, *pointer.members(listing.read_bytes())):
            source, copy = pointer.cached(oid, cache), pointer.cached(oid, _MIRROR / "files/md5")
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, copy)
            if not pointer.is_whole(oid, copy):
                raise StoreError(f"The object {oid} in the cache is damaged.", "Start it again.")

    def commit(self, message: str) -> str:
        """Commits pointer and mirror, then brings the checkout up to it; returns the commit.

        Raises TrainingError; where nothing was committed, the checkout is as it was.
        """
        files = {POINTER: _PROJECT / POINTER}
        for path in sorted(_MIRROR.rglob("*")):
            if path.is_file():
                files[(RELEASED / path.relative_to(_MIRROR)).as_posix()] = path
        commit = git.commit_files(
            self._at, files, [POINTER, str(RELEASED)], message, SCRATCH / "index"
        )
        try:
            _COMMITTED.touch()
            finish_interrupted()
        except (OSError, TrainingError) as error:
            raise TrainingError(
                f"The release is committed ({commit[:12]}), but the checkout could not follow: "
                f"{str(error).rstrip('.')}. Put that right; the next retrain or rollback, or "
                f"`git restore {POINTER} {RELEASED}` and `python -m training store pull {POINTER} "
                "--force`, brings it up to date."
            ) from error
        return commit

    def discard(self) -> None:
        """Clears the scratch folder of a release that was not committed."""
        if not _COMMITTED.exists():
            shutil.rmtree(SCRATCH, ignore_errors=True)


def finish_interrupted() -> list[str]:
    """Clears what an interrupted release left; returns the paths that were brought up to date.

    A release that was committed and no more is completed in the checkout, unless a person has
    changed the pointer since.
    """
    recover_folder(config.MODEL)
    followed: list[str] = []
    if _BASE.is_file() and (_COMMITTED.exists() or _was_committed()):
        if _pointer_is_of(_BASE.read_text(encoding="utf-8")) or _pointer_is_of("HEAD"):
            followed = git.restore([POINTER, str(RELEASED)])
        if _pointer_is_of("HEAD"):
            _put_model(parse_pointer(Path(POINTER).read_text("utf-8"), POINTER))
    shutil.rmtree(SCRATCH, ignore_errors=True)
    return followed


def keep_own_model() -> Path | None:
    """Moves a model that no committed pointer ever named out of model/; returns where to.

    None where model/ is absent, empty, or a model that was released once.
    """
    if not config.MODEL.is_dir() or not any(config.MODEL.iterdir()):
        return None
    oid = pointer.folder_oid(config.MODEL)
    for revision in git.versions(POINTER):
        if parse_pointer(git.text_at(revision, POINTER), POINTER).oid == oid:
            return None
    aside = config.MODEL.with_name(f"{config.MODEL.name}.own-{oid[:8]}")
    if not aside.exists():
        try:
            config.MODEL.rename(aside)
        except OSError as error:
            if error.errno not in (errno.EBUSY, errno.EXDEV):
                raise
            shutil.copytree(config.MODEL, aside)
    return aside


def _was_committed() -> bool:
    staged = _PROJECT / POINTER
    try:
        return staged.is_file() and git.blob_at("HEAD", POINTER) == staged.read_bytes()
    except TrainingError:
        return False


def _pointer_is_of(revision: str) -> bool:
    """Whether the checkout's pointer is the one committed at a revision."""
    try:
        committed: bytes | None = git.blob_at(revision, POINTER)
    except TrainingError:
        committed = None
    here = Path(POINTER)
    return (here.read_bytes() if here.is_file() else None) == committed


def _put_model(wanted: Pointer) -> None:
    """Swaps model/ for the model that a pointer names, from the cache."""
    cache, new = remotes.cache(), SCRATCH / "new"
    listing = pointer.cached(wanted.oid, cache)
    if not pointer.is_whole(wanted.oid, listing):
        return  # The next pull fetches it.
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir(parents=True)
    for name, oid in pointer.file_hashes(listing.read_bytes()).items():
        shutil.copyfile(pointer.cached(oid, cache), new / name)
    keep_own_model()
    replace_folder(config.MODEL, new)
