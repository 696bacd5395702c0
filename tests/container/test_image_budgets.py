"""The image stays within tests/budgets.py."""

from __future__ import annotations

import pytest

from tests import budgets
from tests.container.conftest import docker

pytestmark = [pytest.mark.container, pytest.mark.xdist_group("container")]


def test_the_image_adds_little_to_its_base(image: str, base: str) -> None:
    sizes = [int(docker("inspect", "--format", "{{.Size}}", tag)) for tag in (image, base)]
    assert sizes[0] - sizes[1] <= budgets.IMAGE_ABOVE_BASE


def test_the_image_holds_few_files(image: str) -> None:
    shell = ("run", "--rm", "--entrypoint", "sh", image, "-c")
    assert int(docker(*shell, "find /var/task -type f | wc -l")) <= budgets.IMAGE_FILES
