"""Smoke: asks over HTTPS what a release must answer, says what is wrong, and keeps the key."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from deploy import smoke as smokes
from deploy.errors import ReleaseError
from deploy.smoke import run_smoke_tests
from functions.artefact import Artefact
from functions.hook.golden import checks
from tests.deploy import gateway as gateways
from tests.deploy.gateway import KEY, Gateway
from tests.training.store.drive import certificates


@pytest.fixture
def gateway(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Gateway]:
    """A deployed API under the stage /staging, over HTTPS."""
    tls, trusted = certificates.serve_as(["localhost"], tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
    monkeypatch.setattr(smokes, "LOOPBACK", ())
    with gateways.opened(Gateway(stage="/staging"), tls) as opened:
        yield opened


def smoked(gateway: Gateway, model: Artefact, **more: Any) -> tuple[bool, list[str]]:
    logged: list[str] = []
    return run_smoke_tests(gateway.url, KEY, model, logged.append, **more), logged


def test_a_good_release_passes_every_check(gateway: Gateway, model: Artefact) -> None:
    names = ["no answer without a key", *(check.name for check in checks(model, ""))]
    assert smoked(gateway, model) == (True, [f"ok    {name}" for name in names])
    assert ("GET", "/staging/v1/model", "") in gateway.requests


def test_a_gateway_that_is_not_up_yet_is_waited_for(gateway: Gateway, model: Artefact) -> None:
    gateway.asleep = 1
    assert smoked(gateway, model)[0] is True


def test_progress_is_logged_while_a_new_api_comes_up(
    gateway: Gateway, model: Artefact, monkeypatch: pytest.MonkeyPatch
) -> None:
    gateway.asleep = 2
    monkeypatch.setattr(smokes, "_PROGRESS", 0.0)
    passed, logged = smoked(gateway, model, patience=600.0, pause=0.0)
    assert passed
    waiting = [line for line in logged if line.startswith("wait")]
    assert waiting == ["wait  /health: status 503, 0 of 600 seconds"] * 2


def test_a_gateway_that_stays_away_is_given_up(gateway: Gateway, model: Artefact) -> None:
    gateway.asleep = 1000
    with pytest.raises(ReleaseError, match="/health did not answer in time: status 503"):
        smoked(gateway, model, patience=0)


def test_a_wrong_key_is_given_up(gateway: Gateway, model: Artefact) -> None:
    with pytest.raises(ReleaseError, match="/v1/model did not answer in time: status 403"):
        run_smoke_tests(gateway.url, "another", model, print, patience=0)


def test_an_api_that_answers_without_a_key_fails(gateway: Gateway, model: Artefact) -> None:
    gateway.keyed = False
    well, logged = smoked(gateway, model)
    assert not well
    assert logged[0] == "FAIL  no answer without a key: status: expected 403, got 200"
    assert all(line.startswith("ok") for line in logged[1:])


def test_another_model_than_this_checkout_s_fails(gateway: Gateway, model: Artefact) -> None:
    def other(_path: str, answer: dict[str, Any]) -> dict[str, Any]:
        return {**answer, "body": answer["body"].replace(model.version, "000000000000")}

    gateway.spoil = other
    well, logged = smoked(gateway, model)
    assert not well
    wrong = [line for line in logged if line.startswith("FAIL")]
    assert len(wrong) == 1 + len(model.golden)


def test_one_failure_among_good_answers_is_not_retried(gateway: Gateway, model: Artefact) -> None:
    failed: list[str] = []

    def once(path: str, answer: dict[str, Any]) -> dict[str, Any]:
        if path == "/v1/predict" and not failed:
            failed.append(path)
            return {**answer, "statusCode": 500}
        return answer

    gateway.spoil = once
    assert smoked(gateway, model)[0] is False


def test_the_key_is_sent_to_no_other_host(gateway: Gateway, model: Artefact) -> None:
    def elsewhere(path: str, answer: dict[str, Any]) -> dict[str, Any]:
        if path == "/v1/predict":
            away = {**answer["headers"], "location": f"{gateway.url}health"}
            return {**answer, "statusCode": 302, "headers": away}
        return answer

    gateway.spoil = elsewhere
    well, logged = smoked(gateway, model)
    assert not well
    assert any("the status: expected 200, got 302" in line for line in logged)


@pytest.mark.parametrize(
    ("url", "key", "said"),
    [
        ("http://api.example.org/prod/", KEY, "not the URL of an API"),
        ("ftp://api.example.org/", KEY, "not the URL of an API"),
        ("file:///etc/passwd", KEY, "not the URL of an API"),
        ("api.example.org", KEY, "not the URL of an API"),
        ("https://user@api.example.org/", KEY, "not the URL of an API"),
        ("https://api.example.org/?x=1", KEY, "not the URL of an API"),
        ("https://[broken/", KEY, "not the URL of an API"),
        ("https://api.example.org/", "", "API_KEY is not set"),
        ("https://api.example.org/", f"{KEY}\nx: y", "a space or a special character"),
        ("https://api.example.org/", f"{KEY} x", "a space or a special character"),
    ],
)
def test_an_address_or_a_key_that_can_t_be_used_is_refused_unsent(
    model: Artefact, url: str, key: str, said: str
) -> None:
    with pytest.raises(ReleaseError, match=said) as raised:
        run_smoke_tests(url, key, model, print)
    assert KEY not in str(raised.value)


def run(root: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "deploy", *arguments],
        cwd=root,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_on_this_machine_it_needs_no_key_and_says_what_it_skips(root: Path) -> None:
    with gateways.opened(Gateway(keyed=False)) as gateway:
        done = run(root, "smoke", gateway.url)
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[0].startswith("skip  no answer without a key")
    assert {line.split()[0] for line in lines[1:]} == {"ok"}


def test_a_failure_is_exit_code_1_and_the_key_is_in_no_output(root: Path) -> None:
    spoiled = Gateway(spoil=lambda _, answer: {**answer, "body": json.dumps({"status": "no"})})
    with gateways.opened(spoiled) as gateway:
        done = run(root, "smoke", gateway.url, "--key-from-env", "MINE", MINE=KEY)
    assert done.returncode == 1
    assert "FAIL" in done.stdout
    assert KEY not in done.stdout + done.stderr
    assert {key for _, path, key in gateway.requests if "/v1/" in path} == {KEY}


def test_make_hands_the_key_on_through_the_environment_and_not_in_a_command_line(
    root: Path,
) -> None:
    printed = subprocess.run(
        ["make", "--dry-run", "smoke", "URL=https://api.example.org/prod/", f"KEY={KEY}"],
        cwd=root,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert 'smoke "https://api.example.org/prod/"' in printed
    assert KEY not in printed
