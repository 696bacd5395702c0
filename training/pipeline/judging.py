"""Gathers everything that the gate's verdict rests on, from a candidate and the champion."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from training.arrays import Ints
from training.errors import TrainingError
from training.evaluation import behaviour, floors
from training.evaluation.answer_moves import Moves, answer_moves
from training.evaluation.cross_validation import (
    REPORT_SEEDS,
    HazardLearner,
    KaplanMeierLearner,
    cross_validate,
)
from training.evaluation.data_changes import DataChanges, compare_tables
from training.evaluation.diagnosis import diagnose
from training.evaluation.gate import Evidence
from training.evaluation.held_out import Scored, compare_held_out
from training.evaluation.rules import Rule
from training.evaluation.scores import Outcomes
from training.evaluation.served_model import ServedModel
from training.evaluation.shift import OwnRows, Shift, check_times, shifts
from training.model import export
from training.model.hazard import Recipe
from training.model.periods import Periods
from training.pipeline.champion import Champion
from training.pipeline.metadata import CONTRACT
from training.pipeline.train import Candidate, leave_out_blocks
from training.study.declaration import Study
from training.study.subjects import Subjects
from training.study.table import Table


@dataclass(frozen=True)
class Gathered:
    """The evidence, and what a report shows beside it."""

    evidence: Evidence
    moves: Moves | None
    """None without a champion that can be asked."""
    notes: tuple[str, ...] = ()
    """On how many rows the models could be compared."""


def find_changes(champion: Champion | None, table: Table, study: Study) -> DataChanges | None:
    """The data against the champion's; None without a champion, or where its can't be had."""
    if champion is None or champion.table is None:
        return None
    return compare_tables(champion.table, champion.study, table, study)


def untrained(table: Table, changes: DataChanges, error: TrainingError) -> Gathered:
    """The evidence on changed data that no model can be fitted to."""
    rule = Rule.above(f"a model can be fitted ({str(error).rstrip('.')})", 0, 0)
    evidence = Evidence(table.source, (rule,), has_champion=True, changes=changes, data_differ=True)
    return Gathered(evidence, None)


def gather(
    candidate: Candidate,
    champion: Champion | None,
    changes: DataChanges | None,
    withdrawn: Sequence[Mapping[str, Any]],
    jobs: int,
    *,
    forced: bool,
) -> Gathered:
    """The evidence on a candidate; nothing is decided yet.

    `changes` are those of the candidate's data; `withdrawn`, data and recipe of each model that
    was rolled back from. `forced` says that a person answers for rows that changed or are gone:
    they are then no part of the comparison.
    """
    metadata = candidate.metadata
    made_from = {"data": metadata["data"]["md5"], "recipe": metadata["recipe"]}
    evidence = Evidence(
        source=metadata["data"]["source"],
        rules=_rules_of(candidate, None if champion is None else champion.metadata),
        withdrawn=made_from in withdrawn,
    )
    if champion is None:
        return Gathered(evidence, None)
    evidence = replace(
        evidence,
        changes=changes,
        data_differ=champion.metadata["data"]["md5"] != metadata["data"]["md5"],
        unchecked=champion.unchecked,
    )
    if problem := _incomparable(candidate, champion.metadata):
        text = f"{problem}, so its answers and its scores went unchecked"
        return Gathered(replace(evidence, unchecked=(*evidence.unchecked, text)), None)
    return _against_champion(candidate, champion, changes, evidence, jobs, forced=forced)


def _rules_of(candidate: Candidate, champion: Mapping[str, Any] | None) -> tuple[Rule, ...]:
    study, numbers = candidate.study, candidate.subjects.numbers
    grid = behaviour.expectation_grid(study, np.column_stack([numbers.min(0), numbers.max(0)]))
    hazard = export.run_graph(candidate.graph, grid.codes, grid.numbers)[..., 0]
    reference = None if candidate.reference_by is None else candidate.reference
    pooled = candidate.reference
    if reference is not None:
        everyone = KaplanMeierLearner(None, candidate.periods.visits)
        (pooled,) = cross_validate(
            [everyone], candidate.subjects, candidate.outcomes, REPORT_SEEDS, 1, "Reference"
        )
    groups = tuple(_names(candidate.subjects))
    return (
        *floors.floors(
            study,
            candidate.outcomes,
            groups,
            candidate.scored.survival.mean(axis=0),
            pooled.survival.mean(axis=0),
            None if reference is None else reference.survival.mean(axis=0),
        ),
        *behaviour.check_expectations(study, candidate.periods, grid, hazard),
        Rule.below("ONNX graph against scikit-learn", candidate.parity, export.PARITY),
        *floors.warnings(
            candidate.scored, candidate.reference, {} if champion is None else champion["metrics"]
        ),
    )


def _incomparable(candidate: Candidate, champion: Mapping[str, Any]) -> str:
    """Why the champion can't be asked about the candidate's subjects; empty where it can."""
    if champion["contract"] != CONTRACT:
        return f"the champion is of contract {champion['contract']}, not {CONTRACT}"
    time, own = champion["time"], candidate.metadata["time"]
    for key in ("name", "horizon", "visits", "curve"):
        if time[key] != own[key]:
            return f"the champion's time has another {key}"
    return ""


def _against_champion(
    candidate: Candidate,
    champion: Champion,
    changes: DataChanges | None,
    evidence: Evidence,
    jobs: int,
    *,
    forced: bool,
) -> Gathered:
    study = candidate.study
    served = ServedModel.of(champion.graph, champion.metadata)
    challenger = ServedModel.of(candidate.graph, candidate.metadata)
    known = served.knows(study, candidate.subjects)
    # Without the champion's data, every row may be one that it was trained on.
    is_new = np.ones(len(known), np.bool_) if changes is None else changes.is_new
    notes = []
    new = np.flatnonzero(is_new & known)
    if changes is not None and changes.added:
        notes.append(
            f"The champion has an answer for {len(new)} of the {changes.added} rows added."
        )
    both = None
    if champion.table is not None and changes is not None:
        both = _Both.of(candidate, champion, champion.table, changes, served, challenger)
    found: tuple[Shift, ...] = ()
    fault = None
    if len(new):
        rows, outcomes = candidate.subjects[new], candidate.outcomes[new]
        own = None if both is None else both.own_rows()
        found = tuple(shifts(served, study, rows, outcomes, own))
        fault = diagnose(served, study, rows, outcomes)
    if both is not None:
        sets = both.sets(forced=forced)
    else:
        sets = [_refitted(candidate, champion.metadata, jobs)]
        notes.append(
            "The champion's recipe was fitted again on the new data: which groups its own refits "
            "left out is not known, so a gain by more data can't be seen."
        )
    comparisons = [compare_held_out([each], each.name) for each in sets]
    if len(sets) > 1:
        comparisons.append(compare_held_out(sets, "all"))
    same = champion.metadata["model"]["sha256"] == candidate.metadata["model"]["sha256"]
    evidence = replace(
        evidence,
        has_champion=True,
        already_serving=same and champion.metadata["gate"]["verdict"] == "promote",
        shifts=found,
        diagnosis=fault,
        comparisons=tuple(comparisons),
        learns_more=bool((~known).any()),
    )
    times = check_times(served, study.time.phases)
    moves = answer_moves(served, challenger, study, candidate.subjects, times)
    return Gathered(evidence, moves, tuple(notes))


@dataclass(frozen=True)
class _Both:
    """Champion and challenger, and which refit of each left out the group of which row."""

    candidate: Candidate
    champion: Champion
    its: Subjects
    """The champion's own rows."""
    its_outcomes: Outcomes
    changes: DataChanges
    served: ServedModel
    challenger: ServedModel
    old_refits: tuple[Ints, Ints]
    """[champion's rows]: of the champion, and of the challenger."""
    new_refits: tuple[Ints, Ints]
    """[candidate's rows]."""

    @classmethod
    def of(
        cls,
        candidate: Candidate,
        champion: Champion,
        table: Table,
        changes: DataChanges,
        served: ServedModel,
        challenger: ServedModel,
    ) -> _Both | None:
        """None where the champion's refits can't be told apart by its groups."""
        mine, its = candidate.subjects, table.subjects
        if served.refits != _blocks(its).max() + 1:
            return None
        pairs = changes.pairs
        if candidate.study.data.group is not None and champion.study.data.group is not None:
            old_refits = _of_group(its, _names(its)), _of_group(mine, _names(its))
            new_refits = _of_group(its, _names(mine)), _of_group(mine, _names(mine))
        else:
            # Random groups change with the rows: each row's own are what was left out.
            own = np.zeros(len(its), np.int64)
            own[pairs.before] = _of_row(mine)[pairs.after]
            old_refits = _of_row(its), own
            new_refits = np.zeros(len(mine), np.int64), _of_row(mine)
        its_outcomes = candidate.outcomes
        if its is not mine:
            periods = Periods.of(champion.study, its)
            its_outcomes = Outcomes.of(champion.study, its, periods)
        if its_outcomes.visits.tolist() != candidate.outcomes.visits.tolist():
            return None
        return cls(
            candidate=candidate,
            champion=champion,
            its=its,
            its_outcomes=its_outcomes,
            changes=changes,
            served=served,
            challenger=challenger,
            old_refits=old_refits,
            new_refits=new_refits,
        )

    def own_rows(self) -> OwnRows:
        """The champion's rows with the refits that had not seen them."""
        known = np.flatnonzero(self.served.knows(self.champion.study, self.its))
        return OwnRows(
            self.champion.study,
            self.its[known],
            self.its_outcomes[known],
            self.old_refits[0][known],
        )

    def sets(self, *, forced: bool) -> list[Scored]:
        """Old and new rows, without those that changed or are gone if these are answered for."""
        kept = np.arange(len(self.its))
        if forced:
            kept = self.changes.unchanged_rows
        old = self._scored("old", self.champion.study, self.its, self.its_outcomes, kept)
        added = np.flatnonzero(self.changes.is_new)
        mine = self.candidate
        new = self._scored("new", mine.study, mine.subjects, mine.outcomes, added)
        return [each for each in (old, new) if len(each.groups)]

    def _scored(
        self, name: str, study: Study, subjects: Subjects, outcomes: Outcomes, rows: Ints
    ) -> Scored:
        """Those of the rows that both models know."""
        models = (self.served, self.challenger)
        refits = self.old_refits if name == "old" else self.new_refits
        known = models[0].knows(study, subjects) & models[1].knows(study, subjects)
        rows = rows[known[rows]]
        chosen = subjects[rows]
        survival = [
            model.survival(study, chosen, outcomes.visits, refit[rows])
            for model, refit in zip(models, refits, strict=True)
        ]
        return Scored(name, outcomes[rows], tuple(_names(chosen)), *survival)


