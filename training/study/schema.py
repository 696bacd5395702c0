"""What a row of the trial may hold: types, ranges, allowed values, and what must agree."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import pandas as pd
import pandera.pandas as pa

from training.study import design

MISSING: Final = "NA"
"""How the trial writes that there is no value."""
WHOLE: Final = ("No", "Plot", "Core", "Census", "Event")
NUMBERS: Final = ("Light_ISF", "AMF", "EMF", "Phenolics", "Lignin", "NSC", "Time")
MYCO: Final = {"Acer": "AMF", "Prunus": "AMF", "Quercus": "EMF", "Populus": "EMF"}
"""Mycorrhizal type by genus."""
LIGHT_CLASSES: Final = {"Low": 0.0755, "Med": 0.12, "High": 1.0}
"""Upper edge of each class of light."""


def _number(low: float, high: float, *, nullable: bool = False) -> pa.Column:
    rule = f"between {low:g} and {high:g}" + (", or NA" if nullable else "")
    return pa.Column(float, pa.Check.in_range(low, high, error=rule), nullable=nullable)


def _whole(low: int, high: int) -> pa.Column:
    rule = f"a whole number from {low} to {high}"
    return pa.Column("Int64", pa.Check.in_range(low, high, error=rule))


def _one_of(*values: str, nullable: bool = False) -> pa.Column:
    rule = "one of " + ", ".join((*values, MISSING) if nullable else values)
    return pa.Column(str, pa.Check.isin(values, error=rule), nullable=nullable)


COLUMNS: Final[dict[str, pa.Column]] = {
    "No": _whole(1, 10_000_000),
    "Plot": _whole(min(design.PLOTS), max(design.PLOTS)),
    "Subplot": _one_of(*design.SUBPLOTS),
    "Species": _one_of(*design.SPECIES),
    "Light_ISF": _number(0, 1),
    "Light_Cat": _one_of(*LIGHT_CLASSES),
    "Core": _whole(2000, 2100),
    "Soil": _one_of(*design.SOILS),
    "Adult": pa.Column(str, pa.Check.str_length(1, 40, error="1 to 40 characters")),
    "Sterile": _one_of("Sterile", "Non-Sterile"),
    "Conspecific": _one_of("Conspecific", "Heterospecific", "Sterilized"),
    "Myco": _one_of("AMF", "EMF"),
    "SoilMyco": _one_of("AMF", "EMF", design.STERILE),
    "PlantDate": pa.Column(
        str, pa.Check.str_matches(r"^\d{1,2}/\d{1,2}/\d{2}$", error="a date as m/d/yy")
    ),
    "AMF": _number(0, 100),
    "EMF": _number(0, 100, nullable=True),
    "Phenolics": _number(-10, 50),
    "Lignin": _number(0, 100),
    "NSC": _number(0, 100),
    "Census": _whole(1, design.CENSUSES),
    "Time": _number(0, design.END_DAY),
    "Event": pa.Column("Int64", pa.Check.isin([0, 1], error="0, 1 or NA"), nullable=True),
    "Harvest": _one_of("X", nullable=True),
    "Alive": _one_of("X", nullable=True),
}

# Columns that must agree with others: the one at fault, the rule, the rows that keep it.
AGREEMENTS: Final[tuple[tuple[str, str, Callable[[pd.DataFrame], Any]], ...]] = (
    ("Sterile", "follows from Soil", lambda t: t["Sterile"] == t["Soil"].map(design.sterile)),
    (
        "Conspecific",
        "follows from Species and Soil",
        lambda t: t["Conspecific"] == _by_row(design.conspecific, t["Species"], t["Soil"]),
    ),
    (
        "Myco",
        "follows from Species",
        lambda t: t["Myco"] == t["Species"].str.split().str[0].map(MYCO),
    ),
    (
        "SoilMyco",
        "follows from Soil",
        lambda t: (
            t["SoilMyco"]
            == t["Soil"].str.split().str[0].map({**MYCO, design.STERILE: design.STERILE})
        ),
    ),
    (
        "EMF",
        "NA for a species that forms none",
        lambda t: t["EMF"].isna() | (t["Myco"] == "EMF"),
    ),
    (
        "Light_Cat",
        "Low to 0.075, Med to 0.12, High above, as Light_ISF says",
        lambda t: t["Light_Cat"] == _by_row(light_class, t["Light_ISF"]),
    ),
    (
        "Time",
        f"{design.DAYS_PER_CENSUS} days for each census",
        lambda t: (t["Time"] - design.DAYS_PER_CENSUS * t["Census"]).abs() < 1e-6,
    ),
    (
        "Harvest",
        "empty for a seedling that died",
        lambda t: t["Harvest"].isna() | (t["Event"].fillna(0) == 0),
    ),
    (
        "Alive",
        "empty for a seedling that died",
        lambda t: t["Alive"].isna() | (t["Event"].fillna(0) == 0),
    ),
    (
        "Event",
        "a seedling that didn't die was either harvested or alive at the end",
        lambda t: (t["Event"].fillna(1) == 1) | (t["Harvest"].isna() != t["Alive"].isna()),
    ),
    (
        "Harvest",
        "only at census " + " or ".join(map(str, design.HARVEST_CENSUSES)),
        lambda t: t["Harvest"].isna() | t["Census"].isin(design.HARVEST_CENSUSES),
    ),
    (
        "Alive",
        f"only at the last census, {design.CENSUSES}",
        lambda t: t["Alive"].isna() | (t["Census"] == design.CENSUSES),
    ),
)


def light_class(light: float) -> str:
    """Low, Med or High, as the trial bins the indirect site factor."""
    return next(name for name, high in LIGHT_CLASSES.items() if light <= high)


def _by_row(rule: Callable[..., str], *columns: pd.Series) -> list[str]:
    return [rule(*values) for values in zip(*columns, strict=True)]


# Each rule of a row is told to pandera as "column: rule", since pandera ties it to no column.
CELLS: Final = pa.DataFrameSchema(COLUMNS, strict=True, ordered=True)
ROWS: Final = pa.DataFrameSchema(
    checks=[pa.Check(keeps, error=f"{column}: {rule}") for column, rule, keeps in AGREEMENTS]
)
