"""Training on a Dask cluster of this machine: seconds by workers, and the memory of one worker."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench.batch import peak_memory
from bench.training import PUBLISHED_SIZE

_WAIT: Final = 60
_EVERY: Final = 0.2


@dataclass(frozen=True)
class ClusterRun:
    """One line of the table."""

    rows: int
    workers: int
    seconds: float
    worker: float
    """Highest resident memory of a worker, in MB."""
    idle: float
    """The same before the training began."""


def measure(scale: int, workers: int, folder: Path) -> ClusterRun:
    """Trains on simulated data, `scale` times as many rows as published, on so many workers."""
    here = (folder / f"cluster-{scale}-{workers}").resolve()
    here.mkdir(parents=True, exist_ok=True)
    study = ["--study", str(Path("study.toml").resolve())]
    rows = PUBLISHED_SIZE * scale
    simulating = ["training", "data", "simulate", *study, "--rows", str(rows), "--to", "trial"]
    subprocess.run([sys.executable, "-m", *simulating], cwd=here, env=_environment(), check=True)
    with _cluster(here, workers) as (address, processes):
        time.sleep(3)  # what a worker imports before it has a task
        idle = max(peak_memory(each.pid) for each in processes)
        started, most = time.perf_counter(), 0.0
        command = ["training", "train", *study, "--data", "trial", "--scheduler", address]
        training = _start(here, *command)
        while training.poll() is None:
            most = max(most, *(peak_memory(each.pid) for each in processes))
            time.sleep(_EVERY)
        if training.returncode:
            raise RuntimeError((here / "log").read_text()[-2000:])
    seconds = time.perf_counter() - started
    return ClusterRun(rows, workers, round(seconds, 1), round(most), round(idle))


@contextlib.contextmanager
def _cluster(here: Path, workers: int) -> Iterator[tuple[str, list[subprocess.Popen[bytes]]]]:
    file = here / "scheduler.json"
    file.unlink(missing_ok=True)
    options = ["--host", "127.0.0.1", "--port", "0", "--no-dashboard"]
    started = [_start(here, "dask", "scheduler", *options, "--scheduler-file", str(file))]
    try:
        end = time.monotonic() + _WAIT
        while not (file.exists() and file.stat().st_size):
            if time.monotonic() > end:
                raise RuntimeError("no Dask scheduler has started")
            time.sleep(_EVERY)
        address = json.loads(file.read_text())["address"]
        options = ["--nthreads", "1", "--no-nanny", "--no-dashboard"]
        started += [_start(here, "dask", "worker", address, *options) for _ in range(workers)]
        yield address, started[1:]
    finally:
        for process in started:
            process.kill()
            process.wait()


def _start(here: Path, *module: str) -> subprocess.Popen[bytes]:
    with (here / "log").open("ab") as log:
        command = [sys.executable, "-m", *module]
        return subprocess.Popen(command, cwd=here, env=_environment(), stdout=log, stderr=log)


def _environment() -> dict[str, str]:
    threads = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    return {**os.environ, **threads, "PYTHONPATH": str(Path.cwd())}


def table(runs: Iterable[ClusterRun]) -> Iterator[str]:
    """The lines of a Markdown table, as they come."""
    yield "| rows, simulated | workers | seconds | MB of a worker, at most | MB before |"
    yield "| ---: | ---: | ---: | ---: | ---: |"
    for run in runs:
        memory = f"{run.worker:,.0f} | {run.idle:,.0f}"
        yield f"| {run.rows:,} | {run.workers} | {run.seconds:g} | {memory} |"
