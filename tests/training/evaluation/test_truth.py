"""Data drawn from hazards that are known."""

from __future__ import annotations

import numpy as np
import pytest

from tests.training import samples
from training.evaluation.scores import Outcomes, kaplan_meier_band
from training.evaluation.truth import GroupEffects, Truth, fitted_effects
from training.model.hazard import Recipe, fit_hazard
from training.model.periods import Periods
from training.study.declaration import Study
from training.study.subjects import Subjects

RECIPE = Recipe("maker + period + heat", parameters={"C": 1.0})


def truth_of(study: Study, effects: GroupEffects) -> tuple[Truth, Outcomes, Subjects]:
    subjects = samples.draw(study, 3000, groups=20)
    periods = Periods.of(study, subjects)
    model = fit_hazard(RECIPE, study, periods, subjects)
    return Truth("drawn", model, effects), Outcomes.of(study, subjects, periods), subjects


@pytest.mark.parametrize("make", [samples.battery, samples.observed_battery])
def test_what_is_drawn_has_the_truth_s_survival_and_the_data_s_censoring(make: object) -> None:
    study = make()  # type: ignore[operator]
    truth, outcomes, subjects = truth_of(study, GroupEffects(0.0))
    drawn = truth.draw(subjects, outcomes.staying, [1])
    visits = np.array(truth.periods.visits)
    curve = kaplan_meier_band(drawn, visits)[0]
    expected = 1 - truth.average_risk(drawn.codes, drawn.numbers, visits).mean(axis=0)

    assert np.abs(curve - expected).max() < 0.04
    censored = [
        float(np.mean((each.event == 0) & (each.time < study.time.horizon)))
        for each in (subjects, drawn)
    ]
    assert censored[0] == pytest.approx(censored[1], abs=0.04)
    assert (drawn.time > 0).all()


def test_the_same_seed_draws_the_same_data() -> None:
    truth, outcomes, subjects = truth_of(samples.battery(), GroupEffects(0.5))
    first, again, other = (truth.draw(subjects, outcomes.staying, seed) for seed in ([1], [1], [2]))
    assert (first.time == again.time).all()
    assert (first.time != other.time).any()


def test_the_spread_that_was_drawn_is_found_again() -> None:
    truth, outcomes, subjects = truth_of(samples.battery(), GroupEffects(0.7))
    drawn = truth.draw(subjects, outcomes.staying, [3])
    found = fitted_effects(truth.model, drawn)

    assert found.group == pytest.approx(0.7, abs=0.25)
    assert found.group_by_phase < 0.3
    assert found.group_by_level_and_phase < 0.3


def test_spreads_of_three_kinds_are_distinguished() -> None:
    truth, outcomes, subjects = truth_of(samples.battery(), GroupEffects(0.7, 0.4, 0.4))
    found = fitted_effects(truth.model, truth.draw(subjects, outcomes.staying, [3]))

    assert found.group == pytest.approx(0.7, abs=0.25)
    assert found.group_by_phase == pytest.approx(0.4, abs=0.15)
    assert found.group_by_level_and_phase == pytest.approx(0.4, abs=0.15)
