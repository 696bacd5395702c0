"""Chooses a recipe, and scores one, by cross-validation in which whole groups are held out."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Protocol

import joblib
import numpy as np
from rich.console import Console
from rich.progress import track
from sklearn.model_selection import GroupKFold

from training.arrays import Floats, Ints
from training.errors import TrainingError
from training.evaluation.scores import Outcomes, Scores, kaplan_meier_band, score
from training.model.design import Columns
from training.model.hazard import FittedHazard, Recipe
from training.model.periods import Periods
from training.model.person_periods import PersonPeriods
from training.study.declaration import Study
from training.study.subjects import FEWEST_GROUPS, Subjects

FOLDS: Final = 6
SEARCH_SEEDS: Final = (3, 4, 5)
REPORT_SEEDS: Final = (0, 1, 2)
"""A recipe is chosen on one set of folds and reported on another."""


Task = tuple[Callable[..., Any], tuple[Any, ...], dict[str, Any]]
"""What joblib.delayed makes."""


class Learner(Protocol):
    """Anything that is fitted on some subjects and predicts the curves of others."""

    def predict(self, training: Subjects, test: Subjects) -> Floats:
        """Survival of the test subjects at every visit, [n, visits]."""


@dataclass(frozen=True)
class HazardLearner:
    """A recipe of the hazard, with its study's columns and periods."""

    recipe: Recipe
    columns: Columns
    periods: Periods

    @classmethod
    def of(cls, recipe: Recipe, study: Study, periods: Periods) -> HazardLearner:
        """A recipe made ready for a study."""
        return cls(recipe, recipe.columns(study, periods), periods)

    def predict(self, training: Subjects, test: Subjects) -> Floats:
        """Survival of the test subjects at every visit, [n, visits]."""
        data = PersonPeriods.of(training, self.periods)
        return self.curves(data, test.codes, test.numbers)

    def curves(self, data: PersonPeriods, codes: Ints, numbers: Floats) -> Floats:
        """Survival for each row of inputs, after a fit on counted person-periods."""
        model = FittedHazard.fit(self.recipe, self.columns, self.periods, data)
        return model.curves(codes, numbers)


@dataclass(frozen=True)
class KaplanMeierLearner:
    """Kaplan-Meier curves by the levels of one factor: the reference that a model must beat."""

    factor: int | None
    """Position among the factors; None for one curve for all."""
    visits: tuple[float, ...]

    def predict(self, training: Subjects, test: Subjects) -> Floats:
        """Survival of the test subjects; that of all for a level that training lacks."""
        visits = np.array(self.visits)
        everyone = kaplan_meier_band(training, visits)[0]
        curves = np.tile(everyone, (len(test), 1))
        if self.factor is not None:
            for level in np.unique(test.codes[:, self.factor]):
                rows = training.codes[:, self.factor] == level
                if rows.any():
                    of_level = kaplan_meier_band(training[rows], visits)[0]
                    curves[test.codes[:, self.factor] == level] = of_level
        return curves


@dataclass(frozen=True)
class OutOfFold:
    """Predictions for subjects whose group was not in training, and how good they were."""

    survival: Floats
    """[seeds, n, visits]: each seed's folds cover every row once."""
    by_fold: tuple[Scores, ...]

    def fold_scores(self, name: str) -> Floats:
        """One figure of the scores, fold by fold."""
        return np.array([getattr(scores, name) for scores in self.by_fold])


def group_folds(group: Ints, seeds: tuple[int, ...]) -> Iterator[tuple[int, Ints, Ints]]:
    """Seed's position and row numbers of (training, test); a group is never in both.

    FOLDS for each seed, or one for each group where there are fewer.
    """
    groups = len(np.unique(group))
    if groups < FEWEST_GROUPS:
        raise TrainingError(
            f"{groups} group{'s are' if groups != 1 else ' is'} too few: whole groups "
            f"are held out, so {FEWEST_GROUPS} are needed. Take more data, or leave out "
            "data.group, if its rows are independent."
        )
    for place, seed in enumerate(seeds):
        split = GroupKFold(min(FOLDS, groups), shuffle=True, random_state=seed)
        for training, test in split.split(group, groups=group):
            yield place, training, test


