"""Chooses a recipe, and scores one, by cross-validation in which whole plots are held out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

import joblib
import numpy as np
import pandas as pd
from rich.console import Console
from rich.progress import track

from training.arrays import Floats
from training.evaluation.scores import FOLDS, GRID, Outcomes, Scores, folds, score
from training.model.hazard import Recipe, fit_curves
from training.model.survival import Curves

SEARCH_SEEDS: Final = (3, 4, 5)
REPORT_SEEDS: Final = (0, 1, 2)
"""A recipe is chosen on one set of folds and reported on another."""

Fit = Callable[[pd.DataFrame], Curves]
"""Fits on a trial's rows and answers the curves of others."""


@dataclass(frozen=True)
class OutOfFold:
    """Predictions for seedlings whose plot was not in training, and how good they were."""

    survival: Floats
    """[seeds, n, 34]: each seed's folds cover every row once."""
    by_fold: tuple[Scores, ...]

    def figures(self, name: str) -> Floats:
        """One figure of the scores, fold by fold."""
        return np.array([getattr(scores, name) for scores in self.by_fold])


def candidates(size: int) -> list[Recipe]:
    """Recipes to choose among, the most regularised first; the middle one is C = 0.1."""
    return [Recipe(parameters={"C": 0.1 * 2.0 ** (i - size // 2)}) for i in range(size)]


def cross_validate(
    fits: Sequence[Fit],
    seedlings: pd.DataFrame,
    outcomes: Outcomes,
    seeds: tuple[int, ...],
    jobs: int,
    label: str,
) -> list[OutOfFold]:
    """Every fit's out-of-fold curves on the same plot-grouped folds, in the order of `fits`."""
    rows = seedlings[["Species", "Soil", "Light_ISF", "Plot", "Census", "Event"]]
    split = list(folds(rows, seeds))
    tasks = [(fit, train, test) for fit in fits for train, test in split]
    predictions = joblib.Parallel(n_jobs=jobs, return_as="generator")(
        joblib.delayed(_predict)(fit, rows.iloc[train], rows.iloc[test])
        for fit, train, test in tasks
    )
    console = Console(stderr=True)
    survival = np.full((len(fits), len(seeds), len(rows), GRID), np.nan)
    by_fold: list[list[Scores]] = [[] for _ in fits]
    for i, curves in enumerate(track(predictions, label, len(tasks), console=console)):
        candidate, fold = divmod(i, len(split))
        test = split[fold][1]
        survival[candidate, fold // FOLDS, test] = curves
        by_fold[candidate].append(score(outcomes[test], curves))
    return [OutOfFold(s, tuple(f)) for s, f in zip(survival, by_fold, strict=True)]


def _predict(fit: Fit, train: pd.DataFrame, test: pd.DataFrame) -> Floats:
    return fit(train)(test)


def choose(seedlings: pd.DataFrame, outcomes: Outcomes, size: int, jobs: int) -> Recipe:
    """The most regularised recipe whose integrated Brier score is not worse than the best's."""
    recipes = candidates(size)
    if len(recipes) == 1:
        return recipes[0]
    results = cross_validate(
        [partial(fit_curves, r) for r in recipes],
        seedlings,
        outcomes,
        SEARCH_SEEDS,
        jobs,
        "Searching",
    )
    return recipes[not_worse(np.array([r.figures("integrated_brier_score") for r in results]))]


def not_worse(scores: Floats) -> int:
    """The first recipe that is not worse than the best by a standard error.

    `scores` is [recipes, folds], lower being better; the error is that of the paired
    difference over the folds (Breiman's one-standard-error rule).
    """
    behind = scores - scores[scores.mean(axis=1).argmin()]
    error = behind.std(axis=1, ddof=1) / np.sqrt(behind.shape[1])
    return int(np.flatnonzero(behind.mean(axis=1) <= error)[0])
