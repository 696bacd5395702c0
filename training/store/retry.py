"""A `dvc` transfer that is tried again while that may help, within one time limit."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from training.store.dvc import run_dvc
from training.store.failures import TransientError
from training.store.remotes import Remote

TIMEOUT: Final = 1800.0
PAUSE: Final = 30.0
_ATTEMPTS: Final = 4
_TOKEN_SECONDS: Final = 3000

_logger = logging.getLogger(__name__)


def send(
    remote: Remote, targets: Sequence[str], *, timeout: float = TIMEOUT, pause: float = PAUSE
) -> None:
    """`dvc push`. Raises `StoreError`; sending twice is harmless, what is there is left alone."""
    run_with_retries(
        ["push", "--remote", remote.name, *targets], remote, timeout=timeout, pause=pause
    )


def run_with_retries(
    arguments: Sequence[str],
    remote: Remote,
    *,
    timeout: float,
    pause: float,
    folder: Path | None = None,
) -> None:
    """Run a `dvc` command up to four times while its failure is a passing one.

    An attempt may take half of the time left, so that one that hangs leaves room for another.
    `pause` seconds, then twice and four times as long, lie between attempts.
    """
    if remote.is_drive and timeout > _TOKEN_SECONDS:
        # PyDrive2's threads crash one another when they renew a token that ran out.
        arguments = [*arguments, "--jobs", "1"]
    deadline = time.monotonic() + timeout
    for attempt in range(1, _ATTEMPTS + 1):
        left = deadline - time.monotonic()
        try:
            run_dvc(
                arguments,
                timeout=left / 2 if attempt < _ATTEMPTS else left,
                folder=folder,
                environment=remote.environment(),
            )
        except TransientError as error:
            wait = pause * 2 ** (attempt - 1)
            if attempt == _ATTEMPTS or time.monotonic() + wait >= deadline:
                raise
            _logger.warning("%s Trying again in %.0f s.", error.cause, wait)
            time.sleep(wait)
        else:
            return
