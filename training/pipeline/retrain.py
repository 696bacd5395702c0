"""The closed loop: from the data at the remote to a model that was judged, shipped, proven."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Final

from training import config
from training.errors import StoreError
from training.evaluation import behaviour, gate
from training.evaluation.cross_validation import REPORT_SEEDS, OutOfFold, cross_validate
from training.evaluation.gate import Judgement
from training.evaluation.rules import Rule
from training.model import export, folder
from training.model.hazard import Recipe, fit_curves
from training.model.survival import survival_curve
from training.pipeline.train import Candidate, train
from training.registry import git, publish, rollback
from training.registry.publish import Step
from training.store import transfer
from training.store.audit import audit
from training.store.doctor import doctor
from training.study import trial

EXIT_CODES: Final = {"promote": 0, "keep": 10, "refuse": 20}
SOURCES: Final = ("data.dvc", "training")
"""What a model is made from, beside the lock."""


@dataclass(frozen=True)
class Outcome:
    """What became of a retrain: the verdict, what it rests on, and the commit if there is one."""

    judgement: Judgement
    candidate: Candidate
    champion: OutOfFold | None
    commit: str | None


def retrain(
    reason: str, step: Step, *, search_size: int, jobs: int, forced: bool = False
) -> Outcome:
    """Pulls, checks, trains, judges, and ships what deserves it; one at a time.

    Raises TrainingError where any step fails; the model that serves is then the old one.
    """
    with publish.alone():
        step("start clean")
        publish.start_clean()
        git.check(SOURCES)
        step("doctor")
        if failed := [check.text for check in doctor() if check.outcome == "failed"]:
            raise StoreError(failed[0])
        step("pull data and champion")
        transfer.pull("data.dvc")
        _prove_data()
        champion = _champion(step)
        step("check the trial")
        seedlings = trial.load(config.DATA)
        step("train")
        candidate = train(seedlings, search_size, jobs)
        step("judge")
        judgement, scored = judge(candidate, champion, forced=forced, jobs=jobs)
        judgement = not_again(judgement, candidate, rollback.withdrawn(), forced=forced)
        commit = None
        if judgement.verdict == "promote":
            metadata = {**candidate.metadata, "gate": verdict(judgement)}
            meta = _meta(reason, candidate, judgement)
            commit = publish.publish(candidate.graph, metadata, meta, step)
        return Outcome(judgement, candidate, scored, commit)


def _prove_data() -> None:
    """Raises StoreError unless others can pull the data too: a cache alone keeps no promise."""
    found = audit(None, ["data.dvc"])
    if not found.verified:
        told = "; ".join(map(str, found.findings))
        raise StoreError(f"{told}.", "Push it first: `python -m training store push data.dvc`.")


def judge(
    candidate: Candidate, champion: dict[str, Any] | None, *, forced: bool, jobs: int
) -> tuple[Judgement, OutOfFold | None]:
    """The gate's word on a candidate; `champion` is the metadata of the model that serves."""
    hazard = export.run(candidate.graph, behaviour.grid())
    rules = [
        *gate.floors(candidate.outcomes, candidate.scored, candidate.reference),
        *behaviour.check(survival_curve(hazard[..., 0])),
        Rule.below("ONNX graph against scikit-learn", candidate.parity, export.PARITY),
    ]
    source = candidate.metadata["data"]["source"]
    if champion is None:
        return gate.judge(rules, None, source=source, forced=forced), None
    recipe = Recipe(champion["recipe"]["estimator"], champion["recipe"]["parameters"])
    scored = candidate.scored
    if recipe != candidate.recipe:
        (scored,) = cross_validate(
            [partial(fit_curves, recipe)],
            candidate.seedlings,
            candidate.outcomes,
            REPORT_SEEDS,
            jobs,
            "Champion ",
        )
    comparison = gate.compare(candidate.outcomes, scored, candidate.scored)
    if _is_same(champion, candidate):
        reason = "the same data and recipe give the model that already serves"
        return gate.Judgement("keep", reason, tuple(rules), comparison), scored
    changed = champion["data"]["md5"] != candidate.metadata["data"]["md5"]
    return gate.judge(rules, comparison, source=source, forced=forced or changed), scored


def _is_same(champion: dict[str, Any], candidate: Candidate) -> bool:
    """Whether the champion is this very model, already judged worth serving."""
    same = bool(champion["model"]["sha256"] == candidate.metadata["model"]["sha256"])
    return same and champion["gate"]["verdict"] == "promote"


def not_again(
    judgement: Judgement,
    candidate: Candidate,
    withdrawn: Sequence[Mapping[str, Any]],
    *,
    forced: bool,
) -> Judgement:
    """A model like one that a person rolled back from is kept out, unless it is asked for."""
    made_from = {"data": candidate.metadata["data"]["md5"], "recipe": candidate.metadata["recipe"]}
    if judgement.verdict != "promote" or forced or made_from not in withdrawn:
        return judgement
    reason = (
        "a model of this data and recipe was rolled back from; --force promotes it all the same"
    )
    return replace(judgement, verdict="keep", reason=reason)


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
    return folder.read_metadata(config.MODEL)


def verdict(judgement: Judgement) -> dict[str, object]:
    """What `metadata.json` says of the gate: the verdict and every figure behind it."""
    comparison = judgement.comparison
    return {
        "verdict": judgement.verdict,
        "reason": judgement.reason,
        "difference": None if comparison is None else round(comparison.difference, 6),
        "upper_bound": None if comparison is None else round(comparison.upper, 6),
        "rules": [
            {
                "name": r.name,
                "figure": float(f"{r.figure:.4g}"),
                "limit": r.limit,
                "passed": r.passed,
            }
            for r in judgement.rules
        ],
    }


def _meta(reason: str, candidate: Candidate, judgement: Judgement) -> dict[str, object]:
    """What `model.dvc` says of why its model was made."""
    metrics = candidate.metadata["metrics"]
    return {
        "reason": reason,
        "verdict": judgement.verdict,
        "metrics": {
            name: metrics[name]["mean"]
            for name in ("integrated_brier_score", "concordance_index", "brier_score_115")
        },
        "data": candidate.metadata["data"]["md5"],
        "recipe": candidate.metadata["recipe"],
        "code": git.head(),
    }
