"""Whole groups held out, recipes chosen, references made."""

from __future__ import annotations

import numpy as np
import pytest

from tests.training import samples
from training.errors import TrainingError
from training.evaluation.cross_validation import (
    REPORT_SEEDS,
    SEARCH_SEEDS,
    HazardLearner,
    KaplanMeierLearner,
    choose_recipe,
    choose_reference,
    cross_validate,
    group_folds,
    not_worse,
    recipes,
)
from training.evaluation.scores import Outcomes
from training.model.hazard import Recipe
from training.model.periods import Periods

STUDY = samples.battery()
SUBJECTS = samples.draw(STUDY)
PERIODS = Periods.of(STUDY, SUBJECTS)
OUTCOMES = Outcomes.of(STUDY, SUBJECTS, PERIODS)


def test_no_group_is_in_training_and_test_at_once() -> None:
    group = np.arange(100) % 9
    seen = np.zeros((2, 100), int)
    for seed, training, test in group_folds(group, (0, 1)):
        assert not set(group[training]) & set(group[test])
        seen[seed, test] += 1
    assert (seen == 1).all(), "each seed's folds hold out every row once"


@pytest.mark.parametrize(("groups", "folds"), [(3, 3), (6, 6), (20, 6)])
def test_there_are_no_more_folds_than_groups(groups: int, folds: int) -> None:
    assert len(list(group_folds(np.arange(60) % groups, (0,)))) == folds


def test_too_few_groups_are_named() -> None:
    with pytest.raises(TrainingError, match="2 groups are too few"):
        list(group_folds(np.arange(60) % 2, (0,)))


def test_every_subject_is_predicted_by_a_model_that_did_not_see_its_group() -> None:
    learner = HazardLearner.of(Recipe.of(STUDY, {"C": 0.2}), STUDY, PERIODS)
    (scored,) = cross_validate([learner], SUBJECTS, OUTCOMES, (0,), 1, "…")
    _, training, test = next(iter(group_folds(SUBJECTS.group, (0,))))

    assert scored.survival.shape == (1, len(SUBJECTS), len(PERIODS.visits))
    expected = learner.predict(SUBJECTS[training], SUBJECTS[test])
    np.testing.assert_allclose(scored.survival[0, test], expected)
    assert len(scored.by_fold) == 6


def test_two_processes_give_the_same_scores_as_one() -> None:
    learner = HazardLearner.of(Recipe.of(STUDY, {"C": 0.2}), STUDY, PERIODS)
    one, two = (
        cross_validate([learner], SUBJECTS, OUTCOMES, (0,), jobs, "…")[0] for jobs in (1, 2)
    )
    assert one.by_fold == two.by_fold


def test_candidates_are_the_study_s_grid_the_most_regularised_first() -> None:
    study = samples.battery(model={"search": {"C": [0.1, 0.2, 0.4, 0.8]}})
    strengths = [recipe.parameters["C"] for recipe in recipes(study)]

    assert strengths == [0.1, 0.2, 0.4, 0.8]
    assert [recipe.parameters["C"] for recipe in recipes(study, 2)] == [0.1, 0.8]
    assert [recipe.parameters["C"] for recipe in recipes(study, 1)] == [0.2]
    assert recipes(study, 9) == recipes(study)


def test_the_search_prefers_what_predicts() -> None:
    useless = Recipe("phase", parameters={"C": 1.0})
    useful = Recipe("maker + period + heat", parameters={"C": 1.0})
    chosen = choose_recipe([useless, useful], STUDY, PERIODS, SUBJECTS, OUTCOMES, 1)

    assert chosen == useful


def test_the_search_takes_the_first_recipe_within_an_error_of_the_best() -> None:
    best = np.tile([0.09, 0.10], 8)
    doubtful = best + np.tile([0.002, -0.001], 8)
    worse = best + np.tile([0.002, 0.001], 8)

    assert not_worse(np.array([worse, best])) == 1
    assert not_worse(np.array([worse, best + 0.0001 + 0.01 * best.std(), best])) == 2
    assert not_worse(np.array([best, worse])) == 0
    assert not_worse(np.array([doubtful - 0.0004, best, worse])) == 0


def test_the_reference_is_by_the_factor_that_matters() -> None:
    assert choose_reference(STUDY, SUBJECTS, OUTCOMES, PERIODS.visits).factor == 0


def test_a_reference_by_a_level_that_training_lacks_is_that_of_all() -> None:
    learner = KaplanMeierLearner(0, PERIODS.visits)
    without = SUBJECTS[SUBJECTS.codes[:, 0] != 2]
    lacking = learner.predict(without, SUBJECTS[SUBJECTS.codes[:, 0] == 2])
    overall = KaplanMeierLearner(None, PERIODS.visits).predict(without, SUBJECTS[np.arange(1)])

    np.testing.assert_allclose(lacking, np.tile(overall, (len(lacking), 1)))


def test_recipes_are_chosen_on_other_folds_than_they_are_reported_on() -> None:
    assert not set(SEARCH_SEEDS) & set(REPORT_SEEDS)


@pytest.mark.parametrize(("groups", "folds"), [(3, 3), (5, 5), (6, 6), (40, 6)])
def test_there_are_six_folds_or_one_for_each_group(groups: int, folds: int) -> None:
    split = list(group_folds(np.arange(200) % groups, (0, 1)))

    assert [place for place, _, _ in split] == [0] * folds + [1] * folds


def test_two_groups_are_too_few_to_hold_any_out() -> None:
    with pytest.raises(TrainingError, match="2 groups are too few"):
        list(group_folds(np.arange(200) % 2, (0,)))
