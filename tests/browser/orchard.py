"""A study that uses all that a page can show: dates, percent, stops, what was observed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

from tests.functions.models import Sketch

VISITS: Final = tuple(10.0 * i for i in range(7))
SKETCH: Final = Sketch(
    {"tree": ["Malus domestica", "Pyrus communis"], "soil": ["clay", "loam", "sand"]},
    {"light": (0.03, 0.16)},
    visits=VISITS,
    ends=(20.0, 40.0, 60.0),
    rows="saplings",
    outcome="mortality",
    time="day",
)
LABELS: Final = {
    "tree": ("Tree", "Árbol"),
    "soil": ("Soil", "Suelo"),
    "light": ("Light", "Luz"),
    "Malus domestica": ("apple", "manzano"),
    "Pyrus communis": ("pear", "peral"),
    "clay": ("clay", "arcilla"),
    "loam": ("loam", "franco"),
    "sand": ("sand", "arena"),
}
OBSERVED: Final = (0.0, 0.0, 10.0, 25.0, 30.0, None, None)


def write_orchard(folder: Path, *, plain: bool = False) -> Path:
    """Writes the model; a plain one lacks every part of the metadata that may be absent."""
    SKETCH.write(folder)
    metadata = json.loads((folder / "metadata.json").read_text("utf-8"))
    _name(metadata)
    if not plain:
        _add_optional(metadata)
    (folder / "metadata.json").write_text(json.dumps(metadata, ensure_ascii=False), "utf-8")
    return folder


def _both(english: str, spanish: str) -> dict[str, str]:
    return {"en": english, "es": spanish}


def _nouns(*words: str) -> dict[str, dict[str, str]]:
    one, many, uno, muchos = words
    return {"en": {"one": one, "many": many}, "es": {"one": uno, "many": muchos}}


def _name(metadata: dict[str, Any]) -> None:
    metadata["study"] |= {
        "title": _both("How many saplings die?", "¿Cuántos plantones mueren?"),
        "row": _nouns("sapling", "saplings", "plantón", "plantones"),
        "outcome_label": _both("mortality", "mortalidad"),
        "answer": _both("will be dead", "habrán muerto"),
        "group": _nouns("row", "rows", "fila", "filas"),
        "stand": _both("one new orchard", "un huerto nuevo"),
    }
    metadata["time"]["unit"] = _nouns("day", "days", "día", "días")
    for each in metadata["inputs"]:
        each["label"] = _both(*LABELS[each["name"]])
        for level in each.get("levels", ()):
            level["label"] = _both(*LABELS[level["name"]])
    light = metadata["inputs"][-1]
    light |= {"minimum": 0.0, "maximum": 1.0, "step": 0.001}
    light["stops"] = [{"value": 0.05, "label": _both("deep shade", "sombra densa")}]


def _add_optional(metadata: dict[str, Any]) -> None:
    metadata["study"]["subject"] = _both("{tree} saplings", "plantones de {tree}")
    metadata["time"]["start"] = {
        "label": _both("Planting date", "Fecha de plantación"),
        "sentence": _both("planted on {date}", "plantados el {date}"),
        "usual": "06-01",
    }
    metadata["inputs"][-1]["display"] = {
        "unit": _both("% of full sun", "% de pleno sol"),
        "factor": 100.0,
    }
    metadata["observed"] = {
        "by": "tree",
        "method": "Kaplan-Meier",
        "curves": [
            {"level": "Malus domestica", "subjects": 123, "percent": list(OBSERVED)},
        ],
    }
    figure = {"mean": 0.1, "sd": 0.01}
    scores = dict.fromkeys(("integrated_brier_score", "brier_score", "concordance_index"), figure)
    metadata["metrics"] = scores | {
        "folds": 18,
        "calibration_error": -0.01,
        "calibration_error_by_level": {"Malus domestica": -0.02},
        "calibration_by_visit": {"worst": {"level": "Malus domestica", "day": 20.0, "error": 0.03}},
        "kaplan_meier": scores | {"by": "tree", "calibration_error": 0.0},
    }
    metadata["gate"] = {
        "verdict": "promote",
        "reason": "better on held-out rows",
        "rules": [{"name": "calibration error", "value": 0.01, "limit": 0.05, "passed": True}],
    }
    metadata["recipe"] = {
        "estimator": "LogisticRegression",
        "formula": "tree + soil + light",
        "parameters": {"C": 1.0},
    }
