"""The naive peer: scikit-learn's gradient boosting through joblib and pandas.

Written as well as that way allows: the model loads once, pydantic checks the same fields,
endpoints use no thread, a batch is one vectorised call, and Powertools writes one log line and
one record of metrics for each call.
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
from pydantic import BaseModel, ConfigDict, Field, create_model

_saved = joblib.load(os.environ["NAIVE_MODEL"])
model, rows = _saved["model"], _saved["rows"]
logger = Logger(service="naive")
metrics = Metrics(namespace="Naive", service="naive")
app = FastAPI()

_encoder = model["columns"].named_transformers_["factors"]
_levels = dict(zip(_encoder.feature_names_in_, _encoder.categories_, strict=True))
_fields: dict[str, Any] = {
    name: (Literal[tuple(_levels[name])] if name in _levels else float, ...)
    for name in model.feature_names_in_
}
Row: Any = create_model("Row", __config__=ConfigDict(extra="forbid"), **_fields)
_Rows: Any = Annotated[list[Row], Field(min_length=1, max_length=1000)]
_batch: dict[str, Any] = {rows: (_Rows, ...)}
Batch: Any = create_model("Batch", **_batch)


class Prediction(BaseModel):
    percent: float


def score(batch: list[BaseModel]) -> list[Prediction]:
    frame = pd.DataFrame([row.model_dump() for row in batch])
    percents = 100 * model.predict_proba(frame)[:, 1]
    return [Prediction(percent=percent) for percent in percents]


@app.post("/v1/predict")
async def predict(row: Row) -> Prediction:
    return score([row])[0]


@app.post("/v1/predict/batch")
async def predict_batch(batch: Batch) -> list[Prediction]:
    return score(getattr(batch, rows))


_mangum = Mangum(app, lifespan="off")


@logger.inject_lambda_context
@metrics.log_metrics
def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    response: dict[str, Any] = _mangum(event, context)  # type: ignore[arg-type]
    metrics.add_metric("Requests", MetricUnit.Count, 1)
    logger.info("request", extra={"status": response["statusCode"]})
    return response
