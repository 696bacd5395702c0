"""`model.onnx`, loaded: the hazards of the model and of its refits."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt
import onnxruntime

from functions.artefact import Artefact, Factor
from functions.encoding import Codes, Numbers
from functions.errors import ArtefactError

Hazards = npt.NDArray[np.float32]
"""Conditional probability of the event in each period, [n, periods, 1 + refits]."""

OUTPUT: Final = "hazard"


class Graph:
    """A session with one thread, for one caller at a time."""

    def __init__(self, artefact: Artefact) -> None:
        """Loads the graph; raises ArtefactError where it is damaged or takes other inputs."""
        names = [each.name for each in artefact.inputs]
        self._session = _session(artefact.graph)
        inputs = [each.name for each in self._session.get_inputs()]
        outputs = [each.name for each in self._session.get_outputs()]
        if inputs != names or outputs != [OUTPUT]:
            raise ArtefactError("model.onnx", (inputs, outputs), (names, [OUTPUT]))
        self._factors = [each.name for each in artefact.inputs if isinstance(each, Factor)]
        self._numbers = [each.name for each in artefact.inputs if not isinstance(each, Factor)]

    def hazards(self, codes: Codes, numbers: Numbers) -> Hazards:
        """The hazards of n rows."""
        feed = dict(zip(self._factors, codes.T, strict=True))
        feed |= dict(zip(self._numbers, numbers.T, strict=True))
        hazards: Hazards
        (hazards,) = self._session.run([OUTPUT], feed)
        return hazards


def _session(graph: bytes) -> Any:
    options = onnxruntime.SessionOptions()
    # One small graph: threads would cost more to wake than they save.
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    # There is nothing in it to optimise, and looking for it takes memory and milliseconds.
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 3
    try:
        return onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's own errors have no common base but this
        raise ArtefactError("model.onnx", first_line(error), "an intact graph") from error


def first_line(error: Exception) -> str:
    """An error's message, in a line."""
    return (str(error).splitlines() or [type(error).__name__])[0][:200]
