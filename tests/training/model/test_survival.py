"""From hazards to curves."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tests.training import samples
from training.model.periods import Periods
from training.model.survival import risk, survival_curve

STEPS = Periods((4.0, 8.0, 20.0), (0, 0, 1), tuple(np.arange(0, 21, 2.0).tolist()), "steps")
CONTINUOUS = Periods((4.0, 8.0, 20.0), (0, 0, 0), (0.0, 5.0, 10.0, 15.0, 20.0), "continuous")

hazards = arrays(np.float64, (3, 3), elements=st.floats(0, 1))
both = pytest.mark.parametrize("periods", [STEPS, CONTINUOUS], ids=["steps", "continuous"])


@both
@given(hazard=hazards)
def test_survival_starts_at_one_and_never_rises(periods: Periods, hazard: np.ndarray) -> None:
    curve = survival_curve(hazard, periods)

    assert curve.shape == (3, len(periods.visits))
    assert (curve[:, 0] == 1).all()
    assert (np.diff(curve, axis=1) <= 0).all()
    assert ((curve >= 0) & (curve <= 1)).all()


@both
@given(hazard=hazards)
def test_risk_at_a_period_s_end_is_one_less_the_product_of_what_was_left(
    periods: Periods, hazard: np.ndarray
) -> None:
    ends = np.array(periods.ends)
    np.testing.assert_allclose(
        risk(hazard, periods, ends), 1 - np.cumprod(1 - hazard, axis=1), atol=1e-7
    )


@both
@given(hazard=hazards)
def test_risk_and_survival_add_up_to_one(periods: Periods, hazard: np.ndarray) -> None:
    at_visits = risk(hazard, periods, np.array(periods.visits))
    np.testing.assert_allclose(at_visits + survival_curve(hazard, periods), 1, atol=1e-12)


def test_between_the_ends_of_periods_a_step_is_flat() -> None:
    hazard = np.array([[0.2, 0.5, 0.1]])
    times = np.array([3.99, 4.0, 7.99, 8.0, 19.9])

    np.testing.assert_allclose(risk(hazard, STEPS, times)[0], [0, 0.2, 0.2, 0.6, 0.6])


def test_within_a_period_a_continuous_curve_falls_geometrically() -> None:
    hazard = np.array([[0.2, 0.75, 0.1]])
    before, between, after = 1 - risk(hazard, CONTINUOUS, np.array([4.0, 6.0, 8.0]))[0]

    assert between == pytest.approx(np.sqrt(before * after))


def test_the_released_curve_is_flat_until_the_first_visits_with_events() -> None:
    study = samples.battery()
    periods = Periods.of(study, samples.draw(study))
    curve = survival_curve(np.full((1, 3), 0.3), periods)[0]

    assert curve[:2].tolist() == [1, 1], "nobody was recorded before the first period's end"
