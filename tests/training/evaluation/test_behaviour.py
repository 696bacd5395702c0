"""The expectations: a model that breaks one is found out."""

from __future__ import annotations

import numpy as np
import pytest

from training.arrays import Floats
from training.evaluation import behaviour
from training.study import design

GRID = behaviour.grid()


def as_expected() -> Floats:
    """Curves that meet every expectation: exponential, with a rate for every cell."""
    rate = np.array([9.0, 5.5, 0.5, 0.5])[GRID.species]
    sterile = GRID.soil == design.SOILS.index(design.STERILE)
    red_maple = GRID.soil == design.SOILS.index("Acer rubrum")
    rate = np.where((GRID.species == 0) & sterile, 0.3 * rate, rate)
    rate = np.where((GRID.species == 2) & red_maple, 0.6 * rate, rate)
    return np.exp(-np.outer(rate, np.linspace(0, 1, design.CENSUSES + 1)))


def failed(survival: Floats) -> set[str]:
    return {rule.name for rule in behaviour.behaviour_rules(survival) if not rule.passed}


def test_a_model_as_expected_meets_every_expectation() -> None:
    assert failed(as_expected()) == set()


def test_the_grid_holds_every_species_in_every_soil() -> None:
    assert len(GRID) == len(design.SPECIES) * len(design.SOILS) * len(behaviour.LIGHTS)


@pytest.mark.parametrize(
    ("wrong", "rows", "power"),
    [
        ("survival falls at every census", GRID.species == 1, 0.0),
        ("maple and cherry die more than oaks, worst cell", GRID.species == 1, 0.05),
        ("maple and cherry die more than oaks, mean", GRID.species < 2, 0.3),
        ("maple, day 49: live less sterile soil", GRID.soil == 6, 4.0),
        ("white oak: red maple soil less other species' soil", GRID.soil == 0, 3.0),
        ("oaks: own less other species' soil", GRID.species == GRID.soil - 2, 0.1),
        ("oaks: sterile less other species' soil", GRID.soil == 6, 0.1),
        ("maple less cherry", GRID.species == 0, 0.3),
    ],
)
def test_a_model_that_turns_a_direction_round_is_found_out(
    wrong: str, rows: Floats, power: float
) -> None:
    survival = as_expected()
    survival[rows] **= power
    assert wrong in failed(survival)


def test_only_what_every_refit_bears_out_is_hard() -> None:
    soft = [rule.name for rule in behaviour.behaviour_rules(as_expected()) if not rule.hard]
    assert soft == [
        "oaks: own less other species' soil",
        "oaks: sterile less other species' soil",
        "maple less cherry",
    ]
