"""The closed loop: from the data at the remote to a model that was judged, shipped, proven."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from training import config
from training.errors import StoreError
from training.evaluation import behaviour, gate
from training.evaluation.cross_validation import (
    REPORT_SEEDS,
    HazardLearner,
    OutOfFold,
    cross_validate,
    recipes,
)
from training.evaluation.gate import Judgement
from training.evaluation.rules import Rule
from training.model import export
from training.model.folder import read_metadata
from training.model.hazard import Recipe
from training.pipeline.metadata import CONTRACT
from training.pipeline.sources import DATA_POINTER, find_study
from training.pipeline.train import Candidate, train
from training.registry import git, publish, rollback
from training.registry.publish import Step
from training.store import transfer
from training.store.audit import audit
from training.store.doctor import doctor
from training.study.table import load_table

EXIT_CODES: Final = {"promote": 0, "keep": 10, "refuse": 20}
SOURCES: Final = ("data.dvc", "study.toml", "training")
"""What a model is made from, beside the lock."""


@dataclass(frozen=True)
class Outcome:
    """What became of a retrain: the verdict, what it rests on, and the commit if there is one."""

    judgement: Judgement
    candidate: Candidate
    champion: OutOfFold | None
    commit: str | None


def retrain(
    reason: str, step: Step, *, search_size: int | None, jobs: int, forced: bool = False
) -> Outcome:
    """Pulls, checks, trains, judges, and ships what deserves it; one at a time.

    Raises TrainingError where any step fails; the model that serves is then the old one.
    """
    with publish.release_lock():
        step("start clean")
        publish.start_clean()
        git.require_committed(SOURCES)
        step("doctor")
        if failed := [check.text for check in doctor() if check.outcome == "failed"]:
            raise StoreError(failed[0])
        step("pull data and champion")
        transfer.pull(DATA_POINTER)
        _prove_data()
        champion = _champion(step)
        step("check the data")
        declared = find_study(config.RELEASED_STUDY)
        table = load_table(config.DATA, declared.study)
        step("train")
        candidates = recipes(declared.study, search_size)
        candidate = train(declared.study, declared.sha256, table, candidates, jobs)
        step("judge")
        judgement, scored = judge_candidate(
            candidate, champion, rollback.withdrawn(), forced=forced, jobs=jobs
        )
        commit = None
        if judgement.verdict == "promote":
            metadata = {**candidate.metadata, "gate": judgement.gate_metadata()}
            meta = _meta(reason, candidate, judgement)
            commit = publish.publish(candidate.graph, metadata, meta, step)
        return Outcome(judgement, candidate, scored, commit)


def _prove_data() -> None:
    """Raises StoreError unless others can pull the data too: a cache alone keeps no promise."""
    found = audit(None, [DATA_POINTER])
    if not found.verified:
        told = "; ".join(map(str, found.findings))
        raise StoreError(f"{told}.", "Push it first: `python -m training store push data.dvc`.")


def judge_candidate(
    candidate: Candidate,
    champion: dict[str, Any] | None,
    withdrawn: Sequence[Mapping[str, Any]] = (),
    *,
    forced: bool,
    jobs: int,
) -> tuple[Judgement, OutOfFold | None]:
    """The gate's judgement of a candidate, and the champion's scores beside it.

    `champion` is the metadata of the model that serves, if there is one; `withdrawn` is the
    data and recipe of each model that was rolled back from.
    """
    study = candidate.study
    if champion is not None and champion["contract"] != CONTRACT:
        # Its recipe can't be fitted again: it is from before studies were declared.
        champion = None
    numbers = candidate.subjects.numbers
    grid = behaviour.expectation_grid(study, np.column_stack([numbers.min(0), numbers.max(0)]))
    hazard = export.run_graph(candidate.graph, grid.codes, grid.numbers)[..., 0]
    rules = [
        *gate.floors(study, candidate.outcomes, candidate.scored, candidate.reference),
        *behaviour.check_expectations(study, candidate.periods, grid, hazard),
        Rule.below("ONNX graph against scikit-learn", candidate.parity, export.PARITY),
    ]
    metadata = candidate.metadata
    made_from = {"data": metadata["data"]["md5"], "recipe": metadata["recipe"]}
    comparison = scored = None
    if champion is not None:
        scored = _champion_scores(champion, candidate, jobs)
        comparison = gate.compare(candidate.outcomes, scored, candidate.scored)
    judgement = gate.judge(
        rules,
        comparison,
        study.gate.margin,
        source=metadata["data"]["source"],
        forced=forced,
        changed_data=champion is not None and champion["data"]["md5"] != metadata["data"]["md5"],
        already_serving=champion is not None and _is_same(champion, candidate),
        withdrawn=made_from in withdrawn,
    )
    return judgement, scored


def _champion_scores(champion: dict[str, Any], candidate: Candidate, jobs: int) -> OutOfFold:
    """Out-of-fold scores of the champion's recipe on the candidate's data."""
    made = champion["recipe"]
    recipe = Recipe(made["formula"], made["penalty"], made["estimator"], made["parameters"])
    if recipe == candidate.recipe:
        return candidate.scored
    (scored,) = cross_validate(
        [HazardLearner.of(recipe, candidate.study, candidate.periods)],
        candidate.subjects,
        candidate.outcomes,
        REPORT_SEEDS,
        jobs,
        "Champion ",
    )
    return scored


def _is_same(champion: dict[str, Any], candidate: Candidate) -> bool:
    """Whether the champion is this very model, already judged worth serving."""
    same = bool(champion["model"]["sha256"] == candidate.metadata["model"]["sha256"])
    return same and champion["gate"]["verdict"] == "promote"


def _champion(step: Step) -> dict[str, Any] | None:
    """Metadata of the model that the committed pointer names; None before the first one."""
    if not Path(publish.POINTER).is_file():
        return None
    try:
        transfer.pull(publish.POINTER, force=True)
    except StoreError as error:
        # A remote that is still empty: the released model is in the bundled one.
        step(f"champion from the remote {config.RELEASED_REMOTE}, since {error.cause}")
        transfer.pull(publish.POINTER, remote=config.RELEASED_REMOTE, force=True)
    return read_metadata(config.MODEL)


def _meta(reason: str, candidate: Candidate, judgement: Judgement) -> dict[str, object]:
    """What `model.dvc` says of why its model was made."""
    metrics = candidate.metadata["metrics"]
    return {
        "reason": reason,
        "verdict": judgement.verdict,
        "metrics": {
            name: metrics[name]["mean"]
            for name in ("integrated_brier_score", "concordance_index", "brier_score")
        },
        "data": candidate.metadata["data"]["md5"],
        "recipe": candidate.metadata["recipe"],
        "code": git.head(),
    }
