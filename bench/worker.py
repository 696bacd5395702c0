"""Measures one handler in a process of its own: `python -m bench.worker MODULE COUNT`.

Prints JSON: milliseconds of warm calls, of batches by size, and resident memory in MB.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import json
import statistics
import sys
import time
from pathlib import Path
from typing import Any, Final

SIZES: Final = (1, 10, 100, 1000)
SEEDLING: Final = {"species": "Quercus rubra", "soil": "Acer rubrum", "light": 0.1}


class Context:
    """What Powertools asks of Lambda's context."""

    function_name = "bench"
    memory_limit_in_mb = 1024
    invoked_function_arn = "arn:aws:lambda:eu-west-1:123456789012:function:bench"
    aws_request_id = "bench"


def event(path: str, body: object) -> dict[str, Any]:
    """A gateway event that posts a body."""
    loaded: dict[str, Any] = json.loads(Path("tests/events/predict.json").read_text())
    loaded["path"], loaded["pathParameters"] = path, {"proxy": path.lstrip("/")}
    loaded["requestContext"]["path"] = f"/v0{path}"
    return {**loaded, "body": json.dumps(body)}


def times(handler: Any, asked: dict[str, Any], count: int) -> list[float]:
    """Milliseconds of each call; what the handler prints is thrown away."""
    found = []
    for _ in range(count):
        started = time.perf_counter()
        answer = handler(asked, Context())
        found.append(1000 * (time.perf_counter() - started))
        assert answer["statusCode"] == 200, answer
    return found


def resident() -> float:
    """Resident memory of this process, in MB."""
    line = next(x for x in Path("/proc/self/status").read_text().splitlines() if "VmRSS" in x)
    return int(line.split()[1]) / 1024


def main(module: str, count: int) -> None:
    """Measures and prints."""
    with contextlib.redirect_stdout(io.StringIO()):
        handler = importlib.import_module(module).handler
        one = event("/v1/predict", SEEDLING)
        times(handler, one, count // 10)
        warm = sorted(times(handler, one, count))
        memory = resident()
        batches = {}
        for size in SIZES:
            body = event("/v1/predict/batch", {"seedlings": [SEEDLING] * size})
            batches[size] = statistics.median(times(handler, body, max(5, count // 100)))
    print(
        json.dumps(
            {
                "p50": warm[len(warm) // 2],
                "p99": warm[int(len(warm) * 0.99)],
                "batch": batches,
                "memory": memory,
            }
        )
    )


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
