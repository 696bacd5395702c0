"""The gate: it takes what is as good, keeps what it has, and refuses what is wrong."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.training import samples
from tests.training.evaluation.test_data_changes import sound_rows
from training.arrays import Floats
from training.evaluation.cross_validation import (
    REPORT_SEEDS,
    HazardLearner,
    KaplanMeierLearner,
    Learner,
    OutOfFold,
    cross_validate,
)
from training.evaluation.data_changes import DataChanges, compare_tables
from training.evaluation.diagnosis import Diagnosis
from training.evaluation.findings import DataFinding
from training.evaluation.floors import floors
from training.evaluation.gate import Evidence, Judgement, judge
from training.evaluation.held_out import Comparison, Scored, compare_held_out
from training.evaluation.rules import Rule
from training.evaluation.scores import Outcomes
from training.evaluation.shift import Shift
from training.model.hazard import Recipe
from training.model.periods import Periods
from training.study.arrange import as_subjects
from training.study.declaration import Study
from training.study.subjects import Subjects
from training.study.table import Table

MARGIN = 0.02


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
    """Kaplan-Meier by the first factor."""
    pooled: OutOfFold
    """Kaplan-Meier of all."""

    @classmethod
    def of(cls, study: Study, subjects: Subjects, recipe: Recipe) -> Case:
        periods = Periods.of(study, subjects)
        outcomes = Outcomes.of(study, subjects, periods)
        learner = HazardLearner.of(recipe, study, periods)
        learners: list[Learner] = [learner]
        learners += [KaplanMeierLearner(factor, periods.visits) for factor in (0, None)]
        scored = [out_of_fold(each, subjects, outcomes) for each in learners]
        return cls(study, subjects, outcomes, learner, *scored)

    def judge(self, learner: Learner) -> tuple[Comparison, Judgement]:
        challenger = out_of_fold(learner, self.subjects, self.outcomes)
        groups = tuple(self.subjects.groups[place] for place in self.subjects.group)
        curves = (each.survival.mean(axis=0) for each in (self.champion, challenger))
        comparison = compare_held_out([Scored("all", self.outcomes, groups, *curves)], "all")
        held_out = (
            each.survival.mean(axis=0) for each in (challenger, self.pooled, self.reference)
        )
        rules = floors(self.study, self.outcomes, groups, *held_out)
        evidence = Evidence("custom", tuple(rules), True, comparisons=(comparison, comparison))
        return comparison, judge(evidence, MARGIN)


@pytest.fixture(scope="module")
def battery() -> Case:
    study = samples.battery()
    return Case.of(study, samples.draw(study, 1500), Recipe.of(study, {"C": 0.2}))


@pytest.fixture(scope="module")
def published(study: Study, real_table: Table) -> Case:
    return Case.of(study, real_table.subjects, Recipe.of(study, {"C": 1.0}))


@pytest.mark.parametrize("change", ["numbers in percent", "outcomes shuffled"])
def test_a_wrong_challenger_is_not_promoted(battery: Case, change: str) -> None:
    comparison, judgement = battery.judge(Altered(battery.learner, change))

    assert comparison.upper > MARGIN * comparison.champion
    assert judgement.verdict in ("keep", "refuse"), judgement.reason


PUBLISHED = {
    "numbers in percent": {"keep", "refuse"},
    "outcomes shuffled": {"refuse"},
    "censored as survivors": {"refuse"},
    "few groups": {"keep", "refuse"},
}


@pytest.mark.parametrize("change", PUBLISHED)
def test_a_wrong_challenger_on_the_published_data_is_not_promoted(
    published: Case, change: str
) -> None:
    comparison, judgement = published.judge(Altered(published.learner, change))

    assert comparison.upper > MARGIN * comparison.champion
    assert judgement.verdict in PUBLISHED[change], judgement.reason


def test_the_champion_against_itself_makes_no_difference(published: Case) -> None:
    comparison, judgement = published.judge(published.learner)

    assert (comparison.difference, comparison.upper) == (0, 0)
    assert all(rule.passed for rule in judgement.rules), judgement.rules
    assert judgement.verdict == "promote"


MET = (Rule.below("a floor", 0.1, 0.2),)


def compared(difference: float, upper: float, rows: str = "all", lower: float = -1.0) -> Comparison:
    return Comparison(rows, 100, 0.1, 0.1 + difference, difference, lower, upper, np.array([upper]))


def judged(*comparisons: Comparison, force: str = "", **facts: Any) -> Judgement:
    facts = {"source": "published", "rules": MET, "has_champion": True, **facts}
    return judge(Evidence(comparisons=comparisons, **facts), MARGIN, force)


def changed(*findings: DataFinding) -> DataChanges:
    """What a comparison of a small table with itself finds, and these findings."""
    study = samples.battery()
    rows = sound_rows(30)
    subjects = as_subjects(rows, study)
    table = Table(subjects, "custom", "0" * 32, {}, len(rows), ())
    return replace(compare_tables(table, study, table, study), findings=findings)


LOST = DataFinding("rows lost", "5 cells are not in the new data", 5, blocks=True)
MORE = DataFinding("rows added", "5 cells added", 5, blocks=False)
FAULT = Diagnosis("with maker Alpha and Beta exchanged", 0.1, 0.09, -0.005)
SHIFT = Shift(
    level="maker Alpha",
    is_contrast=False,
    is_main=True,
    time=8.0,
    unit="week",
    difference=0.2,
    error=0.02,
    p_value=1e-6,
    limit=0.06,
    subjects=200,
    predicted=0.5,
    observed=0.3,
)


def test_equal_or_better_is_promoted() -> None:
    assert judged(compared(-0.001, 0.0015)).verdict == "promote"
    assert judged(compared(0, 0)).verdict == "promote"


def test_a_model_that_is_no_better_is_kept_out_without_a_reason_for_it() -> None:
    worse = compared(0.0005, 0.0015)
    assert judged(worse).verdict == "keep"
    assert judged(worse, force="it has the new level").verdict == "promote"
    assert judged(worse, learns_more=True).verdict == "promote"


def test_what_may_be_inferior_is_kept_out_even_by_force() -> None:
    assert judged(compared(-0.001, 0.0021), force="I want it").verdict == "keep"


def test_a_model_that_is_surely_worse_on_one_set_of_rows_is_kept_out() -> None:
    sets = compared(0.001, 0.003, "old", 0.0002), compared(-0.004, -0.001, "new")
    judgement = judged(*sets, compared(-0.001, 0.0005))

    assert judgement.verdict == "keep"
    assert "old rows" in judgement.reason


def test_a_broken_rule_is_refused_however_good_the_comparison() -> None:
    rules = (*MET, Rule.above("concordance", 0.7, 0.75))
    judgement = judged(compared(-0.01, -0.005), rules=rules, force="I want it")

    assert judgement.verdict == "refuse"
    assert judgement.reason == "not met: concordance"


def test_a_soft_rule_warns_and_stops_nothing() -> None:
    rules = (*MET, Rule.above("maple minus cherry", -0.1, -0.02, hard=False))

    assert judged(compared(0, 0), rules=rules).verdict == "promote"
    assert (rules[1].result, rules[1].threshold) == ("warning", "> -0.02")


def test_a_model_of_simulated_data_is_never_promoted() -> None:
    judgement = judged(compared(-0.01, -0.005), source="simulated", force="I want it")
    assert judgement.verdict == "refuse"


def test_the_first_model_needs_no_champion() -> None:
    assert judged(has_champion=False).verdict == "promote"


def test_a_champion_that_cannot_be_compared_is_replaced_by_force_alone() -> None:
    problem = "the champion's time has another horizon"
    kept = judged(incomparable=problem)
    assert kept.verdict == "keep"
    assert problem in kept.reason
    forced = judged(incomparable=problem, force="a longer season")
    assert forced.verdict == "promote"
    assert forced.overridden == (problem,)


def test_a_model_like_one_that_was_rolled_back_from_is_kept_out_unless_forced() -> None:
    better = compared(-0.01, -0.005)

    kept = judged(better, withdrawn=True)
    assert (kept.verdict, "was rolled back from" in kept.reason) == ("keep", True)
    assert judged(better, withdrawn=True, force="the cause is mended").verdict == "promote"


def test_a_model_that_already_serves_is_kept_whatever_else_holds() -> None:
    kept = judged(compared(0, 0), force="again", already_serving=True)
    assert (kept.verdict, "already serves" in kept.reason) == ("keep", True)


FINDINGS: dict[str, tuple[dict[str, Any], str]] = {
    "a loss of rows": ({"changes": changed(LOST)}, "rows lost: 5 cells"),
    "a diagnosis": ({"diagnosis": FAULT}, "Alpha and Beta exchanged"),
    "a shift": ({"shifts": (SHIFT,)}, "maker Alpha, week 8: predicted 50 %, observed 30 %"),
}


@pytest.mark.parametrize("name", FINDINGS)
def test_a_finding_of_the_data_is_refused_unless_a_person_answers_for_it(name: str) -> None:
    facts, words = FINDINGS[name]
    better = compared(-0.01, -0.005)
    refused, forced = judged(better, **facts), judged(better, force="it was checked", **facts)

    assert (refused.verdict, words in refused.reason) == ("refuse", True)
    assert any(rule.result == "FAILED" for rule in refused.rules)
    assert (forced.verdict, forced.force) == ("promote", "it was checked")
    assert words in "; ".join(forced.overridden)
    assert forced.gate_metadata()["forced"]["overridden"] == list(forced.overridden)
    assert "forced" not in refused.gate_metadata()


def test_an_answered_loss_of_rows_is_not_held_against_the_model_again() -> None:
    inferior = compared(0.004, 0.008, lower=0.001)
    facts = {"changes": changed(LOST)}

    assert judged(inferior, force="the rack was broken", **facts).verdict == "promote"
    assert judged(inferior, force="more", changes=changed(MORE)).verdict == "keep"


def test_other_data_altogether_need_a_gain_beyond_doubt() -> None:
    facts: dict[str, Any] = {"data_differ": True, "data_replaced": True}
    kept = judged(compared(-0.001, 0.0005), **facts)

    assert (kept.verdict, "none of the champion's rows" in kept.reason) == ("keep", True)
    assert judged(compared(-0.001, -0.0005), **facts).verdict == "promote"
    assert judged(compared(-0.001, 0.0005), force="a new season", **facts).verdict == "promote"


def test_a_finding_that_is_honest_blocks_nothing() -> None:
    assert judged(compared(-0.001, 0), changes=changed(MORE), data_differ=True).verdict == "promote"


def test_the_metadata_are_json_and_hold_every_rule() -> None:
    judgement = judged(compared(-0.01, -0.005), changes=changed(LOST), shifts=(SHIFT,))
    metadata = json.loads(json.dumps(judgement.gate_metadata(), allow_nan=False))

    assert metadata["verdict"] == "refuse"
    assert [each["kind"] for each in metadata["data_findings"]] == ["rows lost"]
    assert {each["name"] for each in metadata["rules"]} == {each.name for each in judgement.rules}


@given(st.floats(), st.floats(-1, 1))
def test_a_value_that_is_not_a_number_passes_no_rule(value: float, limit: float) -> None:
    both = (Rule.above("x", value, limit), Rule.below("x", value, limit))
    expected = 0 if np.isnan(value) else 1
    assert sum(rule.passed for rule in both) == expected
