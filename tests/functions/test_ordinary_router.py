"""A developer's ordinary router: answers, errors and description are right, in Lambda too."""
# No postponed annotations: FastAPI reads those of endpoints, and these are made in a function.

import asyncio
import base64
import json
from collections.abc import Callable, Iterator
from types import ModuleType, SimpleNamespace
from typing import Annotated, Any

import httpx
import openapi_spec_validator
import pytest
from fastapi import APIRouter, Depends, FastAPI, HTTPException, Query
from pydantic import BaseModel, Field

from functions.api.app import create_app
from functions.scoring import Scorer
from tests.events import expected
from tests.functions.conftest import Client, Listener, read_problem

Send = Callable[..., httpx.Response]


class Note(BaseModel):
    """Something to remember."""

    text: str = Field(min_length=1)
    stars: int = Field(default=3, ge=1, le=5)


class Saved(BaseModel):
    """A note with its number."""

    number: int
    note: Note


def signature(author: Annotated[str, Query(min_length=2)] = "nobody") -> str:
    return author


def router() -> APIRouter:
    made = APIRouter(prefix="/notes", tags=["notes"])

    @made.get("/{number}")
    async def read_note(number: int) -> Saved:
        if number == 403:
            raise HTTPException(403, "This note is not yours.")
        if number == 499:
            raise HTTPException(499, "Somebody else's status.")
        if number == 304:
            raise HTTPException(304, headers={"etag": '"7"'})
        return Saved(number=number, note=Note(text="hello"))

    @made.post("/{number}", status_code=201, response_model=Saved)
    def save_note(number: int, note: Note, author: Annotated[str, Depends(signature)]) -> Any:
        if number == 409:
            raise HTTPException(409, headers={"retry-after": "5"})
        if number == 500:
            raise ZeroDivisionError("a secret")
        if number == 501:
            return {"number": "not a number"}
        return {"number": number, "note": {"text": f"{note.text} by {author}"}, "more": "left out"}

    return made


@pytest.fixture(scope="module")
def app(scorer: Scorer) -> FastAPI:
    made = create_app(scorer, Listener())
    made.include_router(router())
    return made


@pytest.fixture(params=["in process", "through Lambda's handler"])
def send(
    request: pytest.FixtureRequest, app: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Send]:
    """Sends a request and returns the response."""
    if request.param == "in process":
        client = Client(app)
        yield lambda method, path, body=None, **options: client.request(
            method,
            path,
            content=None if body is None else json.dumps(body).encode(),
            headers={"content-type": "application/json"},
            **options,
        )
        return
    handler: ModuleType = request.getfixturevalue("handler")
    monkeypatch.setattr(handler, "_app", app)

    def invoke(
        method: str, path: str, body: object = None, params: dict[str, str] | None = None
    ) -> httpx.Response:
        event = {
            **expected.event("predict"),
            "httpMethod": method,
            "path": path,
            "resource": path,
            "pathParameters": None,
            "queryStringParameters": params,
            "multiValueQueryStringParameters": {k: [v] for k, v in (params or {}).items()},
            "body": None if body is None else json.dumps(body),
        }
        event["requestContext"] |= {"path": path}
        answer = handler.handler(event, SimpleNamespace(aws_request_id="from-lambda"))
        content = answer["body"].encode()
        if answer["isBase64Encoded"]:
            content = base64.b64decode(content)
        return httpx.Response(answer["statusCode"], headers=answer["headers"], content=content)

    # In-process clients leave no event loop behind, and Lambda's process has one.
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    yield invoke
    asyncio.set_event_loop(None)
    loop.close()


