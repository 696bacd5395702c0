"""The CSVs of the studies in this folder, written when a test needs them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from sksurv.datasets import load_gbsg2

HERE = Path(__file__).parent
STUDIES = ("gbsg2", "one-factor", "one-number")


def study_file(name: str) -> Path:
    """The declaration of a study."""
    return HERE / name / "study.toml"


def write_data(name: str, folder: Path) -> Path:
    """Writes the CSV of a study into a folder; returns its path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.csv"
    {"gbsg2": gbsg2, "one-factor": lamps, "one-number": bridges}[name]().to_csv(path, index=False)
    return path


def gbsg2() -> pd.DataFrame:
    """686 women, eight covariates, days to recurrence or death."""
    inputs, outcome = load_gbsg2()
    return inputs.assign(time=outcome["time"].astype(int), cens=outcome["cens"].astype(int))


def lamps() -> pd.DataFrame:
    """Lamps of four types in seven halls; one type never fails, one hall has one lamp."""
    random = np.random.RandomState(5)
    n = 400
    types = ["LED 100 %", '"quoted", with a comma', "</script>", "никогда 🙂", ""]
    type_ = random.choice(len(types), n, p=[0.4, 0.3, 0.15, 0.1, 0.05])
    hall = np.where(np.arange(n) == 0, 6, np.arange(n) % 6)
    hazard = np.array([0.1, 0.2, 0.3, 0.0, 0.15])[type_]
    fails = np.ceil(random.geometric(np.maximum(hazard, 1e-12)).clip(max=10**6))
    leaves = np.where(random.uniform(size=n) < 0.3, random.randint(1, 9, n), 8)
    return pd.DataFrame(
        {
            '№ "id"': [f"L-{place}" for place in range(n)],
            "Halle, 100 %": [f"Halle «{'ABCDEFG'[place]}»" for place in hall],
            "Zeit (h)": 0.25 * np.minimum(fails, leaves),
            "aus?": np.where((fails <= leaves) & (hazard > 0), "ja", "nein"),
            'type % of "lamp"': np.array(types)[type_],
        }
    )


def bridges() -> pd.DataFrame:
    """Bridges whose closure hangs on their load alone; a few loads are missing."""
    random = np.random.RandomState(8)
    n = 250
    load = random.normal(0, 1e5, n)
    closes = random.exponential(25 * np.exp(-load / 1e5))
    leaves = random.uniform(2, 40, n)
    return pd.DataFrame(
        {
            "remark": "nothing, to speak of",
            "years": np.minimum(closes, leaves).round(4).clip(1e-4),
            "closed": np.where(closes <= leaves, "TRUE", "FALSE"),
            "load": ["" if place % 60 == 7 else f"{each:+.3e}" for place, each in enumerate(load)],
        }
    )
