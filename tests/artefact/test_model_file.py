"""What the shipped file must say of seedlings, whatever recipe made it.

Directions are those the field trial supports; what it leaves open (light, the order of
the oaks, own soil early in the season) is not asserted.
"""

from __future__ import annotations

import hashlib
import itertools

import numpy as np
import pytest

from tests.artefact.conftest import Shipped
from training.arrays import Floats
from training.study import design

LIGHTS = np.linspace(0.032, 0.161, 13)
CELLS = list(itertools.product(design.SPECIES, design.SOILS, LIGHTS))
DAY_49 = design.CENSUS_DAYS.index(49.0)


@pytest.fixture(scope="module")
def mortality(shipped: Shipped) -> Floats:
    """The model's mortality on a grid, [species, soil, light, census]."""
    curves = 1 - shipped.survival(CELLS)[:, 0]
    return curves.reshape(len(design.SPECIES), len(design.SOILS), len(LIGHTS), -1)


def species(name: str) -> int:
    return design.SPECIES.index(name)


def soil(name: str) -> int:
    return design.SOILS.index(name)


def test_mortality_starts_at_zero_and_rises_for_the_model_and_every_refit(shipped: Shipped) -> None:
    survival = shipped.survival(CELLS)

    assert (survival[..., 0] == 1).all()
    assert (np.diff(survival, axis=-1) < 0).all()
    assert (survival > 0).all()


def test_maple_and_cherry_die_far_more_than_oaks_in_every_soil_and_light(
    mortality: Floats,
) -> None:
    at_end = mortality[..., -1]
    worst_oak = np.maximum(at_end[species("Quercus alba")], at_end[species("Quercus rubra")])
    for name in ("Acer saccharum", "Prunus serotina"):
        gap = at_end[species(name)] - worst_oak
        assert gap.min() > 0
        assert gap.mean() > 0.40


def test_sterile_soil_protects_maple_early_in_the_season(mortality: Floats) -> None:
    maple = mortality[species("Acer saccharum"), :, :, DAY_49].mean(axis=1)
    live = np.delete(maple, soil(design.STERILE)).mean()

    assert live - maple[soil(design.STERILE)] > 0.20


def test_white_oak_dies_less_in_red_maple_soil_than_in_other_species_soil(
    mortality: Floats,
) -> None:
    oak = mortality[species("Quercus alba"), :, :, -1].mean(axis=1)
    others = [
        oak[soil(name)]
        for name in design.SOILS
        if name not in ("Quercus alba", "Acer rubrum", design.STERILE)
    ]
    assert oak[soil("Acer rubrum")] - np.mean(others) < 0


def test_golden_answers_are_what_the_file_answers(shipped: Shipped) -> None:
    golden = shipped.metadata["golden"]
    assert len(golden) >= 12
    for case in golden:
        if case["day"] not in design.CENSUS_DAYS:
            continue
        census = design.CENSUS_DAYS.index(case["day"])
        curve = shipped.survival([(case["species"], case["soil"], case["light"])])[0]
        percent = 100 * (1 - curve[0, census])
        assert percent == pytest.approx(case["mortality_percent"], abs=1e-3)
        low, high = case["interval_90"]
        assert low <= case["mortality_percent"] <= high


def test_metadata_names_the_graph_beside_it(shipped: Shipped) -> None:
    assert shipped.metadata["model"] == {
        "sha256": hashlib.sha256(shipped.graph).hexdigest(),
        "bytes": len(shipped.graph),
    }


def test_the_interval_is_neither_a_point_nor_everything(shipped: Shipped) -> None:
    refits = 100 * (1 - shipped.survival(CELLS)[:, 1:, -1])
    width = np.ptp(np.quantile(refits, [0.05, 0.95], axis=1), axis=0)

    assert 1 < np.median(width) < 40


def test_figures_of_a_published_model_are_over_the_floors(shipped: Shipped) -> None:
    if shipped.metadata["data"]["source"] != "published":
        pytest.skip("model/ was not trained on the published trial")
    metrics = shipped.metadata["metrics"]
    reference = metrics["kaplan_meier_by_species"]

    assert metrics["integrated_brier_score"]["mean"] <= 0.0945
    assert metrics["concordance_index"]["mean"] >= 0.770
    assert abs(metrics["calibration_error"]) <= 0.01
    assert max(map(abs, metrics["calibration_error_by_species"].values())) <= 0.03
    assert metrics["integrated_brier_score"]["mean"] < reference["integrated_brier_score"]["mean"]
