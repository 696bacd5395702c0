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
from training.evaluation.held_out import Comparison, Scored, compare_held_out, sums_by_group
from training.evaluation.rules import Rule
from training.evaluation.scores import Outcomes
from training.study.declaration import Study

SURE: Final = 0.0005
"""P value below which an error of calibration is no noise."""
NEGLIGIBLE: Final = 0.01
ENOUGH_GROUPS: Final = 10
"""Fewest groups that can show that a model is worse than Kaplan-Meier by level."""
FEWEST: Final = 30
"""Rows of a level from which its calibration is judged."""
TIMES: Final = 5
DEVIATIONS: Final = 3
"""Standard deviations between folds from which another score than the champion's is worth a
warning."""
CONCORDANCE: Final = "concordance_mean_survival"


def floors(
    study: Study,
    outcomes: Outcomes,
    groups: tuple[str, ...],
    challenger: Floats,
    pooled: Floats,
    reference: Floats | None,
) -> list[Rule]:
    """A challenger's held-out curves [n, visits] against Kaplan-Meier's, and its calibration.

    `groups` has the name of each row's group. `pooled` are the curves of all other subjects,
    `reference` those by the factor that tells most, None where none tells more than all together.
    """
    score = "integrated Brier score minus Kaplan-Meier's"
    against = _compare(outcomes, groups, challenger, pooled)
    rules = [
        Rule.below(f"{score} of all", against.difference, 0),
        Rule.below(f"{score} of all, upper bound", against.upper, 0, hard=False),
    ]
    if reference is not None:
        against = _compare(outcomes, groups, challenger, reference)
        enough = len(set(groups)) >= ENOUGH_GROUPS
        rules += [
            Rule.below(f"{score} by level, lower bound", against.lower, 0, hard=enough),
            Rule.below(f"{score} by level", against.difference, 0, hard=False),
        ]
    return [*rules, *_calibration(study, outcomes, challenger)]


def _compare(
    outcomes: Outcomes, groups: tuple[str, ...], challenger: Floats, kaplan_meier: Floats
) -> Comparison:
    return compare_held_out([Scored("all", outcomes, groups, kaplan_meier, challenger)], "all")


def warnings(
    challenger: OutOfFold, reference: OutOfFold, recorded: Mapping[str, Any]
) -> list[Rule]:
    """Scores beside Kaplan-Meier's and those of the champion's metadata; they only warn."""
    gain = challenger.fold_scores(CONCORDANCE) - reference.fold_scores(CONCORDANCE)
    rules = [Rule.above("concordance minus Kaplan-Meier's", float(np.nanmean(gain)), 0, hard=False)]
    for name, better in (("integrated_brier_score", -1), ("brier_score", -1), (CONCORDANCE, 1)):
        if isinstance(was := recorded.get(name), Mapping) and was.get("mean") is not None:
            value = float(np.nanmean(challenger.fold_scores(name)))
            limit = float(was["mean"]) - better * DEVIATIONS * float(was.get("sd") or 0)
            rule = Rule.above if better > 0 else Rule.below
            rules.append(rule(name.replace("_", " "), value, limit, hard=False))
    return rules


def _calibration(study: Study, outcomes: Outcomes, challenger: Floats) -> Iterator[Rule]:
    """Out-of-fold calibration of all and of each level, the worst of a few times."""
    visits = _times(study, outcomes)
    survival = challenger[:, visits]
    free, weight = (each[:, visits] for each in outcomes.known)
    residual = weight * (free - survival)
    # Of counting, as the model says: where nobody had the event, groups do not differ at all.
    counting = weight**2 * survival * (1 - survival)
    everyone = np.ones(len(outcomes), np.bool_)
    levels = [("all", everyone)] + [
        (f"{factor.name} {name}", outcomes.codes[:, place] == code)
        for place, factor in enumerate(study.factors)
        for code, name in enumerate(factor.names)
    ]
    for name, rows in levels:
        if rows.sum() >= FEWEST:
            error, allowed = _error(
                residual[rows], weight[rows], counting[rows], outcomes.group[rows]
            )
            limit = np.maximum(study.gate.calibration, allowed)
            with np.errstate(invalid="ignore"):
                excess = np.abs(error) - limit
            if not np.isnan(excess).all():
                worst = int(np.nanargmax(excess))
                time = f"{study.time.name} {outcomes.visits[visits[worst]]:g}"
                value, at_most = abs(float(error[worst])), float(limit[worst])
                yield Rule.below(f"calibration error, {name}, {time}", value, at_most)


def _error(
    residual: Floats, weight: Floats, counting: Floats, group: Ints
) -> tuple[Floats, Floats]:
    """Mean residual at each time, and what noise between groups, or of counting, explains."""
    _, code = np.unique(group, return_inverse=True)
    groups = int(code.max()) + 1
    residuals, weights = (sums_by_group(each, code, groups) for each in (residual, weight))
    total = residuals.sum(axis=0), weights.sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        error = total[0] / total[1]
        without = (total[0] - residuals) / (total[1] - weights)
        counted = counting.sum(axis=0) / total[1] ** 2
    variance = (groups - 1) / groups * ((without - error) ** 2).sum(axis=0)
    variance = np.fmax(variance, counted) + NEGLIGIBLE**2
    allowed: Floats = float(stats.t.isf(SURE / 2, max(groups - 1, 1))) * np.sqrt(variance)
    return error, np.nan_to_num(allowed)


def _times(study: Study, outcomes: Outcomes) -> Ints:
    """Places, among the outcomes' visits, of the times that calibration is judged at."""
    horizon = outcomes.visits[-1]
    ends = np.array(study.time.phases or np.linspace(0, horizon, TIMES + 1)[1:])
    if len(ends) > TIMES:
        ends = ends[np.unique(np.linspace(0, len(ends) - 1, TIMES).round().astype(int))]
    place = np.searchsorted(outcomes.visits, ends - 1e-9 * horizon)
    return np.unique(np.minimum(place, len(outcomes.visits) - 1)).astype(np.int64)
