"""A route that takes nothing but a body answers as FastAPI's own way would, sooner."""
# No postponed annotations: FastAPI reads those of endpoints, and these are made in a function.

import json
from typing import Annotated, Any

import pytest
from fastapi import Depends, FastAPI
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from functions.api.app import create_app
from functions.api.json_route import BodyRoute, JsonRoute
from functions.scoring import Scorer
from tests.functions.conftest import Client, Listener


class Note(BaseModel):
    """Something to remember."""

    model_config = ConfigDict(extra="forbid", strict=True)
    text: str = Field(min_length=1)
    stars: float = Field(default=3, ge=1, le=5)


async def save(request: Request, body: Note) -> Response:
    return JSONResponse({"text": body.text, "stars": body.stars, "path": request.url.path})


@pytest.fixture(scope="module")
def app(scorer: Scorer) -> FastAPI:
    made = create_app(scorer, Listener())
    for path, route in (("/straight", BodyRoute), ("/usual", JsonRoute)):
        made.router.add_api_route(path, save, methods=["POST"], route_class_override=route)
    return made


@pytest.mark.parametrize(
    "content",
    [
        b'{"text": "rain"}',
        b'\xef\xbb\xbf {"text": "rain", "stars": 4} \n',
        b'{"text": "rain", "stars": -0.0}',
        b'{"text": "", "stars": "many", "more": 1}',
        b'{"stars": 1}',
        b'{"text": "a", "text": "b"}',
        b'{"text": NaN}',
        b'{"text": "\xff"}',
        b'{"text": ',
        b"null",
        b"[]",
        b'"text"',
        b"",
        b" ",
        b"[" * 100_000,
        b" " * 600_000,
    ],
    ids=lambda content: repr(content[:40]),
)
@pytest.mark.parametrize(
    "kind",
    [
        *("application/json", "application/json; charset=utf-8", "application/ld+json"),
        *("text/plain", "application/json; charset=latin-1", "application/a/b+json", ""),
    ],
)
def test_both_ways_answer_alike(app: FastAPI, content: bytes, kind: str) -> None:
    answers = []
    for path in ("/straight", "/usual"):
        headers = {"content-type": kind, "x-request-id": "same"}
        response = Client(app).post(path, content, headers=headers)
        answers.append((response.status_code, {**response.json(), "path": ""}))

    assert answers[0] == answers[1]


def test_a_valid_body_goes_straight_to_its_endpoint(
    scorer: Scorer, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual: list[Any] = []
    own = JsonRoute.get_route_handler

    def counted(route: JsonRoute) -> Any:
        handle = own(route)

        async def count(request: Request) -> Response:
            usual.append(await request.json())
            return await handle(request)

        return count

    monkeypatch.setattr(JsonRoute, "get_route_handler", counted)
    client = Client(create_app(scorer, Listener()))
    example = scorer.artefact.example

    assert client.post("/v1/predict", example).status_code == 200
    assert (
        client.post("/v1/predict/batch", {scorer.artefact.study.rows: [example]}).status_code == 200
    )
    assert usual == []
    assert client.post("/v1/predict", {}).status_code == 422
    assert usual == [{}]


def test_its_description_is_that_of_any_route(app: FastAPI) -> None:
    straight, usual = (app.openapi()["paths"][path]["post"] for path in ("/straight", "/usual"))

    assert straight["requestBody"] == usual["requestBody"]
    assert json.dumps(straight["responses"]) == json.dumps(usual["responses"])


async def more(request: Request, body: Note, page: int = 1) -> Response:
    return Response()


async def unsaid(request: Request, body: Note) -> Any:
    return {}


async def injected(request: Request, body: Annotated[Any, Depends(lambda: 1)]) -> Response:
    return Response()


@pytest.mark.parametrize("endpoint", [more, unsaid, injected])
def test_an_endpoint_that_takes_or_returns_more_is_refused(endpoint: Any) -> None:
    with pytest.raises(TypeError, match=r"expected \(request: Request, body: Model\) -> Response"):
        BodyRoute("/notes", endpoint, methods=["POST"])


def test_an_endpoint_with_dependencies_is_refused() -> None:
    with pytest.raises(TypeError, match="no dependencies"):
        BodyRoute("/notes", save, methods=["POST"], dependencies=[Depends(lambda: 1)])
