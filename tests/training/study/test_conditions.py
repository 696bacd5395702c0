"""Conditions, cases and derived factors, on tables and on grids of codes and numbers."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from training.study.conditions import first_case, holds, input_table
from training.study.declaration import Study
from training.study.derived import derived_codes, derived_table
from training.study.read import read_study
from training.study.vocabulary import Case, Condition, Range


@pytest.fixture(scope="module")
def study() -> Study:
    return read_study(Path(__file__).with_name("valid.toml"))


TABLE = pd.DataFrame(
    {
        "maker": ["Alpha", "Beta", None, "Beta"],
        "charger": ["Alpha", "Alpha", None, "None"],
        "heat": [10.0, 20.0, np.nan, 30.0],
        "visit": pd.array([1, 2, None, 4], dtype="Int64"),
    }
)


def test_a_condition_holds_where_all_of_its_parts_do() -> None:
    assert holds({}, TABLE).tolist() == [True] * 4
    assert holds({"maker": ("Beta",)}, TABLE).tolist() == [False, True, False, True]
    assert holds({"maker": ("Beta", "NA")}, TABLE).tolist() == [False, True, True, True]
    assert holds({"visit": (1, 4)}, TABLE).tolist() == [True, False, False, True]
    assert holds({"visit": (1.0, "NA")}, TABLE).tolist() == [True, False, True, False]
    both: Condition = {"maker": ("Beta",), "heat": Range(minimum=20, maximum=25)}
    assert holds(both, TABLE).tolist() == [False, True, False, False]


def test_a_missing_number_is_in_no_range() -> None:
    assert holds({"heat": Range(maximum=20)}, TABLE).tolist() == [True, True, False, False]


def test_the_first_case_that_holds_gives_the_value() -> None:
    cases = (
        Case(value="none", where={"charger": ("None",)}),
        Case(value="own", equal=("maker", "charger")),
    )
    assert first_case(cases, TABLE).tolist() == ["own", None, None, "none"]
    assert first_case((*cases, Case(value="other")), TABLE)[2] == "other"


def test_a_derived_factor_is_a_table_over_its_inputs(study: Study) -> None:
    table = derived_table(study, study.derived[0])
    assert table.inputs == (0, 1)
    # Levels none, own, other; makers Alpha, Beta, Gamma; chargers Alpha, Beta, None, unknown.
    assert table.codes.tolist() == [[1, 2, 0, 0], [2, 1, 0, 0], [2, 2, 0, 0]]


def test_derived_codes_and_the_table_of_inputs_agree_with_the_cases(study: Study) -> None:
    codes = np.array(list(product(range(3), range(4))), dtype=np.int64)
    numbers = np.linspace(0, 60, len(codes))[:, None]
    table = input_table(study, codes, numbers)
    assert list(table) == ["maker", "charger", "heat", "fit"]
    assert table["fit"].tolist() == first_case(study.derived[0].cases, table).tolist()
    names = np.array(study.derived[0].names)
    assert names[derived_codes(study, codes)[:, 0]].tolist() == table["fit"].tolist()


def test_a_study_without_derived_factors_has_no_derived_codes(study: Study) -> None:
    plain = study.model_copy(update={"derived": ()})
    assert derived_codes(plain, np.zeros((5, 2), dtype=np.int64)).shape == (5, 0)
