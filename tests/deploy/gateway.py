"""An API Gateway of our own in front of the real handler: a stage, a key, and faults to order."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace
from typing import Any

from tests.functions import lambda_handler
from tests.local_server import running

_lambda = cache(lambda_handler.import_handler)
KEY = "the-key-of-this-test"
Spoil = Callable[[str, dict[str, Any]], dict[str, Any]]


def answered(event: dict[str, Any]) -> dict[str, Any]:
    """The real handler's answer, in whatever thread it is called."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        return dict(_lambda().handler(event, SimpleNamespace(aws_request_id="id")))
    finally:
        asyncio.set_event_loop(None)
        loop.close()


@dataclass
class Gateway:
    """What a test may order, and the requests."""

    stage: str = ""
    keyed: bool = True
    url: str = ""
    asleep: int = 0
    """As many first requests are answered as a gateway does that has nobody to ask."""
    function: Callable[[dict[str, Any]], dict[str, Any]] = answered
    """What the events are sent to."""
    spoil: Spoil = lambda _path, answer: answer
    requests: list[tuple[str, str, str]] = field(default_factory=list)
    """Method, path and key of each request."""

    def answer(self, method: str, path: str, key: str, body: str | None) -> dict[str, Any]:
        """What goes back to the client."""
        self.requests.append((method, path, key))
        if len(self.requests) <= self.asleep:
            return _said(503, "Service Unavailable")
        if not path.startswith(f"{self.stage}/"):
            return _said(403, "Missing Authentication Token")
        own = path.removeprefix(self.stage)
        if self.keyed and own.startswith("/v1/") and key != KEY:
            return _said(403, "Forbidden")
        context = {"httpMethod": method, "path": path, "resourcePath": own, "stage": "x"}
        event = {
            "resource": own,
            "path": own,
            "httpMethod": method,
            "headers": {"content-type": "application/json"},
            "requestContext": context,
            "body": body,
        }
        return self.spoil(own, self.function(event))


def _said(status: int, message: str) -> dict[str, Any]:
    headers = {"content-type": "application/json"}
    return {"statusCode": status, "headers": headers, "body": json.dumps({"message": message})}


@contextmanager
def opened(gateway: Gateway, tls: ssl.SSLContext | None = None) -> Iterator[Gateway]:
    """The gateway at a port of this machine, over TLS where a context is given."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _server(gateway))
    if tls:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    address = f"https://localhost:{server.server_port}" if tls else "http://127.0.0.1"
    gateway.url = (address if tls else f"{address}:{server.server_port}") + gateway.stage + "/"
    with running(server):
        yield gateway


def _server(gateway: Gateway) -> type[BaseHTTPRequestHandler]:
    class Server(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            length = int(self.headers.get("content-length", 0))
            body = self.rfile.read(length).decode() if length else None
            key = self.headers.get("x-api-key", "")
            answer = gateway.answer(self.command, self.path, key, body)
            content = answer["body"].encode()
            self.send_response(answer["statusCode"])
            for name, value in answer["headers"].items():
                if name.lower() != "content-length":
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_POST = do_GET  # noqa: N815

        def log_message(self, *_: object) -> None:
            """Nothing."""

    return Server
