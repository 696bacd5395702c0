"""Training as a whole: the same bytes from the same data, however many processes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from training.arrays import Floats
from training.evaluation import behaviour, cross_validation
from training.model import export
from training.model.folder import GRAPH, METADATA, read_metadata, write_model
from training.model.person_periods import Covariates
from training.model.survival import survival_curve
from training.pipeline import metadata
from training.pipeline.train import REFITS, Candidate, plot_draws, train
from training.study import simulate, trial

# One worker fits each model once for all of these.
pytestmark = pytest.mark.xdist_group("train")


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> trial.Trial:
    folder = tmp_path_factory.mktemp("trial")
    simulate.write_trial(simulate.simulate(seedlings=900, seed=1), folder)
    return trial.load(folder)


@pytest.fixture(scope="module")
def candidate(simulated: trial.Trial) -> Candidate:
    return train(simulated, search_size=3, jobs=2)


def test_training_twice_gives_the_same_bytes_with_one_process_or_two(
    simulated: trial.Trial, candidate: Candidate, tmp_path: Path
) -> None:
    again = train(simulated, search_size=3, jobs=1)
    write_model(tmp_path / "one", again.graph, again.metadata)
    write_model(tmp_path / "two", candidate.graph, candidate.metadata)

    for name in (GRAPH, METADATA):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_a_model_of_simulated_data_says_so(candidate: Candidate) -> None:
    assert candidate.metadata["data"]["source"] == "simulated"
    assert candidate.metadata["gate"] == {"verdict": "unjudged"}


def test_metadata_names_what_made_the_model(simulated: trial.Trial, candidate: Candidate) -> None:
    described = candidate.metadata

    assert described["data"]["md5"] == simulated.md5
    assert described["data"]["rows"] == 900
    assert described["recipe"]["estimator"] == "LogisticRegression"
    assert described["interval"] == {"level": 0.9, "refits": REFITS, "unit": "plots"}
    assert sum(described["histograms"]["light"]["counts"]) == 900
    assert sum(described["histograms"]["mortality_percent"]["counts"]) == 900
    assert described["metrics"]["folds"] == 18


def test_the_graph_holds_the_model_and_all_its_refits(
    simulated: trial.Trial, candidate: Candidate
) -> None:
    hazard = export.run_graph(candidate.graph, Covariates.of(simulated.seedlings))

    assert hazard.shape == (900, 15, 1 + REFITS)
    assert np.ptp(hazard[..., 1:], axis=-1).max() > 0.01, "the refits differ"


@pytest.fixture(scope="module")
def published(real_trial: trial.Trial) -> Candidate:
    return train(real_trial, search_size=1, jobs=2)


def test_the_published_trial_makes_a_model_over_the_floors(published: Candidate) -> None:
    metrics = published.metadata["metrics"]

    assert metrics["integrated_brier_score"]["mean"] <= 0.0945
    assert metrics["concordance_index"]["mean"] >= 0.770
    assert abs(metrics["calibration_error"]) <= 0.01
    assert max(map(abs, metrics["calibration_error_by_species"].values())) <= 0.03
    assert published.parity <= 1e-6


def test_the_published_trial_makes_the_model_of_the_checkout_again(
    published: Candidate, root: Path
) -> None:
    made = read_metadata(root / "model")
    if (made["data"]["md5"], made["recipe"]["parameters"]) != (
        published.metadata["data"]["md5"],
        dict(published.recipe.parameters),
    ):
        pytest.skip("model/ is of other data or another recipe")

    def curves(graph: bytes) -> Floats:
        return survival_curve(np.moveaxis(export.run_graph(graph, behaviour.grid()), -1, 1))

    # Not the same bytes: another machine's sums may differ in their last digits.
    shipped = (root / "model" / GRAPH).read_bytes()
    np.testing.assert_allclose(curves(published.graph), curves(shipped), atol=1e-6)
    for name in ("inputs", "data", "interval"):
        assert published.metadata[name] == made[name]


def test_every_draw_of_plots_has_as_many_as_there_are() -> None:
    first, *draws = plot_draws(18)

    assert (first == 1).all()
    assert len(draws) == REFITS >= 40
    assert {draw.sum() for draw in draws} == {18}


def test_the_interval_holds_the_point_even_outside_the_refits() -> None:
    refits = np.linspace(10, 20, 50)

    assert metadata.interval(5.0, refits) == (5.0, pytest.approx(10 + 10 * 47 / 49))
    assert metadata.interval(15.0, refits)[0] == pytest.approx(10 + 10 * 2 / 49)


def test_the_search_takes_the_first_recipe_within_an_error_of_the_best() -> None:
    best = np.tile([0.09, 0.10], 8)
    doubtful = best + np.tile([0.002, -0.001], 8)
    worse = best + np.tile([0.002, 0.001], 8)

    assert cross_validation.not_worse(np.array([worse, best])) == 1
    assert (
        cross_validation.not_worse(np.array([worse, best + 0.0001 + 0.01 * best.std(), best])) == 2
    )
    assert cross_validation.not_worse(np.array([best, worse])) == 0
    assert cross_validation.not_worse(np.array([doubtful - 0.0004, best, worse])) == 0


def test_candidates_run_from_the_most_regularised_to_the_least() -> None:
    strengths = [recipe.parameters["C"] for recipe in cross_validation.candidates(5)]
    assert strengths == [0.025, 0.05, 0.1, 0.2, 0.4]
    assert [recipe.parameters["C"] for recipe in cross_validation.candidates(1)] == [0.1]
