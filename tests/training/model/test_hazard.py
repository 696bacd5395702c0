"""The design matrix and the recipe."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from training.model.hazard import (
    LIGHT_CENTRE,
    LIGHT_SCALE,
    Recipe,
    SeasonDesign,
    fit_curves,
    hazards,
)
from training.model.person_periods import PERIODS, Covariates, PersonPeriods
from training.study import design, simulate


@pytest.fixture(scope="module")
def seedlings() -> pd.DataFrame:
    return simulate.simulate(seedlings=600, seed=3)


def test_the_design_has_the_columns_of_the_recipe() -> None:
    rows = Covariates(np.array([2]), np.array([6]), np.array([LIGHT_CENTRE + LIGHT_SCALE]))
    matrix = SeasonDesign().fit_transform(rows.by_period())

    # species, soil, conspecific, period, species x period, conspecific x phase, all three
    widths = [4, 7, 3, 15, 60, 15, 60]
    assert matrix.shape == (PERIODS, sum(widths) + 5)
    blocks = np.split(matrix, np.cumsum(widths), axis=1)
    for block in blocks[:-1]:
        assert (block.sum(axis=1) == 1).all(), "each factor has one level in every row"
    np.testing.assert_allclose(blocks[-1], np.tile([1, 0, 0, 1, 0], (PERIODS, 1)))


def test_a_sparse_design_is_the_same_design() -> None:
    rows = Covariates(np.array([0, 3]), np.array([1, 2]), np.array([0.05, 0.1])).by_period()
    dense = SeasonDesign().fit_transform(rows)
    sparse = SeasonDesign(as_sparse=True).fit_transform(rows)

    assert (dense == sparse.toarray()).all()


def test_hazards_are_probabilities_for_each_period(seedlings: pd.DataFrame) -> None:
    model = Recipe().fit(PersonPeriods.of(seedlings))
    hazard = hazards(model, Covariates.of(seedlings))

    assert hazard.shape == (len(seedlings), PERIODS)
    assert ((hazard > 0) & (hazard < 1)).all()


def test_the_order_of_rows_does_not_change_the_fit(seedlings: pd.DataFrame) -> None:
    shuffled = seedlings.sample(frac=1, random_state=1)
    curves, again = (fit_curves(Recipe(), rows)(seedlings) for rows in (seedlings, shuffled))

    np.testing.assert_allclose(curves, again, atol=1e-12)


def test_a_plot_drawn_twice_counts_twice(seedlings: pd.DataFrame) -> None:
    first = int(seedlings["Plot"].iloc[0])
    twice = pd.concat([seedlings, seedlings[seedlings["Plot"] == first]])
    data = PersonPeriods.of(seedlings)
    weights = np.where(data.plots == first, 2.0, 1.0)

    doubled = hazards(Recipe().fit(PersonPeriods.of(twice)), Covariates.of(seedlings))
    weighted = hazards(Recipe().fit(data, weights), Covariates.of(seedlings))
    np.testing.assert_allclose(doubled, weighted, atol=1e-9)


def test_more_deaths_raise_the_hazard(seedlings: pd.DataFrame) -> None:
    worse = seedlings.copy()
    oaks = worse["Species"] == "Quercus alba"
    worse.loc[oaks, ["Census", "Event"]] = [12, 1]
    lived, died = (
        fit_curves(Recipe(), rows)(seedlings[oaks])[:, -1] for rows in (seedlings, worse)
    )

    assert (died < lived).all()


def test_conspecific_follows_from_species_and_soil() -> None:
    kinds = {design.conspecific("Quercus alba", soil) for soil in design.SOILS}
    assert kinds == {"Conspecific", "Heterospecific", "Sterilized"}
    assert design.conspecific("Quercus alba", "Quercus alba") == "Conspecific"
