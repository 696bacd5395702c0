"""What the released study's published data must give, whatever recipe was chosen."""

from __future__ import annotations

from typing import Any


def check_targets(metrics: dict[str, Any]) -> None:
    """Asserts that the metrics of a model's metadata reach them."""
    by_visit = metrics["calibration_by_visit"]

    assert metrics["integrated_brier_score"]["mean"] <= 0.0931
    assert metrics["concordance_index"]["mean"] >= 0.765
    assert metrics["concordance_mean_survival"]["mean"] >= 0.781
    assert by_visit["mean_absolute"] <= 0.007
    assert abs(by_visit["worst"]["error"]) <= 0.035
