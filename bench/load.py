"""A small HTTP load: as many requests over kept connections as come back in a time."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Final

CONNECTIONS: Final = 16


def requests_per_second(port: int, body: object, seconds: float) -> float:
    """Answers a second on a port of this machine, once somebody listens there."""
    return asyncio.run(_load(port, json.dumps(body).encode(), seconds))


async def _load(port: int, body: bytes, seconds: float) -> float:
    head = (
        "POST /v1/predict HTTP/1.1\r\nhost: bench\r\ncontent-type: application/json\r\n"
        f"content-length: {len(body)}\r\n\r\n"
    )
    request = head.encode() + body
    await _ask(*await _connect(port), request)  # warm
    end = time.perf_counter() + seconds

    async def ask_until_the_end() -> int:
        reader, writer = await _connect(port)
        count = 0
        while time.perf_counter() < end:
            await _ask(reader, writer, request)
            count += 1
        writer.close()
        return count

    started = time.perf_counter()
    counts = await asyncio.gather(*(ask_until_the_end() for _ in range(CONNECTIONS)))
    return sum(counts) / (time.perf_counter() - started)


async def _connect(port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    deadline = time.perf_counter() + 30
    while True:
        try:
            return await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            if time.perf_counter() > deadline:
                raise
            await asyncio.sleep(0.05)


async def _ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes) -> None:
    writer.write(request)
    head = await reader.readuntil(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200"), head
    length = next(
        int(line.split(b":")[1])
        for line in head.lower().split(b"\r\n")
        if line.startswith(b"content-length")
    )
    await reader.readexactly(length)
