"""The statistics of drift: exact where theory is exact, and at their stated error rate."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from functions.drift.statistics import (
    chi_square_tail,
    compare,
    effective_rows,
    stability_index,
    student_tail,
)

Counts = st.lists(st.integers(0, 500), min_size=2, max_size=12).filter(lambda each: sum(each) > 0)


@given(st.floats(0, 300), st.integers(1, 40))
def test_the_tail_of_chi_square_is_scipy_s(statistic: float, freedom: int) -> None:
    expected = stats.chi2.sf(statistic, freedom)
    assert chi_square_tail(statistic, freedom) == pytest.approx(expected, rel=1e-9, abs=1e-300)


@given(st.floats(0, 15), st.integers(4, 1000))
def test_the_tail_of_student_s_t_is_scipy_s_or_up_to_a_third_more(
    statistic: float, freedom: int
) -> None:
    expected = 2 * stats.t.sf(statistic, freedom)
    assert 0.99 * expected <= student_tail(statistic, freedom) <= 4 / 3 * expected


@given(st.data())
def test_a_comparison_is_the_chi_square_of_a_two_by_many_table(data: st.DataObject) -> None:
    bins = data.draw(st.integers(2, 8))
    many = st.lists(st.integers(20, 400), min_size=bins, max_size=bins)
    one, other = np.array(data.draw(many), float), np.array(data.draw(many), float)
    expected = stats.chi2_contingency([one, other], correction=False).pvalue
    assert compare(one, other, other.sum()).p_value == pytest.approx(expected, rel=1e-6, abs=1e-12)


@given(Counts, st.integers(1, 5))
def test_the_same_shares_are_no_shift(counts: list[int], times: int) -> None:
    reference = np.array(counts, float)
    found = compare(reference, times * reference, times * reference.sum())
    assert found.p_value == pytest.approx(1)
    assert found.stability_index == 0


@given(Counts, st.randoms())
def test_the_index_is_the_same_both_ways_and_never_negative(counts: list[int], random) -> None:  # type: ignore[no-untyped-def]
    one = np.array(counts, float)
    other = np.array(random.sample(counts, len(counts)), float)
    assert stability_index(one, other) == pytest.approx(stability_index(other, one))
    assert stability_index(one, other) >= 0


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(1, 30)), min_size=2, max_size=40))
def test_alike_rows_tell_no_more_than_their_requests(requests: list[tuple[int, int]]) -> None:
    def rows(sizes: list[tuple[int, int]]) -> float:
        counts, squares, products = np.zeros(4), np.zeros(4), np.zeros(4)
        for level, size in sizes:
            counts[level] += size
            squares[level] += size**2
            products[level] += size**2
        return effective_rows(counts, squares, products, float(sum(size**2 for _, size in sizes)))

    single = rows([(level, 1) for level, _ in requests])
    assert single == pytest.approx(len(requests))
    tenfold = rows([(level, 10) for level, _ in requests])
    assert tenfold == pytest.approx(len(requests))
    assert rows(requests) <= sum(size for _, size in requests) + 1e-9


def test_one_sample_in_a_hundred_of_the_same_traffic_differs_at_one_per_cent() -> None:
    random = np.random.default_rng(1)
    shares = np.array([0.4, 0.3, 0.15, 0.1, 0.05])
    below = 0
    for _ in range(4000):
        reference = random.multinomial(2000, shares).astype(float)
        window = random.multinomial(150, shares).astype(float)
        below += compare(reference, window, 150.0).p_value < 0.01
    # 40 expected; a binomial of 4,000 lies within 18 to 66 with a chance of .9999.
    assert 18 <= below <= 66


def test_a_level_that_was_rare_and_is_asked_often_is_found() -> None:
    found = compare(np.array([500.0, 499.0, 1.0]), np.array([60.0, 50.0, 40.0]), 150.0)
    assert found.p_value < 1e-6
    assert found.stability_index > 0.25


@pytest.mark.parametrize("window", [np.zeros(3), np.array([1.0, 0, 0])])
def test_too_little_to_compare_is_no_shift(window: np.ndarray) -> None:
    found = compare(np.array([5.0, 5.0, 5.0]), window, window.sum())
    assert (found.p_value, found.stability_index) == (1.0, 0.0)
