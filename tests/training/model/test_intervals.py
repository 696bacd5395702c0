"""Intervals from refits that leave out one group each."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.special import expit, logit

from training.model.intervals import group_interval, interval, standard_error, student_t

risks = arrays(np.float64, (4, 9), elements=st.floats(0, 1))


def test_the_standard_error_is_the_jackknife_s() -> None:
    odds = np.random.RandomState(0).normal(0, 1, 19)
    expected = np.sqrt(17 / 18 * ((odds[1:] - odds[0]) ** 2).sum())

    assert standard_error(expit(odds)) == pytest.approx(expected)


def test_the_interval_is_student_s_t_on_the_log_odds() -> None:
    risk = expit(np.array([0.5, 0.4, 0.6, 0.5]))
    error = np.sqrt(2 / 3 * (0.1**2 + 0.1**2))
    bounds = interval(risk)

    assert student_t(18) == pytest.approx(1.7396, abs=1e-4)
    assert logit(bounds.low) == pytest.approx(0.5 - student_t(3) * error)
    assert logit(bounds.high) == pytest.approx(0.5 + student_t(3) * error)


@given(risks)
def test_an_interval_holds_the_model_s_own_risk_and_stays_within_0_and_1(risk: np.ndarray) -> None:
    for bounds in (interval(risk), group_interval(risk, 0.5, 20)):
        assert (bounds.low <= risk[:, 0]).all()
        assert (risk[:, 0] <= bounds.high).all()
        assert (bounds.low >= 0).all()
        assert (bounds.high <= 1).all()


@given(risks, st.floats(0, 3), st.integers(1, 1000))
def test_one_group_s_interval_is_never_narrower(risk: np.ndarray, spread: float, size: int) -> None:
    average, group = interval(risk), group_interval(risk, spread, size)

    assert (group.low <= average.low + 1e-12).all()
    assert (group.high >= average.high - 1e-12).all()


def test_the_interval_is_zero_before_any_event() -> None:
    for bounds in (interval(np.zeros(9)), group_interval(np.zeros(9), 1.0, 20)):
        assert (bounds.low, bounds.high) == (0, 0)


def test_a_refit_that_predicts_certainty_leaves_the_interval_finite() -> None:
    bounds = interval(np.array([0.9, 0.9, 1.0, 0.85]))

    assert 0 < bounds.low < 0.9 < bounds.high <= 1


def test_a_group_s_interval_adds_its_spread_and_the_noise_of_counting() -> None:
    risk = np.full(19, 0.3)
    bounds = group_interval(risk, 0.8, 25)
    noise = 1.6449 * np.sqrt(0.3 * 0.7 / 25) + 0.5 / 25
    low = expit(logit(0.3) - student_t(18) * 0.8)

    assert bounds.low == pytest.approx(0.3 - np.hypot(0.3 - low, noise))
