"""How often the gate errs: verdicts on simulated data and recipes whose worth is known.

Subjects keep their inputs and censoring; fates are drawn from a known truth. Champion and
challenger are fitted as in a retrain and judged by the same rules and the same function.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Final

import joblib
import numpy as np
import pandas as pd
from rich.console import Console
from rich.progress import track

from training.arrays import Floats, Ints
from training.evaluation import behaviour, floors
from training.evaluation.cross_validation import KaplanMeierLearner, group_folds, recipes
from training.evaluation.diagnosis import diagnose
from training.evaluation.gate import Evidence, Judgement, Verdict, judge
from training.evaluation.held_out import Scored, compare_held_out
from training.evaluation.rules import Rule
from training.evaluation.scores import Outcomes
from training.evaluation.served_model import ServedModel
from training.evaluation.shift import Shift, shifts
from training.evaluation.truth import Truth
from training.model import export
from training.model.hazard import Recipe
from training.model.periods import Periods
from training.pipeline.coverage import study_truths
from training.pipeline.train import leave_out_blocks, refit_in_turn
from training.study.declaration import Study
from training.study.formula import Term, same_term, terms
from training.study.subjects import Subjects

FRESH: Final = "another trial of the same truth"
MORE: Final = "three times the data, new groups"
GROWN: Final = "all groups, champion of a third of them"
FEWEST_GROUPS: Final = 18
"""Below this many, a third of them are too few to train a champion on."""


_CaseVerdict = tuple[str, Verdict, list[str]]
"""A case, the verdict on it, and the rules that refused it."""


@dataclass(frozen=True)
class Rates:
    """Share of each verdict over the replicates of one case."""

    truth: str
    case: str
    verdicts: Counter[Verdict]
    """Times that each was given."""
    refusals: Counter[str]
    """Refusals that rest on each rule; one may rest on several."""


@dataclass(frozen=True)
class _Model:
    """A model fitted to subjects, with their outcomes."""

    study: Study
    served: ServedModel
    subjects: Subjects
    outcomes: Outcomes

    def held_out(self, subjects: Subjects, visits: Floats) -> Floats:
        """Survival by the refits that left out the group of each row, or by the model itself."""
        blocks = leave_out_blocks(len(self.subjects.groups))
        refits = dict(zip(self.subjects.groups, (blocks + 1).tolist(), strict=True))
        chosen = np.array([refits.get(name, 0) for name in _names(subjects)], np.int64)
        return self.served.survival(self.study, subjects, visits, chosen)

    @cached_property
    def rules(self) -> tuple[Rule, ...]:
        """Of the model alone, as in a retrain."""
        return tuple(_rules(self.study, self))


def gate_rates(
    study: Study, subjects: Subjects, replicates: int, jobs: int, results: Path | None = None
) -> list[Rates]:
    """Verdicts by truth and case, in the order of the truths.

    Each data set's verdicts are written to `results` as a line of JSON when they are known; those
    that are there already are not simulated again. It must be of the same data and program.
    """
    periods = Periods.of(study, subjects)
    staying = Outcomes.of(study, subjects, periods)
    truths = study_truths(study, subjects)
    done = {} if results is None or not results.exists() else _read(results)
    tasks = [(truth, seed) for seed in range(replicates) for truth in truths]
    left = [(truth, seed) for truth, seed in tasks if (truth.name, seed) not in done]
    runs = joblib.Parallel(n_jobs=jobs, return_as="generator")(
        joblib.delayed(_replicate)(study, truth, subjects, staying, seed) for truth, seed in left
    )
    tracked = track(runs, "Simulating", len(left), console=Console(stderr=True))
    for (truth, seed), verdicts in zip(left, tracked, strict=True):
        done[truth.name, seed] = verdicts
        if results is not None:
            with results.open("a", encoding="utf-8") as file:
                file.write(json.dumps([truth.name, seed, verdicts]) + "\n")
    counted: dict[tuple[str, str], Rates] = {}
    for truth, seed in sorted(tasks, key=lambda task: truths.index(task[0])):
        for case, verdict, names in done[truth.name, seed]:
            empty = Rates(truth.name, case, Counter(), Counter())
            rates = counted.setdefault((truth.name, case), empty)
            rates.verdicts[verdict] += 1
            rates.refusals.update(names)
    return list(counted.values())


def _read(results: Path) -> dict[tuple[str, int], list[_CaseVerdict]]:
    lines = [json.loads(line) for line in results.read_text(encoding="utf-8").splitlines()]
    return {(truth, seed): [tuple(each) for each in verdicts] for truth, seed, verdicts in lines}


def worse_recipes(study: Study, recipe: Recipe) -> dict[str, Recipe]:
    """Recipes that lack something: every product, and the factor that is declared last."""
    found = terms(study)
    alone = [term for term in found if len(term.names) == 1]
    worse = {"without products": _of_terms(recipe, alone)} if len(alone) < len(found) else {}
    if len(study.factors) > 1:
        left_out = study.factors[-1].name
        depending = {left_out}
        for each in study.derived:
            used = {name for case in each.cases for name in (*case.where, *(case.equal or ()))}
            if left_out in used:
                depending.add(each.name)
        kept = [term for term in found if not term.names & depending]
        worse[f"without {left_out}"] = _of_terms(recipe, kept)
    return worse


def _of_terms(recipe: Recipe, kept: Sequence[Term]) -> Recipe:
    penalty = {
        label: times
        for label, times in recipe.penalty.items()
        if same_term(label, kept) is not None
    }
    return replace(recipe, formula=" + ".join(term.label for term in kept), penalty=penalty)


def _replicate(
    study: Study, truth: Truth, subjects: Subjects, staying: Outcomes, seed: int
) -> list[_CaseVerdict]:
    """The verdict on each case, of data sets from one truth."""
    recipe, periods = recipes(study, 1)[0], truth.periods
    drawn = [truth.draw(subjects, staying.staying, [draw, seed]) for draw in range(1, 5)]
    champion = _fit(study, recipe, periods, drawn[0])
    verdicts = []
    fresh = _fit(study, recipe, periods, _renamed(drawn[1], "b"))
    verdicts.append((FRESH, *_verdict(study, champion, fresh, fresh)))
    more = _together([drawn[0], _renamed(drawn[2], "c"), _renamed(drawn[3], "d")])
    larger = _fit(study, recipe, periods, more)
    added = np.arange(len(drawn[0]), len(more))
    new = replace(larger, subjects=more[added], outcomes=larger.outcomes[added])
    verdicts.append((MORE, *_verdict(study, champion, larger, new)))
    if len(subjects.groups) >= FEWEST_GROUPS:
        # Spread over the file, as its groups may stand in an order that matters.
        few = np.flatnonzero(drawn[0].group % 3 == 0)
        smaller = _fit(study, recipe, periods, _present(drawn[0][few]))
        rest = np.flatnonzero(drawn[0].group % 3)
        new = replace(champion, subjects=drawn[0][rest], outcomes=champion.outcomes[rest])
        verdicts.append((GROWN, *_verdict(study, smaller, champion, new)))
    for name, worse in worse_recipes(study, recipe).items():
        other = _fit(study, worse, periods, drawn[0])
        verdicts.append((f"recipe {name}", *_verdict(study, champion, other, None)))
        verdicts.append((f"champion {name}", *_verdict(study, other, champion, None)))
    return verdicts


def _fit(study: Study, recipe: Recipe, periods: Periods, subjects: Subjects) -> _Model:
    models = refit_in_turn(recipe, study, periods, subjects)
    numbers = subjects.numbers
    served = ServedModel(
        graph=export.to_onnx(models),
        factors=tuple((each.name, each.names) for each in study.factors),
        numbers=tuple(
            (each.name, float(numbers[:, place].min()), float(numbers[:, place].max()))
            for place, each in enumerate(study.numbers)
        ),
        periods=periods,
        refits=len(models) - 1,
    )
    return _Model(study, served, subjects, Outcomes.of(study, subjects, periods))


def _verdict(
    study: Study, champion: _Model, challenger: _Model, new: _Model | None
) -> tuple[Verdict, list[str]]:
    """The verdict, and what refused; `new` are the rows that the champion was not trained on."""
    visits = champion.outcomes.visits
    sets = [_scored("old", champion, champion, challenger, visits)]
    if new is not None:
        sets.append(_scored("new", new, champion, challenger, visits))
    comparisons = [compare_held_out([each], each.name) for each in sets]
    evidence = Evidence(
        source="custom",
        rules=challenger.rules,
        has_champion=True,
        data_differ=new is not None,
        data_replaced=new is challenger,
        comparisons=(*comparisons, compare_held_out(sets, "all")),
    )
    if new is not None:
        evidence = replace(
            evidence,
            shifts=_shifts(study, champion, new),
            diagnosis=diagnose(champion.served, study, new.subjects, new.outcomes),
        )
    judgement = judge(evidence, study.gate.margin)
    return judgement.verdict, _refused_by(judgement) if judgement.verdict == "refuse" else []


def _refused_by(judgement: Judgement) -> list[str]:
    """Names of what a refusal rests on; to lose against the champion only keeps it."""
    evidence = judgement.evidence
    names = [rule.name for rule in evidence.rules if rule.hard and not rule.passed]
    if any(each.is_beyond for each in evidence.shifts):
        names.append("champion on new rows")
    if evidence.diagnosis is not None and evidence.diagnosis.is_fault:
        names.append(f"diagnosis: {evidence.diagnosis.text}")
    return names


def _shifts(study: Study, champion: _Model, new: _Model) -> tuple[Shift, ...]:
    """As in a retrain: where the champion saw the new rows' numbers."""
    seen = np.flatnonzero(champion.served.saw(study, new.subjects))
    return tuple(shifts(champion.served, study, new.subjects[seen], new.outcomes[seen]))


