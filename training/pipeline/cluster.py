"""Other machines for search and refits: joblib's Dask backend."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Final

import joblib

from training.errors import TrainingError

WAIT_SECONDS: Final = 10


@contextlib.contextmanager
def workers_of(scheduler: str | None) -> Iterator[None]:
    """Has the workers of a Dask scheduler run every joblib task within; without one, does nothing.

    The workers need this checkout and its packages. A worker that dies loses nothing: the
    scheduler gives its tasks to another. Raises TrainingError where nothing answers.
    """
    if scheduler is None:
        yield
        return
    try:
        from distributed import Client
    except ImportError:
        raise TrainingError(
            "--scheduler needs the package distributed: install it (`pip install distributed`)"
        ) from None
    try:
        client = Client(scheduler, timeout=WAIT_SECONDS)  # type: ignore[no-untyped-call]
    except (OSError, ValueError) as error:
        raise TrainingError(
            f"no Dask scheduler answers at {scheduler}: start one with `dask scheduler`, and "
            f"workers with `dask worker {scheduler}`"
        ) from error
    with client:
        if not client.scheduler_info(n_workers=-1)["workers"]:
            raise TrainingError(
                f"the scheduler {scheduler} has no workers: start some with "
                f"`dask worker {scheduler}`"
            )
        with joblib.parallel_config("dask", wait_for_workers_timeout=WAIT_SECONDS):
            yield
