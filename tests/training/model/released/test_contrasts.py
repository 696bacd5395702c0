"""The released model against what the study's paper published, and against its data.

Wood et al. (2023) report that soil microbes kill sugar maples, and that maples do better in
their own kind's soil; MODELLING gives the ratios that the data hold.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from tests.training.model.released.conftest import Shipped
from tests.training.model.released.contrasts import expected, hazard_ratio, jackknife, observed
from training.study.conditions import holds, input_table
from training.study.declaration import Study
from training.study.subjects import Subjects
from training.study.table import Table

pytestmark = pytest.mark.trial
MAPLE, CHERRY = ["Acer saccharum"], ["Prunus serotina"]
STERILE, OWN, OTHER = ["Sterilized"], ["Conspecific"], ["Heterospecific"]

CONTRASTS = {
    "maple, sterile to its own kind's soil": (MAPLE, STERILE, OWN),
    "maple, sterile to any live soil": (MAPLE, STERILE, OWN + OTHER),
    "maple, its own kind's to other soil": (MAPLE, OWN, OTHER),
    "cherry, sterile to its own kind's soil": (CHERRY, STERILE, OWN),
}


@pytest.fixture(scope="module")
def subjects(real_table: Table, shipped: Shipped) -> Subjects:
    if real_table.md5 != shipped.metadata["data"]["md5"]:
        pytest.skip("model/ is of other data")
    return real_table.subjects


Rows = Callable[[list[str], list[str]], np.ndarray]


@pytest.fixture(scope="module")
def rows(study: Study, subjects: Subjects) -> Rows:
    """Which subjects are of a species in soils of some origins."""
    table = input_table(study, subjects.codes, subjects.numbers)
    return lambda species, origins: holds(
        {"species": tuple(species), "conspecific": tuple(origins)}, table
    )


def model_ratio(
    shipped: Shipped, subjects: Subjects, first: np.ndarray, second: np.ndarray
) -> float:
    counts = [
        expected(shipped.hazard(each.codes, each.numbers)[:, 0], shipped.periods)
        for each in (subjects[first], subjects[second])
    ]
    return hazard_ratio(*counts)


@pytest.mark.parametrize("name", CONTRASTS)
def test_the_model_s_ratio_lies_within_that_of_the_data(
    name: str, shipped: Shipped, subjects: Subjects, rows: Rows
) -> None:
    species, above, below = CONTRASTS[name]
    first, second = rows(species, above), rows(species, below)

    def ratio(kept: np.ndarray) -> float:
        return hazard_ratio(
            observed(subjects[first & kept], shipped.periods),
            observed(subjects[second & kept], shipped.periods),
        )

    groups = np.unique(subjects.group)
    whole = ratio(np.ones(len(subjects), bool))
    low, high = jackknife(whole, [ratio(subjects.group != group) for group in groups])
    of_model = model_ratio(shipped, subjects, first, second)

    assert whole < 1
    assert of_model < 1
    assert low <= of_model <= high


def test_sterile_soil_protects_maple_by_as_much_as_published(
    shipped: Shipped, subjects: Subjects, rows: Rows
) -> None:
    ratio = model_ratio(shipped, subjects, rows(MAPLE, STERILE), rows(MAPLE, OWN))

    assert ratio <= 0.36
