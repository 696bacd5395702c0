"""Parsing of import times and logs, and the attribution of samples to layers."""

from __future__ import annotations

import pytest

from bench import images, layers, processes

REPORT = """import time: self [us] | cumulative | imported package
import time:       100 |        100 |   _io
import time:       900 |       1000 | asyncio.events
import time:      2000 |       2000 |     numpy._core
import time:       500 |       2500 |   numpy
import time:      9000 |      99999 | functions.api.handler
import time:       250 |        250 | functions.scoring
a line of something else
"""


def test_import_times_add_up_by_package() -> None:
    assert processes.by_package(REPORT) == {
        "load": 9.0,
        "numpy": 2.5,
        "standard library": 1.0,
        "functions": 0.25,
    }


@pytest.mark.parametrize(
    ("files", "layer"),
    [
        (["/lib/json/encoder.py", "/x/functions/api/json_route.py"], "reading the body"),
        (["/lib/numpy/_core/x.py", "/x/functions/scoring.py"], "curve and interval"),
        (["/x/functions/new.py", "/x/functions/api/app.py"], "rest of functions"),
        (["/lib/selectors.py", "/v/mangum/protocols/http.py"], "Mangum"),
        (["/x/bench/worker.py"], layers.OTHER),
    ],
)
def test_a_sample_is_attributed_to_the_innermost_known_layer(files: list[str], layer: str) -> None:
    assert layers.layer(files) == layer


def test_only_call_durations_are_read_from_the_emulator_s_log() -> None:
    log = (
        "REPORT RequestId: a\tInit Duration: 0.02 ms\tDuration: 650.5 ms\tBilled Duration: 651 ms\n"
        "REPORT RequestId: b\tDuration: 1.25 ms\tBilled Duration: 2 ms\n"
    )
    assert images.durations(log) == [650.5, 1.25]
