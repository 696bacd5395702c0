"""The naive model as MLflow serves it: `python -m bench.peers.flow PORT`."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import joblib
import mlflow.sklearn

if __name__ == "__main__":
    folder = Path("build/bench/servers/MLflow-model")
    shutil.rmtree(folder, ignore_errors=True)
    model = joblib.load(os.environ["NAIVE_MODEL"])["model"]
    mlflow.sklearn.save_model(
        model, folder, pyfunc_predict_fn="predict_proba", serialization_format="cloudpickle"
    )
    command = [sys.executable, "-m", "mlflow", "models", "serve", "--model-uri", str(folder)]
    serving = [*command, "--env-manager", "local", "--host", "127.0.0.1", "--workers", "1"]
    os.execv(sys.executable, [*serving, "--port", sys.argv[1]])  # noqa: S606
