"""`python -m training retrain` and `rollback`: the closed loop, and the way back."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from training.cli.endings import explain_failure
from training.cli.model import Jobs
from training.errors import TrainingError

_console = Console(stderr=True)


def _step(name: str) -> None:
    _console.rule(f"[bold]{name}", align="left", style="dim")


def retrain(
    reason: Annotated[str, typer.Option(help="Why: it is kept in the report and in model.dvc.")],
    search: Annotated[int, typer.Option(min=1, max=15, help="Recipes to choose among.")] = 5,
    force: Annotated[
        str,
        typer.Option(
            help="Why findings of the data are right: it overrides them, each named in the report "
            "and in model.dvc, and promotes a non-inferior model without an improvement."
        ),
    ] = "",
    jobs: Jobs = -1,
    report: Annotated[Path, typer.Option(help="Folder for the report.")] = Path("build/report"),
) -> None:
    """Pull, check, train, judge; ship what deserves it. Exits 0 promoted, 10 kept, 20 refused."""
    from training.model.folder import require_writable
    from training.pipeline import report as reports
    from training.pipeline.retrain import EXIT_CODES
    from training.pipeline.retrain import retrain as run

    at = ""

    def step(name: str) -> None:
        nonlocal at
        if not at:
            require_writable(report)
            reports.clear(report)
        at = name
        _step(name)

    try:
        outcome = run(reason, step, search_size=search, jobs=jobs, force=force.strip())
    except Exception as error:
        if at:
            disk = isinstance(error, OSError)
            told = TrainingError(explain_failure(error)) if disk else error
            with suppress(OSError):  # the failure is told, whether its report can be kept or not
                reports.write_failure(told, at, reason, report)
        raise
    written = reports.write_report(outcome, reason, report)
    judgement = outcome.judgement
    table = Table("rule", "value", "threshold", "result")
    for rule in judgement.rules:
        style = "" if rule.passed else "red" if rule.hard else "yellow"
        table.add_row(rule.name, f"{rule.value:.4g}", rule.threshold, rule.result, style=style)
    _console.print(table)
    _console.print(f"[bold]{reports.HEADLINES[judgement.verdict]}[/bold]: {judgement.reason}.")
    _console.print(f"Report: {written} (and {reports.PAGE} beside it)", highlight=False)
    typer.echo(judgement.verdict)
    raise typer.Exit(EXIT_CODES[judgement.verdict])


def rollback(
    revision: Annotated[
        str | None, typer.Argument(help="A commit; by default the version before this one.")
    ] = None,
) -> None:
    """Put model.dvc back to an earlier version that is whole at the remote; commit it."""
    from training.registry.rollback import rollback_model as run

    commit = run(revision, _step)
    _console.print(f"Rolled back; the commit is {commit[:12]}. Push it to deploy it.")
