"""Where the study, its data and a model come from: tried in a fixed order, the choice printed."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from training import config
from training.errors import StoreError, TrainingError
from training.model.folder import METADATA, recover_folder

if TYPE_CHECKING:
    from training.study.declaration import Study
    from training.study.table import Table

DATA_POINTER: Final = "data.dvc"
MODEL_POINTER: Final = "model.dvc"


Tell = Callable[[str], None]
"""Shows a sentence to the person at the terminal."""


@dataclass(frozen=True)
class DeclaredStudy:
    """A study and the file that declares it."""

    study: Study
    path: Path
    sha256: str
    """Of the file."""


def find_study(path: Path | None = None) -> DeclaredStudy:
    """The study of a file, by default of `config.STUDY`.

    Raises InvalidStudyError with every fault of the file.
    """
    from training.study.read import read_study

    path = path or config.STUDY
    study = read_study(path)
    return DeclaredStudy(study, path, hashlib.sha256(path.read_bytes()).hexdigest())


def find_data(declared: DeclaredStudy, data: Path | None, tell: Tell) -> Path:
    """The CSV or folder to train on: `data`, the folder data/, DVC, else simulated data.

    data/ and DVC hold those of the released study; another one's are named or simulated.
    """
    from training.store import remotes, transfer
    from training.study.files import csv_files

    if data is not None:
        tell(f"Data: {data}, as named.")
        return data
    if not _is_released(declared):
        folder = config.BUILD / declared.study.study.name / "data"
        tell(f"Data: none named for this study, so SIMULATED data in {folder}/.")
        simulate_data(declared, folder, tell)
        return folder
    if csv_files(config.DATA):
        tell(f"Data: {config.DATA}/, as it is.")
        return config.DATA
    if remotes.ready_remote():
        transfer.pull(DATA_POINTER)
        tell(f"Data: {config.DATA}/, pulled from the remote just now.")
        return config.DATA
    tell(
        f"Data: no CSV in {config.DATA}/ and no credentials to pull one, so SIMULATED data in "
        f"{config.SAMPLE_DATA}/. For the published ones: python -m training data fetch --from …"
    )
    simulate_data(declared, config.SAMPLE_DATA, tell)
    return config.SAMPLE_DATA


def simulate_data(
    declared: DeclaredStudy,
    to: Path,
    tell: Tell,
    *,
    rows: int | None = None,
    seed: int = 0,
    model: Path | None = None,
) -> Path:
    """Writes simulated data of a study into a folder; returns the CSV's path.

    They are drawn from `model`, else from model/ or the released model where these are of this
    study, else from the declaration alone.
    """
    from training.model.distribution import model_distribution
    from training.study.simulation import simulate, write_csv

    source = None
    if model is not None:
        source = model_distribution(model, declared.study)
    elif _is_released(declared):
        try:
            source = model_distribution(find_model(lambda _: None, _no_model), declared.study)
        except TrainingError as error:
            tell(f"Simulated from the study alone, since no model of it is at hand ({error}).")
    return write_csv(simulate(declared.study, source, rows, seed), to)


def _unreleased(folder: Path) -> str:
    """A sentence where a model is not the one that was released; empty where it is."""
    from training.registry.publish import verify_promoted

    try:
        verify_promoted(folder)
    except TrainingError as error:
        return f" It was not released: {str(error).rstrip('.')}."
    return ""


def _no_model() -> Path:
    raise TrainingError("no model/ and none released")


def model_folder(declared: DeclaredStudy, table: Table) -> Path:
    """Where a model of this study and these data belongs.

    `model/` is for the study and the data that this checkout releases; nothing else may pass
    for them.
    """
    if table.source == "simulated" and _is_released(declared):
        return config.SAMPLE_MODEL
    if _is_released(declared) and _is_tracked(table):
        return config.MODEL
    return config.BUILD / declared.study.study.name / "model"


def _is_released(declared: DeclaredStudy) -> bool:
    return declared.path.resolve() == config.RELEASED_STUDY.resolve()


def _is_tracked(table: Table) -> bool:
    """Whether the data are those that `data.dvc` names."""
    from training.store import pointer
    from training.study.files import directory_hash

    if not Path(DATA_POINTER).is_file():
        return False
    return pointer.read_pointer(DATA_POINTER).oid in (
        table.md5,
        f"{directory_hash(table.files)}.dir",
    )


def _released_state() -> Literal["whole", "damaged", "absent"]:
    """What this checkout has of the released model."""
    from training.store import pointer, remotes
    from training.store.audit import audit_pointers

    try:
        released = remotes.find_remote(config.RELEASED_REMOTE)
        found = audit_pointers(released, [pointer.read_pointer(MODEL_POINTER)])
    except StoreError:
        return "absent"
    if found.verified:
        return "whole"
    missing = [each for each in found.findings if each.state == "missing"]
    return "absent" if len(missing) == found.objects else "damaged"


def find_model(tell: Tell, train: Callable[[], Path]) -> Path:
    """The model to serve: model/, the released one, the default remote's, else one trained now."""
    from training.store import pointer, remotes, transfer

    recover_folder(config.MODEL)
    if (config.MODEL / METADATA).is_file():
        tell(f"Model: {config.MODEL}/, as it is.{_unreleased(config.MODEL)}")
        return config.MODEL
    if Path(MODEL_POINTER).is_file():
        pointer.read_pointer(MODEL_POINTER)  # one in conflict is put right, not trained around
    reasons = [f"no {config.MODEL}/"]
    names = [config.RELEASED_REMOTE]
    if default := remotes.ready_remote():
        names.append(default)
    for remote in names:
        try:
            transfer.pull(MODEL_POINTER, remote=remote)
        except StoreError as error:
            state = _released_state() if remote == config.RELEASED_REMOTE else "absent"
            if state == "whole":  # it is this machine that can't take it: a full disk, say
                raise
            if state == "damaged":
                tell(
                    "WARNING: the released model is DAMAGED in this checkout "
                    f"({error.cause.rstrip('.')}); git may have changed its line ends. Restore it: "
                    "`rm -r .dvc/released && git -c core.autocrlf=false checkout -- .dvc/released`."
                )
            reasons.append(f"nothing from the remote '{remote}' ({error.cause.rstrip('.')})")
            continue
        tell(f"Model: pulled from the remote '{remote}', since there was {', '.join(reasons)}.")
        return config.MODEL
    tell(f"Model: training one, since there was {', '.join(reasons)}.")
    return train()
