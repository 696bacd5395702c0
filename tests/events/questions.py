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
    name, percent = artefact.time.name, f"{artefact.outcome}_percent"
    forecast, curve = scorer.curve(*scorer.encoder.encode([question]), question[name])
    # Two decimals; the last may be rounded the other way by another processor.
    close = partial(pytest.approx, rel=0, abs=0.0101)
    assert answer[name] == question[name], "the answer to another question"
    assert answer[percent] == close(forecast.percent[0])
    assert answer["interval_90"] == close([forecast.low[0], forecast.high[0]])
    points = [point[percent] for point in answer["curve"]]
    assert points == close(list(curve))
    assert answer["model"]["version"] == artefact.version
