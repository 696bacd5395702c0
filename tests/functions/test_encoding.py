"""Inputs become codes and numbers in the order of the metadata, and never leave the range seen."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from functions.artefact import Factor, Number
from functions.encoding import Encoder
from functions.scoring import Scorer

INPUTS = (
    Number("age", "", 0, 120, (21, 80), 50),
    Factor("stage", "", ("I", "II", "III")),
    Factor("arm", "", ("control", "treated")),
    Number("size", "", 0, 200, (3, 120), 10),
)
ROW = {"size": 7.5, "arm": "treated", "stage": "III", "age": 50}


@pytest.fixture
def encoder(scorer: Scorer) -> Encoder:
    return Encoder(replace(scorer.artefact, inputs=INPUTS))


def test_rows_are_encoded_by_name_in_the_order_of_the_metadata(encoder: Encoder) -> None:
    codes, numbers = encoder.encode([ROW, {**ROW, "stage": "I", "arm": "control", "age": 30}])

    assert codes.tolist() == [[2, 1], [0, 0]]
    assert numbers.tolist() == [[50, 7.5], [30, 7.5]]
    assert (codes.dtype, numbers.dtype) == (np.int64, np.float32)


def test_no_rows_keep_their_columns(encoder: Encoder) -> None:
    codes, numbers = encoder.encode([])
    assert (codes.shape, numbers.shape) == ((0, 2), (0, 2))


@pytest.mark.parametrize(("age", "used"), [(0, 21), (21, 21), (80, 80), (81, 80), (120, 80)])
def test_a_number_outside_the_range_seen_is_moved_to_its_edge(
    encoder: Encoder, age: float, used: float
) -> None:
    _, numbers = encoder.encode([{**ROW, "age": age}])
    assert numbers[0].tolist() == [used, 7.5]


def test_only_numbers_outside_the_range_seen_have_a_warning(encoder: Encoder) -> None:
    assert encoder.warnings({**ROW, "age": 21, "size": 120}) == []
    assert encoder.warnings({**ROW, "age": 20.5, "size": 150}) == [
        "age 20.5 is outside the range seen in training, 21 to 80; this is the prediction for 21.",
        "size 150 is outside the range seen in training, 3 to 120; this is the prediction for 120.",
    ]


@pytest.mark.parametrize(
    "row", [{**ROW, "stage": "IV"}, {"age": 50, "stage": "I", "arm": "control"}]
)
def test_an_unknown_level_and_a_missing_input_are_errors(
    encoder: Encoder, row: dict[str, object]
) -> None:
    with pytest.raises(KeyError):
        encoder.encode([row])
