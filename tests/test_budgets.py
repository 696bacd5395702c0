"""What serving costs stays within tests/budgets.py: counted, never timed."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from bench import payloads
from tests import budgets

# Runs alone in a fresh interpreter: what pytest has loaded or left behind must not count.
PROBE = """
import gc, json, os, sys, tracemalloc
from functions.api import handler

modules = sorted(sys.modules)
(question, few, many), context = json.load(open(sys.argv[1])), None


def peak(event):
    gc.collect()
    tracemalloc.start()
    handler.handler(event, context)
    found = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return found


def kept():
    gc.collect()
    before = sys.getallocatedblocks()
    for _ in range(100):
        handler.handler(question, context)
    gc.collect()
    return sys.getallocatedblocks() - before


for event in (question, few, many) * 5:
    handler.handler(event, context)
found = {
    "modules": modules,
    "peak": min(peak(question) for _ in range(5)),
    "few": min(peak(few) for _ in range(5)),
    "many": min(peak(many) for _ in range(5)),
    # What a call leaves shows in every series; what chance leaves, not in all.
    "kept": min(kept() for _ in range(5)),
    "threads": len(os.listdir("/proc/self/task")) if os.path.isdir("/proc/self/task") else 1,
}
json.dump(found, open(sys.argv[2], "w"))
"""
FEW, MANY = 10, 110


@pytest.fixture(scope="module")
def found(root: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What a fresh interpreter counted."""
    folder = tmp_path_factory.mktemp("budgets")
    events = [payloads.single(), payloads.batch(FEW), payloads.batch(MANY)]
    (folder / "events.json").write_text(json.dumps(events))
    done = subprocess.run(
        [
            sys.executable,
            "-u",
            "-c",
            PROBE,
            str(folder / "events.json"),
            str(folder / "found.json"),
        ],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    counted: dict[str, Any] = json.loads((folder / "found.json").read_text())
    return counted


def test_starting_loads_no_package_but_those_named(found: dict[str, Any]) -> None:
    packages = {name.partition(".")[0] for name in found["modules"]}
    foreign = {name for name in packages - sys.stdlib_module_names if not name.startswith("_")}
    assert foreign - budgets.IMPORTED_AT_START == set()


def test_the_api_loads_nothing_of_the_other_commands(found: dict[str, Any]) -> None:
    rooms = {name.split(".")[1] for name in found["modules"] if name.startswith("functions.")}
    assert rooms & {"batch", "drift", "hook"} == set()


def test_starting_loads_few_modules(found: dict[str, Any]) -> None:
    assert len(found["modules"]) <= budgets.MODULES_AT_START


@pytest.mark.trial
def test_a_warm_prediction_allocates_little(found: dict[str, Any]) -> None:
    assert found["peak"] <= budgets.PREDICTION_PEAK


@pytest.mark.trial
def test_a_further_row_costs_a_batch_next_to_nothing(found: dict[str, Any]) -> None:
    assert (found["many"] - found["few"]) / (MANY - FEW) <= budgets.ROW_PEAK


def test_predictions_leave_nothing_in_memory(found: dict[str, Any]) -> None:
    assert found["kept"] <= budgets.BLOCKS_KEPT


def test_predictions_start_no_thread(found: dict[str, Any]) -> None:
    assert found["threads"] == budgets.THREADS


@pytest.mark.trial
def test_the_model_is_two_small_files(root: Path) -> None:
    files = {path.name: path.stat().st_size for path in (root / "model").iterdir()}
    assert set(files) == {"model.onnx", "metadata.json"}
    assert sum(files.values()) <= budgets.MODEL_BYTES
