"""Simulates a trial of any size with the published one's design, hazards and harvest.

The parameters were fitted to the field trial. The result serves tests and demonstrations:
it overstates the oaks' mortality by 3 to 5 points, so no percentage is quoted from it, and
every row says in its column Adult that it was simulated.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from training import config
from training.arrays import Floats, Ints
from training.study import design, schema

PUBLISHED_SIZE: Final = 2783
FILE: Final = "Simulated_Tree_Data.csv"

_MAPLE, _CHERRY, _WHITE_OAK, _RED_OAK = range(len(design.SPECIES))
_DEATH_CENSUSES: Final = np.array([7, 8, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 21, 23, 25])
# Hazard of each species (rows) at each census in which deaths are recorded, per thousand.
# fmt: off
_HAZARD: Final = np.array([
    [220,   4,  14,  82, 123, 424, 491, 214,  63, 422, 803, 929, 597, 921, 746],
    [142,   5,  13, 126, 475, 385,  10,  11, 712, 741, 162,  62,  62,  62,  62],
    [ 17,  12,  22,   5,   7,  17,  22,  56,  35,  39,  10,  67, 131,  79,  21],
    [ 21,   8,   8,   8,  10,  11,  51,  49,  13,  71,  78,  55, 144,  16,  12],
]) / 1000
# fmt: on
_LIGHT_SLOPE: Final = np.array([0.06, -0.10, 0.0, -0.26])
_LIGHT_CENTRE, _LIGHT_SCALE = 0.086, 0.0256
_PLOT_SD: Final = 0.15
_PLOT_LIGHT: Final = (
    np.array([105, 91, 88, 76, 94, 84, 79, 63, 73, 64, 58, 50, 79, 62, 95, 122, 111, 146]) / 1000
)
_SHARES: Final = (0.27, 0.27, 0.24, 0.22)
# Share harvested of those alive, by species, in live and in sterile soil.
_HARVEST: Final = np.array([[0.11, 0.36], [0.15, 0.39], [0.38, 0.34], [0.43, 0.36]])
_HARVESTED_FIRST: Final = 0.925
# Trait: mean, per standard deviation of light, shift in sterile soil, spread, by species.
_TRAITS: Final = {
    "AMF": (
        (16.75, 0.41, -9.02, 3.17),
        (34.65, 3.82, -22.11, 8.86),
        (18.71, -0.70, -10.15, 4.81),
        (20.27, 1.23, -9.33, 4.15),
    ),
    "EMF": (
        (np.nan, 0, 0, 0),
        (np.nan, 0, 0, 0),
        (31.36, 1.12, -24.23, 6.93),
        (30.05, 3.84, -23.51, 7.71),
    ),
    "Phenolics": (
        (-0.10, 0.12, 0.05, 0.28),
        (0.58, 0.09, -0.46, 0.19),
        (4.71, 0.30, -1.58, 0.37),
        (3.51, 0.20, -0.34, 0.42),
    ),
    "Lignin": (
        (12.68, 1.03, -1.33, 1.19),
        (8.03, 1.61, -0.96, 1.47),
        (19.91, -0.09, -0.67, 1.79),
        (23.99, -0.25, 0.95, 2.43),
    ),
    "NSC": (
        (11.79, 0.58, -0.31, 0.62),
        (10.85, 1.87, -0.25, 1.90),
        (20.71, 0.59, -1.30, 2.29),
        (15.66, 0.93, -1.92, 2.37),
    ),
}


def simulate(seedlings: int = PUBLISHED_SIZE, seed: int = 0) -> pd.DataFrame:
    """A simulated trial in the published one's 24 columns; the same for the same seed."""
    # RandomState: its stream is frozen, so every numpy simulates the same trial.
    random = np.random.RandomState(seed)
    species = random.choice(len(design.SPECIES), seedlings, p=_SHARES)
    soil = random.choice(len(design.SOILS), seedlings)
    plot = random.choice(len(design.PLOTS), seedlings)
    subplot = random.choice(len(design.SUBPLOTS), seedlings, p=(0.24, 0.24, 0.24, 0.24, 0.04))
    spread = random.normal(0, 0.009, (len(design.PLOTS), len(design.SUBPLOTS)))
    light = (_PLOT_LIGHT[:, None] + spread).clip(0.032, 0.161).round(3)[plot, subplot]
    sterile = np.array(design.SOILS)[soil] == design.STERILE

    census, died, harvested = _fates(random, species, soil, plot, light, sterile)
    names, soils = np.array(design.SPECIES)[species], np.array(design.SOILS)[soil]
    genus = pd.Series(names).str.split().str[0]
    soil_genus = pd.Series(soils).str.split().str[0]
    return pd.DataFrame(
        {
            "No": np.arange(1, seedlings + 1),
            "Plot": plot + 1,
            "Subplot": np.array(design.SUBPLOTS)[subplot],
            "Species": names,
            "Light_ISF": light,
            "Light_Cat": [schema.light_class(each) for each in light],
            "Core": random.choice([2016, 2017], seedlings),
            "Soil": soils,
            "Adult": config.SIMULATED_ADULT,
            "Sterile": [design.sterile(each) for each in soils],
            "Conspecific": [design.conspecific(*pair) for pair in zip(names, soils, strict=True)],
            "Myco": genus.map(schema.MYCO),
            "SoilMyco": soil_genus.map({**schema.MYCO, design.STERILE: design.STERILE}),
            "PlantDate": "6/1/18",
            **_traits(random, species, soil, light, sterile),
            "Census": census,
            "Time": design.DAYS_PER_CENSUS * census,
            "Event": died.astype(np.int64),
            "Harvest": pd.Series("X", range(seedlings)).where(harvested),
            "Alive": pd.Series("X", range(seedlings)).where(~died & ~harvested),
        }
    )


