"""Person-period data: a row for each period a seedling entered, counted plot by plot."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from training.arrays import Floats, Ints
from training.study import design

PERIODS: Final = len(design.PERIOD_ENDS)


@dataclass(frozen=True)
class Covariates:
    """What the model is asked with: three arrays of one length, the factors as codes."""

    species: Ints
    soil: Ints
    light: Floats

    def __len__(self) -> int:
        return len(self.species)

    @classmethod
    def of(cls, seedlings: pd.DataFrame) -> Covariates:
        """The covariates of a trial's rows, in their order."""
        return cls(
            species=pd.Categorical(seedlings["Species"], design.SPECIES).codes.astype(np.int64),
            soil=pd.Categorical(seedlings["Soil"], design.SOILS).codes.astype(np.int64),
            light=seedlings["Light_ISF"].to_numpy(np.float64),
        )

    def unique(self) -> tuple[Covariates, Ints]:
        """The distinct rows, and for each row which of them it is."""
        light, light_code = np.unique(self.light, return_inverse=True)
        shape = (len(design.SPECIES), len(design.SOILS), len(light))
        key = np.ravel_multi_index((self.species, self.soil, light_code), shape)
        distinct, inverse = np.unique(key, return_inverse=True)
        species, soil, code = np.unravel_index(distinct, shape)
        return Covariates(species, soil, light[code]), inverse

    def by_period(self) -> Floats:
        """Rows (species, soil, period, light) for every period in turn, seedling by seedling."""
        n = len(self)
        return np.column_stack(
            [
                np.repeat(self.species, PERIODS),
                np.repeat(self.soil, PERIODS),
                np.tile(np.arange(PERIODS), n),
                np.repeat(self.light, PERIODS),
            ]
        ).astype(np.float64)


@dataclass(frozen=True)
class PersonPeriods:
    """Person-period data, counted: rows alike in every covariate stand once.

    `rows` is [m, 4] (species, soil, period, light); `at_risk` and `deaths` are [m, plots]:
    seedlings that entered that period, and those that died in it, plot by plot.
    """

    rows: Floats
    at_risk: Floats
    deaths: Floats
    plots: Ints

    @classmethod
    def of(cls, seedlings: pd.DataFrame) -> PersonPeriods:
        """Counts the periods that each seedling entered, up to the one it left in."""
        distinct, cell = Covariates.of(seedlings).unique()
        plots, plot = np.unique(seedlings["Plot"].to_numpy(np.int64), return_inverse=True)
        last = np.searchsorted(design.PERIOD_ENDS, seedlings["Census"].to_numpy(np.int64))
        died = seedlings["Event"].to_numpy(np.int64) == 1

        shape = (len(distinct), PERIODS, len(plots))
        left, deaths = np.zeros(shape), np.zeros(shape)
        np.add.at(left, (cell, last, plot), 1.0)
        np.add.at(deaths, (cell[died], last[died], plot[died]), 1.0)
        # At risk in a period: everyone who left in it or later.
        at_risk = left[:, ::-1].cumsum(axis=1)[:, ::-1].reshape(-1, len(plots))
        entered = at_risk.sum(axis=1) > 0
        return cls(
            rows=distinct.by_period()[entered],
            at_risk=at_risk[entered],
            deaths=deaths.reshape(-1, len(plots))[entered],
            plots=plots,
        )

    def weighted(self, plot_weights: Floats | None = None) -> tuple[Floats, Ints, Floats]:
        """Rows, outcomes and sample weights to fit on, each plot counted `plot_weights` times."""
        times = np.ones(len(self.plots)) if plot_weights is None else plot_weights
        deaths = self.deaths @ times
        alive = self.at_risk @ times - deaths
        x = np.concatenate([self.rows, self.rows])
        y = np.repeat(np.array([1, 0]), len(self.rows))
        weight = np.concatenate([deaths, alive])
        seen = weight > 0
        return x[seen], y[seen], weight[seen]
