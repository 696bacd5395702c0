"""Every response carries its ids, every request is recorded, and a failure reveals nothing."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import pytest
from starlette.types import Message, Receive, Scope, Send

from functions.api.app import create_app
from functions.api.edge import Edge
from functions.records import Predicted
from functions.scoring import Scorer
from functions.telemetry import RequestLog, Terminal
from tests.functions.conftest import Client, Listener, read_problem

OAK = {"species": "Quercus rubra", "soil": "Acer rubrum", "light": 0.1}
NEW_ID = re.compile(r"[0-9a-f]{32}")
SECRET = "a-path-and-a-password"

# Method, path, body, status: one of each kind of response.
EACH_KIND: list[tuple[str, str, bytes | None, int]] = [
    ("GET", "/", None, 200),
    ("GET", "/health", None, 200),
    ("GET", "/v1/model", None, 200),
    ("GET", "/model", None, 200),
    ("GET", "/docs", None, 200),
    ("GET", "/openapi.json", None, 200),
    ("POST", "/v1/predict", b'{"species": "Quercus alba", "soil": "Sterile", "light": 1}', 200),
    ("GET", "/health/", None, 200),
    ("HEAD", "/v1/model", None, 200),
    ("POST", "/v1/predict", b"{", 400),
    ("GET", "/nowhere", None, 404),
    ("GET", "/v1/predict", None, 405),
    ("POST", "/v1/predict/batch", b" " * 600_000, 413),
    ("POST", "/v1/predict", b"{}", 422),
]


class Broken:
    """A graph that can't be run."""

    def hazards(self, *_: object) -> Any:
        raise RuntimeError(SECRET)


@pytest.fixture
def broken(scorer: Scorer, listener: Listener) -> Client:
    return Client(create_app(Scorer(scorer.artefact, Broken()), listener))


@pytest.fixture
def listener() -> Listener:
    return Listener()


@pytest.fixture
def heard(scorer: Scorer, listener: Listener) -> Client:
    """The API, with the listener listening."""
    return Client(create_app(scorer, listener))


@pytest.mark.trial
@pytest.mark.parametrize(("method", "path", "content", "status"), EACH_KIND)
def test_every_response_carries_a_new_id_and_the_model_version(
    client: Client, scorer: Scorer, method: str, path: str, content: bytes | None, status: int
) -> None:
    first, second = (client.request(method, path, content=content) for _ in range(2))

    assert (first.status_code, second.status_code) == (status, status)
    assert NEW_ID.fullmatch(first.headers["x-request-id"])
    assert first.headers["x-request-id"] != second.headers["x-request-id"]
    assert first.headers["x-model-version"] == scorer.artefact.version
    assert first.headers["x-content-type-options"] == "nosniff"
    assert first.headers["cache-control"]
    assert len(first.headers.get_list("x-request-id")) == 1


@pytest.mark.parametrize("given", ["a", "Root=1-67891233-abcdef", "x" * 64, "7f.8_9=", "-"])
def test_a_harmless_id_of_the_client_is_kept(client: Client, given: str) -> None:
    response = client.get("/nowhere", headers={"x-request-id": given})

    assert response.headers["x-request-id"] == given
    assert read_problem(response, 404)["request_id"] == given


@pytest.mark.parametrize(
    "given",
    [b"", b"x" * 65, b"a b", b'"a"', b"<script>", b"a\tb", b"caf\xe9", b"a,b", b"{}", b"$(id)"],
)
def test_any_other_id_of_the_client_is_replaced(client: Client, given: bytes) -> None:
    response = client.get("/health", headers={"x-request-id": given})

    assert NEW_ID.fullmatch(response.headers["x-request-id"])


@pytest.mark.trial
def test_a_failure_is_a_problem_with_its_id_and_nothing_from_inside(
    broken: Client, scorer: Scorer, listener: Listener
) -> None:
    response = broken.post("/v1/predict", OAK, headers={"x-request-id": "seven"})

    assert read_problem(response, 500) == {
        "type": "about:blank",
        "title": "Internal Server Error",
        "status": 500,
        "detail": "Internal error. Quote request_id when reporting it.",
        "request_id": "seven",
        "errors": [],
    }
    assert response.headers["x-model-version"] == scorer.artefact.version
    assert SECRET not in response.text + str(response.headers)
    for logs in (listener.failures, listener.requests):
        assert [(log.id, log.status, log.route) for log in logs] == [("seven", 500, "/v1/predict")]


