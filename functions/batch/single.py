"""One prediction: a sentence and the curve as bars for people, the API's response for programs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import numpy as np

from functions.artefact import Artefact
from functions.intervals import Floats
from functions.scoring import Forecast

WIDTH: Final = 40
"""Characters of a bar that stands for 100 %."""
SHOWN: Final = 12
"""Visits that are printed, evenly spread."""


def sentence(artefact: Artefact, inputs: dict[str, Any], time: float, forecast: Forecast) -> str:
    """What the model predicts for one kind of subject, and how sure it is."""
    study = artefact.metadata["study"]
    point, low, high = forecast.average[0]
    stand = ""
    if forecast.stand is not None:
        ends = f"{_count(forecast.stand[0, 0])} and {_count(forecast.stand[0, 1])}"
        stand = f"; {artefact.study.stand or 'one new group'} may lie between {ends}"
    return (
        f"Of 100 {_describe(artefact, inputs)}, about "
        f"{_count(point)} {study['answer']['en']} by {artefact.time.name} {time:g} "
        f"({_count(low)} to {_count(high)}{stand})."
    )


def curve_lines(artefact: Artefact, curve: Floats, block: str = "█") -> Iterator[str]:
    """A line for each of some visits: the time, a bar, percent, and its 90 % interval."""
    visits = artefact.time.visits
    rows = np.unique(np.linspace(0, len(visits) - 1, SHOWN).round().astype(int))
    heading = f"{artefact.time.name:>8}"
    yield f"{heading}  {f'percent {artefact.study.outcome_label}':<{WIDTH}}"
    for row in rows.tolist():
        point, low, high = curve[row]
        bar = block * round(point / 100 * WIDTH)
        yield (
            f"{visits[row]:>{len(heading)}g}  {bar:<{WIDTH}} {point:5.1f}  "
            f"({low:.1f} to {high:.1f})"
        )


def find_level(artefact: Artefact, name: str, text: str) -> str:
    """The level of a factor that a person means by its name or its label in any language."""
    for given in artefact.metadata["inputs"]:
        if given["name"] == name and given["kind"] == "factor":
            for level in given["levels"]:
                labels = {each.casefold() for each in level["label"].values()}
                if text != level["name"] and text.casefold() in labels:
                    return str(level["name"])
    return text


def _describe(artefact: Artefact, inputs: dict[str, Any]) -> str:
    """Who is meant: as the study says it, then the inputs that it does not name."""
    pattern = (artefact.metadata["study"].get("subject") or {}).get("en", "")
    subject, rest = pattern or f"such {artefact.study.many}", []
    for given in artefact.metadata["inputs"]:
        value, mark = inputs[given["name"]], f"{{{given['name']}}}"
        if given["kind"] == "factor":
            labels = {level["name"]: level["label"]["en"] for level in given["levels"]}
            shown = text = labels[value]
        else:
            shown = f"{value:g}"
            text = f"{given['label']['en'].lower()} {shown}"
        if mark in pattern:
            subject = subject.replace(mark, shown)
        else:
            rest.append(text)
    return f"{subject} ({', '.join(rest)})" if rest else subject


def _count(percent: float) -> str:
    """Of a hundred: whole ones, but what is not nothing is not called 0."""
    return f"{percent:.1f}" if 0 < percent < 0.95 else f"{percent:.0f}"
