"""The load counts whole answers, and takes nothing but a 200."""

from __future__ import annotations

import socketserver
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from bench import load


@contextmanager
def answering(answer: bytes, pause: float = 0.0) -> Iterator[tuple[int, list[bytes]]]:
    """A server of this machine that sends its answer in two pieces, and what it was asked."""
    asked: list[bytes] = []

    class Answering(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            while request := self.request.recv(65536):
                asked.append(request)
                self.request.sendall(answer[:-3])
                time.sleep(pause)
                self.request.sendall(answer[-3:])

    class Server(socketserver.ThreadingTCPServer):
        request_queue_size = 2 * load.CONNECTIONS

    with Server(("127.0.0.1", 0), Answering) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server.server_address[1], asked
        finally:
            server.shutdown()
            thread.join()


def test_every_whole_answer_counts_once() -> None:
    answer = b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n123456789"
    with answering(answer, 0.02) as (port, asked):
        rate = load.requests_per_second(port, {"a": 1}, 0.4)

    assert {each.partition(b"\r\n\r\n")[2] for each in asked} == {b'{"a": 1}'}
    assert 0 < rate <= load.CONNECTIONS / 0.02, "no connection is answered sooner than it can be"


def test_an_answer_that_is_no_success_ends_the_load() -> None:
    refusal = b"HTTP/1.1 422 No\r\ncontent-length: 2\r\n\r\nno"
    with answering(refusal) as (port, _), pytest.raises(AssertionError):
        load.requests_per_second(port, {}, 0.2)
