"""The hazard's estimator: the recipe that makes it, and the model that was made."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Final, Self

from sklearn.base import BaseEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
from threadpoolctl import threadpool_limits

from training.arrays import Floats, Ints
from training.errors import TrainingError
from training.model.design import Columns, Design, columns_of
from training.model.periods import Periods
from training.model.person_periods import PersonPeriods, by_period
from training.model.survival import survival_curve
from training.study.declaration import Study
from training.study.subjects import Subjects, distinct_inputs

ESTIMATORS: Final[dict[str, Callable[..., BaseEstimator]]] = {
    # Newton's method: the optimum to the last digits, so refits and machines agree.
    "LogisticRegression": partial(LogisticRegression, solver="newton-cholesky", tol=1e-10),
}
"""The classifiers that a recipe may name. Any of scikit-learn's that takes sample weights
and that skl2onnx can convert will do: add it here."""


@dataclass(frozen=True)
class Recipe:
    """How a model is made: formula, penalties, classifier and its hyper-parameters."""

    formula: str
    penalty: Mapping[str, float] = field(default_factory=dict)
    """Term -> how many times as strongly it is penalised as the others."""
    estimator: str = "LogisticRegression"
    parameters: Mapping[str, float] = field(default_factory=dict)

    @classmethod
    def of(cls, study: Study, parameters: Mapping[str, float]) -> Self:
        """The study's own recipe with these hyper-parameters."""
        model = study.model
        return cls(model.formula, dict(model.penalty), model.estimator, dict(parameters))

    def columns(self, study: Study, periods: Periods) -> Columns:
        """The design matrix's columns, of this recipe's formula and not the study's own."""
        model = study.model.model_copy(update={"formula": self.formula})
        return columns_of(study.model_copy(update={"model": model}), periods, self.penalty)

    def pipeline(self, columns: Columns) -> Pipeline:
        """An unfitted pipeline from rows (codes, numbers, period) to the hazard."""
        linear = self.estimator == "LogisticRegression"
        return Pipeline(
            [
                # Few of the columns are set in a row; other classifiers may take no sparse matrix.
                ("design", Design(columns, as_sparse=linear, as_float32=not linear)),
                ("hazard", ESTIMATORS[self.estimator](**self.parameters)),
            ]
        )


@dataclass(frozen=True)
class FittedHazard:
    """A fitted hazard, and the time axis it is for."""

    pipeline: Pipeline
    columns: Columns
    periods: Periods

    @classmethod
    def fit(
        cls,
        recipe: Recipe,
        columns: Columns,
        periods: Periods,
        data: PersonPeriods,
        group_weights: Floats | None = None,
        start: FittedHazard | None = None,
    ) -> Self:
        """Fits a recipe, each group counted `group_weights` times (once by default).

        A search for the optimum that begins at `start` takes fewer steps, and ends at the same
        figures but for the last digits.

        Raises TrainingError where the event happened to nobody, or at once to everybody.
        """
        x, y, weight = data.weighted(group_weights)
        if not y.any():
            raise TrainingError(
                "no event among the subjects to fit on, so no hazard to learn: rows are held out "
                "in turn, and each time an event must be left. See to the column of the event, "
                "or take more data."
            )
        if y.all():
            raise TrainingError(
                "the event happened to every subject at its first chance: a hazard of 1 leaves "
                "nothing to learn. See to the time's column, or take more data."
            )
        # One thread: sums are then taken in one order, and every run gives the same bytes.
        with threadpool_limits(1):
            pipeline = recipe.pipeline(columns)
            if start is not None and hasattr(start.classifier, "coef_"):
                pipeline["hazard"].set_params(warm_start=True)
                pipeline["hazard"].coef_ = start.classifier.coef_
                pipeline["hazard"].intercept_ = start.classifier.intercept_
            pipeline.fit(x, y, hazard__sample_weight=weight)
        return cls(pipeline, columns, periods)

    @property
    def classifier(self) -> BaseEstimator:
        """scikit-learn's estimator at the pipeline's end."""
        return self.pipeline["hazard"]

    def hazards(self, codes: Ints, numbers: Floats) -> Floats:
        """Probability of the event in each period for those still at risk, [n, periods]."""
        codes, numbers, inverse = distinct_inputs(codes, numbers)
        rows = by_period(codes, numbers, len(self.periods))
        happening: Floats = self.pipeline.predict_proba(rows)[:, 1]
        return happening.reshape(len(codes), len(self.periods))[inverse]

    def curves(self, codes: Ints, numbers: Floats) -> Floats:
        """Survival at every reported time, [n, visits]."""
        return survival_curve(self.hazards(codes, numbers), self.periods)


def fit_hazard(recipe: Recipe, study: Study, periods: Periods, subjects: Subjects) -> FittedHazard:
    """A recipe fitted on subjects."""
    columns = recipe.columns(study, periods)
    return FittedHazard.fit(recipe, columns, periods, PersonPeriods.of(subjects, periods))
