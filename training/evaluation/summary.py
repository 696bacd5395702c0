"""Figures for people: what the data say before any model, and how good a model is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from training.arrays import Floats
from training.errors import TrainingError
from training.evaluation.cross_validation import OutOfFold
from training.evaluation.scores import (
    Outcomes,
    calibration_by_level,
    calibration_error,
    kaplan_meier_band,
)
from training.study.declaration import Study
from training.study.subjects import Subjects

Booleans = npt.NDArray[np.bool_]

SCORES: Final = (
    "integrated_brier_score",
    "brier_score",
    "concordance_index",
    "concordance_mean_survival",
)


@dataclass(frozen=True)
class LevelRisk:
    """Observed risk at the horizon among the subjects of one level; shares."""

    level: str
    subjects: int
    censored: float
    """Share censored before the horizon."""
    event_rate: float
    """Subjects with the event over all: the censored taken to be without it."""
    risk: float
    """By Kaplan-Meier."""
    error: float
    """Its standard error, by leaving out each group: groups, not subjects, are independent."""


def risk_by_level(study: Study, subjects: Subjects) -> list[LevelRisk]:
    """A row for each level of the first factor that occurs, then all, weighted by numbers."""
    names = study.factors[0].names if study.factors else ()
    level = subjects.codes[:, 0] if names else np.zeros(len(subjects), np.int64)
    horizon = np.array([study.time.horizon])
    seen = np.unique(level)
    weights = np.bincount(level)[seen] / len(subjects)

    def risks(kept: Booleans) -> Floats:
        found = [
            1 - kaplan_meier_band(subjects[members], horizon)[0][0]
            if (members := kept & (level == code)).any()
            else np.nan
            for code in seen
        ]
        return np.array([*found, np.nansum(weights * found)])

    whole = risks(np.ones(len(subjects), np.bool_))
    groups = np.unique(subjects.group)
    without = np.array([risks(subjects.group != group) for group in groups])
    squares = np.nansum((without - whole) ** 2, axis=0)
    errors = np.sqrt((len(groups) - 1) / len(groups) * squares)
    members = [level == code for code in seen]
    labels = [names[code] for code in seen] if names else []
    rows = [*zip(labels, members, strict=False), ("all", np.ones(len(subjects), np.bool_))]
    figures = zip(whole, errors, strict=True) if names else [(whole[-1], errors[-1])]
    return [
        LevelRisk(
            level=label,
            subjects=int(of_level.sum()),
            censored=_censored(subjects[of_level], study.time.horizon),
            event_rate=float(subjects.event[of_level].mean()),
            risk=float(found),
            error=float(error),
        )
        for (label, of_level), (found, error) in zip(rows, figures, strict=True)
    ]


def _censored(subjects: Subjects, horizon: float) -> float:
    return float(np.mean((subjects.event == 0) & (subjects.time < horizon * (1 - 1e-9))))


@dataclass(frozen=True)
class Calibration:
    """Mean predicted minus observed risk by level of a factor and visit, over the seeds."""

    levels: tuple[str, ...]
    visits: Floats
    """The reported times after 0."""
    errors: Floats
    """[levels, visits], shares; not a number where no fate is known."""

    @property
    def mean_absolute(self) -> float:
        """Over all cells."""
        return float(np.nanmean(np.abs(self.errors)))

    @property
    def worst(self) -> tuple[str, float, float]:
        """Level, visit and error of the cell that is furthest off."""
        level, visit = np.unravel_index(np.nanargmax(np.abs(self.errors)), self.errors.shape)
        return self.levels[level], float(self.visits[visit]), float(self.errors[level, visit])


def calibration(
    study: Study, outcomes: Outcomes, scored: OutOfFold, factor: int = 0
) -> Calibration:
    """Calibration by one factor (the first) and visit; of all subjects without a factor."""
    if study.factors:
        names = study.factors[factor].names
        of_seeds = [
            calibration_by_level(outcomes, curves, factor, len(names)) for curves in scored.survival
        ]
    else:
        names = ("all",)
        of_seeds = [calibration_error(outcomes, curves)[None, :] for curves in scored.survival]
    seen = [level for level, name in enumerate(names) if not np.isnan(of_seeds[0][level]).all()]
    return Calibration(
        levels=tuple(names[level] for level in seen),
        visits=outcomes.visits[1:],
        errors=np.mean(of_seeds, axis=0)[seen, 1:],
    )


def metrics(
    study: Study,
    outcomes: Outcomes,
    scored: OutOfFold,
    reference: OutOfFold,
    reference_by: str | None,
) -> dict[str, object]:
    """Out-of-fold figures of a recipe, and of Kaplan-Meier on the same folds."""
    return {
        **_figures(study, outcomes, scored),
        "kaplan_meier": {"by": reference_by, **_figures(study, outcomes, reference)},
        "folds": len(scored.by_fold),
    }


def _figures(study: Study, outcomes: Outcomes, scored: OutOfFold) -> dict[str, object]:
    by_level = calibration(study, outcomes, scored)
    level, visit, error = by_level.worst
    return {
        **{name: _mean_and_sd(name, scored.fold_scores(name)) for name in SCORES},
        "calibration_error": _rounded(np.nanmean(scored.fold_scores("calibration_error"))),
        "calibration_error_by_level": {
            name: _rounded(errors[-1])
            for name, errors in zip(by_level.levels, by_level.errors, strict=True)
        },
        "calibration_by_visit": {
            "mean_absolute": _rounded(by_level.mean_absolute),
            "worst": {"level": level, study.time.name: visit, "error": _rounded(error)},
        },
    }


def _mean_and_sd(name: str, of_folds: Floats) -> dict[str, float | None]:
    """Over the folds in which the score is defined; a comparison needs two of them."""
    known = of_folds[~np.isnan(of_folds)]
    if len(known) < 2:
        raise TrainingError(
            f"{name.replace('_', ' ')} is defined in {len(known)} of {len(of_folds)} held-out "
            "folds, and 2 are needed to judge a model: take more data."
        )
    return {"mean": _rounded(known.mean()), "sd": _rounded(known.std(ddof=1))}


def _rounded(value: float | np.floating[Any]) -> float | None:
    """Six digits; null where there is no figure."""
    return None if np.isnan(value) else round(float(value), 6)
