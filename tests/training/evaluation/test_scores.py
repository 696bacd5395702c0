"""The figures a model is judged by, against the library's and against known answers."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sksurv.metrics import brier_score as library_brier_score
from sksurv.metrics import concordance_index_ipcw
from sksurv.nonparametric import CensoringDistributionEstimator
from sksurv.util import Surv

from training.errors import TrainingError
from training.evaluation.scores import (
    FOLDS,
    Outcomes,
    brier_score,
    calibration_error,
    concordance_index,
    folds,
    kaplan_meier_by_species,
    kaplan_meier_curve,
    score,
)
from training.study import design, simulate

GRID = design.CENSUSES + 1


@pytest.fixture(scope="module")
def seedlings() -> pd.DataFrame:
    return simulate.simulate(seedlings=900, seed=5)


def independently_censored(seed: int, n: int = 400) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Census, death and a risk, where leaving alive has nothing to do with the risk.

    Deaths fall on even censuses and departures on odd ones, so no two rules for ties differ.
    """
    random = np.random.RandomState(seed)
    risk = random.uniform(size=n)
    death = 2 * np.ceil(random.exponential(12 / (0.3 + risk)) / 2).astype(int)
    leaving = 2 * random.randint(1, 16, size=n) + 1
    census = np.minimum(np.minimum(death, leaving), design.CENSUSES)
    return census, ((death < leaving) & (death < design.CENSUSES)).astype(int), risk


def outcomes_with_marginal_weights(census: np.ndarray, died: np.ndarray) -> Outcomes:
    """Outcomes whose G is scikit-survival's own, the same for everyone."""
    estimator = CensoringDistributionEstimator().fit(Surv.from_arrays(died == 1, census))
    grid = np.minimum(np.arange(GRID), census.max()).astype(float)
    staying = np.array([1.0, *estimator.predict_proba(grid[1:])])
    staying[-1] = staying[-2]  # at the end nobody is harvested any more
    zeros = np.zeros(len(census), int)
    return Outcomes(census, died, zeros, zeros, np.tile(staying, (len(census), 1)))


@pytest.mark.parametrize("seed", range(5))
def test_concordance_equals_the_library_s_where_censoring_is_independent(seed: int) -> None:
    census, died, risk = independently_censored(seed)
    ours = concordance_index(outcomes_with_marginal_weights(census, died), risk)
    y = Surv.from_arrays(died == 1, census)

    assert ours == pytest.approx(concordance_index_ipcw(y, y, risk)[0], abs=1e-9)


@pytest.mark.parametrize("seed", range(5))
def test_the_brier_score_equals_the_library_s_where_censoring_is_independent(seed: int) -> None:
    census, died, risk = independently_censored(seed)
    outcomes = outcomes_with_marginal_weights(census, died)
    survival = np.exp(-np.outer(0.3 + risk, np.arange(GRID)) / 20)
    y = Surv.from_arrays(died == 1, census)

    for k in (4, 10, 20, 30):
        _, (theirs,) = library_brier_score(y, y, survival[:, [k]], [float(k)])
        alive, weight = outcomes.status(k)
        # The library divides by n, we by the sum of the weights, which is n in expectation.
        ours = brier_score(outcomes, survival, k) * weight.sum() / len(alive)
        assert ours == pytest.approx(theirs, abs=1e-9)


def test_harvest_is_weighted_by_what_it_depends_on(seedlings: pd.DataFrame) -> None:
    outcomes = Outcomes.of(seedlings)
    staying = pd.Series(outcomes.not_harvested[:, -1]).groupby(seedlings["Species"]).mean()

    assert staying["Acer saccharum"] > 0.75
    assert staying["Quercus rubra"] < 0.65
    assert (outcomes.not_harvested[:, 6] == 1).all(), "nobody was harvested before day 24.5"


def test_a_harvested_seedling_has_no_say_after_its_harvest(seedlings: pd.DataFrame) -> None:
    outcomes = Outcomes.of(seedlings)
    harvested = (seedlings["Harvest"] == "X").to_numpy()
    _, at_six = outcomes.status(6)
    _, at_end = outcomes.status(33)

    assert (at_six[harvested] > 0).all()
    assert (at_end[harvested] == 0).all()
    assert (at_end[~harvested] > 0).all()


def test_weights_stand_for_those_that_were_harvested(seedlings: pd.DataFrame) -> None:
    outcomes = Outcomes.of(seedlings)
    for census in (7, 8, 20, 33):
        _, weight = outcomes.status(census)
        assert weight.sum() == pytest.approx(len(outcomes), rel=0.03)


def test_a_model_that_takes_the_harvested_for_survivors_fails_the_calibration(
    seedlings: pd.DataFrame,
) -> None:
    outcomes = Outcomes.of(seedlings)
    as_survivors = seedlings.assign(
        Census=seedlings["Census"].where(seedlings["Harvest"] != "X", design.CENSUSES)
    )
    censored = kaplan_meier_by_species(seedlings)(seedlings)
    naive = kaplan_meier_by_species(as_survivors)(seedlings)

    assert abs(calibration_error(outcomes, censored)) < 0.02
    assert calibration_error(outcomes, naive) < -0.10


def test_a_perfect_model_scores_perfectly() -> None:
    census, died = np.array([2, 5, 33]), np.array([1, 1, 0])
    zeros = np.zeros(3, int)
    outcomes = Outcomes(census, died, zeros, zeros, np.ones((3, GRID)))
    alive = (np.arange(GRID) < np.where(died == 1, census, 99)[:, None]).astype(float)
    scores = score(outcomes, alive)

    assert scores.integrated_brier_score == 0
    assert scores.concordance_rmst == 1
    assert scores.calibration_error == 0


@given(st.integers(0, 2**32 - 1))
def test_concordance_is_one_half_without_information_and_turns_with_the_sign(seed: int) -> None:
    census, died, risk = independently_censored(seed, n=30)
    outcomes = outcomes_with_marginal_weights(census, died)
    if not ((died == 1) & (census < census.max())).any():
        return
    forward = concordance_index(outcomes, risk)

    assert concordance_index(outcomes, np.zeros(30)) == pytest.approx(0.5)
    assert concordance_index(outcomes, -risk) == pytest.approx(1 - forward)


def test_no_plot_is_in_training_and_test_at_once(seedlings: pd.DataFrame) -> None:
    plots = seedlings["Plot"].to_numpy()
    seen = np.zeros((2, len(seedlings)), int)
    for i, (train, test) in enumerate(folds(seedlings, (0, 1))):
        assert not set(plots[train]) & set(plots[test])
        seen[i // FOLDS, test] += 1
    assert (seen == 1).all(), "each seed's folds hold out every row once"


def test_too_few_plots_for_the_folds_are_named(seedlings: pd.DataFrame) -> None:
    few = seedlings[seedlings["Plot"] <= 4]
    with pytest.raises(TrainingError, match="4 plots are too few"):
        list(folds(few, (0,)))


def test_kaplan_meier_steps_down_at_the_census_of_a_death() -> None:
    rows = pd.DataFrame({"Census": [2, 4, 33, 33], "Event": [1, 0, 1, 0]})
    curve = kaplan_meier_curve(rows)

    assert curve[[0, 1, 2, 32]].tolist() == [1, 1, 0.75, 0.75]
    assert curve[33] == pytest.approx(0.375)
