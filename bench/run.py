"""One run of the bench: every measurement, peers in turn so that noise affects all alike."""

from __future__ import annotations

import compileall
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Final, TypeVar

from rich.console import Console
from rich.progress import track

from bench import batch, images, naive_model, processes, slope, training
from bench.results import PEERS, Results

FOLDER: Final = Path("build/bench")
LIBRARIES: Final = (
    *("fastapi", "starlette", "pydantic", "mangum", "aws-lambda-powertools", "numpy"),
    *("onnxruntime", "scikit-learn", "pandas", "uvicorn"),
)
MEMORIES: Final = (256, 512, 1024, 1769)

_console = Console(stderr=True)
_Each = TypeVar("_Each")


def run(*, quick: bool) -> Results:
    """Measures everything; a quick run has fewer rounds and skips what takes long."""
    started = time.monotonic()
    _compile()
    model = naive_model.fit(FOLDER / "naive.joblib").resolve()
    # One thread each: no peer has work for more, and waking a pool costs time.
    os.environ |= {"NAIVE_MODEL": str(model), "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    results = Results(quick=quick, machine=_machine())
    _warm_calls(results, rounds=2 if quick else 5, calls=300 if quick else 1000)
    _slope(results, rounds=1 if quick else 3)
    _cold_starts(results, rounds=3 if quick else 9)
    for peer in _progress(list(PEERS) * (1 if quick else 4), "Over HTTP"):
        results.note("http", peer, processes.over_http(peer, 1.5 if quick else 4))
    results.imports = _imports(1 if quick else 5)
    results.layers = _layers(2 if quick else 8)
    if quick:
        results.skipped.append("Images, cold caches and larger data: a quick run skips them.")
    else:
        _dropped(results)
        _images(results, model)
    for scale in _progress(training.SCALES[: 1 if quick else None], "make train"):
        results.training.append(training.train(scale, FOLDER))
    for rows in _progress(batch.SIZES[: 2 if quick else None], "Rows of a CSV"):
        results.batch.append(batch.score(rows, FOLDER))
    results.seconds = round(time.monotonic() - started)
    return results


def _compile() -> None:
    """Compiles what starts, as an image's build does: else each start of ours would compile it."""
    for folder in ("functions", "bench"):
        compileall.compile_dir(folder, quiet=1)


def _progress(work: Iterable[_Each], label: str) -> Iterable[_Each]:
    return track(list(work), f"{label:<22}", console=_console)


def _warm_calls(results: Results, rounds: int, calls: int) -> None:
    for peer in _progress(list(PEERS) * rounds, "Warm calls"):
        for figure, value in processes.in_process(peer, calls).items():
            results.note(figure, peer, value)


def _slope(results: Results, rounds: int) -> None:
    models = slope.write_models(FOLDER / "slope")
    for figure in _progress(list(models) * rounds, "Inputs and levels"):
        results.note(figure, "ours", processes.warm_call(models[figure], 500))


def _cold_starts(results: Results, rounds: int) -> None:
    for peer in PEERS:
        processes.cold_start(peer)  # the page cache is warm from here on
    for peer in _progress(list(PEERS) * rounds, "Cold starts"):
        took, reported = processes.cold_start(peer)
        results.note("cold_warm", peer, took)
        results.note("init_reported", peer, reported)


def _dropped(results: Results) -> None:
    if not processes.can_drop_caches():
        results.skipped.append("Cold starts with the page cache dropped: needs root.")
        return
    for peer in _progress(list(PEERS) * 3, "Cold starts, no cache"):
        processes.drop_caches()
        results.note("cold_dropped", peer, processes.cold_start(peer)[0])


def _images(results: Results, model: Path) -> None:
    if why := images.missing():
        results.skipped.append(f"Images: {why}.")
        return
    tags = {peer: images.build(peer, model) for peer in _progress(PEERS, "Building images")}
    for peer, tag in tags.items():
        results.note("image", peer, images.above_base(tag))
        images.cold_start(tag)
    for peer in _progress(list(PEERS) * 5, "Cold starts of images"):
        results.note("cold_image", peer, images.cold_start(tags[peer]))
    for memory in _progress(MEMORIES, "Shares of a CPU"):
        results.quotas.append(images.quota(tags["ours"], memory, 3))


def _imports(rounds: int) -> dict[str, dict[str, float]]:
    found: dict[str, list[dict[str, float]]] = {peer: [] for peer in PEERS}
    for peer in _progress(list(PEERS) * rounds, "Imports"):
        found[peer].append(processes.imports(peer))
    return {
        peer: {name: round(median(each.get(name, 0.0) for each in seen), 2) for name in seen[0]}
        for peer, seen in found.items()
    }


def _layers(seconds: float) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "layers.json"
        command = [sys.executable, "-u", "-m", "bench.layers", str(path), str(seconds)]
        subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
        found: dict[str, float] = json.loads(path.read_text())
    return {name: round(share, 4) for name, share in found.items()}


def _machine() -> dict[str, str]:
    cpu = platform.processor() or platform.machine()
    information = Path("/proc/cpuinfo")
    if information.exists():
        lines = information.read_text().splitlines()
        names = [line.split(":")[1].strip() for line in lines if line.startswith("model name")]
        cpu = names[0] if names else cpu
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    return {
        "processor": f"{os.cpu_count()} x {cpu}",
        "memory": f"{memory:.0f} GB",
        "system": f"{platform.system()} {platform.release().split('-')[0]}",
        "python": platform.python_version(),
        **{name: version(name) for name in LIBRARIES},
    }
