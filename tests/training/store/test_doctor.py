"""Checks of `store doctor` that fail where the installation is broken."""

from __future__ import annotations

import sys
from importlib import util

import pytest

from training.errors import StoreError
from training.store.doctor_drive import CheckContext, _libraries, _proxy
from training.store.remotes import Remote


@pytest.fixture
def context() -> CheckContext:
    return CheckContext(Remote("drive", "gdrive://folder", {}))


def test_a_pydrive2_that_cannot_be_imported_is_reported(
    context: CheckContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pydrive2.fs", None)
    with pytest.raises(StoreError, match="PyDrive2 cannot be imported"):
        _libraries(context)


@pytest.mark.parametrize("name", ["https_proxy", "HTTPS_PROXY"])
def test_a_proxy_needs_pysocks(
    context: CheckContext, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    for each in ("https_proxy", "HTTPS_PROXY"):
        monkeypatch.delenv(each, raising=False)
    assert _proxy(context) == "none"

    monkeypatch.setenv(name, "http://proxy.example.org:3128")
    assert "proxy.example.org" in _proxy(context)
    monkeypatch.setattr(util, "find_spec", lambda _: None)
    with pytest.raises(StoreError, match="PySocks is missing"):
        _proxy(context)