def write_trial(trial: pd.DataFrame, folder: Path) -> Path:
    """Writes a trial as the folder's CSV, whole or not at all; returns its path."""
    folder.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=folder, suffix=".part")
    with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
        trial.to_csv(file, index=False, na_rep=schema.MISSING, float_format="%g")
    Path(name).chmod(0o644)
    return Path(name).rename(folder / FILE)


def _fates(
    random: np.random.RandomState,
    species: Ints,
    soil: Ints,
    plot: Ints,
    light: Floats,
    sterile: np.ndarray,
) -> tuple[Ints, np.ndarray, np.ndarray]:
    """Census each seedling left in, whether it died, whether it was harvested."""
    n = len(species)
    effect = random.normal(0, _PLOT_SD, len(design.PLOTS))
    of_row = (effect - effect.mean())[plot]
    of_row = of_row + _LIGHT_SLOPE[species] * (light - _LIGHT_CENTRE) / _LIGHT_SCALE
    of_row = of_row + _soil_effects(species, soil)
    drawn = random.uniform(size=(len(_DEATH_CENSUSES), n))
    share = _HARVEST[species, sterile.astype(int)]
    chosen, first = random.uniform(size=n) < share, random.uniform(size=n) < _HARVESTED_FIRST

    census = np.full(n, design.CENSUSES)
    there = np.ones(n, bool)
    died, harvested = np.zeros(n, bool), np.zeros(n, bool)
    for period, at in enumerate(_DEATH_CENSUSES):
        odds = _HAZARD[species, period] / (1 - _HAZARD[species, period])
        odds = odds * np.exp(of_row + _season_effects(species, soil, sterile, int(at)))
        dying = there & (drawn[period] < odds / (1 + odds))
        leaving = np.zeros(n, bool)
        if at in design.HARVEST_CENSUSES:
            leaving = there & ~dying & chosen & (first | (at != design.HARVEST_CENSUSES[0]))
        census[dying | leaving] = at
        died |= dying
        harvested |= leaving
        there &= ~dying & ~leaving
    return census, died, harvested


def _soil_effects(species: Ints, soil: Ints) -> Floats:
    """Log-odds that hold all season: red maple's soil spares the others."""
    in_red_maple = soil == design.SOILS.index("Acer rubrum")
    return np.where(in_red_maple, np.array([0.0, -0.45, -0.98, -0.63])[species], 0.0)


def _season_effects(species: Ints, soil: Ints, sterile: np.ndarray, census: int) -> Floats:
    """Log-odds of sterile, own and black cherry's soil, which change over the season."""
    late = census >= 15
    maple_in_sterile = -1.46 if census == 7 else -1.87 if late else -2.17
    in_sterile = np.array([maple_in_sterile, *((-1.66, 0.20, 0.20) if late else (0.0,) * 3)])
    effect = np.where(sterile, in_sterile[species], 0.0)
    names, soils = np.array(design.SPECIES)[species], np.array(design.SOILS)[soil]
    if late:
        effect = effect + 0.31 * ((species >= _WHITE_OAK) & (names == soils))
    if census == 7:
        effect = effect - 0.68 * ((species == _MAPLE) & (soils == "Prunus serotina"))
    return effect


def _traits(
    random: np.random.RandomState,
    species: Ints,
    soil: Ints,
    light: Floats,
    sterile: np.ndarray,
) -> dict[str, Floats]:
    """Traits are one value for a species, soil and light, so they tell nothing of a fate."""
    codes = np.column_stack([species, soil, np.round(light * 1000).astype(int)])
    cells, cell = np.unique(codes, axis=0, return_inverse=True)
    standard = (light - _LIGHT_CENTRE) / _LIGHT_SCALE
    traits = {}
    for name, by_species in _TRAITS.items():
        mean, per_light, shift, spread = np.array(by_species)[species].T
        values = mean + per_light * standard + shift * sterile
        values = values + spread * random.normal(size=len(cells))[cell]
        traits[name] = values.clip(-10 if name == "Phenolics" else 0, 100).round(2)
    return traits
