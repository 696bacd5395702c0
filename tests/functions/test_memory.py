"""A process that has answered ten thousand calls holds no more memory than one that has begun."""

from __future__ import annotations

import json
import platform
import subprocess
import sys
from pathlib import Path

import pytest

FIRST, CALLS, MOST = 2_000, 12_000, 1024 * 1024
"""Measured growth between the two is nothing; a tenth of a kilobyte a call would show."""

# Every kind of call in turn, each second one a prediction never made before.
DRIVER = f"""
import json, sys
from pathlib import Path
from functions.api.handler import handler
from tests.events import expected
from tests.events.hostile import CORPUS

def prediction(i):
    seedling = {{"species": "Quercus rubra", "soil": "Sterile", "light": i % 1000 / 1000}}
    return {{**predict, "body": json.dumps({{**seedling, "day": i * 7919 % 11550 / 100}})}}

predict, batch = expected.event("predict"), expected.event("batch")
row = {{"species": "Quercus alba", "soil": "Sterile"}}
rows = [{{**row, "light": i / 1000}} for i in range(1000)]
others = [{{**batch, "body": json.dumps({{"seedlings": rows}})}}]
others += [expected.event(name) for name in expected.STATUSES]
others += [each.event() for each in CORPUS if len(each.content) < 5000]
resident, statuses = [], set()
for i in range({CALLS}):
    answer = handler(prediction(i) if i % 2 else others[i // 2 % len(others)], None)
    statuses.add(answer["statusCode"])
    if i + 1 in ({FIRST}, {CALLS}):
        resident.append(int(Path("/proc/self/statm").read_text().split()[1]) * 4096)
print(json.dumps([resident, sorted(statuses)]), file=sys.stderr)
"""


def test_ten_thousand_calls_leak_nothing(root: Path) -> None:
    if platform.system() != "Linux":
        pytest.skip("resident memory is read from /proc")
    done = subprocess.run(
        [sys.executable, "-c", DRIVER],
        cwd=root,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        check=True,
    )
    (first, last), statuses = json.loads(done.stderr.splitlines()[-1])

    assert statuses == [200, 400, 404, 415, 422]
    assert last - first <= MOST
