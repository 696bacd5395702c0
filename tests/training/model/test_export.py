"""The graph answers what scikit-learn answers, or it isn't written."""

from __future__ import annotations

import numpy as np
import onnx
import pandas as pd
import pytest
from onnx import numpy_helper
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier

from training.errors import ExportError
from training.model import export, hazard
from training.model.hazard import Recipe
from training.model.person_periods import PERIODS, Covariates, PersonPeriods
from training.study import simulate


@pytest.fixture(scope="module")
def seedlings() -> pd.DataFrame:
    return simulate.simulate(seedlings=500, seed=2)


@pytest.fixture(scope="module")
def data(seedlings: pd.DataFrame) -> PersonPeriods:
    return PersonPeriods.of(seedlings)


def test_the_graph_answers_every_model_in_order(
    seedlings: pd.DataFrame, data: PersonPeriods
) -> None:
    models = [Recipe(parameters={"C": c}).fit(data) for c in (0.1, 1.0, 10.0)]
    covariates = Covariates.of(seedlings)
    answered = export.run_graph(export.to_onnx(models), covariates)

    assert answered.shape == (len(seedlings), PERIODS, 3)
    for i, model in enumerate(models):
        exact = hazard.hazards(model, covariates)
        np.testing.assert_allclose(answered[..., i], exact, atol=1e-6)


def test_light_off_the_grid_is_answered_as_scikit_learn_does(data: PersonPeriods) -> None:
    models = [Recipe().fit(data)]
    light = np.linspace(0, 1, 101)
    off_grid = Covariates(np.full(101, 1), np.full(101, 2), light)

    assert export.check_parity(export.to_onnx(models), models, off_grid) <= export.PARITY


def test_the_same_models_give_the_same_bytes(data: PersonPeriods) -> None:
    assert export.to_onnx([Recipe().fit(data)]) == export.to_onnx([Recipe().fit(data)])


def test_another_classifier_ships_in_the_same_graph(
    seedlings: pd.DataFrame, data: PersonPeriods, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(hazard.ESTIMATORS, "RandomForestClassifier", RandomForestClassifier)
    recipe = Recipe(
        "RandomForestClassifier", {"n_estimators": 5, "min_samples_leaf": 30, "random_state": 0}
    )
    models = [recipe.fit(data), recipe.fit(data, np.arange(len(data.plots)) % 2.0)]
    graph = export.to_onnx(models)

    assert export.check_parity(graph, models, Covariates.of(seedlings)) <= export.PARITY


def test_a_classifier_that_can_t_be_converted_is_named(
    data: PersonPeriods, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = "HistGradientBoostingClassifier"
    monkeypatch.setitem(hazard.ESTIMATORS, name, HistGradientBoostingClassifier)
    model = Recipe(name, {"max_iter": 3}).fit(data)

    with pytest.raises(ExportError, match=name):
        export.to_onnx([model])


def test_a_graph_that_differs_is_refused(seedlings: pd.DataFrame, data: PersonPeriods) -> None:
    models = [Recipe().fit(data)]
    graph = onnx.load_model_from_string(export.to_onnx(models))
    table = next(t for t in graph.graph.initializer if t.name == "intercept")
    bent = numpy_helper.to_array(table) + np.float32(1e-3)
    table.CopyFrom(numpy_helper.from_array(bent, "intercept"))

    with pytest.raises(ExportError, match="LogisticRegression differs from scikit-learn by"):
        export.check_parity(graph.SerializeToString(), models, Covariates.of(seedlings))
