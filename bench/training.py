"""How long `make train` takes, and how much memory, as the data grow."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Final

from bench.results import Training

PUBLISHED_SIZE: Final = 2783
SCALES: Final = (1, 10, 100)
_EVERY: Final = 0.1
"""Seconds between two samples of the memory."""


def train(scale: int, folder: Path) -> Training:
    """Trains on simulated data, `scale` times as many rows as published.

    Runs in a folder of its own, so that no model of the checkout is changed.
    """
    rows = PUBLISHED_SIZE * scale
    here = folder / f"train-{scale}"
    here.mkdir(parents=True, exist_ok=True)
    environment = {**os.environ, "PYTHONPATH": str(Path.cwd())}
    command = [sys.executable, "-m", "training"]
    study = ["--study", str(Path("study.toml").resolve())]
    simulating = [*command, "data", "simulate", *study, "--rows", str(rows), "--to", "trial"]
    subprocess.run(simulating, cwd=here, env=environment, capture_output=True, check=True)
    started, most = time.perf_counter(), 0.0
    with (here / "log").open("wb") as log:
        process = subprocess.Popen(
            [*command, "train", *study, "--data", "trial"],
            cwd=here,
            env=environment,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        while process.poll() is None:
            most = max(most, _megabytes(process.pid))
            time.sleep(_EVERY)
    if process.returncode:
        raise RuntimeError((here / "log").read_text()[-2000:])
    return Training(rows, round(time.perf_counter() - started, 2), round(most))


def _megabytes(session: int) -> float:
    """Resident memory of all processes of a session together; shared pages count in each."""
    total = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:  # it has just ended
            continue
        if int(fields[3]) == session:
            total += int(fields[21])
    return total * resource.getpagesize() / 1e6
