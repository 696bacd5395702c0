"""Champion and challenger: whether a new model deserves to replace the one that serves.

Both recipes are judged by out-of-fold curves on the same plot-grouped folds of the same
data. The difference in integrated Brier score is bootstrapped over plots, paired, since
plots, not seedlings, are what varies between this trial and the next stand.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from training.arrays import Floats, Ints
from training.evaluation.cross_validation import OutOfFold
from training.evaluation.rules import Rule
from training.evaluation.scores import GRID, Outcomes, Scores, calibration_error_by_species, score
from training.study import design

DRAWS: Final = 2000
MARGIN: Final = 0.002
"""Largest loss in integrated Brier score that still counts as not inferior."""
BRIER_INTEGRATED_CEILING: Final = 0.102
BRIER_115_CEILING: Final = 0.137
CONCORDANCE_FLOOR: Final = 0.75
"""The published trial's own figures less three bootstrap standard deviations over plots."""
CALIBRATION_CEILING: Final = 0.03
CALIBRATION_BY_SPECIES_CEILING: Final = 0.05
CONCORDANCE_GAIN: Final = 0.02
"""What covariates must add in concordance to Kaplan-Meier by species."""

Verdict = Literal["promote", "keep", "refuse"]


@dataclass(frozen=True)
class Comparison:
    """Difference in integrated Brier score, challenger less champion; below 0 is better."""

    difference: float
    upper: float
    """95th percentile of the difference over draws of plots."""
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
                    "figure": float(f"{rule.figure:.4g}"),
                    "limit": rule.limit,
                    "passed": rule.passed,
                }
                for rule in self.rules
            ],
        }


def compare(outcomes: Outcomes, champion: OutOfFold, challenger: OutOfFold) -> Comparison:
    """Paired bootstrap over plots of the difference in integrated Brier score."""
    plots, plot = np.unique(outcomes.plot, return_inverse=True)
    random = np.random.RandomState(0)
    times = random.multinomial(len(plots), np.full(len(plots), 1 / len(plots)), size=DRAWS)
    every = np.concatenate([np.ones((1, len(plots))), times])
    by_draw: Floats = np.subtract(
        *(_integrated(outcomes, scored, plot, every) for scored in (challenger, champion))
    )
    return Comparison(
        difference=float(by_draw[0]),
        upper=float(np.quantile(by_draw[1:], 0.95)),
        draws=by_draw[1:],
    )


def _integrated(outcomes: Outcomes, scored: OutOfFold, plot: Ints, times: Floats) -> Floats:
    """Integrated Brier score for each draw of plots, averaged over the folds' seeds."""
    by_census = np.zeros((len(times), GRID))
    for census in range(1, GRID):
        alive, weight = outcomes.status(census)
        squared = ((alive - scored.survival[:, :, census]) ** 2).mean(axis=0)
        loss = times @ np.bincount(plot, weight * squared)
        by_census[:, census] = loss / (times @ np.bincount(plot, weight))
    steps = np.diff(design.CENSUS_DAYS)
    return (by_census[:, 1:] + by_census[:, :-1]) @ steps / (2 * design.END_DAY)


def pooled(outcomes: Outcomes, scored: OutOfFold) -> Scores:
    """Scores of the out-of-fold curves over all rows at once, averaged over the seeds."""
    by_seed = [score(outcomes, curves) for curves in scored.survival]
    means = np.mean([list(vars(scores).values()) for scores in by_seed], axis=0)
    return Scores(*means.tolist())


def floors(outcomes: Outcomes, challenger: OutOfFold, reference: OutOfFold) -> list[Rule]:
    """What any model must reach, whatever it would replace."""
    scores, by_species = pooled(outcomes, challenger), pooled(outcomes, reference)
    errors = [calibration_error_by_species(outcomes, curves) for curves in challenger.survival]
    return [
        Rule.below(
            "integrated Brier score", scores.integrated_brier_score, BRIER_INTEGRATED_CEILING
        ),
        Rule.below("Brier score at day 115.5", scores.brier_score_115, BRIER_115_CEILING),
        Rule.above("concordance (mean survival)", scores.concordance_rmst, CONCORDANCE_FLOOR),
        Rule.below("calibration error, all", abs(scores.calibration_error), CALIBRATION_CEILING),
        *(
            Rule.below(
                f"calibration error, {name}",
                abs(float(np.mean([error[name] for error in errors]))),
                CALIBRATION_BY_SPECIES_CEILING,
            )
            for name in errors[0]
        ),
        Rule.above(
            "concordance over Kaplan-Meier by species",
            scores.concordance_rmst - by_species.concordance_rmst,
            CONCORDANCE_GAIN,
        ),
        Rule.below(
            "integrated Brier score less Kaplan-Meier's by species",
            scores.integrated_brier_score - by_species.integrated_brier_score,
            0,
        ),
    ]


def judge(
    rules: Sequence[Rule],
    comparison: Comparison | None,
    *,
    source: str,
    forced: bool,
    changed_data: bool = False,
    already_serving: bool = False,
    withdrawn: bool = False,
) -> Judgement:
    """The verdict on a challenger, from everything that it depends on.

    `comparison` is None where there is no champion yet. `forced` marks a retrain with --force:
    a model that is not inferior is then enough, as it is on `changed_data`, which the champion
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
        if comparison.upper > MARGIN:
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
