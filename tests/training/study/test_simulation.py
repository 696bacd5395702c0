"""Simulated data: the same for the same seed, valid for their study, marked in every row."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from training.errors import TrainingError
from training.study.declaration import Study, Withdrawal
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


def test_writing_leaves_one_complete_file(study: Study, tmp_path: Path) -> None:
    for rows in (10, 20):
        write_csv(simulate(study, rows=rows), tmp_path)
    assert [each.name for each in tmp_path.iterdir()] == [FILE]


def test_without_a_model_half_have_the_event(study: Study) -> None:
    source = declared_distribution(study)
    assert isinstance(source, Distribution)
    hazard = source.hazard(np.zeros((4, 2), np.int64), np.zeros((4, 1)))
    assert np.prod(1 - hazard, axis=1) == pytest.approx(0.5)
