"""What a model must say of seedlings, whatever its scores: directions the trial supports.

Hard expectations hold with room to spare in the trial's own Kaplan-Meier contrasts and in
every plot-bootstrap refit. Soft ones hold in the data but not in every refit: they warn.
What the trial leaves open (light, the order of the oaks) is not asked.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Final

import numpy as np

from training.arrays import Floats
from training.evaluation.rules import Rule
from training.model.person_periods import Covariates
from training.study import design

LIGHTS: Final = tuple(np.linspace(0.032, 0.161, 13))
_DAY_49: Final = design.CENSUS_DAYS.index(49.0)
_MAPLE, _CHERRY, _WHITE_OAK, _RED_OAK = range(len(design.SPECIES))
_STERILE: Final = design.SOILS.index(design.STERILE)


def grid() -> Covariates:
    """Every species in every soil at 13 lights: what the expectations are asked of."""
    species, soil, light = np.array(
        list(itertools.product(range(len(design.SPECIES)), range(len(design.SOILS)), LIGHTS))
    ).T
    return Covariates(species.astype(np.int64), soil.astype(np.int64), light)


def behaviour_rules(survival: Floats) -> list[Rule]:
    """Judges curves [n, 34] answered for `grid()`."""
    mortality = 1 - survival.reshape(len(design.SPECIES), len(design.SOILS), len(LIGHTS), -1)
    at_end = mortality[..., -1]
    oaks = np.maximum(at_end[_WHITE_OAK], at_end[_RED_OAK])
    gap = np.minimum(at_end[_MAPLE], at_end[_CHERRY]) - oaks
    at_49 = mortality[_MAPLE, :, :, _DAY_49]
    fall = -np.diff(survival, axis=1)
    oak = (_WHITE_OAK, _RED_OAK)
    return [
        Rule.above("survival falls at every census", float(fall.min()), 0),
        Rule.above("maple and cherry die more than oaks, worst cell", float(gap.min()), 0),
        Rule.above("maple and cherry die more than oaks, mean", float(gap.mean()), 0.40),
        Rule.above(
            "maple, day 49: live less sterile soil",
            float(np.delete(at_49, _STERILE, axis=0).mean() - at_49[_STERILE].mean()),
            0.20,
        ),
        Rule.below(
            "white oak: red maple soil less other species' soil",
            _soil(at_end, _WHITE_OAK, ("Acer rubrum",))
            - _soil(at_end, _WHITE_OAK, _others(_WHITE_OAK)),
            0,
        ),
        Rule.above(
            "oaks: own less other species' soil", _mean(oak, at_end, _own), -0.02, hard=False
        ),
        Rule.above(
            "oaks: sterile less other species' soil",
            _mean(oak, at_end, _in_sterile),
            -0.05,
            hard=False,
        ),
        Rule.above(
            "maple less cherry", float((at_end[_MAPLE] - at_end[_CHERRY]).mean()), -0.02, hard=False
        ),
    ]


def _others(species: int) -> tuple[str, ...]:
    """Live soils of species that are neither the seedling's own nor red maple's."""
    apart = {design.SPECIES[species], "Acer rubrum", design.STERILE}
    return tuple(soil for soil in design.SOILS if soil not in apart)


def _soil(at_end: Floats, species: int, soils: tuple[str, ...]) -> float:
    return float(at_end[species][[design.SOILS.index(soil) for soil in soils]].mean())


def _heterospecific(species: int) -> tuple[str, ...]:
    return (*_others(species), "Acer rubrum")


def _own(at_end: Floats, species: int) -> float:
    own = _soil(at_end, species, (design.SPECIES[species],))
    return own - _soil(at_end, species, _heterospecific(species))


def _in_sterile(at_end: Floats, species: int) -> float:
    sterile = _soil(at_end, species, (design.STERILE,))
    return sterile - _soil(at_end, species, _heterospecific(species))


def _mean(
    species: tuple[int, ...], at_end: Floats, contrast: Callable[[Floats, int], float]
) -> float:
    return float(np.mean([contrast(at_end, one) for one in species]))
