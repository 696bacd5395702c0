"""`model.onnx`, loaded: the hazards of the model and of its refits."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt
import onnxruntime

from functions.artefact import Artefact
from functions.encoding import Codes, Numbers
from functions.errors import ArtefactError

Hazards = npt.NDArray[np.float32]
"""Conditional probability of the event in each period, [n, periods, 1 + refits]."""

OUTPUT: Final = "hazard"


class Graph:
    """A session with one thread, for one caller at a time."""

    def __init__(self, artefact: Artefact) -> None:
        """Loads the graph; raises ArtefactError where it is damaged or takes other inputs."""
        self._session = _session(artefact.graph)
        taken = {
            "codes": ("tensor(int64)", len(artefact.factors)),
            "numbers": ("tensor(float)", len(artefact.numbers)),
        }
        # A study without factors, or without numbers, has a graph without that input.
        expected = {name: each for name, each in taken.items() if each[1]}
        found = {each.name: (each.type, each.shape[-1]) for each in self._session.get_inputs()}
        if found != expected:
            raise ArtefactError("inputs of model.onnx", found, expected)
        outputs = {each.name: tuple(each.shape[1:]) for each in self._session.get_outputs()}
        shape = {OUTPUT: (len(artefact.time.period_ends), 1 + artefact.refits)}
        if outputs != shape:
            raise ArtefactError("outputs of model.onnx", outputs, shape)
        self._codes, self._numbers = "codes" in expected, "numbers" in expected

    def hazards(self, codes: Codes, numbers: Numbers) -> Hazards:
        """The hazards of n rows."""
        feed: dict[str, Any] = {}
        if self._codes:
            feed["codes"] = codes
        if self._numbers:
            feed["numbers"] = numbers
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
