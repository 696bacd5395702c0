"""The gate: it takes what is as good, keeps what it has, and refuses what is wrong."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.ensemble import GradientBoostingClassifier, HistGradientBoostingClassifier
from sklearn.pipeline import Pipeline
from sksurv.ensemble import RandomSurvivalForest
from sksurv.util import Surv

from training.arrays import Floats
from training.evaluation import cross_validation, gate
from training.evaluation.cross_validation import OutOfFold
from training.evaluation.gate import Comparison
from training.evaluation.rules import Rule
from training.evaluation.scores import GRID, Outcomes, kaplan_meier_by_species, kaplan_meier_curve
from training.model import hazard
from training.model.hazard import Recipe, fit_curves
from training.model.person_periods import Covariates
from training.model.survival import Curves
from training.study import design, simulate
from training.study.trial import Trial

COLUMNS = ["species", "soil", "period", "light"]


def retrained_on_a_bootstrap_sample(train: pd.DataFrame) -> Curves:
    return fit_curves(Recipe(), train.sample(frac=1, replace=True, random_state=0))


def on_plots(count: int, train: pd.DataFrame) -> Curves:
    plots = np.random.RandomState(0).permutation(np.unique(train["Plot"]))[:count]
    return fit_curves(Recipe(), train[train["Plot"].isin(plots)])


def random_survival_forest(train: pd.DataFrame) -> Curves:
    def features(rows: pd.DataFrame) -> Floats:
        covariates = Covariates.of(rows)
        pairs = zip(rows["Species"], rows["Soil"], strict=True)
        kind = np.array([design.conspecific(*pair) for pair in pairs])
        kinds = [kind == "Sterilized", kind == "Conspecific"]
        return np.column_stack([covariates.species, covariates.soil, covariates.light, *kinds])

    forest = RandomSurvivalForest(n_estimators=100, min_samples_leaf=15, random_state=0, n_jobs=2)
    forest.fit(features(train), Surv.from_arrays(train["Event"] == 1, train["Census"]))

    def curves(rows: pd.DataFrame) -> Floats:
        step = np.searchsorted(forest.unique_times_, np.arange(GRID), side="right")
        alive = forest.predict_survival_function(features(rows), return_array=True)
        return np.column_stack([np.ones(len(rows)), alive])[:, step]

    return curves


class Columns(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Only some of the design's columns, or the raw codes where none are named."""

    def __init__(self, kept: tuple[tuple[int, int], ...] = ()) -> None:
        self.kept = kept

    def fit(self, x: Floats, y: object = None) -> Columns:
        return self

    def transform(self, x: Floats) -> Floats:
        if not self.kept:
            return x
        every = hazard.SeasonDesign().fit_transform(x)
        return np.concatenate([every[:, a:b] for a, b in self.kept], axis=1)


class Altered(Recipe):
    """The recipe with another design or classifier."""

    def __init__(self, design_: Columns, classifier: BaseEstimator) -> None:
        object.__setattr__(self, "steps", [("design", design_), ("hazard", classifier)])

    def pipeline(self) -> Pipeline:
        return Pipeline(self.steps)


def altered(design_: Columns, classifier: BaseEstimator, train: pd.DataFrame) -> Curves:
    return fit_curves(Altered(design_, classifier), train)


def logistic() -> BaseEstimator:
    return hazard.ESTIMATORS["LogisticRegression"](C=0.1)


def outcomes_permuted_within_species(train: pd.DataFrame) -> Curves:
    shuffled = train.copy()
    for _, rows in train.groupby("Species"):
        order = np.random.RandomState(0).permutation(rows.index)
        shuffled.loc[rows.index, ["Census", "Event"]] = train.loc[
            order, ["Census", "Event"]
        ].to_numpy()
    return fit_curves(Recipe(), shuffled)


def some_species_labels_shuffled(train: pd.DataFrame) -> Curves:
    random = np.random.RandomState(0)
    shuffled = train.copy()
    chosen = train.index[random.uniform(size=len(train)) < 0.2]
    shuffled.loc[chosen, "Species"] = random.permutation(train.loc[chosen, "Species"])
    return fit_curves(Recipe(), shuffled)


def naive_classifier(train: pd.DataFrame) -> Curves:
    """A classifier of Event that takes the harvested for survivors, spread over the season."""

    def features(rows: pd.DataFrame) -> Floats:
        covariates = Covariates.of(rows)
        return np.column_stack([covariates.species, covariates.soil, covariates.light])

    classifier = GradientBoostingClassifier(random_state=0).fit(features(train), train["Event"])
    season = 1 - kaplan_meier_curve(train)
    return lambda rows: (
        1 - np.outer(classifier.predict_proba(features(rows))[:, 1], season / season[-1])
    )


