"""A small run of the bench, whose figures are easy to reckon with."""

from __future__ import annotations

import pytest

from bench.results import Quota, Results, Training


@pytest.fixture
def results() -> Results:
    made = Results(
        seconds=60,
        machine={
            "processor": "2 x abacus",
            "memory": "8 GB",
            "system": "Linux 6",
            "python": "3.13",
        },
        imports={"ours": {"numpy": 50.0, "load": 10.0}, "naive": {"scipy": 500.0}},
        layers={"ONNX Runtime": 0.75, "Mangum": 0.25},
        training=[Training(10, 1.0, 100), Training(100, 10.0, 200), Training(1000, 100.0, 9000)],
        quotas=[Quota(512, 0.289, 2000, 2.0, 5.0, 50.0), Quota(1024, 0.579, 1000, 2.0, 4.0, 40.0)],
    )
    for figure, ours, naive, floor in (
        ("cold_warm", [300.0, 200.0, 250.0], [1000.0], [200.0]),
        ("p50", [0.2], [4.0], [0.1]),
        ("batch_1", [0.2], [4.0], []),
        ("batch_10", [0.4], [4.0], []),
        ("batch_100", [5.0], [5.0], []),
        ("batch_1000", [10.0], [8.0], []),
    ):
        for peer, values in (("ours", ours), ("naive", naive), ("floor", floor)):
            for value in values:
                made.note(figure, peer, value)
    return made
