"""Whether a target is met follows from the run alone."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bench.results import Results
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


def test_every_target_that_was_measured_has_its_figure_and_verdict(results: Results) -> None:
    assert measured(results) == {
        "Cold start under the emulator, of naive's": (0.25, True),
        "Cold start under the emulator, of the floor's": (1.25, False),
        "Warm call, p50, of naive's": (0.05, False),
        "Warm call, p50, of the floor's": (2.0, True),
        "A row of a batch of 1,000 is so many times cheaper than a naive call a row": (400, True),
        "Batch of 1,000 with intervals, of naive's vectorised batch without": (1.25, True),
        "A row of a batch, of a row of one ten times smaller, 1 to 1,000": (1.25, False),
        "Growth of `make train` with its rows, 1 to 100 times (slope of logs)": (1.0, True),
        "Most memory that `make train` took, GB": (9.0, False),
    }


def test_training_at_one_size_tells_nothing_of_growth(results: Results) -> None:
    quick = replace(results, training=results.training[:1])
    assert not any("make train" in claim for claim in measured(quick))


@pytest.mark.parametrize(("value", "met"), [(11.9, False), (12, True), (30, True)])
def test_a_rate_has_to_be_reached_not_kept_below(value: float, met: bool) -> None:
    rate = next(target for target in TARGETS if "Requests a second" in target.claim)
    assert rate.rule() == "≥ 12"
    assert rate.met(value) is met
