"""Request bodies that differ from one another, and the one right answer to each."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from functions.artefact import Artefact
from functions.scoring import Scorer


def question(artefact: Artefact, number: int) -> dict[str, Any]:
    """The body of a request for a prediction; no two of the first 9,000 ask for the same day."""
    share = (number * 7919 % 1000) / 1000
    return {
        **{each.name: each.levels[number % len(each.levels)] for each in artefact.factors},
        **{
            each.name: round(each.seen[0] + (each.seen[1] - each.seen[0]) * share, 6)
            for each in artefact.numbers
        },
        artefact.time.name: round(20 + number / 100, 2),
    }


def check(scorer: Scorer, question: dict[str, Any], answer: dict[str, Any]) -> None:
    """Asserts that an answer is what the scorer predicts for this very question."""
    artefact = scorer.artefact
    name, percent = artefact.time.name, artefact.study.percent
    forecast, curve = scorer.curve(*scorer.encoder.encode([question]), question[name])
    # Two decimals; the last may be rounded the other way by another processor.
    close = partial(pytest.approx, rel=0, abs=0.0101)
    assert answer[name] == question[name], "the answer to another question"
    figures = [answer[percent], *answer["interval_90"]]
    assert figures == close(forecast.average[0].tolist())
    points = [[point[percent], *point["interval_90"]] for point in answer["curve"]]
    assert points == [close(point) for point in curve.tolist()]
    assert answer["model"]["version"] == artefact.version
