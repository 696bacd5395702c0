"""Fits what the naive peer serves: a classifier of the event, as public notebooks do."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import joblib
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder

from training.study.declaration import Study
from training.study.read import read_study


def fit(path: Path) -> Path:
    """Writes the naive peer's model, fitted on simulated data of the study."""
    study = read_study(Path("study.toml"))
    data = path.parent / "naive-data"
    command = [sys.executable, "-m", "training", "data", "simulate", "--to", str(data)]
    subprocess.run(command, capture_output=True, check=True)
    rows = pd.concat(map(pd.read_csv, sorted(data.glob("*.csv"))))
    joblib.dump({"model": _classifier(study, rows), "rows": study.study.rows}, path)
    return path


def _classifier(study: Study, rows: pd.DataFrame) -> Pipeline:
    names = {each.column: each.name for each in study.inputs}
    frame = rows.rename(columns=names)[list(names.values())]
    factors = [each.name for each in study.factors]
    columns = ColumnTransformer([("factors", OneHotEncoder(), factors)], remainder="passthrough")
    model = Pipeline([("columns", columns), ("trees", GradientBoostingClassifier(random_state=0))])
    return model.fit(frame, rows[study.event.column] == study.event.happened)
