"""Person-period data: who was at risk when, and who died."""

from __future__ import annotations

import numpy as np
import pandas as pd
from hypothesis import assume, given
from hypothesis import strategies as st

from training.model.person_periods import PERIODS, Covariates, PersonPeriods
from training.study import design

COLUMNS = ["Species", "Soil", "Light_ISF", "Plot", "Census", "Event"]

seedlings = st.lists(
    st.tuples(
        st.sampled_from(design.SPECIES),
        st.sampled_from(design.SOILS),
        st.sampled_from([0.05, 0.1, 0.15]),
        st.integers(1, 3),
        st.integers(1, design.CENSUSES),
        st.integers(0, 1),
    ),
    min_size=1,
    max_size=30,
).map(lambda rows: pd.DataFrame(rows, columns=COLUMNS))


def one(census: int, event: int) -> pd.DataFrame:
    return pd.DataFrame([("Quercus alba", "Sterile", 0.1, 4, census, event)], columns=COLUMNS)


def test_a_dead_seedling_is_at_risk_up_to_its_last_period_and_dies_in_it() -> None:
    data = PersonPeriods.of(one(census=10, event=1))

    assert data.rows[:, 2].tolist() == [0, 1, 2]
    assert data.at_risk[:, 0].tolist() == [1, 1, 1]
    assert data.deaths[:, 0].tolist() == [0, 0, 1]
    assert data.plots.tolist() == [4]


def test_a_harvested_seedling_is_censored_not_alive() -> None:
    data = PersonPeriods.of(one(census=8, event=0))

    assert data.rows[:, 2].tolist() == [0, 1], "nothing is claimed of the periods after it"
    assert data.deaths.sum() == 0


def test_a_survivor_passes_through_every_period() -> None:
    data = PersonPeriods.of(one(census=33, event=0))

    assert len(data.rows) == PERIODS
    assert data.deaths.sum() == 0


@given(seedlings)
def test_counting_loses_no_seedling_and_no_death(rows: pd.DataFrame) -> None:
    data = PersonPeriods.of(rows)
    first = data.rows[:, 2] == 0

    assert data.at_risk[first].sum() == len(rows)
    assert data.deaths.sum() == rows["Event"].sum()
    assert (data.deaths <= data.at_risk).all()
    assert len(np.unique(data.rows, axis=0)) == len(data.rows)


@given(seedlings)
def test_a_plot_weight_of_zero_is_the_same_as_leaving_the_plot_out(rows: pd.DataFrame) -> None:
    assume(len(rows["Plot"].unique()) > 1)
    data = PersonPeriods.of(rows)
    without = PersonPeriods.of(rows[rows["Plot"] != data.plots[0]])
    weights = np.ones(len(data.plots))
    weights[0] = 0

    def table(x: np.ndarray, y: np.ndarray, weight: np.ndarray) -> list[tuple[float, ...]]:
        return sorted(map(tuple, np.column_stack([x, y, weight]).tolist()))

    assert table(*data.weighted(weights)) == table(*without.weighted())


@given(seedlings)
def test_distinct_covariates_stand_for_every_row(rows: pd.DataFrame) -> None:
    covariates = Covariates.of(rows)
    distinct, which = covariates.unique()

    assert (distinct.species[which] == covariates.species).all()
    assert (distinct.soil[which] == covariates.soil).all()
    assert (distinct.light[which] == covariates.light).all()
    assert len(distinct) == len(rows[["Species", "Soil", "Light_ISF"]].drop_duplicates())
