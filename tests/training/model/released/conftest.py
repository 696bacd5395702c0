"""The model in the checkout: the file that ships."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from training.arrays import Floats, Ints
from training.model.export import run_graph
from training.model.folder import GRAPH, METADATA, read_metadata
from training.model.periods import Periods
from training.pipeline.metadata import CONTRACT


class Shipped:
    """The files of a model folder, run as serving runs them."""

    def __init__(self, folder: Path) -> None:
        self.metadata: dict[str, Any] = read_metadata(folder)
        self.graph = (folder / GRAPH).read_bytes()

    @property
    def periods(self) -> Periods:
        """The time axis that the metadata describe."""
        time = self.metadata["time"]
        ends = tuple(time["period_ends"])
        return Periods(ends, (0,) * len(ends), tuple(time["visits"]), time["curve"])

    def encoded(self, inputs: list[dict[str, Any]]) -> tuple[Ints, Floats]:
        """Codes and numbers of inputs by name, as the metadata order them."""
        factors = [each for each in self.metadata["inputs"] if each["kind"] == "factor"]
        numbers = [each for each in self.metadata["inputs"] if each["kind"] == "number"]
        levels = {each["name"]: [level["name"] for level in each["levels"]] for each in factors}
        codes = [[levels[name].index(each[name]) for name in levels] for each in inputs]
        values = [[each[number["name"]] for number in numbers] for each in inputs]
        return np.array(codes, np.int64), np.array(values, np.float64)

    def hazard(self, codes: Ints, numbers: Floats) -> Floats:
        """[n, 1 + refits, periods]."""
        return np.moveaxis(run_graph(self.graph, codes, numbers), -1, 1)


@pytest.fixture(scope="session")
def shipped(root: Path) -> Shipped:
    folder = root / "model"
    assert (folder / METADATA).is_file(), "no model/: `make test` gets one first"
    model = Shipped(folder)
    if model.metadata["contract"] != CONTRACT:
        pytest.skip(f"model/ has contract {model.metadata['contract']}, training {CONTRACT}")
    return model
