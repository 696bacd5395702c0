"""The naive model as LitServe serves it: `python -m bench.peers.lit PORT`."""

from __future__ import annotations

import os
import sys
from typing import Any

import joblib
import litserve
import pandas as pd


class Naive(litserve.LitAPI):
    def setup(self, device: str) -> None:  # noqa: ARG002 (LitServe's)
        self.model = joblib.load(os.environ["NAIVE_MODEL"])["model"]

    def predict(self, row: dict[str, Any]) -> dict[str, float]:
        event = self.model.predict_proba(pd.DataFrame([row]))[0, 1]
        return {"percent": 100 * float(event)}


if __name__ == "__main__":
    server = litserve.LitServer(Naive(), accelerator="cpu", workers_per_device=1)
    server.run(host="127.0.0.1", port=int(sys.argv[1]), generate_client_file=False)
