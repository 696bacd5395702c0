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
# Operation (none: all), kind of data, phases, cases; each in so many runs with seeds of their own.
# A wrong batch takes ten times as long to make up as anything else, so there are fewer of them.
PLAN = [
    ("", "all", "examples,coverage", 1),
    *[("predict", "all", "fuzzing", 190)] * 20,
    *[("predict/batch", "positive", "fuzzing", 190)] * 6,
    *[("predict/batch", "negative", "fuzzing", 40)] * 4,
]


@pytest.mark.timeout(900)
def test_five_thousand_requests_are_answered_as_the_description_says(
    api: str, root: Path, tmp_path: Path
) -> None:
    binary = Path(sys.executable).parent / "schemathesis"

    # SAM CLI often waits a second for a log line after the answer; side by side they overlap.
    def fuzz(seed: int) -> dict[str, Any]:
        operation, mode, phases, cases = PLAN[seed]
        report = tmp_path / f"report-{seed}.json"
        done = subprocess.run(
            [
                *(binary, "run", f"{api}/openapi.json", "--url", api, "--workers", "2"),
                *(("--include-path", f"/v1/{operation}") if operation else ()),
                *("--mode", mode, "--phases", phases, "--max-examples", str(cases)),
                # Which methods there are is the gateway's affair, and SAM CLI has its own way.
                *("--exclude-checks", "unsupported_method,allow_header_conformance"),
                *("--seed", str(seed), "--suppress-health-check", "all", "--no-shrink"),
                *("--no-color", "--report", "json", "--report-json-path", report),
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
        found: dict[str, Any] = json.loads(report.read_text())
        return found

    with ThreadPoolExecutor(len(PLAN)) as pool:
        reports = list(pool.map(fuzz, range(len(PLAN))))

    paths = json.loads((root / "docs/openapi.json").read_text())["paths"]
    assert reports[0]["operations"]["tested"] == sum(len(each) for each in paths.values()) == 5
    assert sum(each["test_cases"]["with_failures"] for each in reports) == 0
    assert sum(each["test_cases"]["generated"] for each in reports) >= LEAST
    rates = [rate for each in reports for rate in each["valid_rates"].values()]
    assert sum(phase["accepted"] for rate in rates for phase in rate.values()) > LEAST // 4
