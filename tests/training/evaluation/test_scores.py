"""The figures a model is judged by, against the library's and against known answers."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sksurv.metrics import brier_score as library_brier_score
from sksurv.metrics import concordance_index_ipcw
from sksurv.util import Surv

from tests.training import samples
from training.arrays import Floats
from training.evaluation.censoring import Staying
from training.evaluation.scores import (
    Outcomes,
    brier_score,
    calibration_by_level,
    calibration_error,
    concordance_index,
    integrate,
    kaplan_meier_band,
    observed_risk,
    score,
)
from training.model.periods import Periods
from training.study.declaration import Study
from training.study.subjects import Subjects
from training.study.table import Table

VISITS = tuple(np.arange(0, 34.0).tolist())
PERIODS = Periods((33.0,), (0,), VISITS, "steps")
WITHOUT_FORMULA = samples.battery(censoring=None)


def independently_censored(seed: int, n: int = 400) -> tuple[Subjects, Floats]:
    """Subjects and a risk, where censoring has nothing to do with the risk.

    Events fall on even times and censoring on odd ones, so no two rules for ties differ.
    """
    random = np.random.RandomState(seed)
    risk = random.uniform(size=n)
    life = 2 * np.ceil(random.exponential(12 / (0.3 + risk)) / 2)
    leaving = 2.0 * random.randint(1, 30, size=n) + 1
    time = np.minimum(np.minimum(life, leaving), 33.0)
    event = ((life < leaving) & (life < 33)).astype(np.int64)
    codes, group = np.zeros((n, 2), np.int64), np.arange(n) % 6
    frame = pd.DataFrame(index=range(n))
    return Subjects(codes, risk[:, None], time, event, group, tuple("abcdef"), frame), risk


def outcomes_of(subjects: Subjects) -> Outcomes:
    return Outcomes.of(WITHOUT_FORMULA, subjects, PERIODS)


@pytest.mark.parametrize("seed", range(5))
def test_concordance_equals_the_library_s_where_censoring_is_independent(seed: int) -> None:
    subjects, risk = independently_censored(seed)
    ours = concordance_index(outcomes_of(subjects), risk)
    y = Surv.from_arrays(subjects.event == 1, subjects.time)

    assert ours == pytest.approx(concordance_index_ipcw(y, y, risk)[0], abs=1e-9)


@pytest.mark.parametrize("seed", range(5))
def test_the_brier_score_equals_the_library_s_where_censoring_is_independent(seed: int) -> None:
    subjects, risk = independently_censored(seed)
    outcomes = outcomes_of(subjects)
    survival = np.exp(-np.outer(0.3 + risk, np.array(VISITS)) / 20)
    y = Surv.from_arrays(subjects.event == 1, subjects.time)
    ours = brier_score(outcomes, survival)
    _, weight = outcomes.known

    for k in (4, 10, 20, 30):
        _, (theirs,) = library_brier_score(y, y, survival[:, [k]], [float(k)])
        # The library divides by n, we by the sum of the weights, which is n in expectation.
        assert ours[k] * weight[:, k].sum() / len(weight) == pytest.approx(theirs, abs=1e-9)


@pytest.mark.parametrize("make", [samples.battery, samples.observed_battery])
def test_weights_stand_for_those_that_were_censored(make: Callable[[], Study]) -> None:
    study = make()
    subjects = samples.draw(study, count=2000)
    periods = Periods.of(study, subjects)
    _, weight = Outcomes.of(study, subjects, periods).known

    np.testing.assert_allclose(weight.sum(axis=0), len(subjects), rtol=0.06)


@pytest.mark.parametrize("make", [samples.battery, samples.observed_battery])
def test_a_censored_subject_has_no_say_after_it_left(make: Callable[[], Study]) -> None:
    study = make()
    subjects = samples.draw(study)
    outcomes = Outcomes.of(study, subjects, Periods.of(study, subjects))
    _, weight = outcomes.known
    left = (subjects.event == 0) & (subjects.time < study.time.horizon)
    before = outcomes.visits < subjects.time[:, None]

    assert left.sum() > 50
    assert (weight[left[:, None] & before] > 0).all()
    assert (weight[left[:, None] & ~before] == 0).all()
    assert (weight[~left] > 0).all()


def test_taking_the_censored_for_survivors_fails_the_calibration(
    study: Study, simulated_table: Table
) -> None:
    subjects = simulated_table.subjects
    periods = Periods.of(study, subjects)
    outcomes = Outcomes.of(study, subjects, periods)
    visits = np.array(periods.visits)
    censored = kaplan_meier_band(subjects, visits)[0]
    survivors = [(subjects.event == 1) & (subjects.time <= visit) for visit in visits]
    naive = 1 - np.array([each.mean() for each in survivors])

    errors = [
        calibration_error(outcomes, np.tile(curve, (len(subjects), 1)))[-1]
        for curve in (censored, naive)
    ]
    assert abs(errors[0]) < 0.05
    assert errors[1] < -0.08


def complete(time: list[float], event: list[int]) -> Outcomes:
    """Outcomes of subjects none of whom was censored before the horizon."""
    count = len(time)
    staying = Staying(np.array([]), np.ones((1, 0)), np.zeros(count, int))
    zeros = np.zeros(count, int)
    codes = np.arange(count)[:, None] % 2
    return Outcomes(np.array(time), np.array(event), codes, zeros, np.array(VISITS), staying)


def test_a_perfect_model_scores_perfectly() -> None:
    outcomes = complete([2, 5, 33], [1, 1, 0])
    free = (np.array(VISITS) < np.array([2, 5, 99])[:, None]).astype(float)
    scores = score(outcomes, free)

    assert scores.integrated_brier_score == 0
    assert scores.concordance_mean_survival == 1
    assert scores.calibration_error == pytest.approx(0)


def test_observed_risk_counts_an_event_from_its_visit_on() -> None:
    observed = observed_risk(complete([2, 5, 33, 33], [1, 1, 0, 1]))

    assert observed[[0, 1, 2, 4, 5, 32, 33]].tolist() == [0, 0, 0.25, 0.25, 0.5, 0.5, 0.75]


def test_calibration_by_level_is_that_of_the_level_s_own_subjects() -> None:
    outcomes = complete([2, 5, 33, 33], [1, 1, 0, 1])
    survival = np.full((4, 34), 0.9)
    errors = calibration_by_level(outcomes, survival, 0, levels=3)

    assert errors[:2, -1].tolist() == pytest.approx([0.1 - 0.5, 0.1 - 1.0])
    assert np.isnan(errors[2]).all(), "nobody has the third level"


def test_the_integral_passes_over_visits_without_a_figure() -> None:
    visits = np.array([0.0, 1.0, 2.0, 4.0])

    assert integrate(np.array([0.0, 1.0, 1.0, 1.0]), visits) == pytest.approx(3.5 / 4)
    assert integrate(np.array([0.0, 1.0, 1.0, np.nan]), visits) == pytest.approx(1.5 / 2)


@given(st.integers(0, 2**32 - 1))
def test_concordance_is_one_half_without_information_and_turns_with_the_sign(seed: int) -> None:
    subjects, risk = independently_censored(seed, n=50)
    # Somebody is left at the end: otherwise nothing would be known of it.
    subjects.time[0], subjects.event[0] = VISITS[-1], 0
    if not subjects.event.any():
        return
    outcomes = outcomes_of(subjects)

    assert concordance_index(outcomes, np.zeros(50)) == pytest.approx(0.5)
    forward = concordance_index(outcomes, risk)
    assert concordance_index(outcomes, -risk) == pytest.approx(1 - forward)


def band(time: list[float], event: list[int]) -> tuple[Floats, Floats, Floats]:
    zeros = np.zeros(len(time), int)
    frame = pd.DataFrame(index=zeros)
    subjects = Subjects(
        zeros[:, None], zeros[:, None] * 1.0, np.array(time), np.array(event), zeros, ("a",), frame
    )
    return kaplan_meier_band(subjects, np.array(VISITS))


def test_kaplan_meier_steps_down_at_the_time_of_an_event() -> None:
    curve, low, high = band([2, 4, 33, 33], [1, 0, 1, 0])

    assert curve[[0, 1, 2, 32]].tolist() == [1, 1, 0.75, 0.75]
    assert curve[33] == pytest.approx(0.375)
    assert ((low <= curve) & (curve <= high)).all()


def test_kaplan_meier_without_an_event_is_flat() -> None:
    assert (band([4, 33], [0, 0])[0] == 1).all()
