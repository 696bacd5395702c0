"""The model of the checkout as serving sees it, variations of it, and a telemetry to look into."""

from __future__ import annotations

import asyncio
import hashlib
import json
import shutil
from collections.abc import Callable, Iterator
from copy import copy
from pathlib import Path
from types import ModuleType
from typing import Any

import httpx
import onnx
import pytest
from starlette.types import ASGIApp

from functions.api.app import create_app
from functions.artefact import read_artefact
from functions.scoring import Scorer
from functions.telemetry import RequestLog
from tests.functions import lambda_handler

Change = Callable[[dict[str, Any]], object]
Vary = Callable[..., Path]


class Listener:
    """A telemetry that keeps its records."""

    keeps_records = True

    def __init__(self) -> None:
        self.requests: list[RequestLog] = []
        self.failures: list[RequestLog] = []

    def answered(self, request: RequestLog) -> None:
        self.requests.append(copy(request))

    def failed(self, request: RequestLog) -> None:
        self.failures.append(copy(request))


class Client:
    """Calls an ASGI app as an HTTP client would, in process."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    def request(self, method: str, path: str, **options: Any) -> httpx.Response:
        async def send() -> httpx.Response:
            transport = httpx.ASGITransport(self._app, raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url="http://here") as client:
                return await client.request(method, path, **options)

        return asyncio.run(send())

    def get(self, path: str, **options: Any) -> httpx.Response:
        return self.request("GET", path, **options)

    def post(self, path: str, body: object = None, **options: Any) -> httpx.Response:
        """Posts bytes as they are, and anything else as JSON."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        headers = {"content-type": "application/json", **options.pop("headers", {})}
        return self.request("POST", path, content=content, headers=headers, **options)


def read_problem(response: httpx.Response, status: int) -> dict[str, Any]:
    """An error's document, once it is sure that it is one."""
    assert response.status_code == status, response.text[:500]
    assert response.headers["content-type"] == "application/problem+json"
    assert len(response.content) < 6_000_000, "Lambda could not return it"
    document: dict[str, Any] = json.loads(response.content, parse_constant=pytest.fail)
    assert list(document) == ["type", "title", "status", "detail", "request_id", "errors"]
    assert document["status"] == status
    assert document["request_id"] == response.headers["x-request-id"]
    return document


@pytest.fixture(scope="session")
def scorer(folder: Path) -> Scorer:
    return Scorer(read_artefact(folder))


@pytest.fixture(scope="session")
def client(scorer: Scorer) -> Client:
    return Client(create_app(scorer, Listener()))


@pytest.fixture
def vary(folder: Path, tmp_path: Path) -> Vary:
    """Copies the model with its metadata and graph changed; the graph's hash follows."""

    def varied(
        metadata: Change = lambda _: None, graph: Callable[[Any], object] | None = None
    ) -> Path:
        made = tmp_path / "varied"
        shutil.copytree(folder, made)
        document = json.loads((made / "metadata.json").read_text())
        if graph:
            loaded = onnx.load(made / "model.onnx")
            graph(loaded.graph)
            (made / "model.onnx").write_bytes(loaded.SerializeToString())
            document["model"]["sha256"] = hashlib.sha256(
                (made / "model.onnx").read_bytes()
            ).hexdigest()
        metadata(document)
        (made / "metadata.json").write_text(json.dumps(document))
        return made

    return varied


@pytest.fixture(scope="module")
def handler() -> Iterator[ModuleType]:
    """Lambda's handler, imported again."""
    # Lambda's process has one event loop for good; here it is closed with the module.
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    yield lambda_handler.import_handler()
    asyncio.set_event_loop(None)
    loop.close()
