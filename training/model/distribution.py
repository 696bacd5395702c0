"""What a released model knows of a study's subjects: how often each input is, what happens."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import numpy as np

from training.arrays import Floats, Ints
from training.errors import TrainingError
from training.model.export import run_graph
from training.model.folder import GRAPH, METADATA
from training.study.declaration import Study
from training.study.simulation import Distribution

CONTRACT: Final = 2
_ANOTHER: Final = "Name the folder of another model (--model), or train one."


def model_distribution(folder: Path, study: Study) -> Distribution:
    """What to draw subjects of the study from, by the model in a folder.

    Raises TrainingError where the folder holds no model, or one of other inputs.
    """
    metadata = _metadata(folder)
    if metadata.get("contract") != CONTRACT:
        raise TrainingError(
            f"{folder}: contract: expected {CONTRACT}, got {metadata.get('contract')}. {_ANOTHER}"
        )
    inputs = {each["name"]: each for each in metadata["inputs"]}
    for each in study.inputs:
        known = inputs.get(each.name)
        if known is None or known["kind"] != each.kind:
            raise TrainingError(f"the model in {folder} has no {each.kind} {each.name}. {_ANOTHER}")
    extra = set(inputs) - {each.name for each in study.inputs}
    if extra:
        raise TrainingError(
            f"the model in {folder} needs {min(extra)}, which the study has not. {_ANOTHER}"
        )
    codes_of = [
        _places([level["name"] for level in inputs[each.name]["levels"]], each.names, folder)
        for each in study.factors
    ]
    histograms = metadata["histograms"]
    levels = {}
    for each in study.factors:
        counts = np.array([float(histograms[each.name].get(name, 0)) for name in each.names])
        levels[each.name] = counts / counts.sum()
    bins = {}
    for number in study.numbers:
        counts = np.array(histograms[number.name]["counts"], dtype=float)
        low, high = inputs[number.name]["seen"]
        edges = np.array(histograms[number.name]["edges"], dtype=float).clip(low, high)
        bins[number.name] = edges, counts / counts.sum()
    return Distribution(
        ends=tuple(metadata["time"]["period_ends"]),
        hazard=_Hazard(folder / GRAPH, codes_of),
        levels=levels,
        bins=bins,
    )


def _metadata(folder: Path) -> dict[str, Any]:
    try:
        text = (folder / METADATA).read_text(encoding="utf-8")
        metadata = json.loads(text)
    except (OSError, ValueError) as error:
        raise TrainingError(f"there is no model in {folder} ({error}). {_ANOTHER}") from error
    if not isinstance(metadata, dict):
        raise TrainingError(f"{folder}/{METADATA} describes no model. {_ANOTHER}")
    return metadata


def _places(known: list[str], names: tuple[str, ...], folder: Path) -> Ints:
    """The model's code of each level; a level that it never saw is drawn never."""
    if not set(known) <= set(names):
        other = min(set(known) - set(names))
        raise TrainingError(
            f"the model in {folder} has a level {other}, which the study has not. {_ANOTHER}"
        )
    return np.array([known.index(name) if name in known else 0 for name in names])


class _Hazard:
    """The hazard of each period by the graph of a model."""

    def __init__(self, graph: Path, codes_of: list[Ints]) -> None:
        self._graph = graph.read_bytes()
        self._codes_of = codes_of

    def __call__(self, codes: Ints, numbers: Floats) -> Floats:
        translated = [places[codes[:, i]] for i, places in enumerate(self._codes_of)]
        known = np.column_stack([np.empty((len(codes), 0), np.int64), *translated])
        return run_graph(self._graph, known, numbers)[..., 0]
