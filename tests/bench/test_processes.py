"""What is read out of a process: import times, and the layer that a moment belongs to."""

from __future__ import annotations

import pytest

from bench import images, layers, processes

TOLD = """import time: self [us] | cumulative | imported package
import time:       100 |        100 |   _io
import time:       900 |       1000 | asyncio.events
import time:      2000 |       2000 |     numpy._core
import time:       500 |       2500 |   numpy
import time:      9000 |      99999 | functions.api.handler
import time:       250 |        250 | functions.scoring
a line of something else
"""


def test_import_times_add_up_by_package() -> None:
    assert processes.by_package(TOLD) == {
        "load": 9.0,
        "numpy": 2.5,
        "standard library": 1.0,
        "functions": 0.25,
    }


@pytest.mark.parametrize(
    ("files", "layer"),
    [
        (["/lib/json/encoder.py", "/x/functions/api/answers.py"], "answer as JSON"),
        (["/lib/numpy/_core/x.py", "/x/functions/scoring.py"], "curve and interval"),
        (["/x/functions/new.py", "/x/functions/api/app.py"], "rest of functions"),
        (["/lib/selectors.py", "/v/mangum/protocols/http.py"], "Mangum"),
        (["/x/bench/worker.py"], layers.OTHER),
    ],
)
def test_time_counts_for_the_innermost_known_layer(files: list[str], layer: str) -> None:
    assert layers.layer(files) == layer


def test_only_the_duration_of_a_call_is_read_from_the_emulator_s_log() -> None:
    log = (
        "REPORT RequestId: a\tInit Duration: 0.02 ms\tDuration: 650.5 ms\tBilled Duration: 651 ms\n"
        "REPORT RequestId: b\tDuration: 1.25 ms\tBilled Duration: 2 ms\n"
    )
    assert images.durations(log) == [650.5, 1.25]
