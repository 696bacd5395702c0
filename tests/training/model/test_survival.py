"""From hazards to curves."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from training.model.person_periods import PERIODS
from training.model.survival import mortality, period_fractions, survival_curve
from training.study import design

hazards = arrays(np.float64, (3, PERIODS), elements=st.floats(0, 1))


@given(hazards)
def test_survival_starts_at_one_and_never_rises(hazard: np.ndarray) -> None:
    curve = survival_curve(hazard)

    assert curve.shape == (3, design.CENSUSES + 1)
    assert (curve[:, 0] == 1).all()
    assert (np.diff(curve, axis=1) <= 0).all()
    assert ((curve >= 0) & (curve <= 1)).all()


@given(hazards)
def test_survival_at_a_period_s_end_is_the_product_of_what_was_left(hazard: np.ndarray) -> None:
    curve = survival_curve(hazard)

    left = np.cumprod(1 - hazard, axis=1)
    np.testing.assert_allclose(curve[:, list(design.PERIOD_ENDS)], left, atol=1e-7)


@given(hazards)
def test_mortality_and_survival_add_up_to_one(hazard: np.ndarray) -> None:
    died = mortality(hazard, design.CENSUS_DAYS)
    np.testing.assert_allclose(died + survival_curve(hazard), 1, atol=1e-12)


def test_a_period_s_hazard_is_spread_geometrically_over_its_censuses() -> None:
    hazard = np.zeros(PERIODS)
    hazard[0] = 0.5

    per_census = 1 - (1 - 0.5) ** (1 / 7)
    expected = (1 - per_census) ** np.arange(8)
    np.testing.assert_allclose(survival_curve(hazard)[:8], expected)


def test_between_censuses_survival_is_interpolated_geometrically() -> None:
    hazard = np.full(PERIODS, 0.3)
    before, between, after = 1 - mortality(hazard, [31.5, 33.25, 35.0])

    assert between == pytest.approx(np.sqrt(before * after))


def test_shares_of_the_periods_add_up_to_the_days_gone_by() -> None:
    ends = np.array([design.CENSUS_DAYS[k] for k in design.PERIOD_ENDS])
    lengths = np.diff(np.concatenate([[0], ends]))
    days = [0.0, 1.0, 24.5, 60.0, 115.5]

    np.testing.assert_allclose(lengths @ period_fractions(days), days)