def cross_validate(
    learners: Sequence[Learner],
    subjects: Subjects,
    outcomes: Outcomes,
    seeds: tuple[int, ...],
    jobs: int,
    label: str,
) -> list[OutOfFold]:
    """Every learner's out-of-fold curves on the same folds, in the order of `learners`."""
    # The columns of the CSV are of no use to a learner, and large.
    bare = replace(subjects, frame=subjects.frame[[]])
    split = list(group_folds(subjects.group, seeds))
    # A learner sees nothing but inputs, so each kind of subject is predicted for once.
    kinds = [_kinds(bare[test]) for *_, test in split]
    tasks = [
        (learner, training, test[first])
        for learner in learners
        for (_, training, test), (first, _) in zip(split, kinds, strict=True)
    ]
    parallel = joblib.Parallel(n_jobs=jobs, return_as="generator")
    predictions = parallel(_task(learner, bare[a], bare[b]) for learner, a, b in tasks)
    console = Console(stderr=True)
    survival = np.full((len(learners), len(seeds), len(subjects), len(outcomes.visits)), np.nan)
    by_fold: list[list[Scores]] = [[] for _ in learners]
    folds = itertools.product(range(len(learners)), zip(split, kinds, strict=True))
    tracked = track(predictions, label, len(tasks), console=console)
    for predicted, (candidate, ((seed, _, test), (_, kind))) in zip(tracked, folds, strict=True):
        curves = predicted[kind]
        survival[candidate, seed, test] = curves
        by_fold[candidate].append(score(outcomes[test], curves))
    return [OutOfFold(s, tuple(f)) for s, f in zip(survival, by_fold, strict=True)]


def _kinds(subjects: Subjects) -> tuple[Ints, Ints]:
    """The first subject of each distinct inputs, and for each subject the place of its kind."""
    rows = np.column_stack([subjects.codes, subjects.numbers])
    _, first, kind = np.unique(rows, axis=0, return_index=True, return_inverse=True)
    return first, kind.reshape(-1)


def _task(learner: Learner, training: Subjects, test: Subjects) -> Task:
    """What one worker does; to a hazard, counts travel and not rows."""
    if not isinstance(learner, HazardLearner):
        return delayed(learner.predict, training, test)
    data = PersonPeriods.of(training, learner.periods)
    return delayed(learner.curves, data, test.codes, test.numbers)


def delayed(function: Callable[..., Any], *arguments: object) -> Task:
    """joblib.delayed with all arguments in one tuple.

    What is large and stands alone, joblib's Dask backend leaves with one worker: if that dies,
    it is gone, and the run with it. A tuple travels with its task.
    """
    task: Task = joblib.delayed(_call)((function, arguments))
    return task


def _call(task: tuple[Callable[..., Any], tuple[object, ...]]) -> Any:
    function, arguments = task
    return function(*arguments)


def recipes(study: Study, at_most: int | None = None) -> list[Recipe]:
    """The candidates of the study's search, the most regularised first.

    Of more than `at_most`, so many evenly spread; the middle one of all where it is 1.
    """
    names = list(study.model.search)
    every = [
        Recipe.of(study, dict(zip(names, values, strict=True)))
        for values in itertools.product(*study.model.search.values())
    ]
    if at_most is None or len(every) <= at_most:
        return every
    shares = np.array([0.5]) if at_most == 1 else np.linspace(0, 1, at_most)
    return [every[place] for place in np.floor(shares * (len(every) - 1)).astype(int)]


def choose_recipe(
    candidates: Sequence[Recipe],
    study: Study,
    periods: Periods,
    subjects: Subjects,
    outcomes: Outcomes,
    jobs: int,
) -> Recipe:
    """The most regularised recipe whose integrated Brier score is not worse than the best's."""
    if len(candidates) == 1:
        return candidates[0]
    learners = [HazardLearner.of(recipe, study, periods) for recipe in candidates]
    results = cross_validate(learners, subjects, outcomes, SEARCH_SEEDS, jobs, "Searching")
    scores = np.array([each.fold_scores("integrated_brier_score") for each in results])
    return candidates[not_worse(scores)]


def not_worse(scores: Floats) -> int:
    """The first recipe that is not worse than the best by a standard error.

    `scores` is [recipes, folds], lower being better; the error is that of the paired
    difference over the folds (Breiman's one-standard-error rule).
    """
    behind = scores - scores[scores.mean(axis=1).argmin()]
    error = behind.std(axis=1, ddof=1) / np.sqrt(behind.shape[1])
    return int(np.flatnonzero(behind.mean(axis=1) <= error)[0])


def choose_reference(
    study: Study, subjects: Subjects, outcomes: Outcomes, visits: tuple[float, ...]
) -> KaplanMeierLearner:
    """Kaplan-Meier for all, or by the one factor that gives the best integrated Brier score.

    The first of equals, factors before none. Chosen on the folds of the search.
    """
    factors: list[int | None] = [*range(len(study.factors)), None]
    learners = [KaplanMeierLearner(factor, visits) for factor in factors]
    if len(learners) == 1:
        return learners[0]
    results = cross_validate(learners, subjects, outcomes, SEARCH_SEEDS, 1, "Reference")
    scores = [each.fold_scores("integrated_brier_score").mean() for each in results]
    return learners[int(np.argmin(scores))]
