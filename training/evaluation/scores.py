"""Scores survival curves against a trial in which seedlings were taken out alive.

A harvested seedling's fate is unknown, so each known fate is weighted by the inverse of
the probability of not having been harvested before it was seen (IPCW). That probability
depends on species, soil, light and plot: a marginal one would be wrong here.
Sources: Graf et al. 1999 (Brier score under censoring), Uno et al. 2011 (concordance).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold
from sklearn.preprocessing import OneHotEncoder
from sksurv.nonparametric import kaplan_meier_estimator
from threadpoolctl import threadpool_limits

from training.arrays import Floats, Ints
from training.errors import TrainingError
from training.model.survival import Curves
from training.study import design

FOLDS: Final = 6
GRID: Final = design.CENSUSES + 1


@dataclass(frozen=True)
class Outcomes:
    """What became of each seedling: the census it left in, and whether it had died."""

    census: Ints
    died: Ints
    species: Ints
    plot: Ints
    not_harvested: Floats
    """G, [n, 34]: probability of not having been harvested up to and including each census."""

    def __len__(self) -> int:
        return len(self.census)

    def __getitem__(self, rows: Ints | slice) -> Outcomes:
        return Outcomes(
            self.census[rows],
            self.died[rows],
            self.species[rows],
            self.plot[rows],
            self.not_harvested[rows],
        )

    @classmethod
    def of(cls, seedlings: pd.DataFrame) -> Outcomes:
        """The outcomes of a trial's rows, in their order."""
        return cls(
            census=seedlings["Census"].to_numpy(np.int64),
            died=(seedlings["Event"].to_numpy(np.int64) == 1).astype(np.int64),
            species=pd.Categorical(seedlings["Species"], design.SPECIES).codes.astype(np.int64),
            plot=seedlings["Plot"].to_numpy(np.int64),
            not_harvested=_not_harvested(seedlings),
        )

    def status(self, census: int) -> tuple[Floats, Floats]:
        """Whether each is alive after a census, and the weight of knowing it (0: unknown)."""
        dead = (self.died == 1) & (self.census <= census)
        alive = self.census > census
        if census == design.CENSUSES:
            alive |= (self.census == census) & (self.died == 0)
        before = self.not_harvested[np.arange(len(self)), self.census - 1]
        weight = np.where(dead, 1 / before, np.where(alive, 1 / self.not_harvested[:, census], 0))
        return alive.astype(np.float64), weight


def _not_harvested(seedlings: pd.DataFrame) -> Floats:
    """G of every row at every census, by a ridge logistic at each census with a harvest."""
    census = seedlings["Census"].to_numpy(np.int64)
    taken = (seedlings["Event"].to_numpy(np.int64) == 0) & (census < design.CENSUSES)
    species, soil = seedlings["Species"].astype(str), seedlings["Soil"].astype(str)
    factors = pd.DataFrame(
        {
            "species": species,
            "soil": soil,
            "plot": seedlings["Plot"].astype(str),
            "sterile": species + seedlings["Sterile"].astype(str),
            "cell": species + soil,
            "light": species + seedlings["Light_Cat"].astype(str),
        }
    )
    x = OneHotEncoder().fit_transform(factors)
    staying = np.ones((len(seedlings), design.CENSUSES + 1))
    for harvest in np.unique(census[taken]):
        harvested = taken & (census == harvest)
        there = harvested | (census > harvest)
        if harvested[there].all():
            raise TrainingError(
                f"every seedling left at census {harvest} was harvested: nothing is known after it"
            )
        with threadpool_limits(1):
            model = LogisticRegression(solver="newton-cholesky", tol=1e-10)
            model.fit(x[there], harvested[there])
            staying[:, harvest] = model.predict_proba(x)[:, 0]
    return np.cumprod(staying, axis=1, dtype=np.float64)


@dataclass(frozen=True)
class Scores:
    """The figures a set of curves is judged by."""

    integrated_brier_score: float
    brier_score_115: float
    concordance_index: float
    concordance_rmst: float
    calibration_error: float


def score(outcomes: Outcomes, survival: Floats) -> Scores:
    """Judges curves [n, 34] by what became of the seedlings they are for."""
    by_census = [brier_score(outcomes, survival, k) for k in range(1, design.CENSUSES + 1)]
    return Scores(
        integrated_brier_score=integrate([0.0, *by_census]),
        brier_score_115=by_census[-1],
        concordance_index=concordance_index(outcomes, 1 - survival[:, -1]),
        concordance_rmst=concordance_index(outcomes, -survival.sum(axis=1)),
        calibration_error=calibration_error(outcomes, survival),
    )


