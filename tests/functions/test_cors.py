"""Pages of another origin: let in by a setting, for that one origin, and by nothing else."""

from __future__ import annotations

import pytest

from functions.api.app import create_app
from functions.scoring import Scorer
from tests.functions.conftest import Client, read_problem
from tests.functions.test_edge import Broken

ORIGIN = "https://example.org"
PREFLIGHT = {
    "origin": ORIGIN,
    "access-control-request-method": "POST",
    "access-control-request-headers": "content-type,x-api-key",
}


@pytest.fixture
def admitting(scorer: Scorer) -> Client:
    return Client(create_app(scorer, cors_origin=ORIGIN))


def test_without_the_setting_no_other_origin_is_let_in(scorer: Scorer) -> None:
    client = Client(create_app(scorer))
    refused = client.request("OPTIONS", "/v1/predict", headers=PREFLIGHT)
    answered = client.get("/v1/model", headers={"origin": ORIGIN})

    assert (refused.status_code, refused.headers["allow"]) == (405, "POST")
    for response in (refused, answered):
        assert not any(name.startswith("access-control") for name in response.headers)


def test_a_page_of_that_origin_may_call_and_read_the_ids(admitting: Client) -> None:
    asked = admitting.request("OPTIONS", "/v1/predict", headers=PREFLIGHT)
    assert asked.status_code == 200
    assert asked.headers["access-control-allow-origin"] == ORIGIN
    assert "x-api-key" in asked.headers["access-control-allow-headers"]

    answered = admitting.get("/v1/model", headers={"origin": ORIGIN})
    assert answered.status_code == 200
    assert answered.headers["access-control-allow-origin"] == ORIGIN
    assert "x-request-id" in answered.headers["access-control-expose-headers"]


def test_another_origin_is_still_refused(admitting: Client) -> None:
    asked = admitting.request(
        "OPTIONS", "/v1/predict", headers={**PREFLIGHT, "origin": "https://other.org"}
    )
    assert read_problem(asked, 405)["detail"] == "Use POST."
    assert "access-control-allow-origin" not in asked.headers


def test_a_page_can_read_a_failure_too(scorer: Scorer) -> None:
    client = Client(create_app(Scorer(scorer.artefact, Broken()), cors_origin=ORIGIN))
    body = scorer.artefact.example
    failed = client.request("POST", "/v1/predict", json=body, headers={"origin": ORIGIN})
    wrong = client.request("POST", "/v1/predict", json={}, headers={"origin": ORIGIN})

    assert (failed.status_code, wrong.status_code) == (500, 422)
    for response in (failed, wrong):
        assert response.headers["access-control-allow-origin"] == ORIGIN
