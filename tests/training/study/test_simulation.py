"""Simulated data: the same for the same seed, valid for their study, marked in every row."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

from training.errors import TrainingError
from training.study.declaration import Study, Withdrawal
from training.study.model_source import model_distribution
from training.study.read import read_study
from training.study.simulation import FILE, Distribution, declared_distribution, simulate, write_csv
from training.study.table import load_table

DIGEST = "5dd632156da5536a8545aab74612cd17aaa84225ef4643dc7805d4e883ad9a60"
VALID = Path(__file__).with_name("valid.toml")


@pytest.fixture(scope="module")
def study() -> Study:
    return read_study(VALID)


def with_(study: Study, **simulation: object) -> Study:
    changed = study.simulation.model_copy(update=simulation)
    return study.model_copy(update={"simulation": changed})


def observed(study: Study) -> Study:
    time = study.time.model_copy(update={"visits": "observed"})
    return study.model_copy(update={"time": time, "rules": (), "columns": {}})


@settings(max_examples=20, deadline=None)
@given(rows=st.integers(1, 300), seed=st.integers(0, 2**32 - 1))
def test_simulated_data_keep_the_rules_of_their_study_and_are_marked(
    rows: int, seed: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    study = read_study(VALID)
    folder = tmp_path_factory.mktemp("data")
    write_csv(simulate(study, rows=rows, seed=seed), folder)
    table = load_table(folder, study)
    assert table.source == "simulated"
    assert (table.rows, len(table.subjects)) == (rows, rows)


def test_the_data_of_this_repository_can_be_simulated(root: Path, tmp_path: Path) -> None:
    study = read_study(root / "study.toml")
    write_csv(simulate(study, seed=3), tmp_path)
    table = load_table(tmp_path, study)
    assert table.rows == study.simulation.rows
    assert len(table.subjects.groups) == study.simulation.groups


def test_the_same_seed_gives_the_same_bytes_whatever_the_numpy(
    study: Study, tmp_path: Path
) -> None:
    path = write_csv(simulate(study, rows=200, seed=7), tmp_path)
    assert hashlib.sha256(path.read_bytes()).hexdigest() == DIGEST


def test_another_seed_gives_other_data(study: Study) -> None:
    assert not simulate(study, rows=50, seed=1).equals(simulate(study, rows=50, seed=2))


def test_events_are_as_often_as_the_hazard_says(study: Study) -> None:
    plain = with_(study, group_sd=0.0)
    cells = simulate(plain, rows=20_000)
    died = (cells["Failed"] == "yes") & (cells["Weeks"] == "4")
    assert died.mean() == pytest.approx(1 - 0.5 ** (1 / 3), abs=0.012)
    assert (cells["Failed"] == "yes").mean() == pytest.approx(0.5, abs=0.012)


def test_observed_times_fall_evenly_on_the_log_scale_within_a_period(study: Study) -> None:
    plain = observed(with_(study, group_sd=0.0))
    cells = simulate(plain, rows=20_000)
    time = cells["Weeks"].astype(float)
    # Survival falls by one factor, 0.5^(1/3), in each period; half of a period is its root.
    assert ((time <= 2) & (cells["Failed"] == "yes")).mean() == pytest.approx(
        1 - 0.5 ** (1 / 6), abs=0.01
    )
    assert len(set(time)) > 1_000


def test_groups_differ_as_declared(study: Study) -> None:
    def spread(group_sd: float) -> float:
        cells = simulate(with_(study, group_sd=group_sd, groups=200), rows=40_000)
        shares = (cells["Failed"] == "yes").groupby(cells["Rack"]).mean()
        return float(shares.std())

    assert spread(0.0) < 0.05  # the noise of 200 rows a group
    assert spread(1.0) > 0.15


def test_withdrawn_and_lost_subjects_are_censored(study: Study) -> None:
    leaving = Withdrawal(at=4, share=0.5, where={"maker": ("Beta",)})
    cells = simulate(with_(study, withdrawals=(leaving,), group_sd=0.0), rows=20_000)
    survived = (cells["Weeks"] != "4") | (cells["Failed"] == "no")
    left = (cells["Weeks"] == "4") & (cells["Failed"] == "no")
    beta = cells["Maker"] == "Beta"
    assert left[beta & survived].mean() == pytest.approx(0.5, abs=0.02)
    assert not left[~beta].any()

    lost = simulate(with_(study, dropout=0.4, group_sd=0.0), rows=20_000)
    early = (lost["Failed"] == "no") & (lost["Weeks"].astype(float) < 20)
    assert 0.2 < early.mean() < 0.4


def test_a_rule_that_cannot_be_kept_is_named(study: Study) -> None:
    rule = study.rules[1].model_copy(update={"when": {}, "then": {"Maker": ("Alpha",)}})
    with pytest.raises(TrainingError, match="can't keep the rule of Shelf"):
        simulate(study.model_copy(update={"rules": (rule,)}), rows=50)


def test_writing_leaves_one_whole_file(study: Study, tmp_path: Path) -> None:
    for rows in (10, 20):
        write_csv(simulate(study, rows=rows), tmp_path)
    assert [each.name for each in tmp_path.iterdir()] == [FILE]


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
    cells = simulate(with_(study, group_sd=0.0), model_distribution(model, study), rows=8_000)
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


def test_without_a_model_half_have_the_event(study: Study) -> None:
    source = declared_distribution(study)
    assert isinstance(source, Distribution)
    hazard = source.hazard(np.zeros((4, 2), np.int64), np.zeros((4, 1)))
    assert np.prod(1 - hazard, axis=1) == pytest.approx(0.5)
