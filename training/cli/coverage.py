"""`python -m training coverage`: how often the intervals hold the truth."""

from __future__ import annotations

import math
from typing import Annotated

import typer
from rich import box
from rich.console import Console
from rich.table import Table

from training.cli.model import DataPath, Jobs, StudyPath, load_subjects


def coverage(
    replicates: Annotated[int, typer.Option(min=2, help="Simulated data sets per truth.")] = 40,
    data: DataPath = None,
    study: StudyPath = None,
    jobs: Jobs = -1,
) -> None:
    """Measure both intervals: by simulation, and by leaving out each group at hand."""
    declared, subjects = load_subjects(data, study)
    from training.pipeline.coverage import group_coverage, interval_coverage

    out = Console()
    out.print(f"Interval of the average, {replicates} simulated data sets each", highlight=False)
    table = Table(box=box.SIMPLE_HEAD)
    table.add_column("groups differ (SD)")
    for heading in ("own mean", "truth", "within 1", "bias", "width"):
        table.add_column(heading, justify="right")
    for row in interval_coverage(declared, subjects, replicates, jobs):
        shares = (
            f"{row.own:.0%} ± {100 * row.own_error:.1f}",
            f"{row.true:.0%} ± {100 * row.true_error:.1f}",
            f"{row.within_a_point:.0%}",
        )
        table.add_row(row.truth, *shares, f"{row.bias:.1f}", f"{row.width:.1f}")
    out.print(table)
    out.print(
        "Share of intervals that hold the mean of the model's own answers, the true\n"
        "average, and that within a point; bias and width in percentage points. The\n"
        "figure after ± is the Monte Carlo standard error, between data sets.",
        highlight=False,
    )
    held = group_coverage(declared, subjects, jobs)
    if held is None:
        out.print("\nInterval of one new group: none for these data.")
        return
    group = declared.data.group
    one = "group" if group is None else group.name.en.one
    out.print(f"\nInterval of one new {one}, each at hand left out in turn", highlight=False)
    table = Table(box=box.SIMPLE_HEAD)
    for heading in (declared.time.name, "held", "spread"):
        table.add_column(heading, justify="right")
    for end, share, spread in zip(held.ends, held.held, held.spread, strict=True):
        table.add_row(f"{end:g}", "" if math.isnan(share) else f"{share:.0%}", f"{spread:.2f}")
    out.print(table)
    out.print("Share of the left-out that recorded what the interval from the others holds.")
