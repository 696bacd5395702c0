"""Trials for the tests: the published one where it is at hand, simulated ones anywhere."""

from __future__ import annotations

import os
from pathlib import Path

import pandas as pd
import pytest

from tests.training import samples
from training.study.declaration import Study
from training.study.files import csv_files
from training.study.read import read_study
from training.study.simulation import simulate
from training.study.table import Table, load_table


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
def simulated_text(study: Study) -> pd.DataFrame:
    """A small simulated trial as the cells of its CSV, to be broken by tests."""
    return simulate(study, rows=120, seed=6)
