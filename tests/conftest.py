"""Fixtures that more than one part of the tests needs."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from tests.training.store.drive import world as worlds

ROOT = Path(__file__).parent.parent
TRIAL = "seedling-survival"
"""The study that this repository came with; tests marked `trial` hold for it alone."""


def pytest_collection_modifyitems(items: Sequence[pytest.Item]) -> None:
    """Skips the tests of the trial where study.toml declares another study."""
    study = tomllib.loads((ROOT / "study.toml").read_text(encoding="utf-8"))["study"]["name"]
    if study == TRIAL:
        return
    skip = pytest.mark.skip(reason=f"it holds for {TRIAL}; study.toml declares {study}")
    for item in items:
        if item.get_closest_marker("trial"):
            item.add_marker(skip)


@pytest.fixture(scope="session")
def root() -> Path:
    """The top of the checkout."""
    return ROOT


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
