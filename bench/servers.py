"""The naive model behind BentoML, LitServe and MLflow, each in an environment of its own.

Downloads them from the package index that uv is configured with. Slow, and not part of
`make bench`.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from rich.console import Console

from bench import load, naive_model, payloads, processes
from bench.results import Results

FOLDER: Final = Path("build/bench/servers")
SECONDS: Final = 5.0
_console = Console(stderr=True)


@dataclass(frozen=True)
class Server:
    """What is installed, how it is started on PORT, and the request that is sent."""

    packages: tuple[str, ...]
    command: tuple[str, ...]
    path: str
    wrap: Callable[[dict[str, Any]], object]
    """Makes the body of a request from a row."""


SERVERS: Final[Mapping[str, Server]] = {
    "BentoML": Server(
        ("bentoml",),
        ("bin/bentoml", "serve", "bench.peers.bento:Naive", "--port", "PORT", "--host=127.0.0.1"),
        "/predict",
        lambda row: {"row": row},
    ),
    "LitServe": Server(
        ("litserve",),
        ("bin/python", "-m", "bench.peers.lit", "PORT"),
        "/predict",
        lambda row: row,
    ),
    "MLflow": Server(
        ("mlflow",),
        ("bin/python", "-m", "bench.peers.flow", "PORT"),
        "/invocations",
        lambda row: {"dataframe_records": [row]},
    ),
}


def compare() -> list[list[str]]:
    """Requests per second of each server, or why there are none, beside ours and the naive peer."""
    model = naive_model.fit(Path("build/bench/naive.joblib")).resolve()
    os.environ |= {"NAIVE_MODEL": str(model), "OMP_NUM_THREADS": "1"}
    rows = []
    for name, server in SERVERS.items():
        _console.print(f"{name}: installing …")
        try:
            home = _install(name, server.packages)
            _console.print(f"{name}: measuring …")
            rows.append([name, *_measured(home, server)])
        except (subprocess.CalledProcessError, OSError, AssertionError) as error:
            reason = getattr(error, "stderr", None) or str(error)
            rows.append([name, "-", f"not measured: {reason.strip().splitlines()[-1][:120]}"])
    results = Results()
    for peer in ("naive", "ours"):
        results.note("http", peer, processes.over_http(peer, SECONDS))
        rows.append([f"{peer}, FastAPI on uvicorn", f"{results.median('http', peer):,.0f}", ""])
    return rows


def _install(name: str, packages: tuple[str, ...]) -> Path:
    """An environment with the server and the naive model's libraries as this project pins them."""
    home = FOLDER / name
    uv = [".venv/bin/uv"]
    if not (home / "bin/python").exists():
        subprocess.run([*uv, "venv", "--quiet", "--python", sys.executable, str(home)], check=True)
    pinned = [f"{each}=={version(each)}" for each in ("scikit-learn", "joblib")]
    # MLflow needs an older pandas than ours: each gets the newest that it allows.
    subprocess.run(
        [*uv, "pip", "install", "--quiet", *packages, *pinned, "pandas"],
        env={**os.environ, "VIRTUAL_ENV": str(home.resolve())},
        stderr=subprocess.PIPE,
        text=True,
        check=True,
    )
    return home.resolve()


def _measured(home: Path, server: Server) -> list[str]:
    port = processes.free_port()
    program, *arguments = (part.replace("PORT", str(port)) for part in server.command)
    path = f"{home / 'bin'}:{os.environ['PATH']}"
    environment = {**os.environ, "PYTHONPATH": str(Path.cwd()), "PATH": path}
    with processes.served([str(home / program), *arguments], environment):
        time.sleep(1)
        rate = load.requests_per_second(
            port, server.wrap(payloads.row()), SECONDS, server.path, 120
        )
    printed = subprocess.run(
        [str(home / "bin/python"), "-c", _VERSION, server.packages[0]],
        capture_output=True,
        text=True,
        check=True,
    )
    return [f"{rate:,.0f}", printed.stdout.strip()]


_VERSION: Final = "import sys, importlib.metadata as m; print(m.version(sys.argv[1]))"
