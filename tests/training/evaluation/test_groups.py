"""The spread between groups: the smallest that holds enough of them."""

from __future__ import annotations

import numpy as np
import pytest

from tests.training import samples
from training.evaluation.groups import GroupSpread, group_spread
from training.evaluation.scores import Outcomes
from training.evaluation.truth import GroupEffects, Truth
from training.model.hazard import Recipe, fit_hazard
from training.model.periods import Periods
from training.pipeline.train import leave_out_blocks, refit

STUDY = samples.battery()
RECIPE = Recipe("maker + period + heat", parameters={"C": 1.0})


def spread_of(group_sd: float, count: int = 900, groups: int = 12) -> GroupSpread | None:
    """The spread found in data whose groups differ by so much."""
    subjects = samples.draw(STUDY, count, groups)
    periods = Periods.of(STUDY, subjects)
    model = fit_hazard(RECIPE, STUDY, periods, subjects)
    staying = Outcomes.of(STUDY, subjects, periods).staying
    truth = Truth("drawn", model, GroupEffects(group_sd))
    drawn = truth.draw(subjects, staying, [7])
    models = refit(RECIPE, STUDY, periods, drawn, jobs=1)
    outcomes = Outcomes.of(STUDY, drawn, periods)
    return group_spread(STUDY, models, leave_out_blocks(groups), drawn, outcomes)


def test_groups_that_differ_more_have_a_larger_spread() -> None:
    alike, apart = spread_of(0.0), spread_of(1.2)

    assert alike is not None
    assert apart is not None
    assert alike.by == apart.by == "maker"
    assert max(alike.spread) < 0.4
    assert max(apart.spread) > 0.6


def test_most_left_out_groups_are_held_by_the_others_interval() -> None:
    found = spread_of(0.6)

    assert found is not None
    assert min(found.held) > 0.75
    assert found.size >= 10


def test_where_levels_are_too_few_to_count_whole_groups_are_looked_at() -> None:
    found = spread_of(0.6, count=240, groups=12)

    assert found is not None
    assert found.by is None


def test_too_few_groups_say_nothing() -> None:
    assert spread_of(0.6, count=80, groups=8) is None


@pytest.mark.parametrize(
    ("curve", "expected"),
    [("steps", [0.1, 0.1, 0.1, 0.2, 0.3]), ("continuous", [0.1, 0.1, 0.2, 0.2, 0.3])],
)
def test_the_spread_at_a_time_is_that_of_its_period(curve: str, expected: list[float]) -> None:
    periods = Periods((4.0, 8.0, 20.0), (0, 0, 0), (0.0, 20.0), curve)  # type: ignore[arg-type]
    spread = GroupSpread(periods.ends, (0.1, 0.2, 0.3), 20, None, 1.7, (1.0, 1.0, 1.0))

    assert [spread.at(time, periods) for time in (0.0, 4.0, 6.0, 8.0, 20.0)] == expected


def test_what_serving_needs_is_described() -> None:
    spread = GroupSpread((4.0,), (0.1,), 27, "maker", 1.7396072, (np.nan,))

    assert spread.described() == {
        "level": 0.9,
        "t": 1.739607,
        "size": 27,
        "by": "maker",
        "spread": [0.1],
    }
