"""The same against Google itself: `pytest -m live`, with the two variables below."""

from __future__ import annotations

import os
import uuid
from pathlib import Path

import pytest

from tests.training.store.drive.checkout import OUTPUTS, Checkout, isolated
from tests.training.store.drive.emulator import ServiceAccount

NEEDED = ("GDRIVE_CREDENTIALS_DATA", "GDRIVE_LIVE_FOLDER")


@pytest.fixture
def folder(request: pytest.FixtureRequest) -> str:
    """Id of a folder in the real Drive that may be written to."""
    if "live" not in request.config.getoption("markexpr"):
        pytest.skip("talks to Google only with: pytest -m live")
    if missing := [name for name in NEEDED if not os.environ.get(name)]:
        pytest.skip(f"needs {' and '.join(missing)}")
    return os.environ["GDRIVE_LIVE_FOLDER"]


@pytest.mark.live
@pytest.mark.timeout(900)
def test_a_push_to_google_is_verified_and_pulled_again(folder: str, tmp_path: Path) -> None:
    account = ServiceAccount("", os.environ["GDRIVE_CREDENTIALS_DATA"])
    template = Checkout.make(tmp_path / "template", isolated(tmp_path / "home"))
    here = template.copy(tmp_path / "checkout", template.environment, account.secrets)
    here.lead_to(f"gdrive://{folder}")
    # Something Google has not seen yet, so that the push has to send it.
    (here.path / "model" / "metadata.json").write_text(uuid.uuid4().hex, encoding="utf-8")
    here.dvc("add", "--quiet", "model")

    here.store("doctor")
    assert "Pushed and verified: 6 objects" in here.store("push")
    clone = here.fresh(tmp_path / "clone")
    clone.store("pull")

    assert clone.outputs() == here.outputs()
    assert clone.outputs()["data"] == OUTPUTS["data"]
