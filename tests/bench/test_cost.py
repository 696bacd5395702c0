"""Prices times measured durations, and when to keep environments warm."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bench import cost
from bench.results import Results

PRICES = {"somewhere": cost.Prices(0.00002, 0.5, 0.000004, 0.000012)}


def test_cost_is_gigabyte_seconds_plus_requests(results: Results) -> None:
    # 512 MB: 5 ms and a hundredth of 2 s are 25 ms a call, or 12,500 GB-seconds.
    small, large = cost.costs(results, PRICES, cold_share=0.01)
    assert (small.memory, small.architecture) == (512, "somewhere")
    assert [small.single, small.batch] == pytest.approx([0.75, 0.0012])
    assert large.single == pytest.approx(1000 * (4 + 10) * 0.00002 + 0.5)


def test_provisioned_concurrency_breaks_even_at_the_computed_share(results: Results) -> None:
    price = PRICES["somewhere"]
    share = cost.break_even(price)

    assert share == pytest.approx(0.5)
    assert price.provisioned + share * price.provisioned_compute == pytest.approx(
        share * price.compute
    ), "both cost the same at the break-even"
    line = cost.explain_break_even(results.quotas[0], "somewhere", price)
    assert "= 50 %" in line
    assert "100 calls per second" in line


def test_provisioned_concurrency_without_a_discount_never_pays(results: Results) -> None:
    price = replace(PRICES["somewhere"], provisioned_compute=0.00002)
    assert cost.explain_break_even(results.quotas[0], "here", price) == (
        "here: never cheaper than on demand."
    )


def test_both_architectures_break_even_at_the_same_share() -> None:
    x86_64, arm64 = (cost.break_even(price) for price in cost.PRICES.values())
    assert x86_64 == pytest.approx(arm64, abs=0.001)
    assert 0.5 < x86_64 < 0.7
