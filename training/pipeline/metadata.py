"""What `metadata.json` says of a model: all that serving, a gate or a reader needs to know.

It holds no time, host or path, so the same data, study, code and lock give the same bytes.
"""

from __future__ import annotations

import hashlib
import math
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from typing import Final

import numpy as np

from training.arrays import Floats, Ints
from training.evaluation.groups import GroupSpread
from training.model.export import CHUNK, run_graph
from training.model.hazard import Recipe
from training.model.intervals import LEVEL, student_t
from training.model.periods import Periods
from training.model.survival import risk
from training.pipeline.golden import golden_predictions
from training.study.declaration import FactorInput, NumberInput, Study
from training.study.inputs import FactorLevel
from training.study.subjects import Subjects
from training.study.table import Table

CONTRACT: Final = 2
LIBRARIES: Final = (
    *("formulaic", "numpy", "onnx", "pandas", "scikit-learn", "scikit-survival", "skl2onnx"),
)
BINS: Final = 10


@dataclass(frozen=True)
class Fitted:
    """A model and what it was made from."""

    study: Study
    study_sha256: str
    table: Table
    periods: Periods
    recipe: Recipe
    graph: bytes
    blocks: Ints
    """[groups]: which refit leaves out each group."""
    spread: GroupSpread | None
    """None where the study declares no groups, or they hold too little to say."""


def build_metadata(
    fitted: Fitted, metrics: Mapping[str, object], observed: Mapping[str, object]
) -> dict[str, object]:
    """The whole of `metadata.json` for a graph that the gate has not judged yet."""
    study, table, periods = fitted.study, fitted.table, fitted.periods
    subjects = table.subjects
    # Predicted once for each distinct subject: large data repeat them endlessly.
    codes, numbers, row = subjects.unique()
    horizon = np.array([periods.horizon])
    at_end = np.concatenate(
        [
            risk(run_graph(fitted.graph, *some)[..., 0], periods, horizon)[:, 0]
            for start in range(0, len(codes), CHUNK)
            if (some := (codes[start : start + CHUNK], numbers[start : start + CHUNK]))
        ]
    )[row]
    refits = int(fitted.blocks.max()) + 1
    group = study.data.group
    return {
        "contract": CONTRACT,
        "study": _study(study, fitted.study_sha256),
        "inputs": [
            _factor(each)
            if isinstance(each, FactorInput)
            else _number(each, subjects.numbers[:, study.numbers.index(each)])
            for each in study.inputs
        ],
        "time": {
            "name": study.time.name,
            "unit": study.time.unit.model_dump(),
            "horizon": periods.horizon,
            "curve": periods.curve,
            "visits": list(periods.visits),
            "period_ends": list(periods.ends),
            "start": None if study.time.start is None else study.time.start.model_dump(),
        },
        "interval": {
            "level": LEVEL,
            "method": "jackknife",
            "groups": "random" if group is None else "declared",
            "refits": refits,
            "t": round(student_t(refits), 6),
            "left_out": [
                [subjects.groups[place] for place in np.flatnonzero(fitted.blocks == block)]
                for block in range(refits)
            ],
        },
        "stand_interval": None if fitted.spread is None else fitted.spread.described(),
        "metrics": metrics,
        "observed": observed,
        "gate": {"verdict": "unjudged"},
        "data": {
            "source": table.source,
            "md5": table.md5,
            "files": dict(table.files),
            "rows": table.rows,
            "subjects": len(subjects),
            "groups": len(np.unique(subjects.group)),
        },
        "recipe": recipe_described(fitted.recipe),
        "versions": {
            "python": platform.python_version(),
            **{library: version(library) for library in LIBRARIES},
        },
        "histograms": _histograms(study, subjects, 100 * at_end),
        "golden": golden_predictions(study, subjects, periods, fitted.graph, fitted.spread),
        "model": {
            "sha256": hashlib.sha256(fitted.graph).hexdigest(),
            "bytes": len(fitted.graph),
        },
    }


def recipe_described(recipe: Recipe) -> dict[str, object]:
    """A recipe as metadata and pointers hold it."""
    return {
        "estimator": recipe.estimator,
        "parameters": dict(recipe.parameters),
        "formula": recipe.formula,
        "penalty": dict(recipe.penalty),
        "model": "discrete-time hazard over person-periods",
    }


def _study(study: Study, sha256: str) -> dict[str, object]:
    title, group = study.study, study.data.group
    return {
        "name": title.name,
        "sha256": sha256,
        "title": title.title.model_dump(),
        "summary": title.summary.model_dump(),
        "limits": title.limits.model_dump(),
        "rows": title.rows,
        "row": title.row.model_dump(),
        "subject": None if title.subject is None else title.subject.model_dump(),
        "outcome": title.outcome,
        "outcome_label": title.outcome_label.model_dump(),
        "answer": title.outcome_sentence.model_dump(),
        "source": title.source,
        "group": None if group is None else group.name.model_dump(),
        "stand": None if group is None else group.new.model_dump(),
    }


def _factor(factor: FactorInput) -> dict[str, object]:
    labels = {level.name: _label(level) for level in factor.levels}
    return {
        "name": factor.name,
        "kind": "factor",
        "label": factor.label.model_dump(),
        "description": factor.description.model_dump(),
        "levels": [
            {"name": name, "label": labels.get(name, {"en": name, "es": name})}
            for name in factor.names
        ],
    }


def _label(level: FactorLevel) -> dict[str, str]:
    if level.label is None:
        return {"en": level.name, "es": level.name}
    return {"en": level.label.en, "es": level.label.es}


def _number(number: NumberInput, values: Floats) -> dict[str, object]:
    span = number.maximum - number.minimum
    return {
        "name": number.name,
        "kind": "number",
        "label": number.label.model_dump(),
        "description": number.description.model_dump(),
        "unit": None if number.unit is None else number.unit.model_dump(),
        "minimum": number.minimum,
        "maximum": number.maximum,
        "seen": [float(values.min()), float(values.max())],
        "step": number.step or 10.0 ** math.floor(math.log10(span / 100)),
        "stops": [stop.model_dump() for stop in number.stops],
        "display": None if number.display is None else number.display.model_dump(),
    }


def _histograms(study: Study, subjects: Subjects, percent: Floats) -> dict[str, object]:
    counts = {
        factor.name: _counts(subjects.codes[:, place], factor.names)
        for place, factor in enumerate(study.factors)
    }
    numbers = {
        number.name: _histogram(subjects.numbers[:, place], _edges(subjects.numbers[:, place]))
        for place, number in enumerate(study.numbers)
    }
    edges = [100.0 * i / BINS for i in range(BINS + 1)]
    return {**counts, **numbers, f"{study.study.outcome}_percent": _histogram(percent, edges)}


def _counts(codes: Ints, names: tuple[str, ...]) -> dict[str, int]:
    return dict(zip(names, np.bincount(codes, minlength=len(names)).tolist(), strict=True))


def _edges(values: Floats) -> list[float]:
    low, high = float(values.min()), float(values.max())
    if low == high:
        high = low + 1.0
    return [float(f"{low + (high - low) * i / BINS:.12g}") for i in range(BINS + 1)]


def _histogram(values: Floats, edges: list[float]) -> dict[str, list[float]]:
    """Counts between edges; what lies outside is counted in the first or last bin."""
    counts, _ = np.histogram(np.clip(values, edges[0], edges[-1]), edges)
    return {"edges": edges, "counts": counts.tolist()}
