"""Fixtures that more than one part of the tests needs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.training.store.drive import world as worlds


@pytest.fixture(scope="session")
def root() -> Path:
    """The top of the checkout."""
    return Path(__file__).parent.parent


@pytest.fixture
def world(root: Path, tmp_path: Path) -> Iterator[worlds.World]:
    """This project on a bare git remote, with an emulated Google Drive as its remote."""
    if not (root / ".git").exists():
        pytest.skip("this is no git checkout")
    with worlds.begin(root, tmp_path) as made:
        yield made


@pytest.fixture(scope="session")
def folder(root: Path) -> Path:
    found = root / "model"
    assert (found / "metadata.json").is_file(), "no model/: `make test` gets one first"
    return found
