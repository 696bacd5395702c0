"""An empty AWS account for each test, and the model that a release is made of."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from functions.artefact import Artefact, read_artefact
from tests.deploy import account as accounts
from tests.deploy.account import Account


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    for name, value in accounts.ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    with accounts.opened() as opened:
        yield opened


@pytest.fixture(scope="session")
def model(folder: Path) -> Artefact:
    return read_artefact(folder)