def test_its_routes_answer(send: Send) -> None:
    read = send("GET", "/notes/7")
    saved = send("POST", "/notes/7", {"text": "rain"}, params={"author": "Ana"})

    assert read.json() == {"number": 7, "note": {"text": "hello", "stars": 3}}
    assert saved.status_code == 201
    assert saved.json() == {"number": 7, "note": {"text": "rain by Ana", "stars": 3}}


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "detail"),
    [
        ("GET", "/notes/403", None, 403, "This note is not yours."),
        ("POST", "/notes/409", {"text": "rain"}, 409, "Conflict"),
        ("GET", "/notes/499", None, 499, "Somebody else's status."),
        ("DELETE", "/notes/7", None, 405, "Use GET or POST."),
        ("POST", "/notes/500", {"text": "rain"}, 500, "Internal error. Quote request_id"),
        ("POST", "/notes/501", {"text": "rain"}, 500, "Internal error. Quote request_id"),
    ],
)
def test_its_errors_are_problems(
    send: Send, method: str, path: str, body: object, status: int, detail: str
) -> None:
    response = send(method, path, body)

    document = read_problem(response, status)
    assert document["detail"].startswith(detail)
    assert document["errors"] == []
    assert "secret" not in response.text
    assert (status == 409) == ("retry-after" in response.headers)
    assert response.headers.get("allow") == ("GET, HEAD, POST" if status == 405 else None)


def test_a_status_without_a_body_has_none(send: Send) -> None:
    response = send("GET", "/notes/304")

    assert (response.status_code, response.content) == (304, b"")
    assert response.headers["etag"] == '"7"'


@pytest.mark.parametrize(
    ("path", "body", "params", "fault"),
    [
        ("/notes/x", {"text": "a"}, None, ("path.number", "x", None)),
        ("/notes/1", {"text": "a", "stars": 9}, None, ("stars", 9, "an integer from 1 to 5")),
        ("/notes/1", {}, None, ("text", None, "a string")),
        ("/notes/1", [], None, ("body", "a list", "a JSON object")),
        ("/notes/1", None, None, ("body", None, "a JSON object")),
        ("/notes/1", {"text": "a"}, {"author": "A"}, ("query.author", "A", None)),
    ],
)
def test_an_invalid_field_of_a_path_body_or_query_is_named(
    send: Send,
    path: str,
    body: object,
    params: dict[str, str] | None,
    fault: tuple[str, object, object],
) -> None:
    document = read_problem(send("POST", path, body, params=params), 422)

    (found,) = document["errors"]
    assert (found["field"], found["value"], found["allowed"]) == fault
    assert found["rule"]


def test_a_body_that_is_not_json_is_a_problem(app: FastAPI) -> None:
    client = Client(app)

    assert read_problem(client.post("/notes/1", b"{"), 400)["title"] == "Bad Request"
    text = client.post("/notes/1", b"text", headers={"content-type": "text/plain"})
    assert read_problem(text, 415)["title"] == "Unsupported Media Type"


def test_the_description_holds_its_routes_beside_the_others(app: FastAPI) -> None:
    document = Client(app).get("/openapi.json").json()

    openapi_spec_validator.validate(document)
    assert set(document["paths"]) == {
        *("/v1/predict", "/v1/predict/batch", "/v1/outcomes", "/v1/model"),
        *("/health", "/notes/{number}"),
    }
    note = document["paths"]["/notes/{number}"]
    assert set(note) == {"get", "post"}
    assert (note["get"]["operationId"], note["post"]["operationId"]) == ("read_note", "save_note")
    assert set(note["post"]["responses"]) == {
        *("201", "400", "413", "415", "422", "429", "500", "504")
    }
    for operation in note.values():
        for status, response in operation["responses"].items():
            if status == "304":
                assert "content" not in response
                continue
            kind = "application/json" if status < "400" else "application/problem+json"
            assert list(response["content"]) == [kind]
    assert {"Note", "Saved", "Problem"} <= set(document["components"]["schemas"])
    assert "HTTPValidationError" not in document["components"]["schemas"]


def test_one_endpoint_for_two_methods_has_an_id_for_each(scorer: Scorer) -> None:
    made = create_app(scorer, Listener())

    @made.api_route("/both", methods=["PATCH", "PUT"])
    async def both() -> dict[str, int]:
        return {"n": 1}

    document = Client(made).get("/openapi.json").json()
    ids = [each["operationId"] for each in document["paths"]["/both"].values()]
    assert sorted(ids) == ["both", "both_put"]
    assert Client(made).request("PUT", "/both").json() == {"n": 1}
