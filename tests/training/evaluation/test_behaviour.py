"""The expectations: a model that breaks one is found out."""

from __future__ import annotations

import numpy as np
import pytest

from tests.training import samples
from training.arrays import Floats
from training.evaluation import behaviour
from training.evaluation.behaviour import check_expectations, expectation_grid
from training.model.periods import Periods
from training.study.declaration import Study

LIGHTS = np.array([[0.032, 0.161]])


def grid_of(study: Study) -> behaviour.Grid:
    return expectation_grid(study, LIGHTS)


def periods_of(study: Study) -> Periods:
    ends = study.time.periods
    return Periods(ends, (0,) * len(ends), (0.0, study.time.horizon), "steps")  # type: ignore[arg-type]


def as_expected(study: Study) -> Floats:
    """Hazards that meet every expectation: one rate for every cell."""
    table = grid_of(study).table
    rate = table["species"].map(
        {"Acer saccharum": 0.5, "Prunus serotina": 0.3, "Quercus alba": 0.03, "Quercus rubra": 0.03}
    )
    sterile, red_maple = table["soil"] == "Sterile", table["soil"] == "Acer rubrum"
    rate = rate.where(~(sterile & (table["species"] == "Acer saccharum")), 0.15)
    rate = rate.where(~(red_maple & (table["species"] == "Quercus alba")), 0.02)
    return np.tile(rate.to_numpy()[:, None], len(periods_of(study)))


def failed(study: Study, hazard: Floats) -> set[str]:
    rules = check_expectations(study, periods_of(study), grid_of(study), hazard)
    return {rule.name for rule in rules if not rule.passed}


@pytest.mark.trial
def test_a_model_as_expected_meets_every_expectation(study: Study) -> None:
    assert failed(study, as_expected(study)) == set()


@pytest.mark.trial
def test_the_grid_holds_every_level_at_every_step_of_a_number(study: Study) -> None:
    grid = grid_of(study)

    assert len(np.unique(np.column_stack([grid.codes, grid.numbers]), axis=0)) == 4 * 7 * 13
    assert (grid.numbers.min(), grid.numbers.max()) == (0.032, 0.161)


@pytest.mark.trial
@pytest.mark.parametrize(
    ("wrong", "chosen", "times"),
    [
        ("survival falls in every period", {"species": "Prunus serotina"}, 0.0),
        ("maple and cherry die more than oaks, every cell", {"species": "Prunus serotina"}, 0.05),
        ("maple and cherry die more than oaks, on average", {"species": "Prunus serotina"}, 0.05),
        ("maple, day 49: mortality in live minus sterile soil", {"soil": "Sterile"}, 9.0),
        (
            "white oak: mortality in other species' soil minus red maple's",
            {"soil": "Acer rubrum"},
            3.0,
        ),
        (
            "oaks: mortality in their own minus other species' soil",
            {"conspecific": "Conspecific"},
            0.2,
        ),
        ("oaks: mortality in sterile minus other species' soil", {"soil": "Sterile"}, 0.1),
        ("maple minus cherry", {"species": "Acer saccharum"}, 0.1),
    ],
)
def test_a_model_that_turns_a_direction_round_is_found_out(
    study: Study, wrong: str, chosen: dict[str, str], times: float
) -> None:
    hazard = as_expected(study)
    ((name, level),) = chosen.items()
    hazard[(grid_of(study).table[name] == level).to_numpy()] *= times

    assert wrong in failed(study, hazard.clip(0, 0.99))


@pytest.mark.trial
def test_soft_expectations_warn(study: Study) -> None:
    rules = check_expectations(study, periods_of(study), grid_of(study), as_expected(study))

    assert [rule.name for rule in rules if not rule.hard] == [
        "oaks: mortality in their own minus other species' soil",
        "oaks: mortality in sterile minus other species' soil",
        "maple minus cherry",
    ]


def test_where_there_are_too_many_combinations_some_are_drawn(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(behaviour, "LARGEST", 20)
    monkeypatch.setattr(behaviour, "DRAWS", 7)
    study = samples.battery(expectations=None)
    grid = expectation_grid(study, np.array([[15.0, 55.0]]))

    assert len(grid.codes) == 7
    assert len(set(grid.codes[:, 0])) > 1


def test_an_expectation_on_values_that_never_meet_is_not_met() -> None:
    name = {"en": "x", "es": "x"}
    condition = {"maker": ["Gamma"], "fit": ["own"], "charger": ["Alpha"]}
    study = samples.battery(
        expectations=[{"name": name, "more": condition, "less": {}, "at": 20, "above": -1}]
    )
    grid = expectation_grid(study, np.array([[15.0, 55.0]]))
    periods = Periods((4.0, 8.0, 20.0), (0, 0, 1), (0.0, 20.0), "steps")
    (_, rule) = check_expectations(study, periods, grid, np.full((len(grid.codes), 3), 0.1))

    assert not rule.passed


def test_values_of_a_number_that_expectations_list_are_looked_at_exactly() -> None:
    name = {"en": "hot cells fail", "es": "x"}
    listed = {"name": name, "more": {"heat": [50]}, "less": {"heat": [20]}, "at": 20, "above": 0}
    ranged = {**listed, "less": {"heat": {"maximum": 21}}}
    for expectation, expected in ((listed, 2), (ranged, 13 + 2)):
        study = samples.battery(expectations=[expectation])
        grid = expectation_grid(study, np.array([[15.0, 55.0]]))
        periods = Periods((4.0, 8.0, 20.0), (0, 0, 1), (0.0, 20.0), "steps")
        hazard = np.tile(grid.numbers / 100, 3)
        (_, rule) = check_expectations(study, periods, grid, hazard)

        assert len(np.unique(grid.numbers)) == expected
        assert rule.passed
