"""What a trial says before any model: mortality by species, and what its traits give away."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from training.evaluation.scores import kaplan_meier_band
from training.study import design


@dataclass(frozen=True)
class ObservedMortality:
    """Mortality at the end of the season; shares, not percentages."""

    species: str
    seedlings: int
    harvested: float
    event_rate: float
    """Rows with Event 1 over all rows: the harvested taken for survivors."""
    mortality: float
    """By Kaplan-Meier, the harvested censored."""
    low: float
    high: float


def mortality_by_species(seedlings: pd.DataFrame) -> list[ObservedMortality]:
    """One row for each species, then all of them weighed by their numbers."""
    rows = [_of(species, group) for species, group in seedlings.groupby("Species")]
    weighed = sum(row.mortality * row.seedlings for row in rows) / len(seedlings)
    all_ = ObservedMortality(
        species="all",
        seedlings=len(seedlings),
        harvested=_harvested(seedlings),
        event_rate=float(seedlings["Event"].mean()),
        mortality=weighed,
        low=weighed,
        high=weighed,
    )
    return [*rows, all_]


def whole_number_share(seedlings: pd.DataFrame) -> dict[bool, float]:
    """Of the seedlings alive after day 24.5: how often AMF is whole, by whether harvested."""
    first = design.HARVEST_CENSUSES[0]
    alive = seedlings[(seedlings["Census"] > first) | (seedlings["Event"] == 0)]
    whole = alive["AMF"] % 1 == 0
    return {
        harvested: float(whole[(alive["Harvest"] == "X") == harvested].mean())
        for harvested in (True, False)
    }


def _of(species: object, group: pd.DataFrame) -> ObservedMortality:
    curve, low, high = kaplan_meier_band(group)
    return ObservedMortality(
        species=str(species),
        seedlings=len(group),
        harvested=_harvested(group),
        event_rate=float(group["Event"].mean()),
        mortality=float(1 - curve[-1]),
        low=float(1 - high[-1]),
        high=float(1 - low[-1]),
    )


def _harvested(seedlings: pd.DataFrame) -> float:
    return float(np.mean(seedlings["Harvest"] == "X"))
