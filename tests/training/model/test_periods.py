"""The periods of a study, and how much of each counts by a time."""

from __future__ import annotations

import numpy as np
import pytest

from tests.training import samples
from training.errors import TrainingError
from training.model.periods import Periods


def test_declared_periods_have_their_phases_and_visits() -> None:
    study = samples.battery()
    periods = Periods.of(study, samples.draw(study))

    assert list(periods.ends) == [4, 8, 20]
    assert list(periods.phases) == [0, 0, 1]
    assert list(periods.visits) == list(range(0, 21, 2))
    assert periods.curve == "steps"


def test_without_phases_there_is_one() -> None:
    study = samples.observed_battery()
    assert set(Periods.of(study, samples.draw(study)).phases) == {0}


@pytest.mark.parametrize("minimum", [1, 15, 60])
def test_made_periods_hold_enough_events_and_end_at_the_horizon(minimum: int) -> None:
    study = samples.observed_battery(periods={"minimum_events": minimum})
    subjects = samples.draw(study)
    periods = Periods.of(study, subjects)
    events = np.bincount(periods.period_of(subjects.time[subjects.event == 1]))

    assert events.min() >= minimum
    assert events.sum() == subjects.event.sum()
    assert len(periods) == events.sum() // minimum
    assert periods.ends[-1] == periods.horizon == 20


def test_too_few_events_for_a_period_are_named() -> None:
    study = samples.observed_battery(periods={"minimum_events": 1000})
    with pytest.raises(TrainingError, match=r"too few for one period of at least 1000 \(time"):
        Periods.of(study, samples.draw(study))


def test_a_time_on_an_end_belongs_to_the_period_that_ends() -> None:
    study = samples.battery()
    periods = Periods.of(study, samples.draw(study))
    times = np.array([0.0, 2.0, 4.0, np.nextafter(4.0, 5), 4.1, 20.0])

    assert periods.period_of(times).tolist() == [0, 0, 0, 0, 1, 2]


def test_a_step_counts_once_its_period_has_ended() -> None:
    study = samples.battery()
    periods = Periods.of(study, samples.draw(study))
    times = np.array([0.0, 3.9, 4.0, 7.0, 8.0, 20.0])

    assert periods.shares(times).T.tolist() == [
        [0, 0, 0],
        [0, 0, 0],
        [1, 0, 0],
        [1, 0, 0],
        [1, 1, 0],
        [1, 1, 1],
    ]


def test_on_a_continuous_curve_the_share_that_has_passed_counts() -> None:
    study = samples.observed_battery()
    periods = Periods.of(study, samples.draw(study))
    ends = np.array(periods.ends)
    lengths = np.diff(np.concatenate([[0.0], ends]))
    times = np.array([0.0, 0.3, 7.7, 20.0])

    np.testing.assert_allclose(lengths @ periods.shares(times), times, atol=1e-12)
    assert len(periods.visits) == study.time.points + 1
