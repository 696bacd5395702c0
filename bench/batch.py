"""How fast one process scores a CSV, and in how much memory, as the file grows."""

from __future__ import annotations

import re
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Final

import numpy as np

from bench.results import Scored
from functions.artefact import Artefact, Factor, read_artefact

SIZES: Final = (10_000, 100_000, 1_000_000, 10_000_000)
_CHUNK: Final = 100_000
_EVERY: Final = 0.01
"""Seconds between two looks at the memory."""
_MODEL: Final = Path("model")


def score(rows: int, folder: Path) -> Scored:
    """Scores a file of so many rows with the command that people use, start-up included.

    Seconds are those that the processor worked for it, so other load does not count.
    """
    folder.mkdir(parents=True, exist_ok=True)
    source, target = folder / f"batch-{rows}.csv", folder / f"batch-{rows}-scored.csv"
    with source.open("w") as file:
        file.writelines(_lines(read_artefact(_MODEL), rows))
    command = [sys.executable, "-m", "functions.batch", str(source), "--out", str(target)]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    log, most = folder / "batch.log", 0.0
    with log.open("wb") as output:
        process = subprocess.Popen([*command, "--model", str(_MODEL)], stderr=output)
        while process.poll() is None:
            most = max(most, peak_memory(process.pid))
            time.sleep(_EVERY)
    if process.returncode:
        raise RuntimeError(log.read_text())
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = used.ru_utime + used.ru_stime - before.ru_utime - before.ru_stime
    for path in (source, target, target.with_name(f"{target.name}.manifest.json")):
        path.unlink()
    return Scored(rows, round(seconds, 3), round(most, 1))


def peak_memory(process: int) -> float:
    """Highest resident memory of a process so far, in MB.

    The `ru_maxrss` of a child would count its parent's too, from before it became a program.
    """
    try:
        status = Path(f"/proc/{process}/status").read_text()
    except OSError:  # it has just ended
        return 0.0
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    return int(found[1]) * 1024 / 1e6 if found else 0.0


def _lines(artefact: Artefact, rows: int) -> Iterator[str]:
    """A header, then rows of which hardly two are alike."""
    random = np.random.default_rng(0)
    yield ",".join(["id", *(each.name for each in artefact.inputs)]) + "\n"
    numbers = iter(range(rows))
    while chunk := list(islice(numbers, _CHUNK)):
        columns = [
            random.choice(each.levels, len(chunk)).tolist()
            if isinstance(each, Factor)
            else [f"{value:.6f}" for value in random.uniform(*each.seen, len(chunk)).tolist()]
            for each in artefact.inputs
        ]
        yield from (
            ",".join((str(n), *row)) + "\n" for n, *row in zip(chunk, *columns, strict=True)
        )