def _refitted(candidate: Candidate, champion: Mapping[str, Any], jobs: int) -> Scored:
    """All rows, the champion's recipe fitted again on the candidate's data."""
    made = champion["recipe"]
    recipe = Recipe(made["formula"], made["penalty"], made["estimator"], made["parameters"])
    scored = candidate.scored
    if recipe != candidate.recipe:
        learner = HazardLearner.of(recipe, candidate.study, candidate.periods)
        (scored,) = cross_validate(
            [learner], candidate.subjects, candidate.outcomes, REPORT_SEEDS, jobs, "Champion "
        )
    names = tuple(_names(candidate.subjects))
    survival = [each.survival.mean(axis=0) for each in (scored, candidate.scored)]
    return Scored("all", candidate.outcomes, names, *survival)


def _names(subjects: Subjects) -> list[str]:
    return [subjects.groups[place] for place in subjects.group]


def _blocks(subjects: Subjects) -> Ints:
    return leave_out_blocks(len(np.unique(subjects.group)))


def _of_group(training: Subjects, names: Sequence[str]) -> Ints:
    """The refit that left out each named group of a model's training; 0 for one it had not."""
    blocks = _blocks(training)
    there = [training.groups[place] for place in np.unique(training.group)]
    refit = {name: int(block) + 1 for name, block in zip(there, blocks, strict=True)}
    return np.array([refit.get(name, 0) for name in names], np.int64)


def _of_row(training: Subjects) -> Ints:
    """The refit that left out each row's own group."""
    _, place = np.unique(training.group, return_inverse=True)
    left_out: Ints = _blocks(training)[place] + 1
    return left_out
