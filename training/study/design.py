"""The design of the field trial: who was planted where, and when they were counted."""

from __future__ import annotations

from typing import Final

SPECIES: Final = ("Acer saccharum", "Prunus serotina", "Quercus alba", "Quercus rubra")
STERILE: Final = "Sterile"
SOILS: Final = (
    "Acer rubrum",
    "Acer saccharum",
    "Populus grandidentata",
    "Prunus serotina",
    "Quercus alba",
    "Quercus rubra",
    STERILE,
)
PLOTS: Final = range(1, 19)
SUBPLOTS: Final = ("A", "B", "C", "D", "E")

DAYS_PER_CENSUS: Final = 3.5
CENSUSES: Final = 33
HARVEST_CENSUSES: Final = (7, 8)
"""The censuses at which living seedlings were dug up to measure their traits."""
CENSUS_DAYS: Final = tuple(DAYS_PER_CENSUS * k for k in range(CENSUSES + 1))
END_DAY: Final = CENSUS_DAYS[-1]

PERIOD_ENDS: Final = (7, 8, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 21, 23, 33)
"""Last census of each period over which the hazard is taken as one."""
PERIOD_PHASES: Final = (0, 1, 1, 1, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4)
"""Phase of the season of each period, over which effects of the soil are taken as one."""


def conspecific(species: str, soil: str) -> str:
    """Whose soil it is to the seedling: Conspecific, Heterospecific or Sterilized.

    It follows from species and soil in every row of the trial, so it is never asked for.
    """
    if soil == STERILE:
        return "Sterilized"
    return "Conspecific" if soil == species else "Heterospecific"


def sterile(soil: str) -> str:
    """The trial's column Sterile, which follows from the soil: Sterile or Non-Sterile."""
    return "Sterile" if soil == STERILE else "Non-Sterile"
