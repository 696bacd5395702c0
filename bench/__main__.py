"""`make bench`: our handler beside the naive peer and the floor, alternating, as ratios."""

from __future__ import annotations

import argparse
import json
import os
import platform
import socket
import statistics
import subprocess
import sys
import time
import urllib.error
import urllib.request
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.progress import track
from rich.table import Table

from bench import load, naive_model, worker

PEERS: Final = {
    "ours": "functions.api.handler",
    "naive": "bench.peers.naive",
    "floor": "bench.peers.floor",
}
OUTPUT: Final = Path("build/bench.json")
Figures = dict[str, dict[str, list[float]]]
"""Measurements by figure and peer, one for each run."""


def main() -> None:
    """Measures, prints one table, writes build/bench.json."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer runs: about a minute")
    quick = parser.parse_args().quick
    os.environ["NAIVE_MODEL"] = str(naive_model.fit(Path("build/bench/naive.joblib")).resolve())
    runs, calls, seconds = (2, 500, 2.0) if quick else (7, 3000, 5.0)
    console = Console(stderr=True)
    figures: Figures = {}
    order = [peer for _ in range(runs) for peer in PEERS]
    for peer in track(order, "In process ", console=console):
        in_process(figures, peer, calls)
    for peer in track(order, "Cold start ", console=console):
        note(figures, "cold start, process to first answer, ms", peer, cold_start(peer))
    for peer in track(list(PEERS) * (1 if quick else 3), "Over HTTP  ", console=console):
        note(figures, "requests/s, one uvicorn worker", peer, over_http(peer, seconds))
    Console().print(table(figures))
    machine = {"cores": os.cpu_count(), "cpu": platform.machine(), "python": sys.version.split()[0]}
    libraries = {name: version(name) for name in ("fastapi", "onnxruntime", "scikit-learn")}
    OUTPUT.write_text(json.dumps({"machine": machine | libraries, "figures": figures}, indent=2))
    console.print(f"Wrote {OUTPUT}: {machine}", highlight=False)


def note(figures: Figures, figure: str, peer: str, value: float) -> None:
    """Keeps one measurement."""
    figures.setdefault(figure, {}).setdefault(peer, []).append(value)


def in_process(figures: Figures, peer: str, calls: int) -> None:
    """Warm calls, batches and memory of a fresh process."""
    done = subprocess.run(
        [sys.executable, "-m", "bench.worker", PEERS[peer], str(calls)],
        capture_output=True,
        text=True,
        check=True,
    )
    found = json.loads(done.stdout.splitlines()[-1])
    note(figures, "warm call, p50, ms", peer, found["p50"])
    note(figures, "warm call, p99, ms", peer, found["p99"])
    note(figures, "resident memory, MB", peer, found["memory"])
    if peer != "floor":
        for size, milliseconds in found["batch"].items():
            note(figures, f"batch of {size}, ms", peer, milliseconds)


def cold_start(peer: str) -> float:
    """Milliseconds from starting the emulator to the first answer of its runtime client."""
    found = sorted(Path(".sam-venv").glob("lib/python3.*/site-packages/samcli/local/rapid/*x86_64"))
    ports = [_free_port(), _free_port()]
    command = [
        *(str(found[0]), "--runtime-interface-emulator-address", f"127.0.0.1:{ports[0]}"),
        *("--runtime-api-address", f"127.0.0.1:{ports[1]}"),
        *(sys.executable, "-m", "awslambdaric", f"{PEERS[peer]}.handler"),
    ]
    body = json.dumps(worker.event("/v1/predict", worker.SEEDLING)).encode()
    address = f"http://127.0.0.1:{ports[0]}/2015-03-31/functions/function/invocations"
    started = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            while True:
                try:
                    with urllib.request.urlopen(address, body, timeout=30) as answer:
                        assert json.loads(answer.read())["statusCode"] == 200
                    return 1000 * (time.perf_counter() - started)
                except urllib.error.URLError:
                    time.sleep(0.002)
        finally:
            process.terminate()


def over_http(peer: str, seconds: float) -> float:
    """Answers a second from one uvicorn worker, asked by 16 connections of another process."""
    port = _free_port()
    app = "bench.local:app" if peer == "ours" else f"{PEERS[peer]}:app"
    command = ["uvicorn", app, "--port", str(port), "--log-level", "error"]
    with subprocess.Popen(
        [sys.executable, "-m", *command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        try:
            return load.requests_per_second(port, worker.SEEDLING, seconds)
        finally:
            process.terminate()


def table(figures: Figures) -> Table:
    """Medians with their range, and ours as a ratio to each peer."""
    shown = Table(title="Medians (lowest to highest) of alternating runs", title_justify="left")
    for heading in ("figure", *PEERS, "ours / naive", "ours / floor"):
        shown.add_column(heading, justify="left" if heading == "figure" else "right")
    for figure, by_peer in figures.items():
        medians = {peer: statistics.median(values) for peer, values in by_peer.items()}
        cells = [
            f"{medians[peer]:.4g} ({min(by_peer[peer]):.3g} to {max(by_peer[peer]):.3g})"
            if peer in medians
            else ""
            for peer in PEERS
        ]
        ratios = [
            f"{medians['ours'] / medians[peer]:.3g}" if peer in medians else ""
            for peer in ("naive", "floor")
        ]
        shown.add_row(figure, *cells, *ratios)
    return shown


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: Any = probe.getsockname()[1]
        return int(port)


if __name__ == "__main__":
    main()