def integrate(by_census: list[float] | Floats) -> float:
    """Mean over the season of a figure given at every census from day 0, by trapezoids."""
    return float(np.trapezoid(by_census, design.CENSUS_DAYS) / design.END_DAY)


def brier_score(outcomes: Outcomes, survival: Floats, census: int) -> float:
    """Mean of (alive - S)^2 after a census, censoring-weighted; 0 is perfect."""
    alive, weight = outcomes.status(census)
    return float(np.average((alive - survival[:, census]) ** 2, weights=weight))


def observed_mortality(outcomes: Outcomes, census: int = design.CENSUSES) -> float:
    """Share dead after a census, censoring-weighted."""
    alive, weight = outcomes.status(census)
    return float(np.average(1 - alive, weights=weight))


def calibration_error(outcomes: Outcomes, survival: Floats) -> float:
    """Mean predicted mortality at day 115.5 less the weighted observed one."""
    return float(np.mean(1 - survival[:, -1])) - observed_mortality(outcomes)


def calibration_error_by_species(outcomes: Outcomes, survival: Floats) -> dict[str, float]:
    """The calibration error among the seedlings of each species that is there."""
    errors = {}
    for code, name in enumerate(design.SPECIES):
        rows = np.flatnonzero(outcomes.species == code)
        if len(rows):
            errors[name] = calibration_error(outcomes[rows], survival[rows])
    return errors


def concordance_index(outcomes: Outcomes, risk: Floats) -> float:
    """Uno's C: chance that of two seedlings the one that died first had the higher risk.

    A pair counts 1 / (G_i G_j) just before the first death; a seedling harvested in the
    census of that death outlived it; equal risks count a half. 0.5 is chance. Pairs are
    counted by rank, so time grows as n log n.
    """
    pairs = right = 0.0
    for census in np.unique(outcomes.census[outcomes.died == 1]):
        left_then = outcomes.census == census
        dying = left_then & (outcomes.died == 1)
        outliving = (outcomes.census > census) | (left_then & (outcomes.died == 0))
        weight = 1 / outcomes.not_harvested[:, census - 1]
        order = np.argsort(risk[outliving], kind="stable")
        ranked = risk[outliving][order]
        total = np.concatenate([[0.0], np.cumsum(weight[outliving][order])])
        lower = total[np.searchsorted(ranked, risk[dying], side="left")]
        not_higher = total[np.searchsorted(ranked, risk[dying], side="right")]
        right += float(weight[dying] @ (lower + not_higher)) / 2
        pairs += float(weight[dying].sum() * total[-1])
    return right / pairs if pairs else float("nan")


def folds(seedlings: pd.DataFrame, seeds: tuple[int, ...]) -> Iterator[tuple[Ints, Ints]]:
    """Row numbers of (training, test) folds; a plot is never in both. FOLDS for each seed."""
    plots = seedlings["Plot"].to_numpy(np.int64)
    if len(np.unique(plots)) < FOLDS:
        raise TrainingError(
            f"{len(np.unique(plots))} plots are too few: {FOLDS} folds hold out whole plots"
        )
    for seed in seeds:
        yield from GroupKFold(FOLDS, shuffle=True, random_state=seed).split(plots, groups=plots)


def kaplan_meier_by_species(seedlings: pd.DataFrame) -> Curves:
    """The reference every model must beat: each species' own Kaplan-Meier curve."""
    curves = {species: kaplan_meier_curve(group) for species, group in seedlings.groupby("Species")}
    return lambda rows: np.array([curves[species] for species in rows["Species"]])


def kaplan_meier_curve(seedlings: pd.DataFrame) -> Floats:
    """Kaplan-Meier survival at planting and after each census, [34]; harvest censors."""
    return kaplan_meier_band(seedlings)[0]


def kaplan_meier_band(seedlings: pd.DataFrame) -> tuple[Floats, Floats, Floats]:
    """The Kaplan-Meier curve with its pointwise 95 % band (log-log), each [34]."""
    died = seedlings["Event"].to_numpy(np.int64) == 1
    census = seedlings["Census"].to_numpy(np.float64)
    time, alive, (low, high) = kaplan_meier_estimator(died, census, conf_type="log-log")
    step = np.searchsorted(time, np.arange(GRID), side="right")
    curve, low, high = (np.concatenate([[1.0], values])[step] for values in (alive, low, high))
    return curve, low, high
