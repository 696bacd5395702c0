"""The design matrix: formulaic's, made from tables."""

from __future__ import annotations

import itertools
from typing import Any

import formulaic
import numpy as np
import pandas as pd
import pytest

from tests.training import samples
from training.errors import TrainingError
from training.model.design import Columns, Design, columns_of
from training.model.hazard import Recipe
from training.model.periods import Periods
from training.model.person_periods import by_period
from training.study.conditions import input_table
from training.study.declaration import Study
from training.study.formula import terms
from training.study.table import Table

FORMULAS = (
    "maker",
    "heat",
    "period",
    "maker*period + fit:phase + heat",
    "fit + maker:charger:phase + maker:heat + heat:fit:period",
    "(maker + charger):(heat + period)",
)


def formulaic_matrix(study: Study, periods: Periods, x: np.ndarray) -> pd.DataFrame:
    factors = len(study.factors)
    codes, period = x[:, :factors].astype(int), x[:, -1].astype(int)
    frame = input_table(study, codes, x[:, factors:-1])
    levels: dict[str, Any] = {each.name: each.names for each in study.factors}
    levels |= {each.name: each.names for each in study.derived}
    frame = frame.assign(
        **{name: pd.Categorical(frame[name], names) for name, names in levels.items()},
        **{n.name: (frame[n.name] - n.centre) / n.scale for n in study.numbers},
        period=pd.Categorical(period, range(len(periods))),
        phase=pd.Categorical(np.array(periods.phases)[period], range(max(periods.phases) + 1)),
    )
    formula = formulaic.Formula(f"{study.model.formula} - 1")
    return formula.get_model_matrix(frame, ensure_full_rank=False)


def column_names(study: Study, periods: Periods) -> list[str]:
    """The columns' names as formulaic writes them; a term's first factor runs fastest."""
    levels: dict[str, Any] = {each.name: each.names for each in study.factors}
    levels |= {each.name: each.names for each in study.derived}
    levels |= {"period": range(len(periods)), "phase": range(max(periods.phases) + 1)}
    names = []
    for term in terms(study):
        parts = [
            [f"{name}[{level}]" for level in levels[name]] if name in levels else [name]
            for name in term.label.split(":")
        ]
        names += [":".join(reversed(each)) for each in itertools.product(*reversed(parts))]
    return names


def every_row(study: Study, periods: Periods) -> np.ndarray:
    levels = [range(len(each.names)) for each in study.factors]
    codes = np.array(list(itertools.product(*levels)))
    numbers = np.random.RandomState(0).uniform(0, 60, (len(codes), len(study.numbers)))
    return by_period(codes, numbers, len(periods))


def unpenalised(study: Study, periods: Periods) -> Columns:
    return columns_of(study, periods, {})


@pytest.mark.parametrize("formula", FORMULAS)
def test_the_matrix_is_formulaic_s(formula: str) -> None:
    study = samples.battery(model={"formula": formula, "penalty": {}})
    periods = Periods.of(study, samples.draw(study))
    x = every_row(study, periods)
    expected = formulaic_matrix(study, periods, x)
    matrix = Design(unpenalised(study, periods)).fit_transform(x)
    names = column_names(study, periods)

    assert sorted(names) == sorted(expected.columns)
    np.testing.assert_allclose(matrix, expected[names].to_numpy(float), atol=1e-12)


def test_the_released_design_is_formulaic_s(study: Study, simulated_table: Table) -> None:
    periods = Periods.of(study, simulated_table.subjects)
    x = every_row(study, periods)
    matrix = Design(unpenalised(study, periods)).fit_transform(x)

    expected = formulaic_matrix(study, periods, x)[column_names(study, periods)]
    np.testing.assert_allclose(matrix, expected.to_numpy(float), atol=1e-12)


def test_a_sparse_design_is_the_same_design() -> None:
    study = samples.battery()
    periods = Periods.of(study, samples.draw(study))
    columns, x = unpenalised(study, periods), every_row(study, periods)

    dense = Design(columns).fit_transform(x)
    assert (dense == Design(columns, as_sparse=True).fit_transform(x).toarray()).all()


def test_a_penalty_of_four_halves_the_term_s_columns() -> None:
    study = samples.battery(model={"formula": "maker + charger:maker + heat", "penalty": {}})
    periods = Periods.of(study, samples.draw(study))
    x = every_row(study, periods)
    plain = Design(unpenalised(study, periods)).fit_transform(x)
    scaled = Design(columns_of(study, periods, {"maker:charger": 4})).fit_transform(x)
    weights = np.repeat([1, 0.5, 1], [3, 12, 1])

    np.testing.assert_allclose(scaled, plain * weights)


def test_a_penalty_on_a_term_that_the_formula_lacks_is_named() -> None:
    study = samples.battery()
    periods = Periods.of(study, samples.draw(study))
    with pytest.raises(TrainingError, match="the formula has no term maker:heat"):
        columns_of(study, periods, {"maker:heat": 2})


def test_a_recipe_has_columns_of_its_own_formula() -> None:
    study = samples.battery()
    periods = Periods.of(study, samples.draw(study))

    assert Recipe("maker + heat").columns(study, periods).width == 3 + 1
