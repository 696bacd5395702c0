"""`python -m training gate-rates`: how often the gate errs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich import box
from rich.console import Console
from rich.table import Table

from training.cli.model import DataPath, Jobs, StudyPath, load_subjects


def gate_rates(
    replicates: Annotated[int, typer.Option(min=1, help="Simulated data sets per truth.")] = 60,
    data: DataPath = None,
    study: StudyPath = None,
    jobs: Jobs = -1,
    results: Annotated[
        Path | None,
        typer.Option(
            help="Where to write each data set's verdicts as they are known, and read those of an "
            "earlier run of the same data and program that was cut short."
        ),
    ] = None,
) -> None:
    """Measure the gate by simulation: verdicts on data and recipes whose worth is known."""
    declared, subjects = load_subjects(data, study)
    from training.pipeline import gate_rates as rates

    table = Table(box=box.SIMPLE_HEAD)
    for heading in ("groups differ (SD)", "challenger"):
        table.add_column(heading)
    for heading in ("promote", "keep", "refuse"):
        table.add_column(heading, justify="right")
    table.add_column("refused by")
    for row in rates.gate_rates(declared, subjects, replicates, jobs, results):
        total = row.verdicts.total()
        shares = (row.verdicts[verdict] / total for verdict in ("promote", "keep", "refuse"))
        by = "; ".join(f"{kind} {times}" for kind, times in row.refusals.most_common(3))
        table.add_row(row.truth, row.case, *(f"{share:.0%}" for share in shares), by)
    out = Console()
    out.print(f"Verdicts, {replicates} simulated data sets each", highlight=False)
    out.print(table)
