"""`dvc` as a child process: its output, its failures, and its time limit."""

from __future__ import annotations

from pathlib import Path

import pytest

from training.errors import StoreError
from training.store import dvc
from training.store.failures import TransientError


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_outside_of_git_dvc_works_without_it(here: Path) -> None:
    (here / ".dvc").mkdir()

    assert dvc.run_dvc(["root"], timeout=120) == ".\n"
    assert dvc.LOG.read_text() == "$ dvc root\n.\n-> exit code 0\n"


def test_a_failed_command_is_explained_and_logged() -> None:
    with pytest.raises(StoreError) as caught:
        dvc.run_dvc(["status"], timeout=120)

    assert not isinstance(caught.value, TransientError)
    assert "-> exit code " in dvc.LOG.read_text()
    assert "-> exit code 0" not in dvc.LOG.read_text()


def test_a_command_over_its_time_is_stopped_and_may_be_tried_again() -> None:
    with pytest.raises(TransientError, match=r"`dvc push` did not finish within 0 s"):
        dvc.run_dvc(["push"], timeout=0.01)

    assert "-> ended after 0 s" in dvc.LOG.read_text()


@pytest.mark.parametrize(
    ("credentials", "secrets"),
    [
        ("", []),
        ("not json at all", ["not json at all"]),
        ('["a list"]', ['["a list"]']),
        (
            '{"private_key_id": "0123456789", "refresh_token": "short"}',
            ['{"private_key_id": "0123456789", "refresh_token": "short"}', "0123456789"],
        ),
        (
            '{"refresh_token": "1//0a-person-s"}',
            ['{"refresh_token": "1//0a-person-s"}', "1//0a-person-s"],
        ),
    ],
)
def test_every_long_part_of_a_key_is_secret(credentials: str, secrets: list[str]) -> None:
    assert dvc._secrets(credentials) == secrets
