"""The fault that new rows may have: a better fit must be sure, for the champion's part too."""

from __future__ import annotations

import numpy as np
import pytest

from training.evaluation.diagnosis import Diagnosis, _p_value

DRAWS = np.concatenate([[-0.01], np.random.RandomState(0).normal(-0.01, 0.001, 500)])


def test_a_gain_on_which_all_refits_agree_is_sure() -> None:
    assert _p_value(DRAWS, np.full(12, -0.01), groups=12) < 1e-4


def test_a_gain_that_depends_on_one_group_of_the_champion_is_not() -> None:
    refits = np.full(12, -0.01)
    refits[3] = 0.004
    assert _p_value(DRAWS, refits, groups=12) > 0.05


def test_no_gain_is_none() -> None:
    assert _p_value(np.zeros(3), np.zeros(5), groups=3) == 1
    assert _p_value(-np.ones(3), -np.ones(5), groups=3) == 0


@pytest.mark.parametrize(
    ("change", "is_fault"),
    [
        ({}, True),
        ({"p_value": 0.01}, False),
        ({"upper": 0.001}, False),
        ({"alternative": 0.099}, False),
    ],
)
def test_a_fault_is_a_gain_that_is_large_and_sure(change: dict[str, float], is_fault: bool) -> None:
    facts = {"score": 0.1, "alternative": 0.08, "upper": -0.001, "p_value": 1e-5}
    assert Diagnosis("with two levels exchanged", **{**facts, **change}).is_fault is is_fault
