"""The graph answers what scikit-learn answers, or it isn't written."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import onnx
import pytest
from onnx import numpy_helper
from sklearn.ensemble import (
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
)

from tests.training import samples
from training.errors import ExportError
from training.model import hazard
from training.model.export import PARITY, check_parity, run_graph, to_onnx
from training.model.hazard import FittedHazard, Recipe, fit_hazard
from training.model.periods import Periods
from training.model.person_periods import PersonPeriods
from training.study.declaration import Study
from training.study.subjects import Subjects

STUDY = samples.battery()
SUBJECTS = samples.draw(STUDY)
PERIODS = Periods.of(STUDY, SUBJECTS)

FORMULAS = (
    "maker*period + fit:phase + heat",
    "maker + charger + period",
    "maker:charger + fit:heat + heat:period",
    "heat",
    "heat:period",
    "period",
    "maker:heat + charger:heat:period",
)


def fitted(formula: str, c: float = 1.0, study: Study = STUDY) -> FittedHazard:
    return fit_hazard(Recipe(formula, parameters={"C": c}), study, PERIODS, SUBJECTS)


@pytest.mark.parametrize("formula", FORMULAS)
def test_the_graph_answers_every_model_in_order(formula: str) -> None:
    models = [fitted(formula, c) for c in (0.1, 1.0, 10.0)]
    answered = run_graph(to_onnx(models), SUBJECTS.codes, SUBJECTS.numbers)

    assert answered.shape == (len(SUBJECTS), len(PERIODS), 3)
    for i, model in enumerate(models):
        exact = model.hazards(SUBJECTS.codes, SUBJECTS.numbers)
        np.testing.assert_allclose(answered[..., i], exact, atol=1e-6)


def only(study: Study, *names: str) -> tuple[Study, Subjects]:
    """The study and its subjects with some of the inputs, and no derived factor."""
    inputs = tuple(each for each in study.inputs if each.name in names)
    sections = {name: getattr(study, name) for name in Study.model_fields}
    kept = Study(**{**sections, "inputs": inputs, "derived": ()})
    factors = [place for place, each in enumerate(study.factors) if each.name in names]
    numbers = [place for place, each in enumerate(study.numbers) if each.name in names]
    return kept, Subjects(
        SUBJECTS.codes[:, factors],
        SUBJECTS.numbers[:, numbers],
        SUBJECTS.time,
        SUBJECTS.event,
        SUBJECTS.group,
        SUBJECTS.groups,
        SUBJECTS.frame,
    )


@pytest.mark.parametrize(
    ("names", "formula", "inputs"),
    [
        (("heat",), "heat + period", {"numbers"}),
        (("heat",), "period", {"numbers"}),
        (("maker",), "maker:period", {"codes"}),
        (("maker",), "period", {"codes"}),
    ],
)
def test_a_study_of_one_input_has_one_input_in_its_graph(
    names: tuple[str, ...], formula: str, inputs: set[str]
) -> None:
    study, subjects = only(STUDY, *names)
    recipe = Recipe(formula, parameters={"C": 1.0})
    models = [fit_hazard(recipe, study, PERIODS, subjects)]
    graph = to_onnx(models)

    assert {each.name for each in onnx.load_model_from_string(graph).graph.input} == inputs
    assert check_parity(graph, models, subjects.codes, subjects.numbers) <= PARITY


def test_numbers_off_the_data_are_answered_as_scikit_learn_does() -> None:
    models = [fitted("maker*heat + period")]
    codes = np.tile([1, 2], (101, 1))

    assert check_parity(to_onnx(models), models, codes, np.linspace(0, 60, 101)[:, None]) <= PARITY


def test_twenty_inputs_keep_parity() -> None:
    random = np.random.RandomState(0)
    names = [f"f{i}" for i in range(10)] + [f"x{i}" for i in range(10)]
    words = {"en": "x", "es": "x"}
    texts = {"label": words, "description": words}
    levels = {"kind": "factor", "levels": [{"name": level} for level in "abcd"]}
    span = {"kind": "number", "minimum": 1990, "maximum": 2030, "centre": 2010, "scale": 5}
    study = samples.battery(
        inputs=[
            {"name": name, "column": name, **texts, **(levels if name[0] == "f" else span)}
            for name in names
        ],
        model={"formula": " + ".join([*names, "f0:f1", "f2:x3", "period"]), "penalty": {}},
        **dict.fromkeys(("censoring", "derived", "rules", "expectations")),
    )
    codes, numbers = random.choice(4, (400, 10)), random.uniform(1995, 2025, (400, 10)).round(1)
    subjects = Subjects(
        codes,
        numbers,
        SUBJECTS.time,
        SUBJECTS.event,
        SUBJECTS.group,
        SUBJECTS.groups,
        SUBJECTS.frame,
    )
    models = [fit_hazard(Recipe.of(study, {"C": c}), study, PERIODS, subjects) for c in (1.0, 10.0)]

    assert check_parity(to_onnx(models), models, codes, numbers) <= PARITY


def test_the_same_models_give_the_same_bytes() -> None:
    formula = STUDY.model.formula
    assert to_onnx([fitted(formula)]) == to_onnx([fitted(formula)])


def test_another_classifier_ships_in_the_same_graph(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(hazard.ESTIMATORS, "RandomForestClassifier", RandomForestClassifier)
    parameters = {"n_estimators": 5, "min_samples_leaf": 30, "random_state": 0}
    recipe = Recipe("maker + period + fit:phase + heat", {}, "RandomForestClassifier", parameters)
    data, columns = PersonPeriods.of(SUBJECTS, PERIODS), recipe.columns(STUDY, PERIODS)
    weights = (np.arange(len(data.groups)) % 2).astype(np.float64)
    models = [FittedHazard.fit(recipe, columns, PERIODS, data, each) for each in (None, weights)]
    graph = to_onnx(models)

    assert check_parity(graph, models, SUBJECTS.codes, SUBJECTS.numbers) <= PARITY


def test_a_number_exactly_on_a_tree_s_threshold_takes_the_same_branch_in_the_graph(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(hazard.ESTIMATORS, "GradientBoosting", GradientBoostingClassifier)
    recipe = Recipe("heat", {}, "GradientBoosting", {"n_estimators": 20, "max_depth": 6})
    columns = replace(recipe.columns(STUDY, PERIODS), centre=(0.086,), scale=(0.0256,))
    thousandth = np.random.RandomState(2).randint(16, 80, SUBJECTS.numbers.shape) * 2
    event = (thousandth[:, 0] % 3 == 0).astype(np.int64)
    even = replace(SUBJECTS, numbers=thousandth / 1000, event=event)
    model = FittedHazard.fit(recipe, columns, PERIODS, PersonPeriods.of(even, PERIODS))
    halfway = np.arange(33, 159, 2)[:, None] / 1000
    codes = SUBJECTS.codes[: len(halfway)]

    assert check_parity(to_onnx([model]), [model], codes, halfway) <= PARITY


def test_a_classifier_that_can_t_be_converted_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    name = "HistGradientBoostingClassifier"
    monkeypatch.setitem(hazard.ESTIMATORS, name, HistGradientBoostingClassifier)
    recipe = Recipe("maker + period", {}, name, {"max_iter": 3})
    model = fit_hazard(recipe, STUDY, PERIODS, SUBJECTS)

    with pytest.raises(ExportError, match=name):
        to_onnx([model])


def test_a_graph_that_differs_is_refused() -> None:
    models = [fitted("maker + period + heat")]
    graph = onnx.load_model_from_string(to_onnx(models))
    table = next(each for each in graph.graph.initializer if each.name == "factors_table")
    bent = numpy_helper.to_array(table) + np.float32(1e-3)
    table.CopyFrom(numpy_helper.from_array(bent, "factors_table"))

    with pytest.raises(ExportError, match="LogisticRegression differs from scikit-learn by"):
        check_parity(graph.SerializeToString(), models, SUBJECTS.codes, SUBJECTS.numbers)
