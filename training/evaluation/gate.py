"""Champion and challenger: whether a new model deserves to replace the one that serves.

Both recipes are judged by out-of-fold curves on the same grouped folds of the same
data. The difference in integrated Brier score is bootstrapped over groups, paired, since
groups, not subjects, are what varies between these data and the next group.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from training.arrays import Floats, Ints
from training.evaluation.cross_validation import OutOfFold
from training.evaluation.rules import Rule
from training.evaluation.scores import Outcomes, Scores, score
from training.evaluation.summary import calibration
from training.study.declaration import Study

DRAWS: Final = 2000

Verdict = Literal["promote", "keep", "refuse"]


@dataclass(frozen=True)
class Comparison:
    """Difference in integrated Brier score, challenger less champion; below 0 is better."""

    difference: float
    upper: float
    """95th percentile of the difference over draws of groups."""
    draws: Floats


@dataclass(frozen=True)
class Judgement:
    """What the gate says, and every figure it said it on."""

    verdict: Verdict
    reason: str
    rules: tuple[Rule, ...]
    comparison: Comparison | None

    def gate_metadata(self) -> dict[str, object]:
        """The section `gate` of `metadata.json`: the verdict and every figure behind it."""
        comparison = self.comparison
        return {
            "verdict": self.verdict,
            "reason": self.reason,
            "difference": None if comparison is None else round(comparison.difference, 6),
            "upper_bound": None if comparison is None else round(comparison.upper, 6),
            "rules": [
                {
                    "name": rule.name,
                    "value": float(f"{rule.value:.4g}"),
                    "limit": rule.limit,
                    "passed": rule.passed,
                }
                for rule in self.rules
            ],
        }


def compare(outcomes: Outcomes, champion: OutOfFold, challenger: OutOfFold) -> Comparison:
    """Paired bootstrap over groups of the difference in integrated Brier score."""
    groups, group = np.unique(outcomes.group, return_inverse=True)
    random = np.random.RandomState(0)
    times = random.multinomial(len(groups), np.full(len(groups), 1 / len(groups)), size=DRAWS)
    every = np.concatenate([np.ones((1, len(groups))), times])
    by_draw: Floats = np.subtract(
        *(_integrated(outcomes, scored, group, every) for scored in (challenger, champion))
    )
    return Comparison(
        difference=float(by_draw[0]),
        upper=float(np.quantile(by_draw[1:], 0.95)),
        draws=by_draw[1:],
    )


def _integrated(outcomes: Outcomes, scored: OutOfFold, group: Ints, times: Floats) -> Floats:
    """Integrated Brier score for each draw of groups, averaged over the folds' seeds."""
    free, weight = outcomes.known
    squared = ((free - scored.survival) ** 2).mean(axis=0)
    loss, total = (np.zeros((times.shape[1], len(outcomes.visits))) for _ in range(2))
    np.add.at(loss, group, weight * squared)
    np.add.at(total, group, weight)
    by_visit = (times @ loss) / (times @ total)
    span = outcomes.visits[-1] - outcomes.visits[0]
    integrated: Floats = np.trapezoid(by_visit, outcomes.visits, axis=1) / span
    return integrated


def pooled(outcomes: Outcomes, scored: OutOfFold) -> Scores:
    """Scores of the out-of-fold curves over all rows at once, averaged over the seeds."""
    by_seed = [score(outcomes, curves) for curves in scored.survival]
    means = np.mean([list(vars(scores).values()) for scores in by_seed], axis=0)
    return Scores(*means.tolist())


def floors(
    study: Study, outcomes: Outcomes, challenger: OutOfFold, reference: OutOfFold
) -> list[Rule]:
    """What any model must reach, whatever it would replace."""
    scores, kaplan_meier = pooled(outcomes, challenger), pooled(outcomes, reference)
    limit = study.gate.calibration
    by_level = calibration(study, outcomes, challenger)
    return [
        Rule.below(
            "integrated Brier score minus Kaplan-Meier's",
            scores.integrated_brier_score - kaplan_meier.integrated_brier_score,
            0,
        ),
        Rule.above(
            "concordance (mean survival) minus Kaplan-Meier's",
            scores.concordance_mean_survival - kaplan_meier.concordance_mean_survival,
            0,
        ),
        Rule.below("calibration error, all", abs(scores.calibration_error), limit),
        *(
            Rule.below(f"calibration error, {name}", abs(float(errors[-1])), limit)
            for name, errors in zip(by_level.levels, by_level.errors, strict=True)
            if not np.isnan(errors[-1])
        ),
    ]


def judge(
    rules: Sequence[Rule],
    comparison: Comparison | None,
    margin: float,
    *,
    source: str,
    forced: bool,
    changed_data: bool = False,
    already_serving: bool = False,
    withdrawn: bool = False,
) -> Judgement:
    """The verdict on a challenger, from everything that it depends on.

    `comparison` is None where there is no champion yet; `margin` is the study's. `forced`
    marks a retrain with --force: a model that is not inferior is then enough, as it is on
    `changed_data`, which the champion
    was not trained on. `already_serving` says that the challenger is the champion itself,
    promoted; `withdrawn`, that a model of its data and recipe was rolled back from.
    """

    def judgement(verdict: Verdict, reason: str) -> Judgement:
        return Judgement(verdict, reason, tuple(rules), comparison)

    if already_serving:
        return judgement("keep", "the same data and recipe give the model that already serves")
    if source == "simulated":
        return judgement("refuse", "a model of simulated data is never promoted")
    if failed := [rule.name for rule in rules if rule.hard and not rule.passed]:
        return judgement("refuse", f"not met: {', '.join(failed)}")
    if comparison is None:
        reason = "every rule is met, and there is no champion yet"
    else:
        by = (
            f"integrated Brier score {comparison.difference:+.4f}, "
            f"upper bound {comparison.upper:+.4f}"
        )
        gains = comparison.difference <= 0
        if comparison.upper > margin:
            return judgement("keep", f"it may be worse than the champion: {by}")
        if not (gains or forced or changed_data):
            return judgement("keep", f"no gain over the champion: {by}")
        reason = f"{'equal or better' if gains else 'not inferior to the champion'}: {by}"
    if withdrawn and not forced:
        return judgement(
            "keep",
            "a model of this data and recipe was rolled back from; "
            "--force promotes it all the same",
        )
    return judgement("promote", reason)
