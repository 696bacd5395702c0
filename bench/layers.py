"""What a warm call's time is made of: `python -u -m bench.layers RESULT SECONDS`.

A timer interrupts the handler a thousand times a second; the innermost frame of a known
layer at that moment is what the time is attributed to. Nothing is wrapped or patched, so the
shares are those of the code as it runs. A library that no layer names counts towards its caller.
"""

from __future__ import annotations

import importlib
import json
import signal
import sys
import time
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from types import FrameType
from typing import Final

from bench import payloads, worker
from bench.results import PEERS

LAYERS: Final = (
    ("onnxruntime/", "ONNX Runtime"),
    ("functions/graph.py", "ONNX Runtime"),
    ("aws_lambda_powertools/", "log line and metrics"),
    ("functions/telemetry.py", "log line and metrics"),
    ("functions/scoring.py", "curve and interval"),
    ("functions/intervals.py", "curve and interval"),
    ("functions/encoding.py", "validating the body"),
    ("functions/api/validation.py", "validating the body"),
    ("functions/api/schemas.py", "validating the body"),
    ("pydantic/", "validating the body"),
    ("functions/api/edge.py", "ids, versions, headers"),
    ("functions/api/json_route.py", "reading the body"),
    ("functions/api/app.py", "the route's own function"),
    ("functions/api/reading.py", "ids, versions, headers"),
    ("functions/api/gateway_event.py", "gateway event"),
    ("functions/api/handler.py", "gateway event"),
    ("functions/", "rest of functions"),
    ("mangum/", "Mangum"),
    ("fastapi/", "routing (FastAPI, Starlette)"),
    ("starlette/", "routing (FastAPI, Starlette)"),
)
OTHER: Final = "bench"


def layer(files: Iterable[str]) -> str:
    """The layer of the first file, innermost first, that belongs to one."""
    for name in files:
        for part, title in LAYERS:
            if f"/{part}" in name:
                return title
    return OTHER


def _files(frame: FrameType | None) -> Iterable[str]:
    while frame is not None:
        yield frame.f_code.co_filename
        frame = frame.f_back


def shares(peer: str, seconds: float) -> dict[str, float]:
    """Share of a warm call's time by layer, the largest first."""
    handler = importlib.import_module(PEERS[peer]).handler
    event = payloads.single()
    worker.times(handler, event, 300)
    seen: Counter[str] = Counter()

    def sample(_: int, frame: FrameType | None) -> None:
        seen[layer(_files(frame))] += 1

    signal.signal(signal.SIGPROF, sample)
    signal.setitimer(signal.ITIMER_PROF, 0.001, 0.001)
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        worker.times(handler, event, 100)
    signal.setitimer(signal.ITIMER_PROF, 0)
    del seen[OTHER]
    total = sum(seen.values())
    return {name: count / total for name, count in seen.most_common()}


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(json.dumps(shares("ours", float(sys.argv[2]))))
