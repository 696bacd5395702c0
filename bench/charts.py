"""The charts of docs/performance.md: small SVGs that are legible on a light and a dark page."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import matplotlib as mpl
from matplotlib.figure import Figure

from bench.results import Results

FOLDER: Final = Path("performance")
"""Relative to the page that shows them."""
INK: Final = "#7d8590"
COLOURS: Final = (
    *("#2f81f7", "#3fb950", "#d29922", "#db6d28", "#a371f7", "#e5534b", "#39a6b5", "#c46fa0"),
    *("#8b949e", "#57606a"),
)
NAMED: Final = 9
"""Packages with a colour of their own; the rest are stacked as one."""
OURS: Final = 5
"""How many of these are the largest of ours."""

STYLE: Final[dict[Any, Any]] = {
    "svg.hashsalt": "bench",
    "svg.fonttype": "none",
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    **dict.fromkeys(("text.color", "axes.labelcolor", "axes.edgecolor"), INK),
    **dict.fromkeys(("xtick.color", "ytick.color"), INK),
}


def draw(results: Results, folder: Path) -> None:
    """Writes every chart."""
    folder.mkdir(parents=True, exist_ok=True)
    with mpl.rc_context(STYLE):
        _save(_imports(results.imports), folder / "imports.svg")
        _save(_layers(results.layers), folder / "call.svg")
        if results.training:
            _save(_training(results), folder / "training.svg")


def _save(figure: Figure, path: Path) -> None:
    figure.savefig(path, transparent=True, metadata={"Date": None})


def _imports(by_peer: dict[str, dict[str, float]]) -> Figure:
    """Import time of each peer, stacked by package."""
    largest: dict[str, float] = {}
    for packages in by_peer.values():
        for name, milliseconds in packages.items():
            largest[name] = max(milliseconds, largest.get(name, 0.0))
    ours = list(by_peer["ours"])[:OURS]
    others = sorted(largest.keys() - set(ours), key=lambda name: -largest[name])
    named = [*ours, *others[: NAMED - len(ours)]]
    figure = Figure(figsize=(8, 2.9), layout="constrained")
    axes = figure.subplots()
    names = list(by_peer)[::-1]
    left = [0.0] * len(names)
    for name, colour in zip([*named, "the rest"], COLOURS, strict=False):
        widths = [
            by_peer[peer].get(name, 0.0)
            if name in named
            else sum(each for other, each in by_peer[peer].items() if other not in named)
            for peer in names
        ]
        axes.barh(names, widths, left=left, color=colour, label=name, height=0.6)
        left = [a + b for a, b in zip(left, widths, strict=True)]
    axes.set_xlabel("milliseconds of import, page cache warm (-X importtime adds overhead)")
    axes.legend(ncols=5, frameon=False, loc="lower center", bbox_to_anchor=(0.45, 1.0))
    return figure


def _layers(shares: dict[str, float]) -> Figure:
    """Share of a warm call by layer."""
    figure = Figure(figsize=(8, 2.6), layout="constrained")
    axes = figure.subplots()
    names = list(shares)[::-1]
    bars = axes.barh(names, [100 * shares[name] for name in names], color=COLOURS[0], height=0.7)
    axes.bar_label(bars, fmt="%.0f %%", color=INK, padding=3)
    axes.set_xlabel("% of a warm call")
    return figure


def _training(results: Results) -> Figure:
    """Seconds and peak memory of `make train` over the rows, on log-log axes."""
    figure = Figure(figsize=(8, 2.4), layout="constrained")
    rows = [each.rows for each in results.training]
    figures = (
        ("seconds", [each.seconds for each in results.training]),
        ("peak GB", [each.megabytes / 1000 for each in results.training]),
    )
    for axes, (label, values) in zip(figure.subplots(1, 2), figures, strict=True):
        axes.loglog(rows, values, "o-", color=COLOURS[0])
        axes.set_xticks(rows, [f"{each:,}" for each in rows], minor=False)
        axes.set_yticks(values, [f"{each:.3g}" for each in values], minor=False)
        axes.minorticks_off()
        axes.set_xlabel("simulated rows")
        axes.set_ylabel(label)
    return figure
