"""The running image against its own description: thousands of requests, none ends in a 5xx."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.container, pytest.mark.xdist_group("container")]

LEAST = 5000
EXAMPLES = 310
"""For each operation that takes a body, and each seed."""
SEEDS = range(1, 9)
PHASES = {0: "examples,coverage", **dict.fromkeys(SEEDS, "fuzzing")}


@pytest.mark.timeout(590)
def test_five_thousand_requests_are_answered_as_the_description_says(
    api: str, root: Path, tmp_path: Path
) -> None:
    binary = Path(sys.executable).parent / "schemathesis"

    # SAM CLI often waits a second for a log line after the answer; side by side they overlap.
    def fuzz(seed: int) -> dict[str, Any]:
        report = tmp_path / f"report-{seed}.json"
        done = subprocess.run(
            [
                *(binary, "run", f"{api}/openapi.json", "--url", api, "--workers", "2"),
                *("--phases", PHASES[seed], "--max-examples", str(EXAMPLES), "--seed", str(seed)),
                # Which methods there are is the gateway's affair, and SAM CLI has its own way.
                *("--exclude-checks", "unsupported_method,allow_header_conformance"),
                *("--suppress-health-check", "all", "--no-color", "--continue-on-failure"),
                *("--report", "json", "--report-json-path", report),
            ],
            cwd=tmp_path,
            env={
                **os.environ,
                "PYTHONPATH": str(root),
                "SCHEMATHESIS_HOOKS": "tests.container.fuzzing",
            },
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout[-5000:] + done.stderr
        told: dict[str, Any] = json.loads(report.read_text())
        return told

    with ThreadPoolExecutor(len(PHASES)) as pool:
        reports = list(pool.map(fuzz, PHASES))

    assert [each["operations"]["tested"] for each in reports] == [4] * len(PHASES)
    assert sum(each["test_cases"]["with_failures"] for each in reports) == 0
    assert sum(each["test_cases"]["generated"] for each in reports) >= LEAST
    accepted = [each["valid_rates"][f"POST /v1/{name}"] for each in reports for name in OPERATIONS]
    assert sum(phase["accepted"] for rates in accepted for phase in rates.values()) > LEAST // 4


OPERATIONS = ("predict", "predict/batch")