def harvested_coded_as_alive_to_the_end(train: pd.DataFrame) -> Curves:
    gone = (train["Event"] == 0) & (train["Census"] < design.CENSUSES)
    return fit_curves(Recipe(), train.assign(Census=train["Census"].mask(gone, design.CENSUSES)))


def light_in_percent_at_serving(train: pd.DataFrame) -> Curves:
    curves = fit_curves(Recipe(), train)
    return lambda rows: curves(rows.assign(Light_ISF=rows["Light_ISF"] * 100))


# Columns: 4 species, 7 soils, 3 conspecific, 15 periods, 60 + 15 + 60 crosses, 5 light.
NO_SPECIES_CROSSES = Columns(((0, 29), (89, 104), (164, 165)))
NO_SOIL_FACTORS = Columns(((0, 4), (14, 89), (164, 169)))

# Each challenger: whether it is not inferior by the bootstrap, and what becomes of it.
CHALLENGERS: dict[str, tuple[Callable[[pd.DataFrame], Curves], bool, set[str]]] = {
    "retrained on a bootstrap sample": (retrained_on_a_bootstrap_sample, True, {"keep", "promote"}),
    "C = 0.05": (partial(fit_curves, Recipe(parameters={"C": 0.05})), True, {"keep"}),
    "trained on 10 plots of 15": (partial(on_plots, 10), True, {"keep", "promote"}),
    "random survival forest": (random_survival_forest, True, {"keep", "promote"}),
    "no species crosses": (
        partial(altered, NO_SPECIES_CROSSES, logistic()),
        False,
        {"keep", "refuse"},
    ),
    "hist gradient boosting": (
        partial(
            altered,
            Columns(),
            HistGradientBoostingClassifier(
                max_iter=120, max_leaf_nodes=6, learning_rate=0.05, random_state=0
            ),
        ),
        False,
        {"keep", "refuse"},
    ),
    "no soil factors": (partial(altered, NO_SOIL_FACTORS, logistic()), False, {"keep", "refuse"}),
    "Kaplan-Meier by species": (kaplan_meier_by_species, False, {"refuse"}),
    "outcomes permuted within species": (outcomes_permuted_within_species, False, {"refuse"}),
    "a fifth of the species labels shuffled": (some_species_labels_shuffled, False, {"refuse"}),
    "trained on 5 plots": (partial(on_plots, 5), False, {"refuse"}),
    "naive classifier": (naive_classifier, False, {"refuse"}),
    "harvested coded as alive": (harvested_coded_as_alive_to_the_end, False, {"refuse"}),
    "light in percent at serving": (light_in_percent_at_serving, False, {"refuse"}),
}


@pytest.fixture(scope="module")
def seedlings(real_trial: Trial) -> pd.DataFrame:
    return real_trial.seedlings


@pytest.fixture(scope="module")
def outcomes(seedlings: pd.DataFrame) -> Outcomes:
    return Outcomes.of(seedlings)


def out_of_fold(
    fit: Callable[[pd.DataFrame], Curves], seedlings: pd.DataFrame, outcomes: Outcomes
) -> OutOfFold:
    (scored,) = cross_validation.cross_validate(
        [fit], seedlings, outcomes, cross_validation.REPORT_SEEDS, 1, "…"
    )
    return scored


@pytest.fixture(scope="module")
def champion(seedlings: pd.DataFrame, outcomes: Outcomes) -> OutOfFold:
    return out_of_fold(partial(fit_curves, Recipe()), seedlings, outcomes)


@pytest.fixture(scope="module")
def reference(seedlings: pd.DataFrame, outcomes: Outcomes) -> OutOfFold:
    return out_of_fold(kaplan_meier_by_species, seedlings, outcomes)


@pytest.mark.parametrize("name", CHALLENGERS)
def test_a_challenger_on_the_field_trial_gets_what_it_deserves(
    name: str,
    seedlings: pd.DataFrame,
    outcomes: Outcomes,
    champion: OutOfFold,
    reference: OutOfFold,
) -> None:
    fit, not_inferior, verdicts = CHALLENGERS[name]
    challenger = out_of_fold(fit, seedlings, outcomes)
    comparison = gate.compare(outcomes, champion, challenger)
    rules = gate.floors(outcomes, challenger, reference)
    judgement = gate.judge(rules, comparison, source="published", forced=False)

    assert (comparison.upper <= gate.MARGIN) == not_inferior, comparison
    assert judgement.verdict in verdicts, judgement.reason


