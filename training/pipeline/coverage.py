"""How often the intervals hold the truth: by simulation, and on the groups at hand."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import joblib
import numpy as np
from rich.console import Console
from rich.progress import track

from training.arrays import Floats, Ints
from training.evaluation.cross_validation import recipes
from training.evaluation.groups import GroupSpread, group_spread
from training.evaluation.scores import Outcomes
from training.evaluation.truth import GroupEffects, Truth, fitted_effects
from training.model.hazard import Recipe, fit_hazard
from training.model.intervals import interval
from training.model.periods import Periods
from training.model.survival import risk
from training.pipeline.train import leave_out_blocks, refit, refit_in_turn
from training.study.declaration import Study
from training.study.subjects import Subjects

POINTS: Final = 90
"""Kinds of subject, drawn from those at hand, whose intervals are looked at."""
WEAKER: Final = 2.0
"""The truth is fitted with so much weaker a penalty: it has more structure than is found."""


@dataclass(frozen=True)
class Coverage:
    """Shares of intervals, over points, times and replicates."""

    truth: str
    own: float
    """Hold the mean of the model's own answers over the replicates."""
    true: float
    """Hold the true average."""
    within_a_point: float
    """Hold it, or miss it by at most one percentage point."""
    bias: float
    """Root mean square of the model's mean answer minus the truth, in percentage points."""
    width: float
    """Mean width, in percentage points."""
    own_error: float
    """Monte Carlo standard error of `own`: the intervals of one data set err together."""
    true_error: float
    """The same of `true`."""


def interval_coverage(
    study: Study, subjects: Subjects, replicates: int, jobs: int
) -> list[Coverage]:
    """Coverage of the interval of the average on data drawn from three truths."""
    periods = Periods.of(study, subjects)
    outcomes = Outcomes.of(study, subjects, periods)
    recipe = recipes(study, 1)[0]
    truths = study_truths(study, subjects)
    codes, numbers = _points(subjects)
    times = _times(periods)
    tasks = [(truth, seed) for truth in truths for seed in range(replicates)]
    runs = joblib.Parallel(n_jobs=jobs, return_as="generator")(
        joblib.delayed(_replicate)(
            study, recipe, truth, subjects, outcomes, codes, numbers, times, seed
        )
        for truth, seed in tasks
    )
    console = Console(stderr=True)
    risks = np.array(list(track(runs, "Simulating", len(tasks), console=console)))
    shape = (len(truths), replicates)
    return [
        _coverage(truth, answered, truth.average_risk(codes, numbers, times))
        for truth, answered in zip(truths, risks.reshape(*shape, *risks.shape[1:]), strict=True)
    ]


def study_truths(study: Study, subjects: Subjects) -> list[Truth]:
    """Three truths that are like the data at hand.

    Groups differ by a third of the study's `simulation.group_sd`, by all of it, and as those
    at hand do, by phase and by level of the first factor.
    """
    recipe, periods = recipes(study, 1)[0], Periods.of(study, subjects)
    parameters = dict(recipe.parameters)
    if "C" in parameters:
        parameters["C"] *= WEAKER
    model = fit_hazard(replace(recipe, parameters=parameters), study, periods, subjects)
    sd = study.simulation.group_sd
    return [
        Truth(f"{sd / 3:.2g}", model, GroupEffects(sd / 3)),
        Truth(f"{sd:.2g}", model, GroupEffects(sd)),
        Truth("as at hand", model, fitted_effects(model, subjects)),
    ]


def group_coverage(study: Study, subjects: Subjects, jobs: int) -> GroupSpread | None:
    """The interval of one new group, held against each group at hand when it is left out.

    None where the study declares no groups, or they hold too few subjects.
    """
    if study.data.group is None:
        return None
    periods = Periods.of(study, subjects)
    models = refit(recipes(study, 1)[0], study, periods, subjects, jobs)
    blocks = leave_out_blocks(len(subjects.groups))
    outcomes = Outcomes.of(study, subjects, periods)
    return group_spread(study, models, blocks, subjects, outcomes)


def _replicate(
    study: Study,
    recipe: Recipe,
    truth: Truth,
    subjects: Subjects,
    outcomes: Outcomes,
    codes: Ints,
    numbers: Floats,
    times: Floats,
    seed: int,
) -> Floats:
    """Risks that the model and its refits give for the points, [points, times, 1 + refits]."""
    drawn = truth.draw(subjects, outcomes.staying, [0, seed])
    models = refit_in_turn(recipe, study, truth.periods, drawn)
    return np.stack(
        [risk(model.hazards(codes, numbers), truth.periods, times) for model in models], axis=-1
    )


def _coverage(truth: Truth, risks: Floats, average: Floats) -> Coverage:
    bounds = interval(risks)
    own = risks[..., 0].mean(axis=0)

    def shares(value: Floats, slack: float = 0.0) -> Floats:
        """Of each replicate."""
        held = (bounds.low - slack <= value) & (value <= bounds.high + slack)
        each: Floats = held.mean(axis=(1, 2))
        return each

    def error(values: Floats) -> float:
        return float(values.std(ddof=1) / np.sqrt(len(values)))

    return Coverage(
        truth=truth.name,
        own=float(shares(own).mean()),
        true=float(shares(average).mean()),
        within_a_point=float(shares(average, 0.01).mean()),
        bias=100 * float(np.sqrt(((own - average) ** 2).mean())),
        width=100 * float((bounds.high - bounds.low).mean()),
        own_error=error(shares(own)),
        true_error=error(shares(average)),
    )


def _points(subjects: Subjects) -> tuple[Ints, Floats]:
    """Some kinds of subject, the same for the same data."""
    codes, numbers, _ = subjects.unique()
    chosen = np.random.RandomState(0).permutation(len(codes))[:POINTS]
    return codes[chosen], numbers[chosen]


def _times(periods: Periods) -> Floats:
    """Ends of the phases; with one phase, four period ends evenly spread."""
    last = [
        place for place, phase in enumerate(periods.phases[1:]) if phase != periods.phases[place]
    ]
    places = [*last, len(periods) - 1]
    if len(places) == 1:
        places = np.linspace(0, len(periods) - 1, 5)[1:].round().astype(int).tolist()
    return np.array(periods.ends)[sorted(set(places))]
