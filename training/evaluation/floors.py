"""What any model must reach, whatever it would replace: rules that follow the data.

Kaplan-Meier on the same rows is the measure, and the noise of these data is allowed for, so
that other data of the same truth are held to no figure of one trial. Absolute figures warn.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

import numpy as np
from scipy import stats

from training.arrays import Floats, Ints
from training.evaluation.cross_validation import OutOfFold
from training.evaluation.rules import Rule
from training.evaluation.scores import Outcomes
from training.study.declaration import Study

SURE: Final = 0.95
FEWEST: Final = 30
"""Rows of a level from which its calibration is judged."""
TIMES: Final = 5
WORSE: Final = 1.25
"""Times the champion's recorded score from which a score is worth a warning."""


def floors(
    study: Study, outcomes: Outcomes, challenger: OutOfFold, reference: OutOfFold
) -> list[Rule]:
    """A challenger's out-of-fold scores against Kaplan-Meier's, and its calibration.

    Each is held against what the noise between folds, or groups, of these data explains.
    """
    return [
        _against(reference, challenger, "integrated_brier_score", "integrated Brier score", -1),
        _against(reference, challenger, "concordance_mean_survival", "concordance", 1),
        *_calibration(study, outcomes, challenger),
    ]


def warnings(challenger: OutOfFold, recorded: Mapping[str, Any]) -> list[Rule]:
    """Absolute figures beside those that the champion's metadata record; they only warn."""
    if "integrated_brier_score" not in recorded:
        return []
    was = recorded["integrated_brier_score"].get("mean")
    if was is None:
        return []
    value = float(np.nanmean(challenger.fold_scores("integrated_brier_score")))
    name = "integrated Brier score, absolute"
    return [Rule.below(name, value, WORSE * float(was), hard=False)]


def _against(
    reference: OutOfFold, challenger: OutOfFold, score: str, name: str, better: int
) -> Rule:
    """A score minus Kaplan-Meier's, fold by fold, with its standard error as allowance."""
    differences = challenger.fold_scores(score) - reference.fold_scores(score)
    seeds = len(challenger.survival)
    folds = len(differences) // seeds
    # The seeds cut the same rows again: they make the mean steadier, not the rows more.
    by_fold = differences[~np.isnan(differences)]
    error = float(by_fold.std(ddof=1)) / np.sqrt(folds) if len(by_fold) > 1 else 0.0
    allowed = float(stats.t.ppf(SURE, max(folds - 1, 1))) * error
    mean = float(by_fold.mean()) if len(by_fold) else float("nan")
    label = f"{name} minus Kaplan-Meier's"
    return Rule.below(label, mean, allowed) if better < 0 else Rule.above(label, mean, -allowed)


def _calibration(study: Study, outcomes: Outcomes, challenger: OutOfFold) -> Iterator[Rule]:
    """Out-of-fold calibration of all and of each level, the worst of a few times."""
    visits = _times(study, outcomes)
    survival = challenger.survival.mean(axis=0)[:, visits]
    free, weight = (each[:, visits] for each in outcomes.known)
    residual = weight * (free - survival)
    everyone = np.ones(len(outcomes), np.bool_)
    levels = [("all", everyone)] + [
        (f"{factor.name} {name}", outcomes.codes[:, place] == code)
        for place, factor in enumerate(study.factors)
        for code, name in enumerate(factor.names)
    ]
    for name, rows in levels:
        if rows.sum() >= FEWEST:
            error, allowed = _error(residual[rows], weight[rows], outcomes.group[rows])
            limit = np.maximum(study.gate.calibration, allowed)
            with np.errstate(invalid="ignore"):
                excess = np.abs(error) - limit
            if not np.isnan(excess).all():
                worst = int(np.nanargmax(excess))
                time = f"{study.time.name} {outcomes.visits[visits[worst]]:g}"
                value, at_most = abs(float(error[worst])), float(limit[worst])
                yield Rule.below(f"calibration error, {name}, {time}", value, at_most)


def _error(residual: Floats, weight: Floats, group: Ints) -> tuple[Floats, Floats]:
    """Mean residual at each time, and what noise between groups explains at p = .001."""
    _, code = np.unique(group, return_inverse=True)
    groups = int(code.max()) + 1
    sums = np.zeros((2, groups, residual.shape[1]))
    np.add.at(sums[0], code, residual)
    np.add.at(sums[1], code, weight)
    total = sums.sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        error = total[0] / total[1]
        without = (total[0] - sums[0]) / (total[1] - sums[1])
    spread = (groups - 1) / groups * ((without - error) ** 2).sum(axis=0)
    freedom = max(groups - 1, 1)
    allowed: Floats = float(stats.t.ppf(1 - 0.001 / 2, freedom)) * np.sqrt(spread)
    return error, np.nan_to_num(allowed)


def _times(study: Study, outcomes: Outcomes) -> Ints:
    """Places, among the outcomes' visits, of the times that calibration is judged at."""
    horizon = outcomes.visits[-1]
    ends = np.array(study.time.phases or np.linspace(0, horizon, TIMES + 1)[1:])
    if len(ends) > TIMES:
        ends = ends[np.unique(np.linspace(0, len(ends) - 1, TIMES).round().astype(int))]
    place = np.searchsorted(outcomes.visits, ends - 1e-9 * horizon)
    return np.unique(np.minimum(place, len(outcomes.visits) - 1)).astype(np.int64)
