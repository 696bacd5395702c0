"""The gate: it takes what is as good, keeps what it has, and refuses what is wrong."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.training import samples
from training.arrays import Floats
from training.evaluation import gate
from training.evaluation.cross_validation import (
    REPORT_SEEDS,
    HazardLearner,
    KaplanMeierLearner,
    Learner,
    OutOfFold,
    cross_validate,
)
from training.evaluation.gate import Comparison, Judgement
from training.evaluation.rules import Rule
from training.evaluation.scores import Outcomes
from training.model.hazard import Recipe
from training.model.periods import Periods
from training.study.declaration import Study
from training.study.subjects import Subjects
from training.study.table import Table

MARGIN = 0.002


@dataclass(frozen=True)
class Altered:
    """A learner that is given other training data, or asked with other numbers."""

    learner: Learner
    change: str

    def predict(self, training: Subjects, test: Subjects) -> Floats:
        random = np.random.RandomState(0)
        if self.change == "numbers in percent":
            return self.learner.predict(training, replace(test, numbers=100 * test.numbers))
        if self.change == "few groups":
            kept = random.permutation(np.unique(training.group))[:3]
            return self.learner.predict(training[np.isin(training.group, kept)], test)
        if self.change == "censored as survivors":
            censored = training.event == 0
            time = np.where(censored, training.time.max(), training.time)
            return self.learner.predict(replace(training, time=time), test)
        order = random.permutation(len(training))
        shuffled = replace(training, time=training.time[order], event=training.event[order])
        return self.learner.predict(shuffled, test)


def out_of_fold(learner: Learner, subjects: Subjects, outcomes: Outcomes) -> OutOfFold:
    (scored,) = cross_validate([learner], subjects, outcomes, REPORT_SEEDS, 1, "…")
    return scored


@dataclass(frozen=True)
class Case:
    """A study's data, its own learner, and what both are compared with."""

    study: Study
    subjects: Subjects
    outcomes: Outcomes
    learner: HazardLearner
    champion: OutOfFold
    reference: OutOfFold

    @classmethod
    def of(cls, study: Study, subjects: Subjects, recipe: Recipe) -> Case:
        periods = Periods.of(study, subjects)
        outcomes = Outcomes.of(study, subjects, periods)
        learner = HazardLearner.of(recipe, study, periods)
        by_first = KaplanMeierLearner(0, periods.visits)
        scored = [out_of_fold(each, subjects, outcomes) for each in (learner, by_first)]
        return cls(study, subjects, outcomes, learner, *scored)

    def judge(self, learner: Learner) -> tuple[Comparison, Judgement]:
        challenger = out_of_fold(learner, self.subjects, self.outcomes)
        comparison = gate.compare(self.outcomes, self.champion, challenger)
        rules = gate.floors(self.study, self.outcomes, challenger, self.reference)
        return comparison, gate.judge(rules, comparison, MARGIN, source="custom", forced=False)


@pytest.fixture(scope="module")
def battery() -> Case:
    study = samples.battery()
    return Case.of(study, samples.draw(study, 1500), Recipe.of(study, {"C": 0.2}))


@pytest.fixture(scope="module")
def published(study: Study, real_table: Table) -> Case:
    return Case.of(study, real_table.subjects, Recipe.of(study, {"C": 1.0}))


CHANGES = ("numbers in percent", "outcomes shuffled")


@pytest.mark.parametrize("change", CHANGES)
def test_a_wrong_challenger_is_refused(battery: Case, change: str) -> None:
    comparison, judgement = battery.judge(Altered(battery.learner, change))

    assert comparison.upper > MARGIN
    assert judgement.verdict == "refuse", judgement.reason


@pytest.mark.parametrize("change", [*CHANGES, "censored as survivors", "few groups"])
def test_a_wrong_challenger_on_the_published_data_is_refused(published: Case, change: str) -> None:
    comparison, judgement = published.judge(Altered(published.learner, change))

    assert comparison.upper > MARGIN
    assert judgement.verdict == "refuse", judgement.reason


def test_kaplan_meier_adds_nothing_to_itself_and_is_refused(published: Case) -> None:
    _, judgement = published.judge(KaplanMeierLearner(0, published.learner.periods.visits))

    assert judgement.verdict == "refuse"


def test_the_champion_against_itself_makes_no_difference(published: Case) -> None:
    comparison, judgement = published.judge(published.learner)

    assert (comparison.difference, comparison.upper) == (0, 0)
    assert all(rule.passed for rule in judgement.rules), judgement.rules
    assert judgement.verdict == "promote"


MET = [Rule.below("a floor", 0.1, 0.2)]


def compared(difference: float, upper: float) -> Comparison:
    return Comparison(difference, upper, np.array([upper]))


def judged(rules: list[Rule], comparison: Comparison | None, **facts: bool | str) -> Judgement:
    facts = {"source": "published", "forced": False, **facts}
    return gate.judge(rules, comparison, MARGIN, **facts)  # type: ignore[arg-type]


def test_equal_or_better_is_promoted() -> None:
    assert judged(MET, compared(-0.001, 0.0015)).verdict == "promote"


def test_a_little_worse_is_kept_out_unless_the_data_have_changed() -> None:
    worse = compared(0.0005, 0.0015)
    assert judged(MET, worse).verdict == "keep"
    assert judged(MET, worse, forced=True).verdict == "promote"
    assert judged(MET, worse, changed_data=True).verdict == "promote"


def test_what_may_be_inferior_is_kept_out_even_by_force() -> None:
    assert judged(MET, compared(-0.001, 0.0021), forced=True).verdict == "keep"


def test_a_broken_floor_is_refused_however_good_the_comparison() -> None:
    rules = [*MET, Rule.above("concordance", 0.7, 0.75)]
    judgement = judged(rules, compared(-0.01, -0.005), forced=True)

    assert judgement.verdict == "refuse"
    assert judgement.reason == "not met: concordance"


def test_a_soft_rule_warns_and_stops_nothing() -> None:
    rules = [*MET, Rule.above("maple minus cherry", -0.1, -0.02, hard=False)]

    assert judged(rules, compared(0, 0)).verdict == "promote"
    assert (rules[1].result, rules[1].threshold) == ("warning", "> -0.02")


def test_a_model_of_simulated_data_is_never_promoted() -> None:
    judgement = judged(MET, compared(-0.01, -0.005), source="simulated", forced=True)
    assert judgement.verdict == "refuse"


def test_the_first_model_needs_no_champion() -> None:
    assert judged(MET, None).verdict == "promote"


def test_a_model_like_one_that_was_rolled_back_from_is_kept_out_unless_forced() -> None:
    better = compared(-0.01, -0.005)

    kept = judged(MET, better, withdrawn=True)
    assert (kept.verdict, "was rolled back from" in kept.reason) == ("keep", True)
    assert judged(MET, better, withdrawn=True, forced=True).verdict == "promote"


def test_a_model_that_already_serves_is_kept_whatever_else_holds() -> None:
    kept = judged(MET, compared(0, 0), forced=True, already_serving=True)
    assert (kept.verdict, "already serves" in kept.reason) == ("keep", True)


@given(st.floats(), st.floats(-1, 1))
def test_a_value_that_is_not_a_number_passes_no_rule(value: float, limit: float) -> None:
    both = (Rule.above("x", value, limit), Rule.below("x", value, limit))
    expected = 0 if np.isnan(value) else 1
    assert sum(rule.passed for rule in both) == expected
