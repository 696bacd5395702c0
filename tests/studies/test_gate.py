"""The gate judges other studies' models: a first one, the same again, more rows, altered rows."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tests.studies.data import STUDIES, study_file, write_data
from tests.training import scratch
from tests.training.scratch import Checkout
from training.model.folder import read_metadata
from training.pipeline.retrain import retrain
from training.study.declaration import Study
from training.study.read import read_study


def quiet(_: str) -> None:
    pass


@dataclass(frozen=True)
class Loop:
    """A checkout that releases a study, and all of that study's rows."""

    study: Study
    checkout: Checkout
    rows: pd.DataFrame

    def retrain(self, rows: pd.DataFrame, reason: str) -> tuple[str, str]:
        """Tracks these rows, retrains; returns the verdict and its reason."""
        path = self.checkout.path / "data"
        path.mkdir(exist_ok=True)
        rows.to_csv(path / "rows.csv", index=False)
        self.checkout.dvc("add", "--quiet", "data")
        self.checkout.dvc("push", "--quiet", "data.dvc")
        self.checkout.git("add", "--all")
        self.checkout.git("commit", "--quiet", "--allow-empty", "--message", reason)
        judgement = retrain(reason, quiet, search_size=1, jobs=1).judgement
        return judgement.verdict, judgement.reason

    def metadata(self) -> dict[str, Any]:
        return read_metadata(self.checkout.path / "model")


@pytest.fixture(
    params=[pytest.param(each, marks=pytest.mark.xdist_group(each)) for each in STUDIES]
)
def loop(
    request: pytest.FixtureRequest, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Loop:
    checkout = scratch.make(tmp_path, root)
    shutil.copy(study_file(request.param), checkout.path / "study.toml")
    monkeypatch.chdir(checkout.path)
    for name, value in checkout.environment.items():
        monkeypatch.setenv(name, value)
    path = write_data(request.param, tmp_path / "csv")
    rows = pd.read_csv(path, dtype=str, keep_default_na=False)
    return Loop(read_study(study_file(request.param)), checkout, rows)


def test_a_model_is_promoted_kept_judged_on_more_rows_and_refused_on_altered_ones(
    loop: Loop,
) -> None:
    event = loop.study.event
    first = loop.rows[np.arange(len(loop.rows)) % 5 > 0]
    verdict, reason = loop.retrain(first, "the first")
    assert verdict == "promote", reason
    released = loop.metadata()

    verdict, reason = loop.retrain(first, "nothing new")
    assert (verdict, loop.metadata()) == ("keep", released), reason

    verdict, reason = loop.retrain(loop.rows, "more rows")
    assert verdict in ("promote", "keep"), reason
    serving = loop.metadata()
    assert (serving == released) == (verdict == "keep")

    other = {str(event.happened): str(event.censored), str(event.censored): str(event.happened)}
    altered = loop.rows.assign(**{event.column: loop.rows[event.column].replace(other)})
    verdict, reason = loop.retrain(altered, "the event turned round")
    assert verdict == "refuse", reason
    assert loop.metadata() == serving
    pointer = loop.checkout.git("show", "HEAD:model.dvc")
    assert json.dumps("the event turned round") not in pointer
