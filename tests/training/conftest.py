"""Trials for the tests: the published one where it is at hand, simulated ones anywhere."""

from __future__ import annotations

import os
from pathlib import Path

import pandas as pd
import pytest

from tests.training import samples
from training.study import simulate, trial
from training.study.declaration import Study
from training.study.read import read_study
from training.study.table import Table, csv_files, load_table
from training.study.trial import Trial


@pytest.fixture(scope="session")
def real_trial(root: Path) -> Trial:
    """The published trial, from DATA= or data/; without it the test is skipped."""
    path = Path(os.environ.get("DATA") or root / "data")
    if not (path.is_file() or trial.csv_files(path)):
        pytest.skip("the published trial is not here: python -m training data fetch --from …")
    loaded = trial.load(path)
    if loaded.source != "published":
        pytest.skip(f"{path} holds a {loaded.source} trial, not the published one")
    return loaded


@pytest.fixture(scope="session")
def study(root: Path) -> Study:
    """The study of the checkout."""
    return read_study(root / "study.toml")


@pytest.fixture(scope="session")
def real_table(root: Path, study: Study) -> Table:
    """The published data, from DATA= or data/; without them the test is skipped."""
    path = Path(os.environ.get("DATA") or root / "data")
    if not (path.is_file() or csv_files(path)):
        pytest.skip("the published data are not here: python -m training data fetch --from …")
    loaded = load_table(path, study)
    if loaded.source != "published":
        pytest.skip(f"{path} holds {loaded.source} data, not the published ones")
    return loaded


@pytest.fixture(scope="session")
def simulated_table(study: Study, tmp_path_factory: pytest.TempPathFactory) -> Table:
    """A simulated trial of 900 seedlings."""
    return samples.simulated_trial(study, tmp_path_factory.mktemp("simulated"))


@pytest.fixture(scope="session")
def simulated_text() -> pd.DataFrame:
    """A small simulated trial as the cells of its CSV, to be broken by tests."""
    rows = simulate.simulate(seedlings=120, seed=6)
    text = rows.to_csv(index=False, na_rep="NA", float_format="%g")
    lines = [line.split(",") for line in text.splitlines()]
    return pd.DataFrame(lines[1:], columns=lines[0], dtype=str)
