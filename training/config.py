"""Where things are in the checkout, and the environment training reads."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from training.errors import TrainingError

# Relative to the working folder: every command runs at the top of a checkout.
DATA: Final = Path("data")
MODEL: Final = Path("model")
RELEASED_STUDY: Final = Path("study.toml")
"""The study whose model this checkout releases."""
STUDY: Final = Path(os.environ.get("STUDY") or RELEASED_STUDY)
"""The study that commands work on, unless they are given another."""
BUILD: Final = Path("build")
SAMPLE: Final = BUILD / "sample"
SAMPLE_DATA: Final = SAMPLE / "data"
SAMPLE_MODEL: Final = SAMPLE / "model"

DEFAULT_REMOTE: Final = "drive"
RELEASED_REMOTE: Final = "released"


def has_drive_credentials() -> bool:
    """Whether a Google service account's key is at hand in the environment."""
    return bool(os.environ.get("GDRIVE_CREDENTIALS_DATA", "").strip())


def settle_seconds() -> float:
    """Seconds to wait for Drive to show an upload: its listings lag by up to 20 s."""
    text = os.environ.get("DRIVE_SETTLE_SECONDS") or "30"
    try:
        return float(text)
    except ValueError as error:
        raise TrainingError(
            f"DRIVE_SETTLE_SECONDS is {text!r}: set a number of seconds, or unset it."
        ) from error
