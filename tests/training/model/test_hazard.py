"""The recipe and the hazard that it gives."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.training import samples
from training.errors import TrainingError
from training.model.hazard import FittedHazard, Recipe, fit_hazard
from training.model.periods import Periods
from training.model.person_periods import PersonPeriods
from training.study.declaration import Study
from training.study.table import Table

STUDY = samples.battery()
SUBJECTS = samples.draw(STUDY)
PERIODS = Periods.of(STUDY, SUBJECTS)
RECIPE = Recipe.of(STUDY, {"C": 1.0})


def test_the_study_s_recipe_has_its_formula_and_penalties() -> None:
    assert Recipe.of(STUDY, {"C": 0.2}) == Recipe(
        "maker*period + fit:phase + heat",
        {"period:maker": 10},
        "LogisticRegression",
        {"C": 0.2},
    )


def test_hazards_are_probabilities_for_each_period() -> None:
    hazard = fit_hazard(RECIPE, STUDY, PERIODS, SUBJECTS).hazards(SUBJECTS.codes, SUBJECTS.numbers)

    assert hazard.shape == (len(SUBJECTS), len(PERIODS))
    assert ((hazard > 0) & (hazard < 1)).all()


def test_the_order_of_subjects_does_not_change_the_fit() -> None:
    order = np.random.RandomState(1).permutation(len(SUBJECTS))
    curves, again = (
        fit_hazard(RECIPE, STUDY, PERIODS, rows).curves(SUBJECTS.codes, SUBJECTS.numbers)
        for rows in (SUBJECTS, SUBJECTS[order])
    )
    np.testing.assert_allclose(curves, again, atol=1e-12)


def test_a_stronger_penalty_on_a_term_shrinks_that_term_alone() -> None:
    def slope(times: float) -> float:
        recipe = Recipe("maker + period + heat", {"heat": times}, parameters={"C": 1.0})
        model = fit_hazard(recipe, STUDY, PERIODS, SUBJECTS)
        hot, cold = (model.hazards(np.zeros((1, 2), int), np.array([[x]])) for x in (50.0, 20.0))
        odds = np.log(hot / (1 - hot)) - np.log(cold / (1 - cold))
        return float(odds[0, 0])

    assert 0 < slope(1e6) < 0.01 * slope(1)


def test_half_a_period_of_exposure_is_half_the_log_survival() -> None:
    """With one cell and no penalty, the estimate is the maximum of the exact likelihood."""
    study = samples.observed_battery(periods=[20.0])
    subjects = samples.draw(study)
    periods = Periods.of(study, subjects)
    recipe = Recipe("phase", parameters={"C": 1e6})
    hazard = fit_hazard(recipe, study, periods, subjects).hazards(
        subjects.codes[:1], subjects.numbers[:1]
    )[0, 0]
    events = subjects.event.sum()
    exposure = (subjects.time / 20)[subjects.event == 0].sum()

    assert hazard == pytest.approx(events / (events + exposure), rel=1e-4)


def test_subjects_that_all_had_the_event_at_once_can_t_be_fitted() -> None:
    gone = SUBJECTS[SUBJECTS.event == 1]
    at_once = replace(gone, time=np.full(len(gone), PERIODS.ends[0]))
    with pytest.raises(TrainingError, match="to every subject at its first chance"):
        fit_hazard(RECIPE, STUDY, PERIODS, at_once)


def test_subjects_without_an_event_can_t_be_fitted() -> None:
    spared = SUBJECTS[SUBJECTS.event == 0]
    with pytest.raises(TrainingError, match="no event among the subjects to fit on"):
        fit_hazard(RECIPE, STUDY, PERIODS, spared)


def test_leaving_out_a_group_changes_the_fit() -> None:
    data = PersonPeriods.of(SUBJECTS, PERIODS)
    columns = RECIPE.columns(STUDY, PERIODS)
    weights = np.ones(len(data.groups))
    weights[3] = 0
    whole, without = (
        FittedHazard.fit(RECIPE, columns, PERIODS, data, each) for each in (None, weights)
    )
    difference = whole.curves(SUBJECTS.codes, SUBJECTS.numbers) - without.curves(
        SUBJECTS.codes, SUBJECTS.numbers
    )
    assert np.abs(difference).max() > 0.005


def test_the_first_release_s_recipe_gives_its_hazards(study: Study, real_table: Table) -> None:
    """The hazards of every species and soil, as the first released graph answered them."""
    released = json.loads((Path(__file__).parent / "first_release.json").read_text())
    recipe = Recipe(released["formula"], parameters={"C": released["C"]})
    periods = Periods.of(study, real_table.subjects)
    model = fit_hazard(recipe, study, periods, real_table.subjects)
    codes = np.indices((4, 7)).reshape(2, -1).T
    hazard = model.hazards(codes, np.full((28, 1), released["light"]))

    np.testing.assert_allclose(hazard, released["hazard"], atol=1e-5)
