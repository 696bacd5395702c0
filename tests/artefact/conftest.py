"""The model as it stands in the checkout: the file that ships."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from training.arrays import Floats
from training.model import export
from training.model.folder import GRAPH, METADATA, read_metadata
from training.model.person_periods import Covariates
from training.model.survival import survival_curve
from training.study import design


class Shipped:
    """The files of a model folder, asked as serving asks them."""

    def __init__(self, folder: Path) -> None:
        self.metadata = read_metadata(folder)
        self.graph = (folder / GRAPH).read_bytes()

    def survival(self, cases: list[tuple[str, str, float]]) -> Floats:
        """Curves [n, 1 + refits, 34] for (species, soil, light)."""
        asked = Covariates(
            np.array([design.SPECIES.index(species) for species, _, _ in cases]),
            np.array([design.SOILS.index(soil) for _, soil, _ in cases]),
            np.array([light for *_, light in cases]),
        )
        return survival_curve(np.moveaxis(export.run_graph(self.graph, asked), -1, 1))


@pytest.fixture(scope="session")
def shipped(root: Path) -> Shipped:
    folder = root / "model"
    assert (folder / METADATA).is_file(), "no model/: `make test` gets one first"
    return Shipped(folder)
