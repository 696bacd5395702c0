"""The report's pictures, as SVG text that can stand in a page.

Their colours are the page's: text and axes take its `color`, the rest its variables
`--model`, `--reference` and `--limit`, so that a picture is as light or dark as the page.
"""

from __future__ import annotations

import io
from typing import Final

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from training.arrays import Floats
from training.evaluation.cross_validation import OutOfFold
from training.evaluation.gate import MARGIN, Comparison
from training.evaluation.scores import Outcomes, kaplan_meier_band, observed_mortality
from training.study import design

MODEL: Final = "#1b6e53"
REFERENCE: Final = "#8a8a8a"
LIMIT: Final = "#b3382c"
_INK: Final = "#010203"
_ON_THE_PAGE: Final = {
    _INK: "currentColor",
    MODEL: "var(--model)",
    REFERENCE: "var(--reference)",
    LIMIT: "var(--limit)",
}

mpl.rcParams |= {
    **dict.fromkeys(
        ("text.color", "axes.edgecolor", "axes.labelcolor", "xtick.color", "ytick.color"), _INK
    ),
    "svg.hashsalt": "seedling",
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
}


def curves_by_species(seedlings: pd.DataFrame, survival: Floats) -> str:
    """Mean predicted mortality of each species over its Kaplan-Meier curve with 95 % band."""
    figure = Figure(figsize=(9, 2.8), layout="constrained")
    days = np.array(design.CENSUS_DAYS)
    for axes, species in zip(
        figure.subplots(1, len(design.SPECIES), sharey=True), design.SPECIES, strict=True
    ):
        rows = (seedlings["Species"] == species).to_numpy()
        axes.set_title(species, style="italic")
        axes.set_xlabel("day")
        if not rows.any():
            continue
        observed, low, high = kaplan_meier_band(seedlings[rows])
        axes.fill_between(
            days, 100 * (1 - high), 100 * (1 - low), step="post", color=REFERENCE, alpha=0.3
        )
        axes.step(days, 100 * (1 - observed), where="post", color=REFERENCE, label="Kaplan-Meier")
        axes.plot(days, 100 * (1 - survival[rows].mean(axis=0)), color=MODEL, label="model")
    figure.axes[0].set_ylabel("mortality, %")
    figure.axes[0].legend(frameon=False)
    return _svg(figure)


def calibration(outcomes: Outcomes, survival: Floats) -> str:
    """Predicted against observed mortality at day 115.5, by tenths of the prediction."""
    predicted = 1 - survival[:, -1]
    tenths = np.array_split(np.argsort(predicted, kind="stable"), 10)
    pairs = [
        (100 * predicted[rows].mean(), 100 * observed_mortality(outcomes[rows]))
        for rows in tenths
        if len(rows)
    ]
    figure = Figure(figsize=(3.6, 3.4), layout="constrained")
    axes = figure.subplots()
    axes.plot([0, 100], [0, 100], color=REFERENCE, linewidth=0.8)
    axes.plot(*zip(*pairs, strict=True), "o", color=MODEL)
    axes.set(xlabel="predicted mortality, %", ylabel="observed (censoring-weighted), %")
    return _svg(figure)


def differences(comparison: Comparison) -> str:
    """The bootstrap of challenger less champion, with what is still not inferior."""
    figure = Figure(figsize=(4.6, 3.4), layout="constrained")
    axes = figure.subplots()
    low, high = min(-MARGIN, comparison.draws.min()), max(MARGIN, comparison.draws.max())
    beyond = 0.1 * (high - low)
    axes.hist(
        comparison.draws, bins=40, range=(low - beyond, high + beyond), color=MODEL, alpha=0.5
    )
    axes.axvline(0, color=REFERENCE, linewidth=0.8)
    axes.axvline(comparison.difference, color=MODEL, linestyle=":", label="difference")
    axes.axvline(comparison.upper, color=MODEL, label="95 % upper bound")
    axes.axvline(MARGIN, color=LIMIT, linestyle="--", label="margin")
    axes.set(xlabel="integrated Brier score, challenger - champion", ylabel="draws of plots")
    axes.legend(frameon=False, loc="upper left")
    return _svg(figure)


def plot_folds(scored: dict[str, OutOfFold]) -> str:
    """Integrated Brier score of each model in each fold."""
    figure = Figure(figsize=(4.6, 3.4), layout="constrained")
    axes = figure.subplots()
    for place, each in enumerate(scored.values()):
        figures = each.figures("integrated_brier_score")
        spread = np.linspace(-0.15, 0.15, len(figures))
        axes.plot(place + spread, figures, "o", color=MODEL, alpha=0.5, markersize=4)
        axes.hlines(figures.mean(), place - 0.25, place + 0.25, color=_INK)
    axes.set_xticks(range(len(scored)), list(scored))
    axes.set_ylabel("integrated Brier score")
    return _svg(figure)


def _svg(figure: Figure) -> str:
    text = io.StringIO()
    figure.savefig(
        text,
        format="svg",
        transparent=True,
        metadata=dict.fromkeys(("Creator", "Date", "Format", "Type")),
    )
    svg = text.getvalue()
    svg = svg[svg.index("<svg") :]
    for colour, name in _ON_THE_PAGE.items():
        svg = svg.replace(colour, name)
    return svg
