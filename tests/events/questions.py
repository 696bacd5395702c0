"""Questions that differ from one another, and the one right answer to each."""

from __future__ import annotations

from typing import Any

import pytest

from functions.artefact import Artefact
from functions.scoring import Scorer


def question(artefact: Artefact, number: int) -> dict[str, Any]:
    """The body of a request for a prediction; no two of the first 9,000 ask for the same day."""
    low, high = artefact.light_seen
    return {
        "species": artefact.species[number % len(artefact.species)],
        "soil": artefact.soils[number % len(artefact.soils)],
        "light": round(low + (high - low) * (number * 7919 % 1000) / 1000, 6),
        "day": round(20 + number / 100, 2),
    }


def check(scorer: Scorer, asked: dict[str, Any], answer: dict[str, Any]) -> None:
    """Asserts that an answer is what the scorer says to the very question that was asked."""
    artefact = scorer.artefact
    mortality, curve = scorer.curve(
        artefact.species.index(asked["species"]),
        artefact.soils.index(asked["soil"]),
        asked["light"],
        asked["day"],
    )
    # Two decimals; the last may be rounded the other way by another processor.
    close = {"rel": 0, "abs": 0.0101}
    assert answer["day"] == asked["day"], "the answer to another question"
    assert answer["mortality_percent"] == pytest.approx(mortality.percent[0], **close)
    assert answer["interval_90"] == pytest.approx([mortality.low[0], mortality.high[0]], **close)
    points = [point["mortality_percent"] for point in answer["curve"]]
    assert points == pytest.approx(list(curve), **close)
    assert answer["model"]["version"] == artefact.version
