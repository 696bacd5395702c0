"""From data to a model: search, cross-validate, refit without each group, export, describe."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import joblib
import numpy as np
from rich.console import Console
from rich.progress import track

from training.arrays import Floats, Ints
from training.evaluation.cross_validation import (
    REPORT_SEEDS,
    HazardLearner,
    KaplanMeierLearner,
    OutOfFold,
    choose_recipe,
    choose_reference,
    cross_validate,
    delayed,
    recipes,
)
from training.evaluation.groups import GroupSpread, group_spread
from training.evaluation.observed import observed_curves
from training.evaluation.scores import Outcomes
from training.evaluation.summary import metrics
from training.model import export
from training.model.hazard import FittedHazard, Recipe
from training.model.periods import Periods
from training.model.person_periods import PersonPeriods
from training.pipeline import metadata
from training.study.declaration import Study
from training.study.subjects import Subjects
from training.study.table import Table

MOST_REFITS: Final = 40
"""Where there are more groups, they are left out in this many blocks."""


@dataclass(frozen=True)
class Candidate:
    """A model fitted and described, not yet written anywhere."""

    study: Study
    recipe: Recipe
    subjects: Subjects
    periods: Periods
    graph: bytes
    parity: float
    """Worst difference in survival between the graph and scikit-learn."""
    metadata: dict[str, Any]
    outcomes: Outcomes
    scored: OutOfFold
    reference: OutOfFold
    reference_by: str | None
    """The factor by which the reference's Kaplan-Meier curves are made."""
    spread: GroupSpread | None
    """None without groups, or where they hold too little to say."""


def train(
    study: Study,
    study_sha256: str,
    table: Table,
    candidates: Sequence[Recipe] | None = None,
    jobs: int = -1,
) -> Candidate:
    """Chooses a recipe for the data, fits it, and proves its graph; writes nothing.

    Raises TrainingError where the data hold too few events or groups, and ExportError where
    the graph can't be made or differs from scikit-learn.
    """
    subjects = table.subjects
    periods = Periods.of(study, subjects)
    outcomes = Outcomes.of(study, subjects, periods)
    recipe = choose_recipe(
        recipes(study) if candidates is None else candidates,
        study,
        periods,
        subjects,
        outcomes,
        jobs,
    )
    reference = choose_reference(study, subjects, outcomes, periods.visits)
    scored, by_factor = cross_validate(
        [HazardLearner.of(recipe, study, periods), reference],
        subjects,
        outcomes,
        REPORT_SEEDS,
        jobs,
        "Judging  ",
    )
    models = refit(recipe, study, periods, subjects, jobs)
    graph = export.to_onnx(models)
    parity = export.check_parity(graph, models, subjects.codes, subjects.numbers)
    blocks, spread = leave_out_blocks(len(subjects.groups)), None
    if study.data.group is not None:
        spread = group_spread(study, models, blocks, subjects, outcomes)
    reference_by = _name(reference, study)
    fitted = metadata.Fitted(study, study_sha256, table, periods, recipe, graph, blocks, spread)
    figures = metrics(study, outcomes, scored, by_factor, reference_by)
    return Candidate(
        study=study,
        recipe=recipe,
        subjects=subjects,
        periods=periods,
        graph=graph,
        parity=parity,
        metadata=metadata.build_metadata(fitted, figures, observed_curves(study, outcomes)),
        outcomes=outcomes,
        scored=scored,
        reference=by_factor,
        reference_by=reference_by,
        spread=spread,
    )


def refit(
    recipe: Recipe,
    study: Study,
    periods: Periods,
    subjects: Subjects,
    jobs: int,
) -> list[FittedHazard]:
    """The model on all groups, then the models that leave out one group each."""
    data = PersonPeriods.of(subjects, periods)
    columns = recipe.columns(study, periods)
    blocks = leave_out_blocks(len(data.groups))
    weights = [np.ones(len(blocks)), *_without_each(blocks)]
    fits = joblib.Parallel(n_jobs=jobs, return_as="generator")(
        delayed(FittedHazard.fit, recipe, columns, periods, data, each) for each in weights
    )
    console = Console(stderr=True)
    return list(track(fits, "Refitting", len(weights), console=console))


def refit_in_turn(
    recipe: Recipe, study: Study, periods: Periods, subjects: Subjects
) -> list[FittedHazard]:
    """The same for simulations: each refit begins at the model, which takes half the time.

    What ships is fitted from the start, so that its bytes depend on nothing but data and recipe.
    """
    data = PersonPeriods.of(subjects, periods)
    columns = recipe.columns(study, periods)
    blocks = leave_out_blocks(len(data.groups))
    model = FittedHazard.fit(recipe, columns, periods, data)
    return [
        model,
        *(
            FittedHazard.fit(recipe, columns, periods, data, each, model)
            for each in _without_each(blocks)
        ),
    ]


def _without_each(blocks: Ints) -> Iterator[Floats]:
    """[groups]: how often each group counts in the refit without each block."""
    return ((blocks != block).astype(np.float64) for block in range(blocks.max() + 1))


def leave_out_blocks(groups: int) -> Ints:
    """[groups]: which refit leaves out each group, counted from 0."""
    if groups <= MOST_REFITS:
        return np.arange(groups)
    # RandomState: its stream is frozen, so another numpy makes the same blocks.
    return np.random.RandomState(0).permutation(groups) % MOST_REFITS


def _name(reference: KaplanMeierLearner, study: Study) -> str | None:
    return None if reference.factor is None else study.factors[reference.factor].name
