"""How likely each subject was to stay: by Kaplan-Meier, or by what it depends on."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest

from tests.training import samples
from training.errors import TrainingError
from training.evaluation.censoring import Staying, _columns, staying
from training.model.periods import Periods
from training.study.declaration import Study
from training.study.subjects import Subjects
from training.study.table import Table

PERIODS = Periods((10.0,), (0,), tuple(np.arange(0, 11.0).tolist()), "steps")


def subjects_of(time: list[float], event: list[int]) -> Subjects:
    count = len(time)
    zeros = np.zeros(count, int)
    return Subjects(
        zeros[:, None],
        zeros[:, None] * 1.0,
        np.array(time, float),
        np.array(event),
        zeros,
        ("a",),
        pd.DataFrame(index=range(count)),
    )


def test_without_a_formula_it_is_kaplan_meier_of_the_censoring() -> None:
    found = staying(
        samples.battery(censoring=None),
        subjects_of([2, 4, 4, 6, 10, 10], [0, 1, 0, 0, 1, 0]),
        PERIODS,
    )
    # One of six leaves at 2; the event at 4 comes before who leaves then, one of four.
    assert found.until(1.0).tolist() == [1] * 6
    assert found.until(2.0)[0] == pytest.approx(5 / 6)
    assert found.before(4.0)[0] == pytest.approx(5 / 6)
    assert found.until(4.0)[0] == pytest.approx(5 / 6 * 3 / 4)
    assert found.until(10.0)[0] == pytest.approx(5 / 6 * 3 / 4 * 2 / 3)
    own = [1, 5 / 6, 5 / 6, 5 / 8, 5 / 12, 5 / 12]
    np.testing.assert_allclose(found.before_own(np.array([2, 4, 4, 6, 10, 10.0])), own)


def test_nobody_censored_means_that_everybody_stays() -> None:
    found = staying(samples.battery(censoring=None), subjects_of([2, 10], [1, 0]), PERIODS)

    assert found.until(10.0).tolist() == [1, 1]


def test_everybody_gone_before_the_horizon_is_named() -> None:
    with pytest.raises(TrainingError, match=r"left at week 6 was censored then: nothing is known"):
        staying(samples.battery(censoring=None), subjects_of([2, 6, 6], [1, 0, 0]), PERIODS)


@pytest.mark.trial
def test_on_visits_it_depends_on_what_the_study_declares(
    study: Study, simulated_table: Table
) -> None:
    subjects = simulated_table.subjects
    found = staying(study, subjects, Periods.of(study, subjects))
    by_species = pd.Series(found.until(115.5)).groupby(subjects.codes[:, 0]).mean()

    assert by_species[0] > 0.75
    assert by_species[3] < 0.65
    assert (found.until(21.0) == 1).all(), "nobody was harvested before day 24.5"


def test_with_observed_times_it_depends_on_it_too_and_falls_evenly() -> None:
    study = samples.observed_battery()
    censoring = samples.battery().censoring
    assert censoring is not None
    by_shelf = censoring.model_copy(update={"formula": "Shelf"})
    study = study.model_copy(update={"censoring": by_shelf})
    drawn = samples.draw(study, count=1500)
    early = (drawn.frame["Shelf"] == "top").to_numpy() & (np.arange(len(drawn)) % 3 > 0)
    time = np.where(early, drawn.time * 0.2, drawn.time)
    subjects = dataclasses.replace(drawn, time=time, event=np.where(early, 0, drawn.event))
    found = staying(study, subjects, Periods.of(study, subjects))
    top = (subjects.frame["Shelf"] == "top").to_numpy()

    assert found.until(10.0)[top].mean() < found.until(10.0)[~top].mean() - 0.2
    a, b = found.until(0.5)[0], found.before(0.5)[0]
    assert a == b < 1


def test_rows_keep_their_own_probability() -> None:
    found = Staying(np.array([1.0]), np.array([[0.9], [0.5]]), np.array([0, 1, 0]))

    assert found[np.array([1, 2])].until(1.0).tolist() == [0.5, 0.9]


def test_numbers_are_standardised_and_a_constant_one_is_nothing() -> None:
    frame = pd.DataFrame({"Heat": [10.0, 20, 30, 40], "Weight": [7.0] * 4, "Shelf": list("abba")})
    study = samples.battery()
    expected = (frame["Heat"] - 25) / np.std([10, 20, 30, 40])

    heat = _columns("Heat", study, frame).toarray()
    np.testing.assert_allclose(heat[:, 0], expected)
    np.testing.assert_allclose(_columns("Weight", study, frame).toarray(), np.zeros((4, 1)))
    by_shelf = _columns("Shelf:Heat", study, frame).toarray()
    np.testing.assert_allclose(by_shelf.sum(axis=1), expected)
    assert (by_shelf != 0).tolist() == [[True, False], [False, True], [False, True], [True, False]]
