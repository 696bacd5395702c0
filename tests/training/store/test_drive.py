"""Calls of Drive, without a Drive."""

from __future__ import annotations

import os

import pytest
from pydrive2.fs.spec import GDriveAuthError  # type: ignore[import-untyped]

from training.errors import StoreError
from training.store import remotes
from training.store.drive import Drive
from training.store.remotes import Remote


class Tokenless:
    """The filesystem of a remote whose person never signed in."""

    @property
    def fs(self) -> object:
        assert os.environ.get("GDRIVE_NON_INTERACTIVE") == "1", "PyDrive2 would open a browser"
        raise GDriveAuthError("no token")


def test_a_missing_token_is_an_error_and_opens_no_browser(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GDRIVE_NON_INTERACTIVE", "")  # so that it is restored afterwards
    monkeypatch.delenv("GDRIVE_NON_INTERACTIVE")
    monkeypatch.setattr(remotes, "objects", lambda _: (Tokenless(), "folder"))

    with pytest.raises(StoreError, match="no token"):
        Drive(Remote("drive", "gdrive://folder"))
