"""`python -m training gate-rates`: how often the gate errs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich import box
from rich.console import Console
from rich.table import Table

from training.cli.model import Jobs
from training.pipeline import sources

_console = Console(stderr=True)


def gate_rates(
    replicates: Annotated[int, typer.Option(min=1, help="Simulated data sets per truth.")] = 60,
    data: Annotated[
        Path | None, typer.Option(envvar="DATA", help="A CSV or a folder of CSVs.")
    ] = None,
    study: Annotated[
        Path | None, typer.Option(envvar="STUDY", help="The study's file; study.toml by default.")
    ] = None,
    jobs: Jobs = -1,
) -> None:
    """Measure the gate by simulation: verdicts on data and recipes whose worth is known."""

    def tell(sentence: str) -> None:
        _console.print(sentence, markup=False, highlight=False, soft_wrap=True)

    found = sources.find_study(study)
    declared = found.study
    source = sources.find_data(found, data, tell)
    with _console.status("Reading the data and loading the libraries …"):
        from training.pipeline import gate_rates as rates
        from training.study.table import load_table

        subjects = load_table(source, declared).subjects
    table = Table(box=box.SIMPLE_HEAD)
    for heading in ("groups differ (SD)", "challenger"):
        table.add_column(heading)
    for heading in ("promote", "keep", "refuse"):
        table.add_column(heading, justify="right")
    for row in rates.gate_rates(declared, subjects, replicates, jobs):
        total = row.verdicts.total()
        shares = (row.verdicts[verdict] / total for verdict in ("promote", "keep", "refuse"))
        table.add_row(row.truth, row.case, *(f"{share:.0%}" for share in shares))
    out = Console()
    out.print(f"Verdicts, {replicates} simulated data sets each", highlight=False)
    out.print(table)
