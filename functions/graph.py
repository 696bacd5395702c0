"""`model.onnx`, loaded: the hazards of the model and of its refits."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt
import onnxruntime

from functions.artefact import INPUTS, Artefact
from functions.errors import ArtefactError

Hazards = npt.NDArray[np.float32]
"""Conditional probability of death in each period, [n, periods, 1 + refits]."""

OUTPUT: Final = "hazard"


class Graph:
    """A session with one thread, for one caller at a time."""

    def __init__(self, artefact: Artefact) -> None:
        """Loads the graph; raises ArtefactError where it is not one that can be asked."""
        self._session = _session(artefact.graph)
        # One seedling is asked so often that its question and its answer have a place of their
        # own: it halves what a call costs beside the arithmetic.
        self._species, self._soil = np.zeros(1, np.int64), np.zeros(1, np.int64)
        self._light = np.zeros(1, np.float32)
        shape = (1, len(artefact.period_end_days), 1 + artefact.refits)
        self._hazards: Hazards = np.zeros(shape, np.float32)
        self._one = self._session.io_binding()
        places: tuple[npt.NDArray[Any], ...] = (self._species, self._soil, self._light)
        for name, place in zip(INPUTS, places, strict=True):
            self._one.bind_input(name, "cpu", 0, place.dtype, place.shape, place.ctypes.data)
        self._one.bind_output(OUTPUT, "cpu", 0, np.float32, shape, self._hazards.ctypes.data)

    def of_one(self, species: int, soil: int, light: float) -> Hazards:
        """The hazards of one seedling; the next call overwrites them."""
        self._species[0], self._soil[0], self._light[0] = species, soil, light
        self._session.run_with_iobinding(self._one)
        return self._hazards

    def of_many(self, species: list[int], soil: list[int], light: list[float]) -> Hazards:
        """The hazards of n seedlings."""
        asked = (species, soil, light)
        feed = {
            name: np.array(column, dtype)
            for (name, dtype), column in zip(INPUTS.items(), asked, strict=True)
        }
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
        session = onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's own errors have no common base but this
        said = f"not loadable ({first_line(error)})"
        raise ArtefactError("model.onnx", said, "an intact graph") from error
    asked = [each.name for each in session.get_inputs()]
    answered = [each.name for each in session.get_outputs()]
    if asked != list(INPUTS) or answered != [OUTPUT]:
        raise ArtefactError("model.onnx", (asked, answered), (list(INPUTS), [OUTPUT]))
    return session


def first_line(error: Exception) -> str:
    """What an error says, in a line."""
    return (str(error).splitlines() or [type(error).__name__])[0][:200]
