"""Studies and subjects for the tests of the engine: drawn, small, and of several kinds."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from training.study.declaration import Study
from training.study.read import parse_study
from training.study.simulation import simulate, write_csv
from training.study.subjects import Subjects
from training.study.table import Table, load_table

HERE = Path(__file__).parent


def battery(**sections: Any) -> Study:
    """A study of battery cells: two factors, a derived one, a number, visits every two weeks.

    `sections` replace keys of the file's sections; None leaves out a section or a key.
    """
    declared = tomllib.loads((HERE / "study/valid.toml").read_text(encoding="utf-8"))
    for name, keys in sections.items():
        if keys is None:
            del declared[name]
        elif not isinstance(keys, Mapping):
            declared[name] = keys
        else:
            merged = {**declared.get(name, {}), **keys}
            declared[name] = {key: value for key, value in merged.items() if value is not None}
    return parse_study(declared)


def observed_battery(**time: Any) -> Study:
    """The same with times as observed, no groups and no declared censoring."""
    observed = {"visits": "observed", "periods": {"minimum_events": 15}, "phases": None}
    return battery(
        data={"group": None},
        time={**observed, **time},
        censoring=None,
        model={"formula": "maker:period + fit + heat + maker:heat", "penalty": {}},
    )


def draw(study: Study, count: int = 400, groups: int = 8, seed: int = 0) -> Subjects:
    """Subjects of a battery study: Gamma and heat shorten life, some are censored early."""
    random = np.random.RandomState(seed)
    codes = np.column_stack([random.choice(len(each.names), count) for each in study.factors])
    heat = random.uniform(15, 55, count).round(1)
    group = np.arange(count) % groups
    effect = random.normal(0, 0.3, groups)[group]
    rate = 0.03 * np.exp(0.9 * (codes[:, 0] == 2) + 0.03 * (heat - 25) + effect)
    life = random.exponential(1 / rate)
    leaving = random.uniform(4, 60, count)
    if study.time.visits == "observed":
        time = np.minimum(np.minimum(life, leaving), study.time.horizon)
    else:
        every = study.time.visits.every
        life, leaving = every * np.ceil(life / every), every * np.floor(leaving / every)
        time = np.minimum(np.minimum(life, leaving), study.time.horizon)
    event = ((life <= leaving) & (life <= study.time.horizon)).astype(np.int64)
    frame = pd.DataFrame(
        {
            "Maker": np.array(study.factors[0].names)[codes[:, 0]],
            "Rack": group + 1,
            "Shelf": np.where(random.uniform(size=count) < 0.5, "top", "bottom"),
            "Heat": heat,
        }
    )
    names = tuple(f"rack {each + 1}" for each in range(groups))
    return Subjects(codes, heat[:, None], time, event, group, names, frame)


def simulated_trial(study: Study, folder: Path, rows: int = 900, seed: int = 1) -> Table:
    """A simulated trial of the checkout's study, read from its CSV."""
    write_csv(simulate(study, rows=rows, seed=seed), folder)
    return load_table(folder, study)
