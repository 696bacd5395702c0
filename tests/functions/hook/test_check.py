"""The periodic check: an API that responds and predicts passes, anything else raises."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from functions.hook import check
from functions.hook.check import CheckFailedError
from tests.deploy import gateway as gateways
from tests.deploy.account import Account
from tests.deploy.gateway import Gateway, answered

ALIAS = "arn:aws:lambda:eu-west-1:123456789012:function:forest-prod:live"


@pytest.fixture
def gateway(account: Account, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Gateway]:
    """A deployed API: its gateway, and the alias behind it; the real handler serves both."""
    account.invoke = lambda _, payload: ({}, json.dumps(answered(json.loads(payload))).encode())
    with gateways.opened(Gateway(stage="/prod")) as opened:
        for name, value in {
            "AWS_ENDPOINT_URL": account.url,
            "MODEL_PATH": str(folder),
            "API_URL": opened.url,
            "ALIAS": ALIAS,
        }.items():
            monkeypatch.setenv(name, value)
        yield opened


def test_it_reads_health_through_the_gateway_and_a_prediction_of_the_alias(
    gateway: Gateway, account: Account
) -> None:
    found = check.handler({}, None)["checked"]
    assert found[0] == f"{gateway.url}health"
    assert found[1].startswith("golden[")
    assert len(account.calls) == 1


def test_a_gateway_that_does_not_reach_the_function_raises(gateway: Gateway) -> None:
    gateway.asleep = 1
    with pytest.raises(OSError, match="503"):
        check.handler({}, None)


@pytest.mark.trial
def test_another_prediction_than_the_model_s_raises_and_names_it(
    gateway: Gateway, account: Account
) -> None:
    def other(_: str, payload: bytes) -> tuple[dict[str, str], bytes]:
        answer = answered(json.loads(payload))
        body = json.loads(answer["body"]) | {"mortality_percent": 101.0}
        return {}, json.dumps({**answer, "body": json.dumps(body)}).encode()

    account.invoke = other
    with pytest.raises(CheckFailedError, match=r"golden\[.*101\.0"):
        check.handler({}, None)


def test_a_function_that_crashes_raises(gateway: Gateway, account: Account) -> None:
    account.invoke = lambda *_: ({"X-Amz-Function-Error": "Unhandled"}, b'{"errorType": "Exit"}')
    with pytest.raises(CheckFailedError, match="the function failed"):
        check.handler({}, None)
