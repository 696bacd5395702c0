"""Training as a whole: the same bytes from the same data, however many processes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.training import samples
from tests.training.targets import check_targets
from training.evaluation.cross_validation import recipes
from training.model.export import run_graph
from training.model.folder import GRAPH, METADATA, write_model
from training.model.intervals import student_t
from training.model.periods import Periods
from training.pipeline import train as pipeline
from training.pipeline.metadata import CONTRACT
from training.pipeline.train import Candidate, leave_out_blocks, refit, refit_in_turn, train
from training.study.declaration import Study
from training.study.table import Table

# One worker fits each model once for all of these.
pytestmark = pytest.mark.xdist_group("train")

SHA256 = "0" * 64


def battery_table(study: Study, count: int = 400) -> Table:
    files = {"cells.csv": "1" * 32}
    return Table(samples.draw(study, count), "custom", "1" * 32, files, count + 1, ("one dropped",))


BATTERY = samples.battery()


@pytest.fixture(scope="module")
def candidate() -> Candidate:
    return train(BATTERY, SHA256, battery_table(BATTERY), jobs=2)


def test_training_twice_gives_the_same_bytes_with_one_process_or_two(
    candidate: Candidate, tmp_path: Path
) -> None:
    again = train(BATTERY, SHA256, battery_table(BATTERY), jobs=1)
    write_model(tmp_path / "one", again.graph, again.metadata)
    write_model(tmp_path / "two", candidate.graph, candidate.metadata)

    for name in (GRAPH, METADATA):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_metadata_names_what_made_the_model(candidate: Candidate) -> None:
    described = candidate.metadata

    assert described["contract"] == CONTRACT == 2
    assert described["study"]["name"] == "battery-life"
    assert described["study"]["sha256"] == SHA256
    assert described["data"] == {
        "source": "custom",
        "md5": "1" * 32,
        "files": {"cells.csv": "1" * 32},
        "rows": 401,
        "subjects": 400,
        "groups": 8,
    }
    assert described["recipe"]["formula"] == "maker*period + fit:phase + heat"
    assert described["recipe"]["penalty"] == {"period:maker": 10}
    assert described["interval"] == {
        "level": 0.9,
        "method": "jackknife",
        "groups": "declared",
        "refits": 8,
        "t": round(student_t(8), 6),
        "left_out": [[f"rack {place + 1}"] for place in range(8)],
    }
    assert described["gate"] == {"verdict": "unjudged"}


def test_metadata_describe_inputs_and_time_for_serving(candidate: Candidate) -> None:
    maker, charger, heat = candidate.metadata["inputs"]

    assert [level["name"] for level in charger["levels"]] == ["Alpha", "Beta", "None", "unknown"]
    assert maker["levels"][0]["label"] == {"en": "Alpha", "es": "Alpha"}
    assert (heat["minimum"], heat["maximum"], heat["step"]) == (0, 60, 0.5)
    assert heat["seen"] == [
        float(candidate.subjects.numbers.min()),
        float(candidate.subjects.numbers.max()),
    ]
    assert candidate.metadata["time"] == {
        "name": "week",
        "unit": {
            "en": {"one": "week", "many": "weeks"},
            "es": {"one": "semana", "many": "semanas"},
        },
        "horizon": 20,
        "curve": "steps",
        "visits": [0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20],
        "period_ends": [4, 8, 20],
        "start": None,
    }
    assert candidate.metadata["study"]["subject"] is None
    assert heat["display"] is None


def test_metadata_ships_what_was_observed_as_shares_of_many(candidate: Candidate) -> None:
    observed = candidate.metadata["observed"]

    assert observed["by"] == "maker"
    assert {each["level"] for each in observed["curves"]} == {"Alpha", "Beta", "Gamma"}
    for each in observed["curves"]:
        assert len(each["percent"]) == len(candidate.metadata["time"]["visits"])


def test_histograms_count_every_subject(candidate: Candidate) -> None:
    histograms = candidate.metadata["histograms"]

    assert set(histograms) == {"maker", "charger", "heat", "failure_percent"}
    assert sum(histograms["maker"].values()) == 400
    assert sum(histograms["heat"]["counts"]) == 400
    assert sum(histograms["failure_percent"]["counts"]) == 400


def test_golden_predictions_cover_every_level_and_lie_within_their_intervals(
    candidate: Candidate,
) -> None:
    golden = candidate.metadata["golden"]
    charger = [case["inputs"]["charger"] for case in golden]

    assert {"Alpha", "Beta", "None", "unknown"} == set(charger)
    assert len({case["week"] for case in golden}) > 2
    for case in golden:
        low, high = case["interval_90"]
        assert 0 <= low <= case["failure_percent"] <= high <= 100
        wide = case["stand_interval_90"]
        assert wide[0] <= low <= high <= wide[1]


def test_the_graph_holds_the_model_and_the_refit_without_each_group(candidate: Candidate) -> None:
    subjects = candidate.subjects
    hazard = run_graph(candidate.graph, subjects.codes, subjects.numbers)

    assert hazard.shape == (400, 3, 1 + 8)
    assert np.ptp(hazard[..., 1:], axis=-1).max() > 0.01, "the refits differ"


def test_more_groups_than_refits_are_left_out_in_blocks() -> None:
    assert leave_out_blocks(18).tolist() == list(range(18))
    blocks = leave_out_blocks(100)
    assert np.bincount(blocks).tolist() == [3] * 20 + [2] * 20
    assert len(set(blocks)) == pipeline.MOST_REFITS


def test_without_groups_the_interval_is_from_random_ones_and_there_is_no_second() -> None:
    study = samples.observed_battery()
    made = train(study, SHA256, battery_table(study), jobs=1)

    assert made.metadata["interval"]["groups"] == "random"
    assert made.metadata["stand_interval"] is None
    assert made.metadata["study"]["group"] is None
    assert made.metadata["time"]["curve"] == "continuous"
    assert all(case["stand_interval_90"] is None for case in made.metadata["golden"])
    assert made.parity <= 1e-6


@pytest.fixture(scope="module")
def published(study: Study, real_table: Table) -> Candidate:
    return train(study, SHA256, real_table, recipes(study, 1), jobs=2)


def test_the_published_data_make_a_model_that_reaches_its_targets(published: Candidate) -> None:
    metrics = published.metadata["metrics"]

    check_targets(metrics)
    assert metrics["kaplan_meier"]["by"] == "species"
    assert published.parity <= 1e-6


def test_left_out_groups_of_the_published_data_lie_within_their_interval(
    published: Candidate,
) -> None:
    assert published.spread is not None
    held = dict(zip(published.periods.ends, published.spread.held, strict=True))

    for day in (49, 80.5, 115.5):
        assert 0.85 <= held[day] <= 0.97


def test_the_published_data_make_the_model_of_the_checkout_again(
    published: Candidate, root: Path
) -> None:
    from training.model.folder import read_metadata

    made = read_metadata(root / "model")
    if made["contract"] != CONTRACT or (made["data"]["md5"], made["recipe"]) != (
        published.metadata["data"]["md5"],
        published.metadata["recipe"],
    ):
        pytest.skip("model/ is of other data or another recipe")
    codes, numbers = published.subjects.codes, published.subjects.numbers
    shipped = run_graph((root / "model" / GRAPH).read_bytes(), codes, numbers)

    # Not the same bytes: another machine's sums may differ in their last digits.
    np.testing.assert_allclose(run_graph(published.graph, codes, numbers), shipped, atol=1e-6)
    for name in ("inputs", "time", "data", "interval"):
        assert published.metadata[name] == made[name]


def test_refits_that_begin_at_the_model_are_those_that_begin_at_nothing() -> None:
    table = battery_table(BATTERY)
    periods = Periods.of(BATTERY, table.subjects)
    arguments = recipes(BATTERY, 1)[0], BATTERY, periods, table.subjects
    slow, fast = refit(*arguments, jobs=1), refit_in_turn(*arguments)

    assert len(fast) == len(slow) == 1 + 8
    for one, other in zip(slow, fast, strict=True):
        inputs = table.subjects.codes, table.subjects.numbers
        np.testing.assert_allclose(other.hazards(*inputs), one.hazards(*inputs), atol=1e-6)
    assert sum(int(each.classifier.n_iter_[0]) for each in fast[1:]) < sum(
        int(each.classifier.n_iter_[0]) for each in slow[1:]
    )
