"""The load counts complete responses, and accepts nothing but a 200."""

from __future__ import annotations

import socketserver
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from bench import load
from tests.local_server import running


@contextmanager
def serving(response: bytes, pause: float = 0.0) -> Iterator[tuple[int, list[bytes]]]:
    """A local server that sends its response in two pieces, and the requests it received."""
    received: list[bytes] = []

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            while request := self.request.recv(65536):
                received.append(request)
                self.request.sendall(response[:-3])
                time.sleep(pause)
                self.request.sendall(response[-3:])

    class Server(socketserver.ThreadingTCPServer):
        request_queue_size = 2 * load.CONNECTIONS

    server = Server(("127.0.0.1", 0), Handler)
    with running(server):
        yield server.server_address[1], received


def test_every_complete_response_counts_once() -> None:
    response = b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n123456789"
    with serving(response, 0.02) as (port, received):
        rate = load.requests_per_second(port, {"a": 1}, 0.4)

    assert {each.partition(b"\r\n\r\n")[2] for each in received} == {b'{"a": 1}'}
    assert 0 < rate <= load.CONNECTIONS / 0.02, "the server pauses before each response"


def test_a_response_other_than_200_ends_the_load() -> None:
    refusal = b"HTTP/1.1 422 No\r\ncontent-length: 2\r\n\r\nno"
    with serving(refusal) as (port, _), pytest.raises(AssertionError):
        load.requests_per_second(port, {}, 0.2)
