"""The simulated trial: the same for the same seed, sound at any size, like the real one."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from training import config
from training.evaluation.scores import kaplan_meier_curve
from training.study import design, simulate, trial


@settings(max_examples=20, deadline=None)
@given(size=st.integers(1, 400), seed=st.integers(0, 2**32 - 1))
def test_a_simulated_trial_is_sound_and_marked(
    size: int, seed: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("trial")
    simulate.write_trial(simulate.simulate(size, seed), folder)
    loaded = trial.load(folder)

    assert loaded.source == "simulated"
    assert (loaded.rows, len(loaded.seedlings)) == (size, size)
    assert set(loaded.seedlings["Adult"]) == {config.SIMULATED_ADULT}


def test_the_same_seed_gives_the_same_bytes_whatever_the_numpy(tmp_path: Path) -> None:
    path = simulate.write_trial(simulate.simulate(seedlings=300, seed=7), tmp_path)
    assert hashlib.sha256(path.read_bytes()).hexdigest() == (
        "63226ec55236b28e46aed40af6ea1b198af0bda995963d61c1a74410800a32fb"
    )


def test_another_seed_gives_another_trial() -> None:
    one, two = (simulate.simulate(50, seed) for seed in (1, 2))
    assert not one.equals(two)


def test_fates_are_as_often_as_in_the_field() -> None:
    trials = [simulate.simulate(seed=seed) for seed in range(6)]
    died, harvested, alive = (
        np.mean([rule(rows) for rows in trials])
        for rule in (
            lambda rows: rows["Event"].mean(),
            lambda rows: (rows["Harvest"] == "X").mean(),
            lambda rows: (rows["Alive"] == "X").mean(),
        )
    )
    assert died == pytest.approx(0.584, abs=0.015)
    assert harvested == pytest.approx(0.255, abs=0.015)
    assert alive == pytest.approx(0.162, abs=0.015)


def test_mortality_by_species_is_near_the_field_s() -> None:
    expected = dict(zip(design.SPECIES, (0.996, 0.972, 0.423, 0.458), strict=True))
    for species, mortality in expected.items():
        simulated = [
            1 - kaplan_meier_curve(rows[rows["Species"] == species])[-1]
            for rows in (simulate.simulate(seed=seed) for seed in range(6))
        ]
        assert np.mean(simulated) == pytest.approx(mortality, abs=0.05)


def test_traits_do_not_tell_who_was_harvested() -> None:
    rows = simulate.simulate(20_000, seed=1)
    oaks = rows[(rows["Species"] == "Quercus alba") & (rows["Sterile"] == "Non-Sterile")]
    means = oaks.groupby(oaks["Harvest"].notna())["Phenolics"].mean()
    assert abs(means[True] - means[False]) < 0.05


def test_writing_leaves_one_whole_file(tmp_path: Path) -> None:
    simulate.write_trial(simulate.simulate(10), tmp_path)
    simulate.write_trial(simulate.simulate(20), tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == [simulate.FILE]
