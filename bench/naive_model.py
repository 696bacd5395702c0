"""Fits what the naive peer serves: a classifier of Event, as the public notebooks do."""

from __future__ import annotations

from pathlib import Path

import joblib
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder

from training.study import simulate


def fit(path: Path) -> Path:
    """Writes the naive peer's model, fitted on a simulated trial."""
    rows = simulate.simulate()
    frame = rows.rename(columns={"Species": "species", "Soil": "soil", "Light_ISF": "light"})
    factors = ColumnTransformer(
        [("factors", OneHotEncoder(), ["species", "soil"])], remainder="passthrough"
    )
    model = Pipeline([("columns", factors), ("trees", GradientBoostingClassifier(random_state=0))])
    path.parent.mkdir(parents=True, exist_ok=True)
    joblib.dump(model.fit(frame[["species", "soil", "light"]], rows["Event"]), path)
    return path