@pytest.mark.trial
def test_a_failed_request_leaves_the_next_one_alone(broken: Client) -> None:
    read_problem(broken.post("/v1/predict", OAK), 500)

    assert broken.get("/health").status_code == 200


@pytest.mark.trial
def test_each_request_is_recorded_once_with_its_outcome(
    heard: Client, scorer: Scorer, listener: Listener
) -> None:
    heard.post("/v1/predict", OAK, headers={"x-request-id": "1"})
    heard.post("/v1/predict/batch", {"seedlings": [OAK] * 3}, headers={"x-request-id": "2"})
    heard.post("/v1/predict", {}, headers={"x-request-id": "3"})
    heard.get("/v1/predict", headers={"x-request-id": "4"})
    heard.get(f"/{SECRET}", headers={"x-request-id": "5"})

    forecast = scorer.forecast(*scorer.encoder.encode([OAK]), 115.5)
    percent = float(forecast.average[0, 0])
    assert forecast.stand is not None
    answer = {
        "mortality_percent": round(percent, 2),
        "interval_90": forecast.average[0, 1:].round(2).tolist(),
        "stand_interval_90": forecast.stand[0].round(2).tolist(),
    }
    for each in listener.requests:
        assert 0 < each.milliseconds < 10_000
        each.milliseconds = 1.0
        if each.outcome_percent is not None:
            assert each.outcome_percent == pytest.approx(percent, abs=1e-3)
            each.outcome_percent = percent
    assert listener.requests == [
        RequestLog(
            *("1", "POST", "/v1/predict", 200, 1.0, 1, percent),
            predicted=Predicted(115.5, [OAK], [answer]),
        ),
        RequestLog(
            *("2", "POST", "/v1/predict/batch", 200, 1.0, 3, percent),
            predicted=Predicted(115.5, [OAK] * 3, [answer] * 3),
        ),
        RequestLog("3", "POST", "/v1/predict", 422, 1.0),
        RequestLog("4", "GET", "/v1/predict", 405, 1.0),
        RequestLog("5", "GET", "unknown", 404, 1.0),
    ]
    assert listener.failures == []


def test_a_failure_after_the_response_began_is_recorded_and_adds_no_second_response() -> None:
    sent: list[Message] = []
    listener = Listener()

    async def breaks_off(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise RuntimeError(SECRET)

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "GET", "path": "/", "headers": []}
    asyncio.run(Edge(breaks_off, listener, "v")(scope, receive, send))

    assert [each["type"] for each in sent] == ["http.response.start"]
    assert [each.status for each in listener.failures] == [500]
    assert [each.status for each in listener.requests] == [500]


def test_what_is_not_http_passes_untouched() -> None:
    seen: list[str] = []
    listener = Listener()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(scope["type"])

    async def nothing(*_: Any) -> Any:
        raise AssertionError

    asyncio.run(Edge(app, listener, "v")({"type": "lifespan"}, nothing, nothing))

    assert (seen, listener.requests) == (["lifespan"], [])


@pytest.mark.trial
def test_at_a_terminal_a_failure_is_shown_and_a_success_is_not(
    scorer: Scorer, capsys: pytest.CaptureFixture[str]
) -> None:
    client = Client(create_app(Scorer(scorer.artefact, Broken()), Terminal()))

    client.get("/health")
    assert capsys.readouterr() == ("", "")

    client.post("/v1/predict", OAK, headers={"x-request-id": "seven"})
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.startswith("request seven failed\nTraceback (most recent call last):\n")
    assert shown.err.endswith(f"RuntimeError: {SECRET}\n")


def test_an_unknown_method_is_recorded_as_other(heard: Client, listener: Listener) -> None:
    assert heard.request("BREW", "/health").status_code == 405

    assert [log.method for log in listener.requests] == ["OTHER"]
