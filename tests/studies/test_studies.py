"""Studies unlike one another go the whole way, none of them named in the engine."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.studies.data import STUDIES, study_file, write_data
from training.study.read import read_study
from training.study.simulation import simulate, write_csv
from training.study.table import load_table


@pytest.mark.parametrize("name", STUDIES)
def test_a_study_and_its_data_are_valid(name: str, tmp_path: Path) -> None:
    study = read_study(study_file(name))
    table = load_table(write_data(name, tmp_path), study)
    assert table.source == "custom"
    assert len(table.subjects) > 200
    assert table.subjects.event.sum() > 50
    assert np.isfinite(table.subjects.numbers).all()
    assert (table.subjects.codes >= 0).all()


@pytest.mark.parametrize("name", STUDIES)
def test_the_data_of_a_study_can_be_simulated(name: str, tmp_path: Path) -> None:
    study = read_study(study_file(name))
    write_csv(simulate(study, seed=2), tmp_path)
    table = load_table(tmp_path, study)
    assert table.source == "simulated"
    assert 0.1 < table.subjects.event.mean() < 0.7


def test_the_corner_cases_are_in_the_data(tmp_path: Path) -> None:
    study = read_study(study_file("one-factor"))
    subjects = load_table(write_data("one-factor", tmp_path), study).subjects
    never = study.factors[0].names.index("никогда 🙂")
    assert subjects.codes[:, 0].tolist().count(never) > 10
    assert not subjects.event[subjects.codes[:, 0] == never].any()
    assert study.factors[0].names.index("? unknown") in subjects.codes[:, 0]
    assert np.bincount(subjects.group).min() == 1
    bridges = read_study(study_file("one-number"))
    table = load_table(write_data("one-number", tmp_path), bridges)
    assert len(table.dropped) == 5
    assert table.subjects.codes.shape[1] == 0
