"""Where the trial and the model come from: tried in a fixed order, the choice told."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from training import config
from training.errors import StoreError
from training.model.folder import METADATA, recover_folder

Tell = Callable[[str], None]
"""Says to the person at the terminal what was chosen, and why."""


def find_trial(data: Path | None, tell: Tell) -> Path:
    """The CSV or folder to train on: `data`, the folder data/, DVC, else a simulated trial."""
    from training.store import remotes, transfer
    from training.study import simulate, trial

    if data is not None:
        tell(f"Data: {data}, as asked.")
        return data
    if trial.csv_files(config.DATA):
        tell(f"Data: {config.DATA}/, as it stands.")
        return config.DATA
    if remotes.ready_remote():
        transfer.pull("data.dvc")
        tell(f"Data: {config.DATA}/, pulled from the remote just now.")
        return config.DATA
    tell(
        f"Data: no CSV in {config.DATA}/ and no credentials to pull one, so a SIMULATED trial in "
        f"{config.SAMPLE_DATA}/. For the published one: python -m training data fetch --from …"
    )
    simulate.write_trial(simulate.simulate(), config.SAMPLE_DATA)
    return config.SAMPLE_DATA


def find_model(tell: Tell, train: Callable[[], Path]) -> Path:
    """The model to serve: model/, the released one, the default remote's, else one trained now."""
    from training.store import remotes, transfer

    recover_folder(config.MODEL)
    if (config.MODEL / METADATA).is_file():
        tell(f"Model: {config.MODEL}/, as it stands.")
        return config.MODEL
    reasons = [f"no {config.MODEL}/"]
    names = [config.RELEASED_REMOTE]
    if default := remotes.ready_remote():
        names.append(default)
    for remote in names:
        try:
            transfer.pull("model.dvc", remote=remote)
        except StoreError as error:
            reasons.append(f"nothing from the remote '{remote}' ({error.cause.rstrip('.')})")
            continue
        tell(f"Model: pulled from the remote '{remote}', since there was {', '.join(reasons)}.")
        return config.MODEL
    tell(f"Model: training one, since there was {', '.join(reasons)}.")
    return train()
