"""The start of a process loads without collecting garbage, and leaves the collector as it was."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest
from pydantic import BaseModel
from pydantic._internal import _config

from functions.startup import cold_start


@pytest.fixture(autouse=True)
def restored(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setitem(_config.config_defaults, "defer_build", False)
    yield
    gc.unfreeze()
    gc.enable()


def test_nothing_is_collected_while_loading_and_what_was_loaded_never_is() -> None:
    gc.unfreeze()
    with cold_start():
        assert not gc.isenabled()
        assert gc.get_freeze_count() == 0
    assert gc.isenabled()
    assert gc.get_freeze_count() > 0


def test_a_failure_while_loading_leaves_the_collector_on() -> None:
    with pytest.raises(ValueError, match="no model"), cold_start():
        raise ValueError("no model")
    assert gc.isenabled()


def test_a_model_of_pydantic_is_built_at_its_first_use() -> None:
    with cold_start():

        class Deferred(BaseModel):
            number: int

    assert not Deferred.__pydantic_complete__
    assert Deferred(number=3).number == 3
    assert Deferred.__pydantic_complete__
