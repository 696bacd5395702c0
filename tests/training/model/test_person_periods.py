"""Person-period data: who was at risk when, and to whom the event happened."""

from __future__ import annotations

import numpy as np
import pandas as pd
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.training import samples
from training.arrays import Floats, Ints
from training.model.periods import Periods
from training.model.person_periods import PersonPeriods
from training.study.subjects import Subjects, distinct_inputs

STUDY = samples.battery()
PERIODS = Periods.of(STUDY, samples.draw(STUDY))

cells = st.lists(
    st.tuples(
        st.integers(0, 2),
        st.sampled_from([20.0, 25.5, 40.0]),
        st.integers(0, 2),
        st.integers(1, 10),
        st.integers(0, 1),
    ),
    min_size=1,
    max_size=30,
)


def subjects_of(rows: list[tuple[int, float, int, int, int]]) -> Subjects:
    maker, heat, rack, visit, event = (np.array(each) for each in zip(*rows, strict=True))
    codes = np.column_stack([maker, maker])
    racks = ("a", "b", "c")
    return Subjects(
        codes, heat[:, None], 2.0 * visit, event, rack, racks, pd.DataFrame(index=maker)
    )


def one(time: float, event: int) -> PersonPeriods:
    subjects = subjects_of([(1, 25.5, 2, 1, event)])
    return PersonPeriods.of(
        Subjects(
            subjects.codes,
            subjects.numbers,
            np.array([time]),
            subjects.event,
            subjects.group,
            subjects.groups,
            subjects.frame,
        ),
        PERIODS,
    )


def test_a_subject_with_the_event_is_at_risk_up_to_the_period_of_it() -> None:
    data = one(6, event=1)

    assert data.rows.tolist() == [[1, 1, 25.5, 0], [1, 1, 25.5, 1]]
    assert data.exposure.tolist() == [1, 1]
    assert data.events.tolist() == [0, 1]
    assert data.groups.tolist() == [2]


def test_a_subject_censored_at_a_period_s_end_was_at_risk_for_all_of_it() -> None:
    data = one(8, event=0)

    assert data.rows[:, -1].tolist() == [0, 1], "nothing is claimed of the periods after it"
    assert data.exposure.tolist() == [1, 1]
    assert data.events.sum() == 0


def test_a_subject_censored_within_a_period_counts_the_share_that_had_passed() -> None:
    data = one(11, event=0)

    np.testing.assert_allclose(data.exposure, [1, 1, 0.25])
    _, outcome, weight = data.weighted()
    np.testing.assert_allclose(weight, [1, 1, 0.25])
    assert (outcome == 0).all()


def test_a_subject_observed_to_the_horizon_passes_through_every_period() -> None:
    assert one(20, event=0).exposure.tolist() == [1, 1, 1]


def test_a_subject_censored_at_time_zero_adds_no_person_period() -> None:
    assert len(one(0, event=0).rows) == 0


@given(cells)
def test_counting_loses_no_subject_and_no_event(
    rows: list[tuple[int, float, int, int, int]],
) -> None:
    subjects = subjects_of(rows)
    data = PersonPeriods.of(subjects, PERIODS)
    entered = data.rows[data.row, -1] == 0
    early = (subjects.event == 0) & (subjects.time < 4)

    assert np.isclose(data.exposure[entered].sum(), len(rows) - 0.5 * early.sum())
    assert data.events.sum() == subjects.event.sum()
    assert (data.events <= data.exposure).all()
    assert len(np.unique(data.rows, axis=0)) == len(data.rows)


def weighted_rows(x: Floats, y: Ints, weight: Floats) -> list[tuple[float, ...]]:
    return sorted(map(tuple, np.column_stack([x, y, weight]).round(12).tolist()))


@given(cells)
def test_a_group_weight_of_zero_is_the_same_as_leaving_the_group_out(
    rows: list[tuple[int, float, int, int, int]],
) -> None:
    subjects = subjects_of(rows)
    assume(len(np.unique(subjects.group)) > 1)
    data = PersonPeriods.of(subjects, PERIODS)
    without = PersonPeriods.of(subjects[subjects.group != data.groups[0]], PERIODS)
    weights = np.ones(len(data.groups))
    weights[0] = 0

    assert weighted_rows(*data.weighted(weights)) == weighted_rows(*without.weighted())


@given(cells)
def test_distinct_inputs_stand_for_every_row(rows: list[tuple[int, float, int, int, int]]) -> None:
    subjects = subjects_of(rows)
    codes, numbers, which = distinct_inputs(subjects.codes, subjects.numbers)

    assert (codes[which] == subjects.codes).all()
    assert (numbers[which] == subjects.numbers).all()
    assert len(codes) == len({(maker, heat) for maker, heat, *_ in rows})
