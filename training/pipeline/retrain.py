"""The closed loop: from the data at the remote to a model that was judged, shipped, proven."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from training import config
from training.errors import StoreError, TrainingError
from training.evaluation.cross_validation import recipes
from training.evaluation.gate import Judgement, judge
from training.model.folder import require_writable
from training.pipeline.champion import find_champion, pull_champion
from training.pipeline.judging import Gathered, find_changes, gather, untrained
from training.pipeline.sources import DATA_POINTER, find_study
from training.pipeline.train import Candidate, train
from training.registry import git, publish, rollback
from training.registry.publish import Step
from training.store import transfer
from training.store.audit import audit
from training.store.doctor import doctor
from training.store.remotes import cache, usable_remote
from training.study.declaration import Study
from training.study.table import load_table

EXIT_CODES: Final = {"promote": 0, "keep": 10, "refuse": 20}
SOURCES: Final = ("data.dvc", "study.toml", "training")
"""What a model is made from, beside the lock."""


@dataclass(frozen=True)
class Outcome:
    """What became of a retrain: the verdict, what it rests on, and the commit if there is one."""

    judgement: Judgement
    study: Study
    candidate: Candidate | None
    """None where the data are refused and no model can be fitted to them."""
    gathered: Gathered
    commit: str | None


def retrain(
    reason: str, step: Step, *, search_size: int | None, jobs: int, force: str = ""
) -> Outcome:
    """Pulls, checks, trains, judges, and ships what deserves it; one at a time.

    `force` is a person's reason why findings of the data are right; empty for none. Raises
    TrainingError where any step fails; the model that serves is then the old one.
    """
    with publish.release_lock():
        step("start clean")
        at = publish.start_clean()
        git.require_committed(SOURCES)
        step("doctor")
        if failed := [check.text for check in doctor() if check.outcome == "failed"]:
            raise StoreError(failed[0])
        _require_destinations()
        step("pull data and champion")
        transfer.pull(DATA_POINTER)
        _prove_data()
        transfer.require_exact(DATA_POINTER)
        pull_champion(step)
        step("check the data")
        declared = find_study(config.RELEASED_STUDY)
        table = load_table(config.DATA, declared.study)
        champion = find_champion(declared.study, table)
        step("train")
        candidates = recipes(declared.study, search_size)
        study, changes = declared.study, find_changes(champion, table, declared.study)
        try:
            candidate = train(study, declared.sha256, table, candidates, jobs)
        except TrainingError as error:
            if force or changes is None or not changes.blocking:
                raise
            gathered = untrained(table, changes, error)
            return Outcome(judge(gathered.evidence, study.gate.margin), study, None, gathered, None)
        step("judge")
        gathered = gather(
            candidate, champion, changes, rollback.withdrawn(), jobs, forced=bool(force)
        )
        judgement = judge(gathered.evidence, study.gate.margin, force)
        commit = None
        if judgement.verdict == "promote":
            metadata = {**candidate.metadata, "gate": judgement.gate_metadata()}
            meta = _meta(reason, candidate, judgement, at.commit)
            commit = publish.publish(candidate.graph, metadata, meta, step, at)
        return Outcome(judgement, study, candidate, gathered, commit)


def _require_destinations() -> None:
    """Raises OSError where a promoted model could not be written, before it is trained."""
    remote = usable_remote()
    objects = Path(git.git("rev-parse", "--git-path", "objects"))
    remotes = [Path(remote.url)] if remote.is_folder else []
    for folder in (config.MODEL, cache(), objects, *remotes):
        require_writable(folder)


def _prove_data() -> None:
    """Raises StoreError unless others can pull the data too: a cache alone keeps no promise."""
    found = audit(None, [DATA_POINTER])
    if not found.verified:
        faults = "; ".join(map(str, found.findings))
        raise StoreError(f"{faults}.", "Push it first: `python -m training store push data.dvc`.")


def _meta(reason: str, candidate: Candidate, judgement: Judgement, code: str) -> dict[str, object]:
    """What `model.dvc` says of why its model was made, and by the code of which commit."""
    metrics = candidate.metadata["metrics"]
    return {
        "reason": reason,
        "verdict": judgement.verdict,
        **judgement.forced_metadata(),
        "metrics": {
            name: metrics[name]["mean"]
            for name in ("integrated_brier_score", "concordance_index", "brier_score")
        },
        "data": candidate.metadata["data"]["md5"],
        "recipe": candidate.metadata["recipe"],
        "code": code,
    }