def _scored(
    name: str, rows: _Model, champion: _Model, challenger: _Model, visits: Floats
) -> Scored:
    survival = [each.held_out(rows.subjects, visits) for each in (champion, challenger)]
    return Scored(name, rows.outcomes, tuple(_names(rows.subjects)), *survival)


def _rules(study: Study, model: _Model) -> Iterator[Rule]:
    subjects, outcomes = model.subjects, model.outcomes
    names = _names(subjects)
    held_out = model.held_out(subjects, outcomes.visits)
    factor = 0 if study.factors else None
    pooled, by_level = (
        _kaplan_meier(KaplanMeierLearner(each, model.served.periods.visits), subjects)
        for each in (None, factor)
    )
    reference = None if factor is None else by_level
    yield from floors.floors(study, outcomes, tuple(names), held_out, pooled, reference)
    numbers = subjects.numbers
    grid = behaviour.expectation_grid(study, np.column_stack([numbers.min(0), numbers.max(0)]))
    hazard = export.run_graph(model.served.graph, grid.codes, grid.numbers)[..., 0]
    yield from behaviour.check_expectations(study, model.served.periods, grid, hazard)


def _kaplan_meier(learner: KaplanMeierLearner, subjects: Subjects) -> Floats:
    survival = np.empty((len(subjects), len(learner.visits)))
    for _, training, test in group_folds(subjects.group, (0,)):
        survival[test] = learner.predict(subjects[training], subjects[test])
    return survival


def _names(subjects: Subjects) -> list[str]:
    return [subjects.groups[place] for place in subjects.group]


def _present(subjects: Subjects) -> Subjects:
    """The same with only those groups that have a row, counted from 0."""
    there, group = np.unique(subjects.group, return_inverse=True)
    names = tuple(subjects.groups[place] for place in there)
    return replace(subjects, group=group, groups=names)


def _renamed(subjects: Subjects, mark: str) -> Subjects:
    return replace(subjects, groups=tuple(f"{name} {mark}" for name in subjects.groups))


def _together(parts: Sequence[Subjects]) -> Subjects:
    """Subjects of several data sets, their groups apart."""
    starts: Ints = np.cumsum([0, *(len(each.groups) for each in parts)])
    group = [each.group + start for each, start in zip(parts, starts, strict=False)]
    return Subjects(
        codes=np.concatenate([each.codes for each in parts]),
        numbers=np.concatenate([each.numbers for each in parts]),
        time=np.concatenate([each.time for each in parts]),
        event=np.concatenate([each.event for each in parts]),
        group=np.concatenate(group),
        groups=tuple(name for each in parts for name in each.groups),
        frame=pd.concat([each.frame for each in parts], ignore_index=True),
    )
