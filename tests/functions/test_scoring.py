"""What the scorer promises for any row, and for any hazards a model may hold."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from functions.encoding import Codes, Numbers
from functions.intervals import Floats
from functions.scoring import Forecast, Scorer
from tests.functions.conftest import Client

pytestmark = pytest.mark.trial
SEASON = 115.5
PERIODS, MEMBERS = 15, 19
EXACT = 1e-9
"""Percentage points: double precision."""

days = st.floats(0, SEASON) | st.sampled_from([0.0, 0.25, 24.5, 28.0, 70.0, SEASON])
lights = st.floats(0.032, 0.161)
cells = st.tuples(st.integers(0, 3), st.integers(0, 6), lights)
hazards = st.integers(1, 3).flatmap(
    lambda n: arrays(np.float32, (n, PERIODS, MEMBERS), elements=st.floats(0, 1, width=32))
)


def arrays_of(*cells: tuple[int, int, float]) -> tuple[Codes, Numbers]:
    """Codes and numbers of cells."""
    codes = np.array([cell[:2] for cell in cells], np.int64)
    return codes, np.array([cell[2:] for cell in cells], np.float32)


def rows(n: int) -> tuple[Codes, Numbers]:
    """Some n rows."""
    return arrays_of(*[(0, 0, 0.1)] * n)


class FixedHazards:
    """Takes the graph's place and predicts the hazards it was given, for every row."""

    def __init__(self, hazard: Any) -> None:
        self._hazard = hazard

    def hazards(self, codes: Codes, numbers: Numbers) -> Any:
        return self._hazard[: len(codes)]


def with_hazards(scorer: Scorer, hazard: Any) -> Scorer:
    return Scorer(scorer.artefact, FixedHazards(hazard))


def check(forecast: Forecast) -> None:
    """Percentages, and intervals with the point in them."""
    assert forecast.stand is not None
    for (percent, low, high), (stand_low, stand_high) in zip(
        forecast.average, forecast.stand, strict=True
    ):
        assert 0 <= low <= percent <= high <= 100
        # The log-odds are clipped, so a point near 0 or 100 is off by up to a millionth.
        assert 0 <= stand_low <= percent + 1e-3
        assert percent - 1e-3 <= stand_high <= 100


def check_curve(curve: Floats) -> None:
    assert curve.shape == (34, 3)
    assert curve[0].tolist() == [0, 0, 0]
    assert (np.diff(curve[:, 0]) >= -EXACT).all()
    assert (curve[:, 1] <= curve[:, 0]).all()
    assert (curve[:, 0] <= curve[:, 2]).all()
    assert 0 <= curve.min() <= curve.max() <= 100


@settings(max_examples=60, deadline=None, derandomize=True)
@given(hazard=hazards, day=days)
def test_any_hazards_give_percentages_intervals_around_them_and_a_rising_curve(
    scorer: Scorer, hazard: Any, day: float
) -> None:
    fixed = with_hazards(scorer, hazard)

    check(fixed.forecast(*rows(len(hazard)), day))
    forecast, curve = fixed.curve(*rows(1), day)
    check(forecast)
    check_curve(curve)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(hazard=hazards, day=days)
def test_a_curve_and_a_batch_predict_the_same(scorer: Scorer, hazard: Any, day: float) -> None:
    fixed = with_hazards(scorer, hazard[:1])

    forecast, batch = fixed.curve(*rows(1), day)[0], fixed.forecast(*rows(1), day)
    assert forecast.stand is not None
    assert batch.stand is not None
    assert forecast.average == pytest.approx(batch.average, abs=EXACT)
    assert forecast.stand == pytest.approx(batch.stand, abs=EXACT)


def test_certain_and_impossible_outcomes_stay_numbers(scorer: Scorer) -> None:
    for hazard, percent in ((0.0, 0.0), (1.0, 100.0)):
        fixed = with_hazards(scorer, np.full((1, PERIODS, MEMBERS), hazard, np.float32))
        forecast, curve = fixed.curve(*rows(1), SEASON)

        assert forecast.average[0] == pytest.approx([percent] * 3, abs=1e-3)
        check(forecast)
        # Nothing is recorded before the first period ends.
        assert set(curve[:7, 0]) == {0}
        assert set(curve[7:, 0].tolist()) == {percent}


def test_no_day_before_the_first_period_s_end_has_an_outcome_or_a_doubt(scorer: Scorer) -> None:
    for day in (0.0, 24.49):
        forecast, _ = scorer.curve(*rows(1), day)
        assert forecast.stand is not None
        assert (forecast.average.tolist(), forecast.stand.tolist()) == ([[0, 0, 0]], [[0, 0]])


@settings(max_examples=150, deadline=None, derandomize=True)
@given(cell=cells, day=days)
def test_any_row_on_any_day_has_the_prediction_of_the_last_visit(
    scorer: Scorer, cell: tuple[int, int, float], day: float
) -> None:
    forecast, curve = scorer.curve(*arrays_of(cell), day)

    check(forecast)
    check_curve(curve)
    last = int(np.searchsorted(scorer.artefact.time.visits, day, side="right")) - 1
    assert forecast.average[0].tolist() == curve[last].tolist()


@settings(max_examples=40, deadline=None, derandomize=True)
@given(batch=st.lists(cells, min_size=1, max_size=12), day=days)
def test_a_batch_predicts_as_one_by_one(
    scorer: Scorer, batch: list[tuple[int, int, float]], day: float
) -> None:
    forecast = scorer.forecast(*arrays_of(*batch), day)

    ones = [scorer.curve(*arrays_of(cell), day)[0].average[0] for cell in batch]
    assert forecast.average == pytest.approx(np.array(ones), abs=EXACT)


def test_a_repeated_prediction_is_the_same_to_the_last_bit(scorer: Scorer) -> None:
    first, second = (scorer.curve(*arrays_of((2, 3, 0.07)), 60.0) for _ in range(2))

    assert first[0].average.tolist() == second[0].average.tolist()
    assert first[1].tolist() == second[1].tolist()


@settings(max_examples=30, deadline=None, derandomize=True)
@given(
    below=st.floats(0, 0.032, exclude_max=True),
    above=st.floats(0.161, 1, exclude_min=True),
)
def test_a_number_outside_the_range_seen_is_predicted_as_its_edge(
    client: Client, below: float, above: float
) -> None:
    row = {"species": "Quercus alba", "soil": "Sterile"}

    def answer(light: float) -> dict[str, Any]:
        return dict(client.post("/v1/predict", {**row, "light": light}).json())

    for light, edge in ((below, 0.032), (above, 0.161)):
        outside, at_edge = answer(light), answer(edge)
        assert at_edge.pop("warnings") == []
        assert outside.pop("warnings") == [
            (
                f"light {light:g} is outside the range seen in training, 0.032 to 0.161; "
                f"this is the prediction for {edge}."
            )
        ]
        assert outside == at_edge
