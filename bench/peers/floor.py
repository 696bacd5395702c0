"""The floor: FastAPI and Mangum returning a constant."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from mangum import Mangum

app = FastAPI()


@app.post("/v1/predict")
async def predict() -> dict[str, float]:
    return {"percent": 50.0}


_mangum = Mangum(app, lifespan="off")


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    return _mangum(event, context)  # type: ignore[arg-type]
