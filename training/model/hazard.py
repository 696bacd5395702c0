"""The hazard's estimator: the columns it is linear in, and the recipe that makes it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final, Self

import numpy as np
import pandas as pd
from scipy import sparse
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
from threadpoolctl import threadpool_limits

from training.arrays import Floats, Ints
from training.model.person_periods import PERIODS, Covariates, PersonPeriods
from training.model.survival import Curves, survival_curve
from training.study import design

LIGHT_CENTRE: Final = 0.086
LIGHT_SCALE: Final = 0.0256
"""Mean and standard deviation of the light index over the published trial."""


def _factor_table() -> Floats:
    """One-hot columns of every (species, soil, period), [species, soils, periods, columns]."""
    kinds = ("Conspecific", "Heterospecific", "Sterilized")
    phases = max(design.PERIOD_PHASES) + 1
    cells = []
    for i, species in enumerate(design.SPECIES):
        for j, soil in enumerate(design.SOILS):
            kind = kinds.index(design.conspecific(species, soil))
            for period, phase in enumerate(design.PERIOD_PHASES):
                levels = (
                    (i, len(design.SPECIES)),
                    (j, len(design.SOILS)),
                    (kind, len(kinds)),
                    (period, PERIODS),
                    (i * PERIODS + period, len(design.SPECIES) * PERIODS),
                    (kind * phases + phase, len(kinds) * phases),
                    (
                        (i * len(kinds) + kind) * phases + phase,
                        len(design.SPECIES) * len(kinds) * phases,
                    ),
                )
                cells.append(np.concatenate([np.eye(count)[level] for level, count in levels]))
    shape = (len(design.SPECIES), len(design.SOILS), PERIODS, -1)
    return np.array(cells).reshape(shape)


class SeasonDesign(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Turns rows (species, soil, period, light) into the columns the hazard is linear in.

    One-hot of species, soil, conspecific, period, species x period, conspecific x phase,
    species x conspecific x phase; standardised light, and light within each species.
    """

    def __init__(self, as_sparse: bool = False) -> None:
        self.as_sparse = as_sparse

    def fit(self, x: Floats, y: Ints | None = None) -> Self:  # noqa: ARG002 (scikit-learn's)
        """Learns nothing from the data; the columns follow from the trial's design."""
        self.table_ = _factor_table()
        self.n_features_in_ = x.shape[1]
        return self

    def transform(self, x: Floats) -> Any:
        """The design matrix, [n, 169]."""
        species, soil, period = x[:, :3].astype(np.int64).T
        light = (x[:, 3] - LIGHT_CENTRE) / LIGHT_SCALE
        within = np.eye(len(design.SPECIES))[species] * light[:, None]
        matrix = np.column_stack([self.table_[species, soil, period], light, within])
        return sparse.csr_matrix(matrix) if self.as_sparse else matrix


ESTIMATORS: Final[dict[str, Callable[..., BaseEstimator]]] = {
    # Newton's method: the optimum to the last digits, so refits and machines agree.
    "LogisticRegression": partial(LogisticRegression, solver="newton-cholesky", tol=1e-10),
}
"""The classifiers that a recipe may name. Any of scikit-learn's that takes sample weights
and that skl2onnx can convert will do: add it here."""


@dataclass(frozen=True)
class Recipe:
    """How a model is made: the classifier of the hazard and its hyper-parameters."""

    estimator: str = "LogisticRegression"
    parameters: Mapping[str, float] = field(default_factory=lambda: {"C": 0.1})

    def pipeline(self) -> Pipeline:
        """An unfitted pipeline from rows (species, soil, period, light) to the hazard."""
        return Pipeline(
            [
                # Nine of 169 columns are set in a row; tree models take no sparse matrix.
                ("design", SeasonDesign(as_sparse=self.estimator == "LogisticRegression")),
                ("hazard", ESTIMATORS[self.estimator](**self.parameters)),
            ]
        )

    def fit(self, data: PersonPeriods, plot_weights: Floats | None = None) -> Pipeline:
        """The pipeline fitted, each plot counted `plot_weights` times (once by default)."""
        x, y, weight = data.weighted(plot_weights)
        # One thread: sums are then taken in one order, and every run gives the same bytes.
        with threadpool_limits(1):
            return self.pipeline().fit(x, y, hazard__sample_weight=weight)


def hazards(model: Pipeline, covariates: Covariates) -> Floats:
    """Probability of dying in each period for those alive at its start, [n, periods]."""
    unique, inverse = covariates.unique()
    rows = unique.by_period()
    dying: Floats = model.predict_proba(rows)[:, 1]
    return dying.reshape(len(unique), PERIODS)[inverse]


def fit_curves(recipe: Recipe, seedlings: pd.DataFrame) -> Curves:
    """The curves that a recipe answers once it was fitted on a trial's rows."""
    model = recipe.fit(PersonPeriods.of(seedlings))
    return lambda rows: survival_curve(hazards(model, Covariates.of(rows)))
