"""The model that serves: its graph, its metadata, and the data and study it was made from."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from training import config
from training.errors import ExportError, StoreError, TrainingError
from training.evaluation.served_model import ServedModel
from training.model.export import run_graph
from training.model.folder import GRAPH, read_metadata
from training.model.hazard import ESTIMATORS
from training.registry import git, publish
from training.registry.staging import POINTER
from training.store import transfer
from training.store.audit import audit_pointers
from training.store.earlier import read_earlier
from training.store.failures import REPAIR
from training.store.pointer import Pointer, parse_pointer, read_pointer
from training.store.remotes import Remote, find_remote, usable_remote
from training.study.declaration import Study
from training.study.files import directory_hash
from training.study.read import read_study
from training.study.table import Table, load_table

STUDY_FILE: Final = "study.toml"
DATA_POINTER: Final = "data.dvc"


@dataclass(frozen=True)
class Champion:
    """A model that serves, and what it was made from as far as that can be had."""

    metadata: dict[str, Any]
    graph: bytes
    study: Study
    """The study as it was when the model was made, else today's."""
    table: Table | None
    """The data it was trained on; None where they can't be had."""
    unchecked: tuple[str, ...]
    """What could not be had, and what goes unchecked for it."""


def pull_champion(step: Callable[[str], None]) -> None:
    """Puts the model of the committed pointer into model/, if there is one, once it is proven.

    Raises StoreError where it can't be had, or the remote that held it has lost some of it.
    """
    if not Path(POINTER).is_file():
        return
    publish.tell_kept(step)
    pointed, remote = read_pointer(POINTER), usable_remote()
    if _is_at(remote, pointed):
        transfer.pull(POINTER, force=True)
    else:
        # A remote that is still empty: the released model is in the bundled one.
        step(
            f"champion from the remote {config.RELEASED_REMOTE}, since {remote.name} never held "
            f"it (`python -m training store push {POINTER}` puts it there)"
        )
        transfer.pull(POINTER, remote=config.RELEASED_REMOTE, force=True)


def _is_at(remote: Remote, pointed: Pointer) -> bool:
    """Whether a remote holds the model whole; False where it never did and the bundled one does.

    Raises StoreError where the remote has lost some of it, or no remote holds it whole.
    """
    found = audit_pointers(remote, [pointed])
    if found.verified:
        return True
    faults = "; ".join(map(str, found.findings))
    if pointed.meta.get("remote") == remote.digest or len(found.findings) < found.objects:
        raise StoreError(f"The model that serves is not whole: {faults}.", REPAIR)
    if not audit_pointers(find_remote(config.RELEASED_REMOTE), [pointed]).verified:
        raise StoreError(
            f"The model that serves is at no remote: {faults}.",
            f"In a checkout that has it, run `python -m training store push {POINTER}`.",
        )
    return False


def find_champion(study: Study, table: Table) -> Champion | None:
    """The champion in model/, with its data; None before the first model.

    `study` and `table` are today's: they stand in for the champion's where these are the same.
    """
    if not Path(POINTER).is_file():
        return None
    metadata, graph = _own_model()
    code = str(read_pointer(POINTER).meta.get("code", ""))
    unchecked = []
    its_study = _study_at(code)
    if its_study is None:
        unchecked.append(
            f"the {STUDY_FILE} of the commit that made the champion can't be read here; today's "
            "was used instead"
        )
    its_table: Table | None = table
    if metadata["data"]["md5"] != table.md5:
        try:
            its_table = _table(metadata["data"], code, its_study or study, study)
        except TrainingError as error:
            its_table = None
            unchecked.append(
                f"the champion's data (md5 {metadata['data']['md5']}) can't be had: {error} "
                "Whether rows were changed, lost, copied or moved went unchecked."
            )
    return Champion(metadata, graph, its_study or study, its_table, tuple(unchecked))


def _own_model() -> tuple[dict[str, Any], bytes]:
    """The champion's metadata and graph; raises StoreError where this program can't use them."""
    over = f"Roll back (`make rollback-model`), or start over: `git rm {POINTER}` and commit."
    try:
        metadata, graph = read_metadata(config.MODEL), (config.MODEL / GRAPH).read_bytes()
        estimator = metadata["recipe"]["estimator"]
        _ = metadata["data"]["md5"], metadata["gate"]["verdict"]
        served = ServedModel.of(graph, metadata)
    except (AttributeError, KeyError, TypeError, ValueError, OSError) as error:
        raise StoreError(
            f"The model that serves has metadata that this program did not write ({error!r}).", over
        ) from error
    if estimator not in ESTIMATORS:
        raise StoreError(
            f"The model that serves was made with {estimator}, which is no longer here "
            f"(there are: {', '.join(ESTIMATORS)}).",
            over,
        )
    codes, numbers = np.zeros((1, len(served.factors)), int), np.zeros((1, len(served.numbers)))
    try:
        run_graph(graph, codes, numbers)
    except ExportError as error:
        raise StoreError(
            f"The model that serves does not answer: {str(error).rstrip('.')}.", over
        ) from error
    return metadata, graph


def _study_at(code: str) -> Study | None:
    """The study as committed when the model was made; None where it can't be read."""
    try:
        text = git.text_at(code, STUDY_FILE)
    except TrainingError:
        return None
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, STUDY_FILE)
        path.write_text(text, encoding="utf-8")
        try:
            return read_study(path)
        except TrainingError:
            return None


def _table(data: dict[str, Any], code: str, its_study: Study, study: Study) -> Table:
    """The champion's data, by the hash of their folder; raises the last TrainingError."""
    problem: TrainingError = StoreError("no hash is known of their folder.")
    for oid in dict.fromkeys(_folder_hashes(data, code)):
        with tempfile.TemporaryDirectory() as folder:
            try:
                found = read_earlier(oid, config.DATA.name, Path(folder) / "checkout")
            except TrainingError as error:
                problem = error
                continue
            for each in (its_study, study):
                try:
                    table = load_table(found, each)
                except TrainingError as error:
                    problem = error
                    continue
                if table.md5 == data["md5"]:
                    return table
                problem = StoreError("the folder at that commit holds other data.")
    raise problem


def _folder_hashes(data: dict[str, Any], code: str) -> Iterator[str]:
    """What DVC may call the folder: by its files, and by the pointer the model was made with."""
    if data.get("files"):
        yield directory_hash(data["files"]) + ".dir"
    try:
        yield parse_pointer(git.text_at(code, DATA_POINTER), DATA_POINTER).oid
    except TrainingError:
        return
