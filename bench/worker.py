"""Measures one handler in a process of its own: `python -u -m bench.worker PEER RESULT CALLS`.

Writes to RESULT: milliseconds of warm calls, of batches by size, and resident memory in MB.
What the handler prints goes where the caller sent standard output, line by line as in Lambda.
"""

from __future__ import annotations

import importlib
import json
import statistics
import sys
from pathlib import Path
from time import perf_counter_ns
from typing import Any, Final

from bench.results import PEERS, SIZES

SPECIES: Final = ("Acer saccharum", "Prunus serotina", "Quercus alba", "Quercus rubra")
SOILS: Final = (*SPECIES, "Acer rubrum", "Populus grandidentata", "Sterile")
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


def batch(size: int) -> dict[str, Any]:
    """The event of a batch, in which hardly two seedlings are alike."""
    seedlings = [
        {
            "species": SPECIES[i % len(SPECIES)],
            "soil": SOILS[i % len(SOILS)],
            "light": round(0.04 + i % 97 / 1000, 3),
        }
        for i in range(size)
    ]
    return event("/v1/predict/batch", {"seedlings": seedlings})


def times(handler: Any, asked: dict[str, Any], count: int) -> list[float]:
    """Milliseconds of each call."""
    found, context = [], Context()
    for _ in range(count):
        started = perf_counter_ns()
        answer = handler(asked, context)
        found.append((perf_counter_ns() - started) / 1e6)
        assert answer["statusCode"] == 200, answer
    return found


def resident() -> float:
    """Resident memory of this process, in MB."""
    line = next(x for x in Path("/proc/self/status").read_text().splitlines() if "VmRSS" in x)
    return int(line.split()[1]) * 1024 / 1e6


def main(peer: str, result: Path, calls: int) -> None:
    """Measures and writes."""
    handler = importlib.import_module(PEERS[peer]).handler
    one = event("/v1/predict", SEEDLING)
    times(handler, one, calls // 5)
    warm = sorted(times(handler, one, calls))
    found = {
        "p50": statistics.median(warm),
        "p99": warm[int(len(warm) * 0.99)],
        "memory": resident(),
    }
    # The floor has no batch: it would answer the same constant.
    for size in SIZES if peer != "floor" else ():
        asked = batch(size)
        times(handler, asked, 3)
        found[f"batch_{size}"] = statistics.median(times(handler, asked, max(15, calls // size)))
    result.write_text(json.dumps(found))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))
