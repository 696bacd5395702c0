"""What the shipped file must show, whatever recipe made it.

Directions are the study's expectations; the contrasts are those that the study's paper
published (Wood et al. 2023), and the intervals those of the published data.
"""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

from tests.training.model.released.conftest import Shipped
from tests.training.targets import check_targets
from training.arrays import Floats
from training.evaluation.behaviour import Grid, check_expectations, expectation_grid
from training.model.intervals import group_interval, interval, student_t
from training.model.survival import risk
from training.study.declaration import Study


@pytest.fixture(scope="module")
def grid(study: Study, shipped: Shipped) -> Grid:
    numbers = [each for each in shipped.metadata["inputs"] if each["kind"] == "number"]
    return expectation_grid(study, np.array([each["seen"] for each in numbers]))


@pytest.fixture(scope="module")
def hazard(shipped: Shipped, grid: Grid) -> Floats:
    """The model's and its refits' hazards on the grid, [n, 1 + refits, periods]."""
    return shipped.hazard(grid.codes, grid.numbers)


def test_risk_rises_in_every_period_for_the_model_and_every_refit(
    shipped: Shipped, hazard: Floats
) -> None:
    ends = risk(hazard, shipped.periods, np.array([0.0, *shipped.periods.ends]))

    assert (ends[..., 0] == 0).all()
    assert (np.diff(ends, axis=-1) > 0).all()
    assert (ends < 1).all()


def test_the_model_meets_every_expectation_of_its_study(
    study: Study, shipped: Shipped, grid: Grid, hazard: Floats
) -> None:
    rules = check_expectations(study, shipped.periods, grid, hazard[:, 0])

    assert len(rules) == 1 + len(study.expectations)
    assert [rule for rule in rules if rule.hard and not rule.passed] == []


def test_golden_predictions_are_what_the_file_answers(shipped: Shipped) -> None:
    golden = shipped.metadata["golden"]
    time, outcome = shipped.metadata["time"]["name"], shipped.metadata["study"]["outcome"]
    hazard = shipped.hazard(*shipped.encoded([case["inputs"] for case in golden]))
    spread = shipped.metadata["stand_interval"]

    assert len(golden) >= 12
    for case, each in zip(golden, hazard, strict=True):
        risks = risk(each, shipped.periods, np.array([case[time]]))[:, 0]
        assert 100 * risks[0] == pytest.approx(case[f"{outcome}_percent"], abs=1e-3)
        bounds = interval(risks)
        average = [100 * float(end) for end in (bounds.low, bounds.high)]
        assert average == pytest.approx(case["interval_90"], abs=1e-2)
        if spread is None:
            assert case["stand_interval_90"] is None
            continue
        ended = max(np.searchsorted(shipped.periods.ends, case[time], side="right") - 1, 0)
        wide = group_interval(risks, spread["spread"][ended], spread["size"])
        group = [100 * float(end) for end in (wide.low, wide.high)]
        assert group == pytest.approx(case["stand_interval_90"], abs=1e-2)


def test_metadata_name_the_graph_beside_them(shipped: Shipped) -> None:
    assert shipped.metadata["model"] == {
        "sha256": hashlib.sha256(shipped.graph).hexdigest(),
        "bytes": len(shipped.graph),
    }


def test_the_interval_is_made_from_as_many_refits_as_the_graph_holds(
    shipped: Shipped, hazard: Floats
) -> None:
    described = shipped.metadata["interval"]

    assert described["refits"] == hazard.shape[1] - 1
    assert described["t"] == pytest.approx(student_t(described["refits"]), abs=1e-5)


def test_the_interval_is_neither_a_point_nor_everything(shipped: Shipped, hazard: Floats) -> None:
    at_end = risk(hazard, shipped.periods, np.array([shipped.periods.horizon]))[..., 0]
    bounds = interval(at_end)

    assert 0.01 < np.median(bounds.high - bounds.low) < 0.4


def test_figures_of_a_published_model_reach_their_targets(shipped: Shipped) -> None:
    if shipped.metadata["data"]["source"] != "published":
        pytest.skip("model/ was not trained on the published data")
    metrics = shipped.metadata["metrics"]

    check_targets(metrics)
    reference = metrics["kaplan_meier"]["integrated_brier_score"]["mean"]
    assert metrics["integrated_brier_score"]["mean"] < reference
