"""Search and refits on a real cluster: a scheduler and workers, each a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from distributed import Client

from tests.training.pipeline.cells import cells, study_text
from training.errors import TrainingError
from training.pipeline.cluster import workers_of

SECONDS = 60


def connected(address: str) -> Client:
    return Client(address)  # type: ignore[no-untyped-call]


@dataclass
class Cluster:
    """A scheduler's address, and its workers by name."""

    address: str
    workers: dict[str, subprocess.Popen[bytes]]

    def kill_a_busy_worker(self, killed: list[str]) -> None:
        """Waits until a worker has tasks, and kills it as a lost machine would."""
        with connected(self.address) as client:
            end = time.monotonic() + SECONDS
            while time.monotonic() < end:
                known = client.scheduler_info(n_workers=-1)["workers"]
                for address, tasks in client.processing().items():
                    if tasks:
                        name = str(known[address]["name"])
                        self.workers[name].kill()
                        killed.append(name)
                        return
                time.sleep(0.01)


def start(folder: Path, root: Path, *command: str) -> subprocess.Popen[bytes]:
    environment = {**os.environ, "PYTHONPATH": str(root), "OMP_NUM_THREADS": "1"}
    environment["DASK_DISTRIBUTED__WORKER__DAEMON"] = "False"
    return subprocess.Popen(
        [sys.executable, "-m", "dask", *command],
        cwd=folder,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


@pytest.fixture
def cluster(tmp_path: Path, root: Path) -> Iterator[Cluster]:
    file = tmp_path / "scheduler.json"
    scheduler = start(
        tmp_path, root, "scheduler", "--host", "127.0.0.1", "--port", "0",
        "--no-dashboard", "--scheduler-file", str(file),
    )  # fmt: skip
    workers: dict[str, subprocess.Popen[bytes]] = {}
    try:
        address = ""
        end = time.monotonic() + SECONDS
        while not address and time.monotonic() < end:
            time.sleep(0.1)
            if file.exists() and file.stat().st_size:
                address = json.loads(file.read_text())["address"]
        for name in ("one", "two"):
            workers[name] = start(
                tmp_path, root, "worker", address, "--name", name, "--nthreads", "1",
                "--no-nanny", "--no-dashboard",
            )  # fmt: skip
        with connected(address) as client:
            client.wait_for_workers(2, timeout=SECONDS)
        yield Cluster(address, workers)
    finally:
        for process in (*workers.values(), scheduler):
            process.kill()
            process.wait()


@pytest.fixture
def study(tmp_path: Path) -> Path:
    """A study with a search, and its data beside it."""
    text = study_text().replace("search = { C = [1] }", "search = { C = [0.1, 1, 10] }")
    (tmp_path / "study.toml").write_text(text)
    cells(600).to_csv(tmp_path / "cells.csv", index=False)
    return tmp_path


def train(folder: Path, root: Path, *more: str) -> dict[str, bytes]:
    """The files of the model that the command writes."""
    done = subprocess.run(
        [sys.executable, "-m", "training", "train", "--study", "study.toml",
         "--data", "cells.csv", *more],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    (model,) = folder.glob("build/*/model")
    written = {path.name: path.read_bytes() for path in model.iterdir()}
    for path in model.iterdir():
        path.unlink()
    model.rmdir()
    return written


@pytest.mark.timeout(300)
def test_a_cluster_writes_the_same_bytes_though_a_worker_dies(
    cluster: Cluster, study: Path, root: Path
) -> None:
    here = train(study, root, "--jobs", "1")
    killed: list[str] = []
    killer = threading.Thread(target=cluster.kill_a_busy_worker, args=(killed,))
    killer.start()
    there = train(study, root, "--scheduler", cluster.address)
    killer.join()

    assert len(killed) == 1
    with connected(cluster.address) as client:
        left = client.scheduler_info(n_workers=-1)["workers"].values()
        assert {str(each["name"]) for each in left} == {"one", "two"} - set(killed)
    assert there == here
    assert set(here) == {"model.onnx", "metadata.json"}


def test_a_scheduler_that_does_not_answer_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("training.pipeline.cluster.WAIT_SECONDS", 0.5)
    for address in ("tcp://127.0.0.1:1", "nonsense://x"):
        answers = pytest.raises(TrainingError, match="no Dask scheduler answers at")
        with answers as refused, workers_of(address):
            pytest.fail("it has no workers")
        assert address in str(refused.value)
        assert "dask scheduler" in str(refused.value)
