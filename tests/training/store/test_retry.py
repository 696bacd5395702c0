"""A call is repeated while its failures are transient, within one time limit."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from training.errors import StoreError
from training.store import retry
from training.store.failures import TransientError
from training.store.remotes import Remote
from training.store.retry import run_with_retries


class Clock:
    """Time that passes only by sleeping and by the calls of a test."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.slept: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(time, "monotonic", lambda: made.now)
    monkeypatch.setattr(time, "sleep", made.sleep)
    return made


def failing(
    times: int, given: list[float], error: StoreError | None = None
) -> Callable[[float], str]:
    """A call that fails so often, then succeeds; it notes the seconds it was given."""

    def call(seconds: float) -> str:
        given.append(seconds)
        if len(given) <= times:
            raise error or TransientError("The connection broke.")
        return "done"

    return call


def test_a_call_that_succeeds_is_made_once(clock: Clock) -> None:
    given: list[float] = []

    assert run_with_retries(failing(0, given), pause=5, timeout=100) == "done"
    assert (given, clock.slept) == ([50], [])


def test_pauses_double_and_the_last_of_four_attempts_gets_all_the_time_left(clock: Clock) -> None:
    given: list[float] = []

    assert run_with_retries(failing(3, given), pause=5, timeout=100) == "done"
    assert clock.slept == [5, 10, 20]
    assert given == [50, 47.5, 42.5, 65]


def test_the_fourth_failure_is_raised(clock: Clock) -> None:
    given: list[float] = []
    with pytest.raises(TransientError, match="The connection broke"):
        run_with_retries(failing(9, given), pause=1)

    assert len(given) == 4
    assert clock.slept == [1, 2, 4]


@pytest.mark.parametrize(("timeout", "attempts"), [(5, 1), (5.1, 2), (15, 2), (15.1, 3)])
def test_no_attempt_starts_at_or_after_the_deadline(
    clock: Clock, timeout: float, attempts: int
) -> None:
    given: list[float] = []
    with pytest.raises(TransientError):
        run_with_retries(failing(9, given), pause=5, timeout=timeout)

    assert len(given) == attempts


@pytest.mark.parametrize(
    ("url", "timeout", "added"),
    [("gdrive://0AB", 7200, ["--jobs", "1"]), ("gdrive://0AB", 1800, []), ("/srv/dvc", 7200, [])],
)
def test_a_transfer_that_outlives_a_token_of_drive_has_one_thread(
    monkeypatch: pytest.MonkeyPatch, url: str, timeout: float, added: list[str]
) -> None:
    commands: list[list[str]] = []
    monkeypatch.setattr(retry, "run_dvc", lambda arguments, **_: commands.append(list(arguments)))

    retry.run_transfer(["push"], Remote("here", url), timeout=timeout)

    assert commands == [["push", *added]]


def test_a_lasting_failure_is_not_repeated(clock: Clock) -> None:
    given: list[float] = []
    with pytest.raises(StoreError, match="revoked"):
        run_with_retries(failing(9, given, StoreError("The key was revoked.")), pause=1)

    assert (len(given), clock.slept) == (1, [])
