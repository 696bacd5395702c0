"""Measures a peer in processes of this machine: warm calls, cold starts, HTTP, imports."""

from __future__ import annotations

import json
import os
import platform
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from bench import load, payloads
from bench.results import PEERS, SIZES

DROP: Final = Path("/proc/sys/vm/drop_caches")


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def in_process(peer: str, calls: int) -> dict[str, float]:
    """Warm calls, batches and memory of a fresh process, by figure."""
    batches = {size: payloads.batch(size) for size in SIZES}
    return _measure(peer, calls, {"single": payloads.single(), "batches": batches}, payloads.MODEL)


def warm_call(model: Path, calls: int) -> float:
    """Median milliseconds of our warm call with another model."""
    return _measure("ours", calls, {"single": payloads.single(model), "batches": {}}, model)["p50"]


def _measure(peer: str, calls: int, sent: dict[str, Any], model: Path) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as folder:
        events, result = Path(folder) / "events.json", Path(folder) / "result.json"
        events.write_text(json.dumps(sent))
        arguments = [peer, str(events), str(result), str(calls)]
        command = [sys.executable, "-u", "-m", "bench.worker", *arguments]
        environment = {**os.environ, "MODEL_PATH": str(model)}
        subprocess.run(command, stdout=subprocess.DEVNULL, env=environment, check=True)
        found: dict[str, float] = json.loads(result.read_text())
        return found


def cold_start(peer: str) -> tuple[float, float]:
    """Milliseconds from starting the emulator to the first response of its runtime client.

    And what the emulator itself reports as `Init Duration`.
    """
    ports = [free_port(), free_port()]
    command = [
        *(str(_emulator()), "--runtime-interface-emulator-address", f"127.0.0.1:{ports[0]}"),
        *("--runtime-api-address", f"127.0.0.1:{ports[1]}"),
        *(sys.executable, "-m", "awslambdaric", f"{PEERS[peer]}.handler"),
    ]
    with tempfile.TemporaryFile() as log:
        started = time.perf_counter_ns()
        with subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT) as process:
            try:
                invoke(ports[0], predict())
                took = (time.perf_counter_ns() - started) / 1e6
            finally:
                process.terminate()
        log.seek(0)
        reported = re.search(rb"Init Duration: ([\d.]+) ms", log.read())
    return took, float(reported.group(1)) if reported else 0.0


def predict() -> bytes:
    """The event of one prediction, as posted to an emulator."""
    return json.dumps(payloads.single()).encode()


def invoke(port: int, event: bytes, seconds: float = 60) -> None:
    """Sends an event to an emulator once it listens; raises unless the response is a 200."""
    address = f"http://127.0.0.1:{port}/2015-03-31/functions/function/invocations"
    deadline = time.perf_counter() + seconds
    while True:
        try:
            with urllib.request.urlopen(address, event, timeout=seconds) as response:
                assert json.loads(response.read())["statusCode"] == 200
            return
        except (urllib.error.URLError, ConnectionError) as error:
            if isinstance(error, urllib.error.HTTPError) or time.perf_counter() > deadline:
                raise
            time.sleep(0.002)


def _emulator() -> Path:
    machine = {"x86_64": "x86_64", "aarch64": "arm64"}[platform.machine()]
    folder = "lib/python3.*/site-packages/samcli/local/rapid"
    return next(Path(".sam-venv").glob(f"{folder}/aws-lambda-rie-{machine}"))


def can_drop_caches() -> bool:
    """Whether this process may empty the page cache."""
    return os.access(DROP, os.W_OK)


def drop_caches() -> None:
    """Makes the next start read its files from the disk."""
    os.sync()
    DROP.write_text("3")


@contextmanager
def served(command: list[str], environment: dict[str, str] | None = None) -> Iterator[None]:
    """A running server; it and its child processes are stopped at the end."""
    with subprocess.Popen(
        command,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as process:
        try:
            yield
        finally:
            os.killpg(process.pid, signal.SIGTERM)


def over_http(peer: str, seconds: float) -> float:
    """Requests per second of one uvicorn worker, over 16 connections of another process."""
    port = free_port()
    app = "bench.local:app" if peer == "ours" else f"{PEERS[peer]}:app"
    command = [
        *(sys.executable, "-m", "uvicorn", app, "--port", str(port)),
        *("--log-level", "warning", "--lifespan", "off"),
    ]
    with served(command):
        return load.requests_per_second(port, payloads.row(), seconds)


def imports(peer: str) -> dict[str, float]:
    """Milliseconds of import by package, as `-X importtime` reports for a fresh process."""
    command = [sys.executable, "-X", "importtime", "-c", f"import {PEERS[peer]}"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return by_package(done.stderr)


def by_package(report: str) -> dict[str, float]:
    """The lines of `-X importtime` added up by package, the longest first, in milliseconds.

    A handler's own module is the row `load`: what it does on import is to load its model.
    """
    totals: dict[str, float] = {}
    for line in report.splitlines():
        found = re.match(r"import time:\s*(\d+) \|\s*\d+ \|\s*([\w.]+)$", line)
        if not found:
            continue
        name = found.group(2)
        top = name.split(".")[0]
        if name in PEERS.values():
            top = "load"
        elif top in sys.stdlib_module_names or top.startswith("_"):
            top = "standard library"
        totals[top] = totals.get(top, 0.0) + int(found.group(1)) / 1000
    return dict(sorted(totals.items(), key=lambda each: -each[1]))
