"""`python -m training coverage`: how often the intervals hold the truth."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rich import box
from rich.console import Console
from rich.table import Table

from training.cli.model import Jobs
from training.pipeline import sources

_console = Console(stderr=True)


def coverage(
    replicates: Annotated[int, typer.Option(min=2, help="Simulated data sets per truth.")] = 40,
    data: Annotated[
        Path | None, typer.Option(envvar="DATA", help="A CSV or a folder of CSVs.")
    ] = None,
    study: Annotated[
        Path | None, typer.Option(envvar="STUDY", help="The study's file; study.toml by default.")
    ] = None,
    jobs: Jobs = -1,
) -> None:
    """Measure both intervals: by simulation, and by leaving out each group at hand."""

    def tell(sentence: str) -> None:
        _console.print(sentence, markup=False, highlight=False, soft_wrap=True)

    found = sources.find_study(study)
    declared = found.study
    source = sources.find_data(found, data, tell)
    with _console.status("Reading the data and loading the libraries …"):
        from training.pipeline.coverage import group_coverage, interval_coverage
        from training.study.table import load_table

        subjects = load_table(source, declared).subjects
    out = Console()
    out.print(f"Interval of the average, {replicates} simulated data sets each", highlight=False)
    table = Table(box=box.SIMPLE_HEAD)
    table.add_column("groups differ (SD)")
    for heading in ("own mean", "truth", "within 1", "bias", "width"):
        table.add_column(heading, justify="right")
    for row in interval_coverage(declared, subjects, replicates, jobs):
        shares = (f"{share:.0%}" for share in (row.own, row.true, row.within_a_point))
        table.add_row(row.truth, *shares, f"{row.bias:.1f}", f"{row.width:.1f}")
    out.print(table)
    out.print(
        "Share of intervals that hold the mean of the model's own answers, the true\n"
        "average, and that within a point; bias and width in percentage points.",
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
        table.add_row(f"{end:g}", "" if np.isnan(share) else f"{share:.0%}", f"{spread:.2f}")
    out.print(table)
    out.print("Share of the left-out that recorded what the interval from the others holds.")
