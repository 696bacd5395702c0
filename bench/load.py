"""A small HTTP load: as many requests over keep-alive connections as are answered in a time.

It reads no more of a response than its status and its length, so that the server is what is
measured. Only ever sent to 127.0.0.1.
"""

from __future__ import annotations

import asyncio
import json
import time
from functools import partial
from typing import Final

CONNECTIONS: Final = 16
_START_WITHIN: Final = 60.0
"""Seconds that a server may take to listen."""


def requests_per_second(
    port: int,
    body: object,
    seconds: float,
    path: str = "/v1/predict",
    start_within: float = _START_WITHIN,
) -> float:
    """Requests per second on a port of this machine, once a server listens there."""
    content = json.dumps(body).encode()
    head = (
        f"POST {path} HTTP/1.1\r\nhost: bench\r\ncontent-type: application/json\r\n"
        f"content-length: {len(content)}\r\n\r\n"
    )
    return asyncio.run(_load(port, head.encode() + content, seconds, start_within))


class _Client(asyncio.Protocol):
    """Sends the same request again as soon as the whole response has come."""

    def __init__(self, request: bytes, until: float, done: asyncio.Future[int]) -> None:
        self._request, self._until, self._done = request, until, done
        self._responses, self._missing = 0, 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        if not self._missing:
            try:
                self._missing = _length(data)
            except AssertionError as error:
                self._done.set_exception(error)
                self._transport.close()
                return
        self._missing -= len(data)
        if self._missing > 0:
            return
        self._responses += 1
        if time.perf_counter() < self._until:
            self._transport.write(self._request)
        else:
            self._transport.close()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 (asyncio's)
        if not self._done.done():
            self._done.set_result(self._responses)


def _length(response: bytes) -> int:
    """Bytes of a response, from its head, which comes in one piece."""
    head, found, _ = response.partition(b"\r\n\r\n")
    assert found, "a response's head came in pieces"
    assert head.startswith(b"HTTP/1.1 200"), head
    lines = head.lower().split(b"\r\n")
    body = next(int(x.split(b":")[1]) for x in lines if x.startswith(b"content-length"))
    return len(head) + len(found) + body


async def _load(port: int, request: bytes, seconds: float, start_within: float) -> float:
    await _wait_for_server(port, start_within)
    await _send(port, request, 0.5, 1)  # warm
    started = time.perf_counter()
    responses = await _send(port, request, seconds, CONNECTIONS)
    return responses / (time.perf_counter() - started)


async def _send(port: int, request: bytes, seconds: float, connections: int) -> int:
    loop = asyncio.get_running_loop()
    until = time.perf_counter() + seconds
    clients: list[asyncio.Future[int]] = [loop.create_future() for _ in range(connections)]
    for done in clients:
        await loop.create_connection(partial(_Client, request, until, done), "127.0.0.1", port)
    responses = await asyncio.gather(*clients)
    assert all(responses), "a connection was closed before its first response"
    return sum(responses)


async def _wait_for_server(port: int, seconds: float) -> None:
    deadline = time.perf_counter() + seconds
    while True:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            if time.perf_counter() > deadline:
                raise
            await asyncio.sleep(0.05)
        else:
            writer.close()
            return
