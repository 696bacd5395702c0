"""The naive peer: scikit-learn's gradient boosting through joblib and pandas.

Written as well as that way allows: the model loads once, pydantic checks the same fields,
endpoints pay for no thread, a batch is one vectorised call, and Powertools writes one log
line and one record of metrics for each call.
"""

from __future__ import annotations

import os
from typing import Annotated, Any, Literal

import joblib
import pandas as pd
from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from fastapi import FastAPI
from mangum import Mangum
from pydantic import BaseModel, ConfigDict, Field

SPECIES = ("Acer saccharum", "Prunus serotina", "Quercus alba", "Quercus rubra")
SOILS = (*SPECIES, "Acer rubrum", "Populus grandidentata", "Sterile")

model = joblib.load(os.environ["NAIVE_MODEL"])
logger = Logger(service="naive")
metrics = Metrics(namespace="Naive", service="naive")
app = FastAPI()


class Seedling(BaseModel):
    model_config = ConfigDict(extra="forbid")

    species: Literal[SPECIES]  # type: ignore[valid-type]
    soil: Literal[SOILS]  # type: ignore[valid-type]
    light: Annotated[float, Field(ge=0, le=1)]


class Prediction(BaseModel):
    mortality_percent: float


class Batch(BaseModel):
    seedlings: Annotated[list[Seedling], Field(min_length=1, max_length=1000)]


def score(seedlings: list[Seedling]) -> list[Prediction]:
    frame = pd.DataFrame([seedling.model_dump() for seedling in seedlings])
    percents = 100 * model.predict_proba(frame)[:, 1]
    return [Prediction(mortality_percent=percent) for percent in percents]


@app.post("/v1/predict")
async def predict(seedling: Seedling) -> Prediction:
    return score([seedling])[0]


@app.post("/v1/predict/batch")
async def predict_batch(batch: Batch) -> list[Prediction]:
    return score(batch.seedlings)


_mangum = Mangum(app, lifespan="off")


@logger.inject_lambda_context
@metrics.log_metrics
def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    answer: dict[str, Any] = _mangum(event, context)  # type: ignore[arg-type]
    metrics.add_metric("Requests", MetricUnit.Count, 1)
    logger.info("request", extra={"status": answer["statusCode"]})
    return answer
