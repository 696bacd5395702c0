"""What serving may cost: one place for every limit that a test holds it to.

No limit is in seconds, so none depends on the machine or on what else it does. To tighten one,
run the test that uses it: a failure names the figure found.
"""

from __future__ import annotations

from typing import Final

IMPORTED_AT_START: Final = frozenset(
    {
        "annotated_doc",
        "annotated_types",
        "anyio",
        "aws_lambda_powertools",
        "botocore",
        "fastapi",
        "functions",
        "jmespath",
        "mangum",
        "numpy",
        "onnxruntime",
        "opentelemetry",
        "orjson",
        "pydantic",
        "pydantic_core",
        "starlette",
        "typing_extensions",
        "typing_inspection",
    }
)
"""Every package beside the standard library that may be loaded when the handler is imported.

FastAPI takes orjson, and Powertools botocore's first module, where they happen to be installed.
"""

MODULES_AT_START: Final = 620
"""All modules loaded then: 606 with Python 3.11."""

PREDICTION_PEAK: Final = 60_000
"""Bytes that one warm prediction may have allocated at once, from gateway event to response:
43,000 with Python 3.11."""

ROW_PEAK: Final = 5_000
"""The same for each further row of a batch: 3,400 with Python 3.11."""

THREADS: Final = 1
"""Threads of the process after predictions and batches: a pool would be one for each core."""

BLOCKS_KEPT: Final = 40
"""Memory blocks that a hundred warm predictions may leave behind, all together."""

MODEL_BYTES: Final = 120_000
"""Size of `model/`."""

IMAGE_ABOVE_BASE: Final = 120_000_000
"""Bytes that the image adds to Lambda's base image."""

IMAGE_FILES: Final = 2_500
"""Files in the image's own folder: 2,305, four in ten of them bytecode."""
