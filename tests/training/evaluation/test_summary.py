"""What the data say before any model, and the figures of one."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from tests.training import samples
from training.errors import TrainingError
from training.evaluation.cross_validation import HazardLearner, OutOfFold, cross_validate
from training.evaluation.scores import Outcomes
from training.evaluation.summary import SCORES, Calibration, calibration, metrics, risk_by_level
from training.model.hazard import Recipe
from training.model.periods import Periods

STUDY = samples.battery()
SUBJECTS = samples.draw(STUDY)
PERIODS = Periods.of(STUDY, SUBJECTS)
OUTCOMES = Outcomes.of(STUDY, SUBJECTS, PERIODS)


@pytest.fixture(scope="module")
def scored() -> OutOfFold:
    learner = HazardLearner.of(Recipe.of(STUDY, {"C": 0.2}), STUDY, PERIODS)
    return cross_validate([learner], SUBJECTS, OUTCOMES, (0,), 1, "…")[0]


def test_every_level_has_a_row_and_all_are_weighted_by_their_numbers() -> None:
    *levels, everyone = risk_by_level(STUDY, SUBJECTS)

    assert [row.level for row in levels] == ["Alpha", "Beta", "Gamma"]
    assert sum(row.subjects for row in levels) == everyone.subjects == len(SUBJECTS)
    weights = [row.subjects for row in levels]
    expected = np.average([row.risk for row in levels], weights=weights)
    assert everyone.risk == pytest.approx(expected)
    assert all(0.005 < row.error < 0.2 for row in levels)
    assert everyone.error < max(row.error for row in levels)
    assert all(row.event_rate < row.risk for row in levels), "the censored are not survivors"


def test_the_worst_cell_is_named_with_its_sign() -> None:
    errors = np.array([[0.01, np.nan], [-0.03, 0.02]])
    cells = Calibration(("a", "b"), np.array([2.0, 4.0]), errors)

    assert cells.mean_absolute == pytest.approx(0.02)
    assert cells.worst == ("b", 2.0, -0.03)


def test_calibration_leaves_out_time_0_and_levels_that_nobody_has(scored: OutOfFold) -> None:
    cells = calibration(STUDY, OUTCOMES, scored)

    assert cells.levels == ("Alpha", "Beta", "Gamma")
    assert cells.visits[0] == 2
    assert cells.errors.shape == (3, 10)


def test_metrics_are_json_and_name_the_reference(scored: OutOfFold) -> None:
    figures = json.loads(
        json.dumps(metrics(STUDY, OUTCOMES, scored, scored, "maker"), allow_nan=False)
    )

    assert figures["folds"] == 6
    assert figures["kaplan_meier"]["by"] == "maker"
    for name in SCORES:
        assert figures[name] == figures["kaplan_meier"][name]
        assert figures[name]["mean"] == pytest.approx(scored.fold_scores(name).mean(), abs=1e-6)
    assert set(figures["calibration_error_by_level"]) == {"Alpha", "Beta", "Gamma"}


def test_a_score_that_hardly_any_fold_defines_is_one_sentence(scored: OutOfFold) -> None:
    undefined = replace(scored.by_fold[0], concordance_index=np.nan)
    few = replace(scored, by_fold=(*[undefined] * 3, scored.by_fold[1]))
    with pytest.raises(TrainingError) as raised:
        metrics(STUDY, OUTCOMES, few, scored, None)
    assert str(raised.value) == (
        "concordance index is defined in 1 of 4 held-out folds, and 2 are needed to judge a "
        "model: take more data."
    )


def test_a_study_without_factors_has_one_row() -> None:
    study = samples.battery(
        inputs=[
            {
                "name": "heat",
                "column": "Heat",
                "label": {"en": "x", "es": "x"},
                "description": {"en": "x", "es": "x"},
                "kind": "number",
                "minimum": 0,
                "maximum": 60,
                "centre": 25,
                "scale": 5,
            }
        ],
        model={"formula": "heat + period", "penalty": {}},
        **dict.fromkeys(("censoring", "derived", "rules", "expectations")),
    )
    (row,) = risk_by_level(study, SUBJECTS)

    assert (row.level, row.subjects) == ("all", len(SUBJECTS))


def test_a_standard_error_is_that_of_leaving_out_each_group() -> None:
    level, *_ = risk_by_level(STUDY, SUBJECTS)
    without = [
        risk_by_level(STUDY, SUBJECTS[SUBJECTS.group != group])[0].risk
        for group in np.unique(SUBJECTS.group)
    ]
    squares = (np.array(without) - level.risk) ** 2

    assert level.error == pytest.approx(np.sqrt(7 / 8 * squares.sum()))
