"""Targets are computed from the run alone."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bench.results import Results, Scored
from bench.targets import TARGETS


def measured(results: Results) -> dict[str, tuple[float, bool]]:
    found = {}
    for target in TARGETS:
        try:
            value = target.value(results)
        except KeyError:
            continue
        found[target.claim] = (round(value, 6), target.met(value))
    return found


def test_every_measured_target_has_a_figure_and_a_verdict(results: Results) -> None:
    assert measured(results) == {
        "Cold start under the emulator, ratio to naive": (0.25, False),
        "Cold start under the emulator, ratio to floor": (1.25, False),
        "Warm call, p50, ratio to naive": (0.05, False),
        "Warm call, p50, ratio to floor": (2.0, True),
        "Speed-up per row, batch of 1,000 vs single naive calls": (400, True),
        "Batch of 1,000 with intervals, ratio to naive's vectorised batch without": (1.25, True),
        "Time per row, ratio to a batch ten times smaller, 1 to 1,000": (1.25, False),
        "Growth of `make train` with rows, 1 to 100 times (log-log slope)": (1.0, True),
        "Peak memory of `make train`, GB": (9.0, False),
    }


def test_growth_needs_training_at_three_sizes(results: Results) -> None:
    quick = replace(results, training=results.training[:1])
    assert not any("make train" in claim for claim in measured(quick))


def test_the_memory_of_scoring_needs_three_sizes_of_a_csv(results: Results) -> None:
    two = [Scored(10_000, 0.1, 70.0), Scored(100_000, 0.5, 77.0)]
    rate = "Rows of a CSV scored per second and vCPU, both intervals included"
    memory = "Memory of scoring the largest CSV, ratio to the smallest"
    found = measured(replace(results, batch=two))
    assert found[rate] == (200_000, True)
    assert memory not in found
    found = measured(replace(results, batch=[*two, Scored(1_000_000, 5.0, 84.0)]))
    assert found[memory] == (1.2, False)


@pytest.mark.parametrize(("value", "met"), [(11.9, False), (12, True), (30, True)])
def test_a_rate_is_a_lower_limit(value: float, met: bool) -> None:
    rate = next(target for target in TARGETS if "Requests per second" in target.claim)
    assert rate.rule() == "≥ 12"
    assert rate.met(value) is met
