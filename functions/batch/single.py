"""One prediction: a sentence and the curve as bars for people, the API's response for programs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, Literal

import numpy as np

from functions.artefact import Artefact
from functions.intervals import Floats
from functions.scoring import Forecast

Language = Literal["en", "es"]
TEXTS: Final[dict[Language, dict[str, str]]] = {
    "en": {
        "sentence": "Of 100 {subjects}, about {count} {answer} by {name} {time} "
        "({low} to {high}{stand}).",
        "between": "; {} may lie between {} and {}",
        "stand": "one new group",
        "such": "such {}",
        "percent": "percent {}",
        "to": "to",
    },
    "es": {
        "sentence": "De cada 100 {subjects}, cerca de {count} {answer} al cabo de {time} {unit} "
        "({low} a {high}{stand}).",
        "between": "; {} puede estar entre {} y {}",
        "stand": "un grupo nuevo",
        "such": "{} así",
        "percent": "porcentaje de {}",
        "to": "a",
    },
}
WIDTH: Final = 40
"""Characters of a bar that stands for 100 %."""
SHOWN: Final = 12
"""Visits that are printed, evenly spread."""


def sentence(
    artefact: Artefact,
    inputs: dict[str, Any],
    time: float,
    forecast: Forecast,
    language: Language = "en",
) -> str:
    """What the model predicts for one kind of subject, and how sure it is."""
    study, texts = artefact.metadata["study"], TEXTS[language]
    point, low, high = map(_count, forecast.average[0])
    stand = ""
    if forecast.stand is not None:
        name = (study.get("stand") or {}).get(language) or texts["stand"]
        stand = texts["between"].format(name, *map(_count, forecast.stand[0]))
    unit = artefact.metadata["time"]["unit"][language]["many"]
    return texts["sentence"].format(
        subjects=_describe(artefact, inputs, language),
        count=point,
        answer=study["answer"][language],
        name=artefact.time.name,
        time=f"{time:g}",
        unit=unit,
        low=low,
        high=high,
        stand=stand,
    )


def curve_lines(
    artefact: Artefact, curve: Floats, block: str = "█", language: Language = "en"
) -> Iterator[str]:
    """A line for each of some visits: the time, a bar, percent, and its 90 % interval."""
    visits, texts = artefact.time.visits, TEXTS[language]
    rows = np.unique(np.linspace(0, len(visits) - 1, SHOWN).round().astype(int))
    heading = f"{artefact.time.name:>8}"
    label = artefact.metadata["study"]["outcome_label"][language]
    yield f"{heading}  {texts['percent'].format(label):<{WIDTH}}"
    for row in rows.tolist():
        point, low, high = curve[row]
        bar = block * round(point / 100 * WIDTH)
        yield (
            f"{visits[row]:>{len(heading)}g}  {bar:<{WIDTH}} {point:5.1f}  "
            f"({low:.1f} {texts['to']} {high:.1f})"
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


def _describe(artefact: Artefact, inputs: dict[str, Any], language: Language) -> str:
    """Who is meant: as the study says it, then the inputs that it does not name."""
    pattern = (artefact.metadata["study"].get("subject") or {}).get(language, "")
    many = artefact.metadata["study"]["row"][language]["many"]
    subject, rest = pattern or TEXTS[language]["such"].format(many), []
    for given in artefact.metadata["inputs"]:
        value, mark = inputs[given["name"]], f"{{{given['name']}}}"
        if given["kind"] == "factor":
            labels = {level["name"]: level["label"][language] for level in given["levels"]}
            shown = text = labels[value]
        else:
            shown = f"{value:g}"
            text = f"{given['label'][language].lower()} {shown}"
        if mark in pattern:
            subject = subject.replace(mark, shown)
        else:
            rest.append(text)
    return f"{subject} ({', '.join(rest)})" if rest else subject


def _count(percent: float) -> str:
    """Of a hundred: whole ones, but what is not nothing is not called 0."""
    return f"{percent:.1f}" if 0 < percent < 0.95 else f"{percent:.0f}"
