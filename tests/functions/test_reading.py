"""GET as HTTP has it: HEAD on every route, an ETag, 304, and how long a cache may keep what."""

from __future__ import annotations

import pytest
from fastapi import FastAPI
from starlette.responses import StreamingResponse

from functions.api.app import create_app
from functions.scoring import Scorer
from tests.functions.conftest import Client, Listener, read_problem

ROUTES = ["/", "/model", "/docs", "/openapi.json", "/health", "/v1/model"]
KEPT = [route for route in ROUTES if route != "/health"]


@pytest.mark.parametrize("path", ROUTES)
def test_head_answers_as_get_without_the_body(client: Client, path: str) -> None:
    got, head = client.get(path), client.request("HEAD", path)

    assert (head.status_code, head.content) == (200, b"")
    own = {"x-request-id"}
    assert {k: v for k, v in head.headers.items() if k not in own} == {
        k: v for k, v in got.headers.items() if k not in own
    }
    assert int(head.headers["content-length"]) == len(got.content)


def test_head_where_there_is_no_get_is_refused(client: Client) -> None:
    response = client.request("HEAD", "/v1/predict")

    assert (response.status_code, response.content) == (405, b"")
    assert response.headers["allow"] == "POST"


@pytest.mark.parametrize("path", KEPT)
def test_a_client_that_has_the_content_is_answered_304(client: Client, path: str) -> None:
    first = client.get(path)
    tag = first.headers["etag"]
    for known in (tag, f"W/{tag}", f'"another", {tag}', "*"):
        response = client.get(path, headers={"if-none-match": known})

        assert (response.status_code, response.content) == (304, b"")
        assert response.headers["etag"] == tag
        assert response.headers["cache-control"] == "no-cache"
        assert "content-type" not in response.headers
    lines = [("if-none-match", '"another"'), ("if-none-match", tag)]
    assert client.get(path, headers=lines).status_code == 304
    assert client.get(path, headers={"if-none-match": '"another"'}).content == first.content


def test_what_took_a_key_is_kept_by_no_shared_cache(client: Client) -> None:
    response = client.get("/v1/model", headers={"x-api-key": "a key"})

    assert response.headers["cache-control"] == "private, no-cache"


def test_health_and_predictions_are_kept_by_nobody(client: Client) -> None:
    body = {"species": "Quercus alba", "soil": "Sterile", "light": 0.1}
    for response in (client.get("/health"), client.post("/v1/predict", body)):
        assert response.headers["cache-control"] == "no-store"
        assert "etag" not in response.headers


def test_an_error_is_kept_by_nobody(client: Client) -> None:
    response = client.get("/nowhere", headers={"if-none-match": "*"})

    read_problem(response, 404)
    assert response.headers["cache-control"] == "no-store"


def test_a_response_in_parts_arrives_whole(scorer: Scorer) -> None:
    app: FastAPI = create_app(scorer, Listener())

    @app.get("/parts")
    async def parts() -> StreamingResponse:
        return StreamingResponse(iter(["one, ", "two"]), media_type="text/plain")

    response = Client(app).get("/parts")
    assert response.text == "one, two"
    assert Client(app).get("/parts", headers={"if-none-match": response.headers["etag"]}).text == ""
