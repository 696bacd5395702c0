"""When a served model counts as wrong on new rows."""

from __future__ import annotations

import numpy as np
import pytest

from tests.training import samples
from training.arrays import Floats, Ints
from training.evaluation.scores import Outcomes
from training.evaluation.shift import AT_THE_END, MAIN, NOTICED, OTHER, Rows, Shift, _Sums
from training.model.periods import Periods

GROUPS = 8
SPREAD = 0.02 * np.linspace(-1, 1, GROUPS)[:, None]


@pytest.fixture(scope="module")
def rows() -> Rows:
    """Of a study with ten visits, of which the first and the last are judged."""
    study = samples.battery()
    subjects = samples.draw(study)
    outcomes = Outcomes.of(study, subjects, Periods.of(study, subjects))
    visit: Ints = np.array([0, len(outcomes.visits) - 1])
    return Rows(outcomes, visit, np.zeros((len(subjects), 2, 1)))


def judged(rows: Rows, difference: Floats, *, is_main: bool = True) -> list[Shift]:
    """Two times at which leaving out a group moves the difference by up to 2 points."""
    predicted = np.array([[0.3, 0.6], [0.31, 0.59], [0.29, 0.61]])
    sums = _Sums(difference, difference + SPREAD, predicted, predicted[0] - difference, GROUPS)
    return sums.shifts(rows, ("week", "maker Alpha", is_main, 100), None)


@pytest.mark.parametrize(("is_main", "sure"), [(True, [MAIN, AT_THE_END]), (False, [OTHER, OTHER])])
def test_the_largest_difference_that_passes_has_the_p_value_of_its_kind(
    rows: Rows, is_main: bool, sure: list[float]
) -> None:
    limits = np.array([each.limit for each in judged(rows, np.zeros(2), is_main=is_main)])
    assert (limits > NOTICED).all()

    at_the_limit = judged(rows, limits, is_main=is_main)
    assert [each.p_value for each in at_the_limit] == pytest.approx(sure)
    assert [each.is_beyond for each in judged(rows, 0.999 * limits, is_main=is_main)] == [False] * 2
    assert [each.is_beyond for each in judged(rows, -1.001 * limits, is_main=is_main)] == [True] * 2
