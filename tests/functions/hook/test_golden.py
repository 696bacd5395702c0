"""What a release must answer is judged by its own model; nothing doubtful passes."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from functions.api.app import create_app
from functions.artefact import Artefact
from functions.errors import ArtefactError
from functions.hook.golden import TOLERANCE, Answer, Check, checks
from functions.scoring import TOLERANCE as OF_THE_MODEL
from functions.scoring import Scorer
from tests.functions.conftest import Client, Listener

ROUNDED = 0.01 / 2


@pytest.fixture
def wanted(model: Artefact) -> tuple[Check, ...]:
    return checks(model, "")


def send(client: Client, check: Check) -> Answer:
    headers = {"content-type": "application/json"}
    response = client.request(check.method, check.path, content=check.body, headers=headers)
    kind = response.headers["content-type"].partition(";")[0]
    return Answer(response.status_code, kind, response.text)


def test_the_real_api_answers_every_check(wanted: tuple[Check, ...], client: Client) -> None:
    assert {check.name: check.fault(send(client, check)) for check in wanted} == {
        check.name: "" for check in wanted
    }


def test_every_golden_prediction_of_the_model_is_checked(
    wanted: tuple[Check, ...], model: Artefact
) -> None:
    bodies = [json.loads(check.body or "") for check in wanted if check.name.startswith("golden")]
    assert bodies == [{**case.inputs, "day": case.time} for case in model.golden]
    assert len(bodies) >= 10


def test_a_model_without_golden_predictions_can_t_be_released(model: Artefact) -> None:
    with pytest.raises(ArtefactError, match="golden: expected at least one prediction, got none"):
        checks(replace(model, golden=()), "")


def test_the_tolerance_is_the_model_s_own_and_the_rounding_of_the_api() -> None:
    assert pytest.approx(OF_THE_MODEL + ROUNDED) == TOLERANCE


Spoil = Callable[[dict[str, Any]], object]


@pytest.mark.trial
@pytest.mark.parametrize(
    ("spoil", "fault"),
    [
        (
            lambda a: a.update(mortality_percent=a["mortality_percent"] + 0.02),
            "mortality_percent and",
        ),
        (lambda a: a.update(mortality_percent=float("nan")), "mortality_percent and intervals"),
        (lambda a: a.update(mortality_percent="12"), "unsupported operand"),
        (lambda a: a.update(mortality_percent=None), "unsupported operand"),
        (lambda a: a.update(interval_90=a["interval_90"][:1]), "mortality_percent and intervals"),
        (lambda a: a.update(interval_90=[0, 100]), "mortality_percent and intervals"),
        (lambda a: a.pop("interval_90"), "it lacks 'interval_90'"),
        (lambda a: a.update(day=1.0), "day: expected"),
        (lambda a: a["model"].update(version="000000000000"), "model: expected"),
        (lambda a: a["model"].update(data="simulated"), "SIMULATED"),
        (lambda a: a.pop("model"), "it lacks 'model'"),
    ],
)
def test_a_wrong_prediction_is_a_fault_that_says_what_is_wrong(
    wanted: tuple[Check, ...], client: Client, spoil: Spoil, fault: str
) -> None:
    check = wanted[-1]
    right = send(client, check)
    body = json.loads(right.body)
    spoil(body)
    assert fault in check.fault(replace(right, body=json.dumps(body)))


@pytest.mark.parametrize(
    "answer",
    [
        Answer(500, "application/problem+json", "{}"),
        Answer(200, "text/html", "<p>"),
        Answer(200, "application/json", ""),
        Answer(200, "application/json", "[]"),
        Answer(200, "application/json", "null"),
        Answer(200, "application/json", '{"status": "ok"}'),
        Answer(422, "application/json", "{}"),
        Answer(422, "application/problem+json", '{"status": 422, "errors": [null]}'),
    ],
)
def test_no_check_accepts_a_malformed_response(wanted: tuple[Check, ...], answer: Answer) -> None:
    assert all(check.fault(answer) for check in wanted)


@pytest.mark.parametrize("path", ["/", "/model", "/docs"])
def test_a_page_that_looks_for_the_api_elsewhere_is_a_fault(
    model: Artefact, client: Client, path: str
) -> None:
    (page,) = (check for check in checks(model, "/prod") if check.path == path)
    right = send(client, page)
    assert page.fault(right) == 'the page does not hold <base href="/prod/">'
    assert "the content type" in page.fault(replace(right, media_type="application/json"))


def test_a_model_of_simulated_data_never_passes(model: Artefact) -> None:
    simulated = replace(model, source="simulated")
    client = Client(create_app(Scorer(simulated), Listener()))
    faults = {check.path: check.fault(send(client, check)) for check in checks(simulated, "")}
    assert "SIMULATED" in faults["/health"]
    assert "SIMULATED" in faults["/v1/predict"]
