"""A small study of battery cells for tests of the loop: its file, and honest data of it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

VALID = Path(__file__).parent.parent / "study" / "valid.toml"
RACKS = 12
VISITS = np.arange(1, 11)


def study_text(formula: str = "maker + charger + heat + period + maker:phase") -> str:
    """The study file: quick to fit, with one hard expectation."""
    text = VALID.read_text(encoding="utf-8")
    text = text.replace('formula = "maker*period + fit:phase + heat"', f'formula = "{formula}"')
    text = text.replace("periods = [4, 8, 20]", f"periods = {(2 * VISITS).tolist()}")
    text = text.replace("search = { C = [0.05, 0.2] }\n", "search = { C = [1] }\n")
    return text.replace('penalty = { "period:maker" = 10 }\n', "")


def cells(
    count: int = 1000,
    seed: int = 0,
    first: int = 1,
    first_rack: int = 1,
    racks: int = RACKS,
    gamma: float = 0.9,
    heat: tuple[int, int] = (20, 80),
) -> pd.DataFrame:
    """The cells of a CSV, all of one truth: Gamma fails early, Alpha late, heat shortens life.

    `gamma` is Gamma's log-odds, `heat` the range of twice the heat. A fifth of
    those that live at week 6 is taken out for tests.
    """
    random = np.random.RandomState(seed)
    maker = random.choice(["Alpha", "Beta", "Gamma"], count)
    charger = random.choice(["Alpha", "Beta", "None"], count)
    degrees = random.randint(*heat, count) / 2
    rack = random.randint(0, racks, count)
    effect = np.random.RandomState(seed + 1000).normal(0, 0.1, racks)[rack]
    of_maker = pd.Series({"Alpha": -1.2, "Beta": 0.0, "Gamma": gamma})[maker].to_numpy()
    of_charger = pd.Series({"Alpha": -0.5, "Beta": 0.5, "None": 0.0})[charger].to_numpy()
    odds = -2.3 + of_maker + of_charger + 0.03 * (degrees - 25) + effect
    of_visit = np.where(VISITS <= 2, -1.0, np.where(VISITS <= 5, 0.5, 0.0))
    hazard = 1 / (1 + np.exp(-(odds[:, None] + of_visit)))
    fails = random.uniform(size=hazard.shape) < hazard
    visit = np.where(fails.any(axis=1), fails.argmax(axis=1) + 1, 10)
    failed = fails.any(axis=1)
    out = (random.uniform(size=count) < 0.2) & ((visit > 3) | ~failed)
    visit, failed = np.where(out, 3, visit), failed & ~out
    return pd.DataFrame(
        {
            "Cell": np.arange(first, first + count),
            "Rack": rack + first_rack,
            "Maker": maker,
            "Charger": charger,
            "Heat": degrees,
            "Shelf": random.choice(["top", "bottom"], count),
            "Visit": visit,
            "Weeks": 2 * visit,
            "Failed": np.where(failed, "yes", "no"),
            "Bought": "2024-02-29",
        }
    )
