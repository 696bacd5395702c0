"""What `metadata.json` says of a model: all that serving, a gate or a reader needs to know.

It holds no time, host or path, so the same data, code and lock give the same bytes.
"""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Mapping
from importlib.metadata import version
from typing import Final

import numpy as np

from training.arrays import Floats, Ints
from training.evaluation.cross_validation import OutOfFold
from training.evaluation.scores import Outcomes, calibration_error_by_species
from training.model import export
from training.model.hazard import Recipe
from training.model.person_periods import Covariates
from training.model.survival import PERIOD_END_DAYS, mortality
from training.study import design
from training.study.trial import Trial

CONTRACT: Final = 1
LEVEL: Final = 0.90
LIBRARIES: Final = ("numpy", "onnx", "pandas", "scikit-learn", "scikit-survival", "skl2onnx")
LIGHT_EDGES: Final = tuple(round(0.02 * i, 2) for i in range(11))
MORTALITY_EDGES: Final = tuple(10.0 * i for i in range(11))


def build_metadata(
    trial: Trial, recipe: Recipe, metrics: Mapping[str, object], graph: bytes
) -> dict[str, object]:
    """The whole of `metadata.json` for a graph fitted on a trial, the gate not yet asked."""
    seedlings = trial.seedlings
    covariates = Covariates.of(seedlings)
    light = covariates.light
    # Asked once for each distinct seedling: a large trial repeats its few thousand endlessly.
    distinct, row = covariates.unique()
    hazard = export.run_graph(graph, distinct)
    predicted = 100 * mortality(hazard[..., 0], [design.END_DAY])[row, 0]
    return {
        "contract": CONTRACT,
        "name": "seedling-survival",
        "inputs": [
            {"name": "species", "dtype": "int64", "unit": None, "allowed": list(design.SPECIES)},
            {"name": "soil", "dtype": "int64", "unit": None, "allowed": list(design.SOILS)},
            {
                "name": "light",
                "dtype": "float32",
                "unit": "indirect site factor, 0-1",
                "minimum": 0.0,
                "maximum": 1.0,
                "seen": [float(light.min()), float(light.max())],
            },
        ],
        "census_days": list(design.CENSUS_DAYS),
        "period_end_days": list(PERIOD_END_DAYS),
        "interval": {"level": LEVEL, "refits": hazard.shape[-1] - 1, "unit": "plots"},
        "metrics": metrics,
        "gate": {"verdict": "unjudged"},
        "data": {
            "source": trial.source,
            "md5": trial.md5,
            "files": dict(trial.files),
            "rows": trial.rows,
            "seedlings": len(seedlings),
            "plots": int(seedlings["Plot"].nunique()),
        },
        "recipe": {
            "estimator": recipe.estimator,
            "parameters": dict(recipe.parameters),
            "model": "discrete-time hazard over person-periods",
        },
        "versions": {
            "python": platform.python_version(),
            **{library: version(library) for library in LIBRARIES},
        },
        "histograms": {
            "species": _counts(covariates.species, design.SPECIES),
            "soil": _counts(covariates.soil, design.SOILS),
            "light": _histogram(light, LIGHT_EDGES),
            "mortality_percent": _histogram(predicted, MORTALITY_EDGES),
        },
        "golden": _golden(graph),
        "model": {"sha256": hashlib.sha256(graph).hexdigest(), "bytes": len(graph)},
    }


def metrics(outcomes: Outcomes, scored: OutOfFold, reference: OutOfFold) -> dict[str, object]:
    """Out-of-fold figures of a recipe, and of Kaplan-Meier by species on the same folds."""
    return {
        **_figures(outcomes, scored),
        "kaplan_meier_by_species": _figures(outcomes, reference),
        "folds": len(scored.by_fold),
    }


def _figures(outcomes: Outcomes, scored: OutOfFold) -> dict[str, object]:
    names = (
        "integrated_brier_score",
        "concordance_index",
        "concordance_rmst",
        "brier_score_115",
    )
    by_species = [calibration_error_by_species(outcomes, curves) for curves in scored.survival]
    return {
        **{
            name: {
                "mean": round(float(scored.figures(name).mean()), 6),
                "sd": round(float(scored.figures(name).std(ddof=1)), 6),
            }
            for name in names
        },
        "calibration_error": round(float(scored.figures("calibration_error").mean()), 6),
        "calibration_error_by_species": {
            name: round(float(np.mean([errors[name] for errors in by_species])), 6)
            for name in by_species[0]
        },
    }


def _golden(graph: bytes) -> list[dict[str, object]]:
    """Questions with their answers, to be asked again wherever the model is loaded."""
    cases = [
        (species, soil, light, day)
        for species in design.SPECIES
        for soil, light, day in (
            (species, 0.05, design.END_DAY),
            ("Acer rubrum", 0.1, 49.0),
            (design.STERILE, 0.15, 40.0),
        )
    ]
    asked = Covariates(
        np.array([design.SPECIES.index(species) for species, *_ in cases]),
        np.array([design.SOILS.index(soil) for _, soil, *_ in cases]),
        np.array([light for *_, light, _ in cases]),
    )
    hazard = np.moveaxis(export.run_graph(graph, asked), -1, 1)
    golden = []
    for (species, soil, light, day), hazards in zip(cases, hazard, strict=True):
        percent = 100 * mortality(hazards, [day])[:, 0]
        low, high = interval(percent[0], percent[1:])
        golden.append(
            {
                "species": species,
                "soil": soil,
                "light": light,
                "day": day,
                "mortality_percent": round(float(percent[0]), 4),
                "interval_90": [round(low, 4), round(high, 4)],
            }
        )
    return golden


def interval(point: float, refits: Floats) -> tuple[float, float]:
    """Bounds of the interval by rank among the refits, widened to hold the point if need be."""
    rank = int((1 - LEVEL) / 2 * (len(refits) - 1))
    ordered = np.sort(refits)
    return float(min(ordered[rank], point)), float(max(ordered[-1 - rank], point))


def _counts(codes: Ints, names: tuple[str, ...]) -> dict[str, int]:
    return dict(zip(names, np.bincount(codes, minlength=len(names)).tolist(), strict=True))


def _histogram(values: Floats, edges: tuple[float, ...]) -> dict[str, list[float]]:
    """Counts between edges; what lies outside is counted in the first or last bin."""
    counts, _ = np.histogram(np.clip(values, edges[0], edges[-1]), edges)
    return {"edges": list(edges), "counts": counts.tolist()}
