"""The naive model as BentoML serves it; imports nothing of this project."""

from __future__ import annotations

import os
from typing import Any

import bentoml
import joblib
import pandas as pd


@bentoml.service(workers=1)
class Naive:
    def __init__(self) -> None:
        self.model = joblib.load(os.environ["NAIVE_MODEL"])["model"]

    @bentoml.api
    def predict(self, row: dict[str, Any]) -> dict[str, float]:
        event = self.model.predict_proba(pd.DataFrame([row]))[0, 1]
        return {"percent": 100 * float(event)}
