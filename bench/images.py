"""Peers as images: built alike, measured by size, cold start, and calls at a share of a CPU."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Final

from bench import payloads, processes
from bench.results import Quota

BASE: Final = "public.ecr.aws/lambda/python:3.13"
PACKAGES: Final = {
    "naive": ("fastapi", "mangum", "aws-lambda-powertools", "joblib", "pandas", "scikit-learn"),
    "floor": ("fastapi", "mangum"),
}
FULL_CPU: Final = 1769
"""MB at which Lambda gives one whole CPU; less memory gets its share of one."""


def missing() -> str:
    """Why no image can be built here; empty if one can."""
    if not shutil.which("docker"):
        return "Docker is not installed"
    if subprocess.run(["docker", "info"], capture_output=True, check=False).returncode:
        return "no Docker Engine is running"
    return ""


def docker(*arguments: str) -> str:
    """What `docker` prints; raises RuntimeError with its output where it fails."""
    done = subprocess.run(
        ["docker", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"docker {arguments[0]}: {done.stdout[-2000:]}")
    return done.stdout.strip()


def build(peer: str, naive_model: Path) -> str:
    """Builds a peer's image and returns its tag."""
    tag = f"bench-{peer}"
    if peer == "ours":
        docker("build", "--file", "Dockerfile.lambda", "--tag", tag, ".")
        return tag
    folder = Path("build/bench") / peer
    (folder / "peer").mkdir(parents=True, exist_ok=True)
    wanted = folder / "requirements.in"
    wanted.write_text("\n".join(PACKAGES[peer]) + "\n")
    # The versions of the development lock, with their hashes.
    compiling = [
        *(".venv/bin/uv", "pip", "compile", "--quiet", "--generate-hashes"),
        *("--python-version", "3.13", "--constraints", "requirements-dev.txt"),
        *("--output-file", str(folder / "requirements.txt"), str(wanted)),
    ]
    subprocess.run(compiling, check=True)
    shutil.copy(f"bench/peers/{peer}.py", folder / "peer/peer.py")
    if peer == "naive":
        shutil.copy(naive_model, folder / "peer/naive.joblib")
    docker("build", "--file", "bench/peers/Dockerfile", "--tag", tag, str(folder))
    return tag


def above_base(tag: str) -> float:
    """MB that an image adds to Lambda's base image."""
    sizes = [int(docker("inspect", "--format", "{{.Size}}", each)) for each in (tag, BASE)]
    return (sizes[0] - sizes[1]) / 1e6


@contextmanager
def container(tag: str, *arguments: str) -> Iterator[tuple[str, int]]:
    """A container, created and not yet started: its name and port on this machine."""
    name, port = f"bench-{uuid.uuid4().hex[:12]}", processes.free_port()
    published = ("--publish", f"127.0.0.1:{port}:8080")
    docker("create", "--name", name, *published, *arguments, tag)
    try:
        yield name, port
    finally:
        docker("rm", "--force", name)


def cold_start(tag: str) -> float:
    """Milliseconds from `docker start` to the first response."""
    with container(tag) as (name, port):
        return _first_response(name, port, processes.predict())


def _first_response(name: str, port: int, event: bytes) -> float:
    started = time.perf_counter_ns()
    docker("start", name)
    processes.invoke(port, event)
    return (time.perf_counter_ns() - started) / 1e6


def quota(tag: str, memory: int, seconds: float) -> Quota:
    """The image with a memory size and the share of a CPU that Lambda gives with it."""
    cpus = memory / FULL_CPU
    one, thousand = processes.predict(), json.dumps(payloads.batch(1000)).encode()
    limits = ("--memory", f"{memory}m", "--cpus", f"{cpus:.3f}")
    with container(tag, *limits) as (name, port):
        first = _first_response(name, port, one)
        _call(port, one, seconds, 0)
        seen = [len(_durations(name))]
        for event, pause in ((one, 0.05), (one, 0), (thousand, 0)):
            _call(port, event, seconds, pause)
            seen.append(len(_durations(name)))
        billed = [-(-each // 1) for each in _durations(name)]
    apart, single, batch = (sum(billed[a:b]) / (b - a) for a, b in pairwise(seen))
    return Quota(memory, round(cpus, 3), round(first), apart, single, batch)


def _call(port: int, event: bytes, seconds: float, pause: float) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        processes.invoke(port, event)
        time.sleep(pause)


def _durations(name: str) -> list[float]:
    return durations(docker("logs", name))


def durations(log: str) -> list[float]:
    """Milliseconds that the emulator reports for each call, in order."""
    found = re.findall(r"(?<!Init )(?<!Billed )Duration: ([\d.]+) ms", log)
    return [float(each) for each in found]
