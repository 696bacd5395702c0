"""Measures one handler in a process of its own.

`python -u -m bench.worker PEER EVENTS RESULT CALLS`: EVENTS holds a single prediction and, by
size, batches. RESULT gets milliseconds of warm calls and of batches, and resident memory in MB.
What the handler prints goes to the caller's standard output, line by line as in Lambda.
"""

from __future__ import annotations

import importlib
import json
import statistics
import sys
from pathlib import Path
from time import perf_counter_ns
from typing import Any

from bench.results import PEERS


class Context:
    """What Powertools reads of Lambda's context."""

    function_name = "bench"
    memory_limit_in_mb = 1024
    invoked_function_arn = "arn:aws:lambda:eu-west-1:123456789012:function:bench"
    aws_request_id = "bench"


def times(handler: Any, event: dict[str, Any], count: int) -> list[float]:
    """Milliseconds of each call."""
    found, context = [], Context()
    for _ in range(count):
        started = perf_counter_ns()
        response = handler(event, context)
        found.append((perf_counter_ns() - started) / 1e6)
        assert response["statusCode"] == 200, response
    return found


def resident() -> float:
    """Resident memory of this process, in MB."""
    line = next(x for x in Path("/proc/self/status").read_text().splitlines() if "VmRSS" in x)
    return int(line.split()[1]) * 1024 / 1e6


def main(peer: str, events: Path, result: Path, calls: int) -> None:
    """Measures and writes."""
    handler = importlib.import_module(PEERS[peer]).handler
    sent = json.loads(events.read_text())
    times(handler, sent["single"], calls // 5)
    warm = sorted(times(handler, sent["single"], calls))
    found = {
        "p50": statistics.median(warm),
        "p99": warm[int(len(warm) * 0.99)],
        "memory": resident(),
    }
    # The floor has no batch: it would return the same constant.
    for size, event in sent["batches"].items() if peer != "floor" else ():
        times(handler, event, 3)
        count = max(15, calls // int(size))
        found[f"batch_{size}"] = statistics.median(times(handler, event, count))
    result.write_text(json.dumps(found))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]), int(sys.argv[4]))
