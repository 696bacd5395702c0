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

MODULES_AT_START: Final = 600
"""All modules loaded then: 574 with Python 3.11, 571 with 3.13."""

PYTHON_CALLS: Final = 190
"""Calls of Python functions in one warm prediction, from gateway event to answer: 179 with
Python 3.11, 174 with 3.13, which inlines comprehensions."""

PYTHON_CALLS_A_ROW: Final = 2
"""The same for each further seedling of a batch."""

BLOCKS_KEPT: Final = 20
"""Memory blocks that a hundred warm predictions may leave behind, all together."""

MODEL_BYTES: Final = 120_000
"""Size of `model/`."""

IMAGE_ABOVE_BASE: Final = 120_000_000
"""Bytes that the image adds to Lambda's base image."""

IMAGE_FILES: Final = 2_500
"""Files in the image's own folder: 2,305, four in ten of them bytecode."""
