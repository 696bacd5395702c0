"""What makes the cold start shorter; each trick with what it buys, and what it relies on.

Figures are shares of the import of functions.api.handler.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def cold_start() -> Iterator[None]:
    """The imports and the loading of the model happen in here."""
    # A tenth. Start-up allocates only long-lived objects: none is worth a collection.
    gc.disable()
    from pydantic._internal import _config

    # A seventh. FastAPI defines models that only the description of an API needs; pydantic can
    # build a model at its first use, but takes that as a default for all of them in private
    # alone. Hence the upper bound on pydantic in pyproject.toml, and a test of what it does.
    _config.config_defaults["defer_build"] = True
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
