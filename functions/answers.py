"""What a prediction is called in an answer, in the API's as in the command line's."""

from __future__ import annotations

from typing import Any

from functions.artefact import Artefact
from functions.intervals import Floats
from functions.scoring import Forecast


def figures(forecast: Forecast, percent: str) -> list[dict[str, Any]]:
    """The figures of each row; `percent` is the field of the percentage."""
    average, stand = _rounded(forecast.average), forecast.stand
    new_groups = [None] * len(average) if stand is None else _rounded(stand)
    return [
        {percent: point, "interval_90": [low, high], "stand_interval_90": ends}
        for (point, low, high), ends in zip(average, new_groups, strict=True)
    ]


def prediction(
    artefact: Artefact, item: dict[str, Any], at: float, curve: Floats, warnings: list[str]
) -> dict[str, Any]:
    """The answer for one row: its figures by `at`, and the curve."""
    time, percent = artefact.time.name, artefact.study.percent
    return {
        **item,
        time: at,
        "curve": [
            {time: visit, percent: point, "interval_90": [low, high]}
            for visit, (point, low, high) in zip(artefact.time.visits, _rounded(curve), strict=True)
        ],
        "warnings": warnings,
        "model": artefact.identity,
    }


def _rounded(percents: Floats) -> list[Any]:
    """Percents to two decimals; the uncertainty is far larger."""
    rounded: list[Any] = percents.round(2).tolist()
    return rounded
