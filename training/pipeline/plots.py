"""The report's pictures, as SVG text that can stand in a page.

Their colours are the page's: text and axes take its `color`, the rest its variables
`--model`, `--reference` and `--limit`, so that a picture is as light or dark as the page.
"""

from __future__ import annotations

import io
from typing import Final

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from training.arrays import Floats
from training.evaluation.cross_validation import OutOfFold
from training.evaluation.held_out import Comparison
from training.evaluation.scores import Outcomes, kaplan_meier_band, observed_risk
from training.evaluation.summary import Calibration
from training.model.periods import Periods
from training.study.declaration import Study
from training.study.subjects import Subjects

MODEL: Final = "#1b6e53"
REFERENCE: Final = "#8a8a8a"
LIMIT: Final = "#b3382c"
MOST_LEVELS: Final = 8
"""Levels that one figure shows."""
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
    "svg.hashsalt": "report",
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
}


def plot_curves_by_level(
    study: Study, subjects: Subjects, periods: Periods, survival: Floats
) -> str:
    """Mean predicted risk of each level of the first factor over its Kaplan-Meier band."""
    names = study.factors[0].names if study.factors else ("all",)
    codes = subjects.codes[:, 0] if study.factors else np.zeros(len(subjects), np.int64)
    shown = [code for code in range(len(names)) if (codes == code).any()][:MOST_LEVELS]
    figure = Figure(figsize=(2.25 * max(len(shown), 2), 2.8), layout="constrained")
    visits = np.array(periods.visits)
    row = figure.subplots(1, len(shown), sharey=True, squeeze=False)[0]
    for axes, code in zip(row, shown, strict=True):
        rows = codes == code
        axes.set_title(_plain(names[code]))
        axes.set_xlabel(_plain(study.time.unit.en.one))
        observed, low, high = kaplan_meier_band(subjects[rows], visits)
        axes.fill_between(
            visits, 100 * (1 - high), 100 * (1 - low), step="post", color=REFERENCE, alpha=0.3
        )
        axes.step(visits, 100 * (1 - observed), where="post", color=REFERENCE, label="Kaplan-Meier")
        predicted = 100 * (1 - survival[rows].mean(axis=0))
        where = "post" if periods.curve == "steps" else None
        if where is None:
            axes.plot(visits, predicted, color=MODEL, label="model")
        else:
            axes.step(visits, predicted, where=where, color=MODEL, label="model")
    row[0].set_ylabel(_plain(f"{study.study.outcome_label.en}, %"))
    row[0].legend(frameon=False)
    return _svg(figure)


def plot_calibration_by_visit(study: Study, cells: Calibration) -> str:
    """Predicted minus observed risk at every visit, a line for each level."""
    figure = Figure(figsize=(9, 2.8), layout="constrained")
    axes = figure.subplots()
    axes.axhline(0, color=REFERENCE, linewidth=0.8)
    styles = ("-", "--", ":", "-.")
    for place, (level, errors) in enumerate(zip(cells.levels, cells.errors, strict=True)):
        axes.plot(
            cells.visits,
            100 * errors,
            color=MODEL,
            alpha=1 - 0.6 * (place // len(styles) % 2),
            linestyle=styles[place % len(styles)],
            label=_plain(level),
        )
    axes.set(xlabel=_plain(study.time.unit.en.one), ylabel="points")
    if len(cells.levels) <= MOST_LEVELS:
        axes.legend(frameon=False, ncols=2)
    return _svg(figure)


def plot_calibration(study: Study, outcomes: Outcomes, survival: Floats) -> str:
    """Predicted against observed risk at the horizon, by tenths of the prediction."""
    predicted = 1 - survival[:, -1]
    tenths = np.array_split(np.argsort(predicted, kind="stable"), 10)
    pairs = [
        (100 * predicted[rows].mean(), 100 * observed_risk(outcomes[rows])[-1])
        for rows in tenths
        if len(rows)
    ]
    figure = Figure(figsize=(3.6, 3.4), layout="constrained")
    axes = figure.subplots()
    axes.plot([0, 100], [0, 100], color=REFERENCE, linewidth=0.8)
    axes.plot(*zip(*pairs, strict=True), "o", color=MODEL)
    name = study.study.outcome_label.en
    axes.set(xlabel=_plain(f"predicted {name}, %"), ylabel="observed (censoring-weighted), %")
    return _svg(figure)


def differences(comparison: Comparison, margin: float) -> str:
    """The bootstrap of challenger less champion, with what is still not inferior."""
    figure = Figure(figsize=(4.6, 3.4), layout="constrained")
    axes = figure.subplots()
    low, high = min(-margin, comparison.draws.min()), max(margin, comparison.draws.max())
    beyond = 0.1 * (high - low)
    axes.hist(
        comparison.draws, bins=40, range=(low - beyond, high + beyond), color=MODEL, alpha=0.5
    )
    axes.axvline(0, color=REFERENCE, linewidth=0.8)
    axes.axvline(comparison.difference, color=MODEL, linestyle=":", label="difference")
    axes.axvline(comparison.upper, color=MODEL, label="95 % upper bound")
    axes.axvline(margin, color=LIMIT, linestyle="--", label="margin")
    axes.set(xlabel="integrated Brier score, challenger - champion", ylabel="draws of groups")
    axes.legend(frameon=False, loc="upper left")
    return _svg(figure)


def plot_folds(scored: dict[str, OutOfFold]) -> str:
    """Integrated Brier score of each model in each fold."""
    figure = Figure(figsize=(4.6, 3.4), layout="constrained")
    axes = figure.subplots()
    for place, each in enumerate(scored.values()):
        figures = each.fold_scores("integrated_brier_score")
        spread = np.linspace(-0.15, 0.15, len(figures))
        axes.plot(place + spread, figures, "o", color=MODEL, alpha=0.5, markersize=4)
        axes.hlines(figures.mean(), place - 0.25, place + 0.25, color=_INK)
    axes.set_xticks(range(len(scored)), list(scored))
    axes.set_ylabel("integrated Brier score")
    return _svg(figure)


def _plain(text: str) -> str:
    """A text that matplotlib shows as it is: a dollar sign would begin a formula."""
    return text.replace("$", r"\$")


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
