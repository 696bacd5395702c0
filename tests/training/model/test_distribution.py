"""What a released model says of its study's subjects, so that they can be simulated."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from onnx import TensorProto, helper, numpy_helper

from tests.training.samples import battery
from training.errors import TrainingError
from training.model.distribution import model_distribution
from training.model.folder import read_metadata
from training.study.declaration import Study
from training.study.read import read_study
from training.study.simulation import simulate


@pytest.fixture(scope="module")
def study() -> Study:
    return battery(simulation={"group_sd": 0})


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A model of valid.toml's study in two periods: only maker Gamma ever fails, in the second."""
    hazards = np.zeros((3, 2, 2), np.float32)
    hazards[2, 1, 0] = 1.0
    graph = helper.make_graph(
        [
            helper.make_node("Gather", ["codes", "zero"], ["maker"], axis=1),
            helper.make_node("Gather", ["hazards", "maker"], ["hazard"]),
        ],
        "g",
        [helper.make_tensor_value_info("codes", TensorProto.INT64, [None, 2])],
        [helper.make_tensor_value_info("hazard", TensorProto.FLOAT, [None, 2, 2])],
        [
            numpy_helper.from_array(np.array(0), "zero"),
            numpy_helper.from_array(hazards, "hazards"),
        ],
    )
    opset = [helper.make_opsetid("", 17)]
    built = helper.make_model(graph, opset_imports=opset, ir_version=8)
    (tmp_path / "model.onnx").write_bytes(built.SerializeToString())
    levels = {
        "maker": ["Alpha", "Beta", "Gamma"],
        "charger": ["unknown", "Alpha", "Beta", "None"],
    }
    metadata = {
        "contract": 2,
        "inputs": [
            *(
                {"name": name, "kind": "factor", "levels": [{"name": each} for each in each_]}
                for name, each_ in levels.items()
            ),
            {"name": "heat", "kind": "number", "seen": [10.0, 20.0]},
        ],
        "time": {"period_ends": [8.0, 20.0]},
        "histograms": {
            "maker": {"Alpha": 30, "Gamma": 10},
            "charger": {"Alpha": 10, "None": 10, "unknown": 20},
            "heat": {"edges": [5.0, 15.0, 25.0], "counts": [1, 3]},
        },
    }
    (tmp_path / "metadata.json").write_text(json.dumps(metadata))
    return tmp_path


def test_a_released_model_says_how_often_inputs_are_and_what_happens(
    study: Study, model: Path
) -> None:
    cells = simulate(study, model_distribution(model, study), rows=8_000)
    assert (cells["Maker"] == "Gamma").mean() == pytest.approx(0.25, abs=0.02)
    assert set(cells["Maker"]) == {"Alpha", "Gamma"}
    assert (cells["Charger"] == "unknown").mean() == pytest.approx(0.5, abs=0.02)
    heat = cells["Heat"].astype(float)
    assert heat.between(10, 20).all()
    assert (heat > 15).mean() == pytest.approx(0.75, abs=0.05)
    assert ((cells["Maker"] == "Gamma") == (cells["Failed"] == "yes")).all()
    assert set(cells["Weeks"]) == {"20"}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"contract": 1}, "contract: expected 2, got 1"),
        ({"inputs": []}, "has no factor maker"),
    ],
)
def test_a_model_of_another_study_is_refused(
    change: dict[str, object], said: str, study: Study, model: Path
) -> None:
    path = model / "metadata.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(TrainingError, match=said):
        model_distribution(model, study)


def test_a_folder_without_a_model_is_refused(study: Study, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="there is no model in"):
        model_distribution(tmp_path, study)


def test_the_released_model_draws_fates_like_those_in_the_field(root: Path) -> None:
    study = read_study(root / "study.toml")
    if read_metadata(root / "model")["data"]["source"] != "published":
        pytest.skip("model/ was not trained on the published trial")
    source = model_distribution(root / "model", study)
    trials = pd.concat([simulate(study, source, seed=seed) for seed in range(4)])
    assert (trials["Event"] == "1").mean() == pytest.approx(0.570, abs=0.03)
    assert (trials["Harvest"] == "X").mean() == pytest.approx(0.253, abs=0.02)
    of_species = (trials["Event"] == "1").groupby(trials["Species"]).mean()
    expected = {"Acer saccharum": 0.875, "Prunus serotina": 0.817, "Quercus alba": 0.250}
    for species, share in expected.items():
        assert of_species[species] == pytest.approx(share, abs=0.05)
