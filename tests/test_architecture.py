"""The pages for developers name every room, and no file that is not there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest


@pytest.fixture(scope="module")
def page(root: Path) -> str:
    return (root / "docs/architecture.md").read_text()


def test_every_package_has_its_row(root: Path, page: str) -> None:
    packages = {
        str(path.parent.relative_to(root))
        for half in ("training", "functions")
        for path in root.glob(f"{half}/*/__init__.py")
    }
    rows = set(re.findall(r"^\| `([\w/]+)` \|", page, re.MULTILINE))
    assert packages <= rows


@pytest.mark.parametrize(("name", "count"), [("docs/architecture.md", 20), ("CONTRIBUTING.md", 10)])
def test_every_path_it_names_exists(root: Path, name: str, count: int) -> None:
    page = (root / name).read_text()
    paths = [each for each in re.findall(r"`([\w./-]+)`", page) if "/" in each or "." in each]
    own = {
        path.name for half in ("training", "functions") for path in root.rglob(f"{half}/**/*.py")
    }
    made = {"data/", "model/", "model.onnx", "metadata.json"}
    assert len(paths) > count
    assert [each for each in paths if each not in made | own and not (root / each).exists()] == []
