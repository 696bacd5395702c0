"""Writes fitted hazards as one ONNX graph, and proves that the graph answers the same.

In: `species` and `soil` (int64 [n], codes) and `light` (float32 [n]). Out: `hazard`
(float32 [n, periods, models]), the model first and then its plot-bootstrap refits.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline

from training.arrays import Floats
from training.errors import ExportError
from training.model.hazard import LIGHT_CENTRE, LIGHT_SCALE, SeasonDesign, hazards
from training.model.person_periods import PERIODS, Covariates
from training.model.survival import survival_curve
from training.study import design

OPSET: Final = 17
IR_VERSION: Final = 9
PARITY: Final = 1e-6
"""Largest difference in survival allowed between the graph and scikit-learn."""

_SPECIES, _SOILS = len(design.SPECIES), len(design.SOILS)


def to_onnx(models: Sequence[Pipeline]) -> bytes:
    """The graph of all models, as bytes that depend on nothing but the models.

    Raises ExportError, naming the classifier, where it can't be converted.
    """
    linear = all(isinstance(model["hazard"], LogisticRegression) for model in models)
    nodes, initializers = _folded(models) if linear else _converted(models)
    inputs = [
        helper.make_tensor_value_info("species", TensorProto.INT64, ["n"]),
        helper.make_tensor_value_info("soil", TensorProto.INT64, ["n"]),
        helper.make_tensor_value_info("light", TensorProto.FLOAT, ["n"]),
    ]
    output = helper.make_tensor_value_info("hazard", TensorProto.FLOAT, ["n", PERIODS, len(models)])
    graph = helper.make_graph(nodes, "hazard", inputs, [output], initializers)
    opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid("ai.onnx.ml", 1)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=IR_VERSION)
    onnx.checker.check_model(model, full_check=True)
    return bytes(model.SerializeToString(deterministic=True))


def check_parity(graph: bytes, models: Sequence[Pipeline], covariates: Covariates) -> float:
    """Worst difference in survival between graph and models, over rows x censuses x models.

    Raises ExportError where it is over PARITY.
    """
    distinct, _ = covariates.unique()
    exact = np.stack([hazards(model, distinct) for model in models], axis=1)
    shipped = np.moveaxis(run_graph(graph, distinct), -1, 1)
    worst = float(np.abs(survival_curve(exact) - survival_curve(shipped)).max())
    if not worst <= PARITY:
        name = type(models[0]["hazard"]).__name__
        raise ExportError(
            f"the ONNX graph of {name} differs from scikit-learn by {worst:.1e} in survival; "
            f"{PARITY:.0e} is allowed"
        )
    return worst


def run_graph(graph: bytes, covariates: Covariates) -> Floats:
    """What the graph answers, [n, periods, models]."""
    session = onnxruntime.InferenceSession(graph, providers=["CPUExecutionProvider"])
    (hazard,) = session.run(
        ["hazard"],
        {
            "species": covariates.species,
            "soil": covariates.soil,
            "light": covariates.light.astype(np.float32),
        },
    )
    return np.asarray(hazard, np.float64)


def _tensor(name: str, values: Any) -> onnx.TensorProto:
    return numpy_helper.from_array(np.asarray(values), name)


def _folded(models: Sequence[Pipeline]) -> tuple[list[onnx.NodeProto], list[onnx.TensorProto]]:
    """Log-odds linear in light: a table of intercepts by cell and one of slopes by species."""
    species, soil = np.indices((_SPECIES, _SOILS)).reshape(2, -1)
    dark, lit = (
        np.stack(
            [_log_odds(m, Covariates(species, soil, np.full(len(soil), x))) for m in models], -1
        )
        for x in (0.0, 1.0)
    )
    intercept = dark.reshape(_SPECIES, _SOILS, PERIODS, len(models))
    slope = (lit - dark).reshape(intercept.shape)[:, 0, 0]
    initializers = [
        _tensor("intercept", intercept.reshape(-1, PERIODS, len(models)).astype(np.float32)),
        _tensor("slope", slope[:, None, :].astype(np.float32)),
        _tensor("soils", np.int64(_SOILS)),
        _tensor("light_axes", np.array([1, 2])),
    ]
    nodes = [
        helper.make_node("Mul", ["species", "soils"], ["species_row"]),
        helper.make_node("Add", ["species_row", "soil"], ["cell"]),
        helper.make_node("Gather", ["intercept", "cell"], ["at_no_light"], axis=0),
        helper.make_node("Gather", ["slope", "species"], ["per_light"], axis=0),
        helper.make_node("Unsqueeze", ["light", "light_axes"], ["light_column"]),
        helper.make_node("Mul", ["per_light", "light_column"], ["of_light"]),
        helper.make_node("Add", ["at_no_light", "of_light"], ["log_odds"]),
        helper.make_node("Sigmoid", ["log_odds"], ["hazard"]),
    ]
    return nodes, initializers


def _log_odds(model: Pipeline, covariates: Covariates) -> Floats:
    return np.asarray(model.decision_function(covariates.by_period()))


def _converted(models: Sequence[Pipeline]) -> tuple[list[onnx.NodeProto], list[onnx.TensorProto]]:
    """Any other classifier: the design looked up in the graph, then skl2onnx's nodes."""
    from skl2onnx import to_onnx as convert
    from skl2onnx.common.data_types import FloatTensorType

    table = SeasonDesign().fit(np.zeros((1, 4))).table_
    factors = table.shape[-1]
    # Light and light within each species, as the last columns of the design.
    within = np.concatenate([np.ones((_SPECIES, 1)), np.eye(_SPECIES)], axis=1)
    initializers = [
        _tensor("factors", table.reshape(-1, PERIODS, factors).astype(np.float32)),
        _tensor("within", within[:, None, :].astype(np.float32)),
        _tensor("soils", np.int64(_SOILS)),
        _tensor("light_axes", np.array([1, 2])),
        _tensor("centre", np.float32(LIGHT_CENTRE)),
        _tensor("scale", np.float32(LIGHT_SCALE)),
        _tensor("spread", np.ones((1, PERIODS, 1), np.float32)),
        _tensor("matrix_shape", np.array([-1, factors + 1 + _SPECIES])),
        _tensor("hazard_shape", np.array([-1, PERIODS, 1])),
        _tensor("died", np.array([1])),
    ]
    nodes = [
        helper.make_node("Mul", ["species", "soils"], ["species_row"]),
        helper.make_node("Add", ["species_row", "soil"], ["cell"]),
        helper.make_node("Gather", ["factors", "cell"], ["factor_columns"], axis=0),
        helper.make_node("Gather", ["within", "species"], ["light_place"], axis=0),
        helper.make_node("Unsqueeze", ["light", "light_axes"], ["light_column"]),
        helper.make_node("Sub", ["light_column", "centre"], ["light_centred"]),
        helper.make_node("Div", ["light_centred", "scale"], ["light_standard"]),
        helper.make_node("Mul", ["light_place", "light_standard"], ["light_once"]),
        helper.make_node("Mul", ["light_once", "spread"], ["light_columns"]),
        helper.make_node("Concat", ["factor_columns", "light_columns"], ["columns"], axis=2),
        helper.make_node("Reshape", ["columns", "matrix_shape"], ["x"]),
    ]
    for i, model in enumerate(models):
        classifier = model["hazard"]
        try:
            converted = convert(
                classifier,
                initial_types=[("x", FloatTensorType([None, factors + 1 + _SPECIES]))],
                options={"zipmap": False},
                target_opset={"": OPSET, "ai.onnx.ml": 1},
            )
        except (RuntimeError, TypeError, ValueError, NotImplementedError) as error:
            raise ExportError(
                f"{type(classifier).__name__} can't be written as ONNX by skl2onnx: "
                f"{str(error)[:200]}"
            ) from error
        part = onnx.compose.add_prefix(converted, f"m{i}/", rename_inputs=False).graph
        nodes += part.node
        initializers += part.initializer
        nodes += [
            helper.make_node("Gather", [f"m{i}/probabilities", "died"], [f"m{i}/dying"], axis=1),
            helper.make_node("Reshape", [f"m{i}/dying", "hazard_shape"], [f"m{i}/hazard"]),
        ]
    every = [f"m{i}/hazard" for i in range(len(models))]
    return [*nodes, helper.make_node("Concat", every, ["hazard"], axis=2)], initializers
