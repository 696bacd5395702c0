"""Trying again while a failure may pass, within one time limit."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, TypeVar

from training.errors import StoreError
from training.store.dvc import run_dvc
from training.store.failures import TransientError, in_shared_drive, lacks_storage
from training.store.remotes import Remote

TIMEOUT: Final = 1800.0
PAUSE: Final = 30.0
_ATTEMPTS: Final = 4
_TOKEN_SECONDS: Final = 3000

_logger = logging.getLogger(__name__)
_Result = TypeVar("_Result")


def run_with_retries(
    call: Callable[[float], _Result], *, pause: float, timeout: float = math.inf
) -> _Result:
    """Result of a call that is made up to four times while it raises `TransientError`.

    `pause` seconds, then twice and four times as long, lie between attempts. `call` gets the
    seconds that it may take: half of the time left, so that an attempt that hangs leaves room
    for another, and all of it in the last one.
    """
    deadline = time.monotonic() + timeout
    attempt = 1
    while True:
        remaining = deadline - time.monotonic()
        try:
            return call(remaining / 2 if attempt < _ATTEMPTS else remaining)
        except TransientError as error:
            wait = pause * 2 ** (attempt - 1)
            if attempt == _ATTEMPTS or time.monotonic() + wait >= deadline:
                raise
            _logger.warning("%s Retrying in %.0f s.", error.cause, wait)
        time.sleep(wait)
        attempt += 1


def run_transfer(
    arguments: Sequence[str],
    remote: Remote,
    *,
    timeout: float = TIMEOUT,
    pause: float = PAUSE,
    folder: Path | None = None,
) -> None:
    """Run a `dvc` command that transfers objects, with retries. Raises `StoreError`."""
    if remote.is_drive and timeout > _TOKEN_SECONDS:
        # PyDrive2's threads crash one another when they renew an expired token.
        arguments = [*arguments, "--jobs", "1"]

    def call(seconds: float) -> None:
        run_dvc(arguments, timeout=seconds, folder=folder, environment=remote.environment())

    run_with_retries(call, pause=pause, timeout=timeout)


def push_objects(
    remote: Remote,
    targets: Sequence[str],
    *,
    timeout: float = TIMEOUT,
    pause: float = PAUSE,
    folder: Path | None = None,
) -> None:
    """`dvc push`; objects that the remote has are skipped. Raises `StoreError`."""
    arguments = ["push", "--remote", remote.name, *targets]
    try:
        run_transfer(arguments, remote, timeout=timeout, pause=pause, folder=folder)
    except StoreError as error:
        if not remote.is_drive or not lacks_storage(error):
            raise
        # Google refuses alike in a personal folder and in a shared drive that is full.
        from training.store.drive import Drive

        shared = bool(Drive(remote).folder(remote.folder_id).get("driveId"))
        raise in_shared_drive(error, shared) from error
