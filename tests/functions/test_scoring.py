"""What the scorer promises for any row, and for any hazards a model may hold."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from functions.artefact import Artefact
from functions.encoding import Codes, Numbers
from functions.scoring import Floats, Forecast, Scorer
from tests.functions.conftest import Client

SEASON = 115.5
PERIODS, MEMBERS = 15, 51
EXACT = 1e-9
"""Percentage points: double precision."""
SINGLE = 1e-4
"""Percentage points: single precision, that of the graph, in which the refits stay."""

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


def values(answer: Forecast) -> list[float]:
    """The figures of a forecast for one row."""
    return [float(each[0]) for each in vars(answer).values()]


class FixedHazards:
    """Takes the graph's place and predicts the hazards it was given, for every row."""

    def __init__(self, hazard: Any) -> None:
        self._hazard = hazard

    def hazards(self, codes: Codes, numbers: Numbers) -> Any:
        return self._hazard[: len(codes)]


def with_hazards(scorer: Scorer, hazard: Any) -> Scorer:
    return Scorer(scorer.artefact, FixedHazards(hazard))


def by_hand(artefact: Artefact, hazard: Any, day: float) -> float:
    """Percent dead by a day from one member's hazards, period by period."""
    alive, start = 1.0, 0.0
    for end, dies in zip(artefact.time.period_ends, hazard, strict=True):
        passed = min(max((day - start) / (end - start), 0.0), 1.0)
        alive *= (1.0 - float(dies)) ** passed
        start = end
    return 100 * (1 - alive)


def check(answer: Forecast) -> None:
    """Percentages, and an interval with the point in it."""
    for low, percent, high in zip(answer.low, answer.percent, answer.high, strict=True):
        assert 0 <= low <= percent <= high <= 100


def check_curve(curve: Floats) -> None:
    assert len(curve) == 34
    assert curve[0] == 0
    assert (np.diff(curve) >= -EXACT).all()
    assert 0 <= min(curve) <= max(curve) <= 100


@settings(max_examples=60, deadline=None, derandomize=True)
@given(hazard=hazards, day=days)
def test_any_hazards_give_percentages_an_interval_around_them_and_a_rising_curve(
    scorer: Scorer, hazard: Any, day: float
) -> None:
    fixed = with_hazards(scorer, hazard)

    check(fixed.forecast(*rows(len(hazard)), day))
    answer, curve = fixed.curve(*rows(1), day)
    check(answer)
    check_curve(curve)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    hazard=arrays(
        np.float32, (1, PERIODS, MEMBERS), elements=st.floats(0, float(np.float32(0.99)), width=32)
    ),
    day=days,
)
def test_mortality_and_interval_are_those_computed_by_hand(
    scorer: Scorer, hazard: Any, day: float
) -> None:
    dead = [by_hand(scorer.artefact, hazard[0, :, member], day) for member in range(MEMBERS)]
    point, refits = dead[0], sorted(dead[1:])
    # 50 refits at 90 %: two lie below the interval and two above.
    expected = [point, min(refits[2], point), max(refits[47], point)]

    fixed = with_hazards(scorer, hazard)
    for answer in (fixed.forecast(*rows(1), day), fixed.curve(*rows(1), day)[0]):
        assert answer.percent == pytest.approx([point], abs=SINGLE)
        found = [*answer.percent, *answer.low, *answer.high]
        assert found == pytest.approx(expected, abs=SINGLE)


def test_a_certain_death_and_an_impossible_one_stay_numbers(scorer: Scorer) -> None:
    for hazard, percent in ((0.0, 0.0), (1.0, 100.0)):
        fixed = with_hazards(scorer, np.full((1, PERIODS, MEMBERS), hazard, np.float32))
        answer, curve = fixed.curve(*rows(1), SEASON)

        assert values(answer) == [percent] * 3
        assert set(curve[1:].tolist()) == {percent}
        assert values(fixed.forecast(*rows(1), SEASON)) == [percent] * 3


@settings(max_examples=150, deadline=None, derandomize=True)
@given(cell=cells, day=days)
def test_any_seedling_on_any_day_has_a_sound_answer(
    scorer: Scorer, cell: tuple[int, int, float], day: float
) -> None:
    answer, curve = scorer.curve(*arrays_of(cell), day)

    check(answer)
    check_curve(curve)
    before = int(np.searchsorted(scorer.artefact.time.visits, day, side="right")) - 1
    after = min(before + 1, 33)
    assert curve[before] - EXACT <= answer.percent[0] <= curve[after] + EXACT


@settings(max_examples=40, deadline=None, derandomize=True)
@given(batch=st.lists(cells, min_size=1, max_size=12), day=days)
def test_a_batch_predicts_as_one_by_one(
    scorer: Scorer, batch: list[tuple[int, int, float]], day: float
) -> None:
    forecast = scorer.forecast(*arrays_of(*batch), day)

    ones = [scorer.curve(*arrays_of(cell), day)[0] for cell in batch]
    for name in ("percent", "low", "high"):
        single = [getattr(one, name)[0] for one in ones]
        assert getattr(forecast, name) == pytest.approx(single, abs=1e-12)


@settings(max_examples=20, deadline=None, derandomize=True)
@given(cell=cells)
def test_a_day_of_the_census_is_a_point_of_the_curve(
    scorer: Scorer, cell: tuple[int, int, float]
) -> None:
    census = scorer.artefact.time.visits
    answers = [scorer.curve(*arrays_of(cell), day) for day in census]

    assert [answer.percent[0] for answer, _ in answers] == pytest.approx(answers[0][1], abs=EXACT)


def test_a_repeated_prediction_is_the_same_to_the_last_bit(scorer: Scorer) -> None:
    (first, curve), (second, again) = (
        scorer.curve(*arrays_of((2, 3, 0.07)), 60.0) for _ in range(2)
    )

    assert values(first) == values(second)
    assert curve.tolist() == again.tolist()


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
