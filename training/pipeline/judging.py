"""Gathers everything that the gate's verdict rests on, from a candidate and the champion."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np

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
from training.evaluation.served_model import ServedModel
from training.evaluation.shift import Shift, check_times, shifts
from training.model import export
from training.model.hazard import Recipe
from training.pipeline.both_models import BothModels, names_of_groups
from training.pipeline.champion import Champion
from training.pipeline.metadata import CONTRACT
from training.pipeline.train import Candidate
from training.study.declaration import Study
from training.study.table import Table

SERVED: Final = ("study", "inputs", "time", "interval", "stand_interval", "observed")
"""Parts of the metadata whose change is a release of its own, though no answer moves."""


@dataclass(frozen=True)
class Gathered:
    """The evidence, and what a report shows beside it."""

    evidence: Evidence
    moves: Moves | None
    """None without a comparable champion."""
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
        same = _study_name(champion.metadata) == candidate.study.study.name
        evidence = replace(evidence, incomparable=problem if same else "")
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
    groups = tuple(names_of_groups(candidate.subjects))
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


def _study_name(metadata: Mapping[str, Any]) -> str:
    """The name of a model's study; contract 1 had it at the top."""
    return str(metadata.get("study", metadata).get("name", ""))


def _incomparable(candidate: Candidate, champion: Mapping[str, Any]) -> str:
    """Why the champion can't predict the candidate's subjects; empty where it can."""
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
    both = BothModels(candidate, champion, changes, served, challenger)
    found: tuple[Shift, ...] = ()
    fault = None
    if len(new):
        rows, outcomes = candidate.subjects[new], candidate.outcomes[new]
        fault = diagnose(served, study, rows, outcomes)
        # Beyond the numbers that it saw, the champion is not wrong but ignorant.
        seen = np.flatnonzero(served.saw(study, rows))
        if len(seen) < len(new):
            notes.append(f"{len(new) - len(seen)} of them lie beyond the numbers that it saw.")
        if len(seen):
            found = tuple(shifts(served, study, rows[seen], outcomes[seen], both.own_rows()))
    sets = both.sets(forced=forced)
    if sets is None:
        sets = [_refitted(candidate, champion.metadata, jobs)]
        notes.append(
            "The champion's recipe was fitted again on the new data: which groups its own refits "
            "left out is not known, so a gain by more data can't be seen."
        )
    comparisons = [compare_held_out([each], each.name) for each in sets]
    if len(sets) > 1:
        comparisons.append(compare_held_out(sets, "all"))
    same = champion.metadata["model"]["sha256"] == candidate.metadata["model"]["sha256"]
    if same and (others := _differing(champion.metadata, candidate.metadata)):
        notes.append(f"The graph is the champion's own; what differs is said of {others}.")
        same = False
    evidence = replace(
        evidence,
        has_champion=True,
        already_serving=same and champion.metadata["gate"]["verdict"] == "promote",
        shifts=found,
        diagnosis=fault,
        comparisons=tuple(comparisons),
        learns_more=bool((~known).any()),
        data_replaced=changes is not None and changes.pairs.by == "nothing",
    )
    times = check_times(served, study.time.phases)
    moves = answer_moves(served, challenger, study, candidate.subjects, times)
    return Gathered(evidence, moves, tuple(notes))


def _differing(one: Mapping[str, Any], other: Mapping[str, Any]) -> str:
    """The parts of the metadata that serving shows or reckons with and that are not the same."""
    both = [{**each, "study": {**each["study"], "sha256": ""}} for each in (one, other)]
    differing = [name for name in SERVED if both[0].get(name) != both[1].get(name)]
    return ", ".join(differing)


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
    names = tuple(names_of_groups(candidate.subjects))
    survival = [each.survival.mean(axis=0) for each in (scored, candidate.scored)]
    return Scored("all", candidate.outcomes, names, *survival)