def test_the_champion_against_itself_makes_no_difference(
    outcomes: Outcomes, champion: OutOfFold, reference: OutOfFold
) -> None:
    comparison = gate.compare(outcomes, champion, champion)
    rules = gate.floors(outcomes, champion, reference)

    assert (comparison.difference, comparison.upper) == (0, 0)
    assert all(rule.passed for rule in rules), rules
    assert gate.judge(rules, comparison, source="published", forced=False).verdict == "promote"


STAND_INS = (
    "Kaplan-Meier by species",
    "harvested coded as alive",
    "light in percent at serving",
)
"""Those whose verdict rests on the design alone, so that a simulated trial shows it too."""


@pytest.mark.parametrize("name", STAND_INS)
def test_a_challenger_on_a_simulated_trial_gets_what_it_deserves(name: str) -> None:
    rows = simulate.simulate(seedlings=6000, seed=4)
    outcomes = Outcomes.of(rows)
    fit, not_inferior, verdicts = CHALLENGERS[name]
    champion, reference, challenger = (
        out_of_fold(each, rows, outcomes)
        for each in (partial(fit_curves, Recipe()), kaplan_meier_by_species, fit)
    )
    comparison = gate.compare(outcomes, champion, challenger)
    rules = gate.floors(outcomes, challenger, reference)

    assert (comparison.upper <= gate.MARGIN) == not_inferior, comparison
    assert gate.judge(rules, comparison, source="custom", forced=False).verdict in verdicts


MET = [Rule.below("a floor", 0.1, 0.2)]


def compared(difference: float, upper: float) -> Comparison:
    return Comparison(difference, upper, np.array([upper]))


def test_equal_or_better_is_promoted() -> None:
    judgement = gate.judge(MET, compared(-0.001, 0.0015), source="published", forced=False)
    assert judgement.verdict == "promote"


def test_a_little_worse_is_kept_out_unless_the_data_have_changed() -> None:
    worse = compared(0.0005, 0.0015)
    assert gate.judge(MET, worse, source="published", forced=False).verdict == "keep"
    assert gate.judge(MET, worse, source="published", forced=True).verdict == "promote"
    changed = gate.judge(MET, worse, source="published", forced=False, changed_data=True)
    assert changed.verdict == "promote"


def test_what_may_be_inferior_is_kept_out_even_by_force() -> None:
    judgement = gate.judge(MET, compared(-0.001, 0.0021), source="published", forced=True)
    assert judgement.verdict == "keep"


def test_a_broken_floor_is_refused_however_good_the_comparison() -> None:
    rules = [*MET, Rule.above("concordance", 0.7, 0.75)]
    judgement = gate.judge(rules, compared(-0.01, -0.005), source="published", forced=True)

    assert judgement.verdict == "refuse"
    assert judgement.reason == "not met: concordance"


def test_a_soft_rule_warns_and_stops_nothing() -> None:
    rules = [*MET, Rule.above("maple less cherry", -0.1, -0.02, hard=False)]
    judgement = gate.judge(rules, compared(0, 0), source="published", forced=False)

    assert judgement.verdict == "promote"
    assert (rules[1].word, rules[1].asked) == ("warning", "> -0.02")


def test_a_model_of_simulated_data_is_never_promoted() -> None:
    judgement = gate.judge(MET, compared(-0.01, -0.005), source="simulated", forced=True)
    assert judgement.verdict == "refuse"


def test_a_model_like_one_that_was_rolled_back_from_is_kept_out_unless_forced() -> None:
    better = compared(-0.01, -0.005)

    kept = gate.judge(MET, better, source="published", forced=False, withdrawn=True)
    assert (kept.verdict, "was rolled back from" in kept.reason) == ("keep", True)
    forced = gate.judge(MET, better, source="published", forced=True, withdrawn=True)
    assert forced.verdict == "promote"


def test_a_model_that_already_serves_is_kept_whatever_else_holds() -> None:
    kept = gate.judge(MET, compared(0, 0), source="published", forced=True, already_serving=True)
    assert (kept.verdict, "already serves" in kept.reason) == ("keep", True)


def test_the_first_model_needs_no_champion() -> None:
    assert gate.judge(MET, None, source="published", forced=False).verdict == "promote"


@given(st.floats(), st.floats(-1, 1))
def test_a_figure_that_is_not_a_number_passes_no_rule(figure: float, limit: float) -> None:
    both = (Rule.above("x", figure, limit), Rule.below("x", figure, limit))
    expected = 0 if np.isnan(figure) else 1
    assert sum(rule.passed for rule in both) == expected
