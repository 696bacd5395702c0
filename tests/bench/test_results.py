"""What a run stores, and what is computed from it."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.results import Results, slope


def test_results_survive_a_round_trip(results: Results, tmp_path: Path) -> None:
    results.save(tmp_path / "new" / "bench.json")
    assert Results.load(tmp_path / "new" / "bench.json") == results


def test_a_figure_is_the_median_with_its_range(results: Results) -> None:
    assert results.range("cold_warm", "ours") == (250, 200, 300)


def test_a_figure_that_was_not_measured_is_missing(results: Results) -> None:
    assert not results.has("batch_1", "floor")
    with pytest.raises(KeyError):
        results.median("batch_1", "floor")


@pytest.mark.parametrize("power", [0.5, 1.0, 2.0])
def test_the_slope_is_the_exponent_of_growth(power: float) -> None:
    x = [1.0, 10.0, 100.0]
    assert slope(x, [3 * each**power for each in x]) == pytest.approx(power)
