"""Calls of Drive, without a Drive."""

from __future__ import annotations

import os

import pytest
from pydrive2.fs.spec import GDriveAuthError  # type: ignore[import-untyped]

from training.errors import StoreError
from training.store import remotes
from training.store.drive import Drive
from training.store.remotes import Remote


def test_a_missing_token_is_an_error_and_opens_no_browser(monkeypatch: pytest.MonkeyPatch) -> None:
    def objects(_: Remote) -> None:
        assert os.environ["GDRIVE_NON_INTERACTIVE"] == "1"
        raise GDriveAuthError("no token")

    monkeypatch.setenv("GDRIVE_NON_INTERACTIVE", "")
    monkeypatch.delenv("GDRIVE_NON_INTERACTIVE")
    monkeypatch.setattr(remotes, "objects", objects)

    with pytest.raises(StoreError):
        Drive(Remote("drive", "gdrive://folder"))
