"""Lambda's handler, as the tests that run in its process import it."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from types import ModuleType

import pytest

MODEL = Path(__file__).parents[2] / "model"


def import_handler() -> ModuleType:
    """The handler's module, imported again for the checkout's model.

    Whichever model the test at hand has set: a module stays for the tests that follow. An event
    loop must be set, as in Lambda: without one asyncio warns since 3.12.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MODEL_PATH", str(MODEL))
        sys.modules.pop("functions.api.handler", None)
        return importlib.import_module("functions.api.handler")
