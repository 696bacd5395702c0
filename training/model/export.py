"""Writes fitted hazards as one ONNX graph, and proves that the graph answers the same.

In: `codes` (int64 [n, factors]) and `numbers` (float32 [n, numbers], as given); a study
without factors or without numbers has no such input. Out: `hazard` (float32
[n, periods, models]), the model first and then its refits without each group.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper
from sklearn.linear_model import LogisticRegression

from training.arrays import Floats, Ints
from training.errors import ExportError
from training.model import graph
from training.model.hazard import FittedHazard
from training.model.survival import survival_curve
from training.study.subjects import distinct_inputs

OPSET: Final = 17
IR_VERSION: Final = 9
PARITY: Final = 1e-6
"""Largest difference in survival allowed between the graph and scikit-learn."""
CHUNK: Final = 5000
"""Subjects that are compared at a time, to bound the memory."""


def to_onnx(models: Sequence[FittedHazard]) -> bytes:
    """The graph of all models, as bytes that depend on nothing but the models.

    Raises ExportError, naming the classifier, where it can't be converted.
    """
    columns, periods = models[0].columns, models[0].periods
    linear = all(isinstance(model.classifier, LogisticRegression) for model in models)
    made = graph.folded(models) if linear else graph.converted(models, OPSET)
    inputs = []
    shape: list[str | int | None]
    if columns.levels:
        shape = ["n", len(columns.levels)]
        inputs.append(helper.make_tensor_value_info("codes", TensorProto.INT64, shape))
    if columns.centre:
        shape = ["n", len(columns.centre)]
        inputs.append(helper.make_tensor_value_info("numbers", TensorProto.FLOAT, shape))
    shape = ["n", len(periods), len(models)]
    output = helper.make_tensor_value_info("hazard", TensorProto.FLOAT, shape)
    body = helper.make_graph(made.nodes, "hazard", inputs, [output], made.initializers)
    opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid("ai.onnx.ml", 1)]
    model = helper.make_model(body, opset_imports=opsets, ir_version=IR_VERSION)
    onnx.checker.check_model(model, full_check=True)
    return bytes(model.SerializeToString(deterministic=True))


def check_parity(
    shipped: bytes, models: Sequence[FittedHazard], codes: Ints, numbers: Floats
) -> float:
    """Worst difference in survival between graph and models, over rows x periods x models.

    Both are given the numbers as float32, as a request is. Raises ExportError where the
    difference is over PARITY.
    """
    codes, numbers, _ = distinct_inputs(codes, numbers.astype(np.float32).astype(np.float64))
    periods, worst = models[0].periods, 0.0
    for start in range(0, len(codes), CHUNK):
        some = codes[start : start + CHUNK], numbers[start : start + CHUNK]
        exact = np.stack([model.hazards(*some) for model in models], axis=1)
        answered = np.moveaxis(run_graph(shipped, *some), -1, 1)
        difference = survival_curve(exact, periods) - survival_curve(answered, periods)
        worst = float(np.maximum(worst, np.abs(difference).max()))
    if not worst <= PARITY:
        name = type(models[0].classifier).__name__
        raise ExportError(
            f"the ONNX graph of {name} differs from scikit-learn by {worst:.1e} in survival; "
            f"{PARITY:.0e} is allowed. Nothing was written; report it."
        )
    return worst


def run_graph(shipped: bytes, codes: Ints, numbers: Floats) -> Floats:
    """What the graph answers, [n, periods, models]; raises ExportError where it can't be run."""
    given = {"codes": codes, "numbers": numbers.astype(np.float32)}
    try:
        session = onnxruntime.InferenceSession(shipped, providers=["CPUExecutionProvider"])
        named = {each.name: given[each.name] for each in session.get_inputs()}
        (hazard,) = session.run(["hazard"], named)
    except Exception as error:  # onnxruntime's own errors have no common base but this
        raise ExportError(f"the ONNX graph can't be run: {error}. Train it again.") from error
    return np.asarray(hazard, np.float64)
