"""The check before traffic: it calls the new version, and it always reports."""

from __future__ import annotations

import json
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from botocore.config import Config

from functions.artefact import Artefact
from functions.hook import handler as hook
from tests.deploy.account import Account
from tests.deploy.gateway import answered

VERSION = "arn:aws:lambda:eu-west-1:123456789012:function:seedling-survival-prod:7"
EVENT = {"DeploymentId": "d-ABCDEF123", "LifecycleEventHookExecutionId": "execution"}


class Context:
    """What Lambda tells a function of the time it has left, in seconds from now."""

    def __init__(self, seconds: float = 120) -> None:
        self._end = time.monotonic() + seconds

    def get_remaining_time_in_millis(self) -> int:
        return int(1000 * (self._end - time.monotonic()))


@pytest.fixture
def invocations(
    account: Account, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> list[tuple[str, dict[str, Any]]]:
    """What the hook sent to which version; the real handler answers."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", account.url)
    monkeypatch.setenv("MODEL_PATH", str(folder))
    monkeypatch.setenv("NEW_VERSION", VERSION)
    events: list[tuple[str, dict[str, Any]]] = []

    def answer(version: str, payload: bytes) -> tuple[dict[str, str], bytes]:
        event = json.loads(payload)
        events.append((version.replace("%3A", ":"), event))
        return {}, json.dumps(answered(event)).encode()

    account.invoke = answer
    return events


def reported(account: Account) -> list[str]:
    for report in account.reports:
        assert report["deploymentId"] == EVENT["DeploymentId"]
        assert report["lifecycleEventHookExecutionId"] == "execution"
    return [report["status"] for report in account.reports]


def test_a_version_that_answers_as_its_model_did_is_let_in(
    account: Account, invocations: list[tuple[str, dict[str, Any]]], model: Artefact
) -> None:
    assert hook.handler(EVENT, Context()) == {"verdict": "Succeeded", "faults": []}
    assert reported(account) == ["Succeeded"]
    assert {version for version, _ in invocations} == {VERSION}
    assert len(invocations) == len(model.golden) + 5


def test_one_answer_that_differs_stops_the_release_and_the_log_says_which(
    account: Account,
    invocations: list[tuple[str, dict[str, Any]]],
    model: Artefact,
    capsys: pytest.CaptureFixture[str],
) -> None:
    right = account.invoke

    def wrong(version: str, payload: bytes) -> tuple[dict[str, str], bytes]:
        headers, content = right(version, payload)
        answer = json.loads(content)
        body = json.loads(payload)["body"] or "{}"
        if json.loads(body).get("day") == model.golden[1].time:
            said = json.loads(answer["body"])
            said["mortality_percent"] += 0.5
            answer["body"] = json.dumps(said)
        return headers, json.dumps(answer).encode()

    account.invoke = wrong
    verdict = hook.handler(EVENT, Context())

    assert reported(account) == ["Failed"]
    assert verdict["verdict"] == "Failed"
    printed = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    lines = [line for line in printed if "deployment" in line]
    errors = [line["message"] for line in lines if line["level"] == "ERROR"]
    assert errors == verdict["faults"]
    assert any(error.startswith("golden[1] ") for error in errors)
    assert {line["deployment"] for line in lines} == {EVENT["DeploymentId"]}


CRASHED = json.dumps({"errorType": "Runtime.ExitError", "errorMessage": "exit status 1"}).encode()


@pytest.mark.parametrize(
    ("headers", "payload", "said"),
    [
        ({"X-Amz-Function-Error": "Unhandled"}, CRASHED, "the function failed (Unhandled)"),
        ({}, b"null", "TypeError"),
        ({}, b"", "JSONDecodeError"),
        ({}, b"{}", "KeyError"),
        ({}, b'{"statusCode": 200, "headers": {}, "body": "{}"}', "KeyError"),
        ({}, b"\xff\xfe", "UnicodeDecodeError"),
    ],
)
def test_a_malformed_response_fails_the_release(
    account: Account, invocations: object, headers: dict[str, str], payload: bytes, said: str
) -> None:
    account.invoke = lambda _version, _payload: (headers, payload)
    verdict = hook.handler(EVENT, Context())
    assert reported(account) == ["Failed"]
    assert all(said in fault for fault in verdict["faults"])


def test_a_model_of_simulated_data_stops_the_release(
    account: Account, invocations: object, vary: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    simulated = vary(lambda card: card["data"].update(source="simulated"))
    monkeypatch.setenv("MODEL_PATH", str(simulated))
    hook.handler(EVENT, Context())
    assert reported(account) == ["Failed"]


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("NEW_VERSION", None, "KeyError: 'NEW_VERSION'"),
        ("MODEL_PATH", "nowhere", "ArtefactError: model: nowhere/metadata.json"),
        ("LOG_LEVEL", "LOUD", "SettingsError: LOG_LEVEL"),
    ],
)
def test_a_check_that_can_t_be_made_is_reported_as_failed(
    account: Account,
    invocations: object,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    value: str | None,
    said: str,
) -> None:
    if value is None:
        monkeypatch.delenv(name)
    else:
        monkeypatch.setenv(name, value)
    (fault,) = hook.handler(EVENT, Context())["faults"]
    assert fault.startswith(f"the check itself failed: {said}")
    assert reported(account) == ["Failed"]


def test_a_version_that_does_not_answer_is_given_up_in_time_to_report(
    account: Account, invocations: object
) -> None:
    def silent(_version: str, _payload: bytes) -> tuple[dict[str, str], bytes]:
        time.sleep(3)
        return {}, b"{}"

    account.invoke = silent
    context = Context(seconds=2 * hook._TO_REPORT + 10)
    faults = hook.handler(EVENT, context)["faults"]
    assert 1 < len(faults) < 5, "some are checked, then too little time is left"
    assert faults[-1].endswith("no time was left for it")
    assert context.get_remaining_time_in_millis() > 1000 * hook._TO_REPORT
    assert reported(account) == ["Failed"]


@pytest.mark.parametrize(("spare", "verdict"), [(0, "Succeeded"), (-1, "Failed")])
def test_exactly_the_time_for_both_attempts_and_the_report_is_enough(
    account: Account, invocations: object, spare: int, verdict: str
) -> None:
    # A quarter of what is left is waited for each answer: half goes into the two attempts.
    still = SimpleNamespace(
        get_remaining_time_in_millis=lambda: round(2000 * hook._TO_REPORT) + spare
    )
    assert hook.handler(EVENT, still)["verdict"] == verdict


def test_a_version_that_can_t_be_invoked_stops_the_release(
    account: Account, invocations: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        account, "invoke", lambda *_: ({"X-Amzn-ErrorType": "AccessDeniedException"}, b"{}")
    )
    hook.handler(EVENT, Context())
    assert reported(account) == ["Failed"]


def test_a_report_that_fails_is_an_error_that_lambda_counts(
    account: Account, invocations: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = boto3.client
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    monkeypatch.setattr(
        boto3,
        "client",
        lambda name, **more: client(
            name, **more | ({"endpoint_url": "http://127.0.0.1:9"} if name == "codedeploy" else {})
        ),
    )
    with pytest.raises(Exception, match="Could not connect"):
        hook.handler(EVENT, Context())


def test_every_wait_ends_in_time_to_report(
    invocations: list[tuple[str, dict[str, Any]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: dict[str, tuple[float, float, int]] = {}
    make = boto3.client

    def client(service: str, config: Config) -> Any:
        retries = config.retries["total_max_attempts"]
        waits[service] = (config.connect_timeout, config.read_timeout, retries)
        return make(service, config=config)

    monkeypatch.setattr(boto3, "client", client)
    assert hook.handler(EVENT, Context(56))["verdict"] == "Succeeded"

    connect, read, attempts = waits["codedeploy"]
    assert (connect + read) * attempts < hook._TO_REPORT
    connect, read, attempts = waits["lambda"]
    assert connect == 5
    assert read == pytest.approx(56 / 4, abs=0.5)
    assert attempts == hook._ATTEMPTS


def test_the_longest_wait_for_an_answer_is_bounded(
    invocations: list[tuple[str, dict[str, Any]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[float] = []
    make = hook.client_config
    monkeypatch.setattr(
        hook, "client_config", lambda wait, attempts: seen.append(wait) or make(wait, attempts)
    )
    hook.handler(EVENT, Context(900))
    assert seen == [hook._LONGEST_WAIT, 2.5]
