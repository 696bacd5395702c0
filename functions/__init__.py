"""What runs in Lambda: reads `model/` and answers requests."""

import os

# Each of these libraries looks into the environment once, when it is imported.
os.environ |= {
    # ONNX Runtime's Linux wheels would write a device id and report to their maker.
    "ORT_DISABLE_TELEMETRY": "1",
    # numpy's BLAS would start a thread for each core; nothing here multiplies large matrices.
    "OPENBLAS_NUM_THREADS": "1",
    # pydantic would read the metadata of every installed package in search of plugins.
    "PYDANTIC_DISABLE_PLUGINS": "__all__",
}
