"""How often the intervals hold the truth."""

from __future__ import annotations

import numpy as np

from tests.training import samples
from training.pipeline.coverage import group_coverage, interval_coverage


def test_most_intervals_hold_the_truth_whatever_the_groups_do() -> None:
    study = samples.battery(model={"search": {"C": [1.0]}})
    subjects = samples.draw(study, 600, groups=10)
    found = interval_coverage(study, subjects, replicates=3, jobs=1)

    assert [row.truth for row in found] == ["0.13", "0.4", "as at hand"]
    for row in found:
        assert 0.6 < row.true <= row.within_a_point <= 1
        assert row.own > 0.6
        assert 0 < row.width < 60
        assert 0 <= row.own_error < 0.2
        assert 0 < row.true_error < 0.2


def test_each_known_group_is_compared_with_the_interval_of_the_others() -> None:
    study = samples.battery(model={"search": {"C": [1.0]}})
    found = group_coverage(study, samples.draw(study, 600, groups=12), jobs=1)

    assert found is not None
    assert len(found.held) == 3
    assert np.nanmin(found.held) > 0.6


def test_without_groups_coverage_is_not_measured() -> None:
    study = samples.observed_battery()
    assert group_coverage(study, samples.draw(study), jobs=1) is None
