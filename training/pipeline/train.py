"""From a trial to a model: search, cross-validate, refit over plots, export, describe."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import joblib
import numpy as np
import pandas as pd
from rich.console import Console
from rich.progress import track
from sklearn.pipeline import Pipeline

from training.arrays import Floats
from training.evaluation.cross_validation import REPORT_SEEDS, OutOfFold, choose, cross_validate
from training.evaluation.scores import Outcomes, kaplan_meier_by_species
from training.model import export
from training.model.hazard import Recipe, fit_curves
from training.model.person_periods import Covariates, PersonPeriods
from training.pipeline import metadata
from training.study.trial import Trial

REFITS: Final = 50
SEARCH_SIZE: Final = 5


@dataclass(frozen=True)
class Candidate:
    """A model fitted and described, not yet written anywhere."""

    recipe: Recipe
    seedlings: pd.DataFrame
    graph: bytes
    parity: float
    """Worst difference in survival between the graph and scikit-learn."""
    metadata: dict[str, Any]
    outcomes: Outcomes
    scored: OutOfFold
    reference: OutOfFold


def train(trial: Trial, search_size: int = SEARCH_SIZE, jobs: int = -1) -> Candidate:
    """Chooses a recipe for the trial, fits it, and proves its graph; writes nothing.

    Raises ExportError where the graph can't be made or differs from scikit-learn.
    """
    seedlings = trial.seedlings
    outcomes = Outcomes.of(seedlings)
    recipe = choose(seedlings, outcomes, search_size, jobs)
    scored, reference = cross_validate(
        [partial(fit_curves, recipe), kaplan_meier_by_species],
        seedlings,
        outcomes,
        REPORT_SEEDS,
        jobs,
        "Judging  ",
    )
    models = refit(recipe, PersonPeriods.of(seedlings), jobs)
    graph = export.to_onnx(models)
    parity = export.check_parity(graph, models, Covariates.of(seedlings))
    figures = metadata.metrics(outcomes, scored, reference)
    described = metadata.build_metadata(trial, recipe, figures, graph)
    return Candidate(recipe, seedlings, graph, parity, described, outcomes, scored, reference)


def refit(recipe: Recipe, data: PersonPeriods, jobs: int) -> list[Pipeline]:
    """The model on all plots, then REFITS models on plots drawn with replacement."""
    fits = joblib.Parallel(n_jobs=jobs, return_as="generator")(
        joblib.delayed(recipe.fit)(data, weights) for weights in plot_draws(len(data.plots))
    )
    return list(track(fits, "Refitting", REFITS + 1, console=Console(stderr=True)))


def plot_draws(plots: int) -> list[Floats]:
    """How often each plot counts: once each, then as drawn with replacement."""
    # RandomState: its stream is frozen, so another numpy draws the same plots.
    random = np.random.RandomState(0)
    draws = random.multinomial(plots, np.full(plots, 1 / plots), size=REFITS)
    return [np.ones(plots), *draws.astype(np.float64)]
