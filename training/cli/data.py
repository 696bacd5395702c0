"""`python -m training data …`: bring the trial in, check it, simulate one, describe it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from training import config
from training.errors import Fault, TrainingError

if TYPE_CHECKING:
    from training.study.trial import Trial

app = typer.Typer(help="Bring in, check, simulate or describe a trial.", no_args_is_help=True)
_console = Console(stderr=True)
SHOWN = 50


def fault_table(faults: Sequence[Fault], shown: int = SHOWN) -> Table:
    """Faults as a table: where, what stands there, what is asked."""
    rest = len(faults) - shown
    table = Table(caption=f"and {rest} more; `data check --all` prints them" if rest > 0 else None)
    for heading in ("file", "row", "column", "value", "rule"):
        table.add_column(heading, justify="right" if heading == "row" else "left")
    for fault in faults[:shown]:
        cells = (fault.file, str(fault.row or ""), fault.column, fault.value, fault.rule)
        table.add_row(*map(escape, cells))
    return table


def _tell(trial: Trial) -> None:
    for notice in trial.dropped:
        _console.print(notice, markup=False, highlight=False, soft_wrap=True)
    kind = {"simulated": "SIMULATED", "published": "the published trial", "custom": "custom"}
    _console.print(
        f"Sound: {trial.rows} rows, {len(trial.seedlings)} seedlings on "
        f"{trial.seedlings['Plot'].nunique()} plots; {kind[trial.source]} (md5 {trial.md5}).",
        highlight=False,
        soft_wrap=True,
    )


@app.command()
def fetch(
    source: Annotated[str, typer.Option("--from", help="A path or an http(s) URL of the CSV.")],
) -> None:
    """Bring the CSV into data/ once it was found sound; a bad one changes nothing."""
    from training.study import fetch as fetching

    with _console.status(f"Fetching {escape(source)} …"):
        written, trial = fetching.fetch(source, config.DATA)
    _console.print(f"Wrote {written}.", markup=False, highlight=False, soft_wrap=True)
    _tell(trial)


@app.command()
def check(
    path: Annotated[Path, typer.Argument(help="A CSV or a folder of CSVs.")] = config.DATA,
    every: Annotated[bool, typer.Option("--all", help="Print every fault.")] = False,
) -> None:
    """Check a trial: every fault with its row, column, value and rule; exit 1 if there is one."""
    from training.errors import InvalidTableError
    from training.study import trial

    try:
        with _console.status("Checking …"):
            checked = trial.load(path)
    except InvalidTableError as error:
        _console.print(fault_table(error.faults, len(error.faults) if every else SHOWN))
        told = f"{error} at {path}"
        _console.print(told, style="red", markup=False, highlight=False, soft_wrap=True)
        raise typer.Exit(1) from None
    _tell(checked)


@app.command()
def simulate(
    seedlings: Annotated[int, typer.Option(min=1, help="How many.")] = 2783,
    seed: Annotated[int, typer.Option(min=0, max=2**32 - 1)] = 0,
    to: Annotated[Path, typer.Option(help="Folder; never data/.")] = config.SAMPLE_DATA,
) -> None:
    """Write a simulated trial, every row marked as such."""
    from training.study import simulate as simulation

    if to.resolve() == config.DATA.resolve():
        raise TrainingError(f"{config.DATA}/ is for a real trial: name another folder with --to")
    path = simulation.write_trial(simulation.simulate(seedlings, seed), to)
    told = f"Wrote {path}: {seedlings} SIMULATED seedlings, seed {seed}."
    _console.print(told, markup=False, highlight=False, soft_wrap=True)


@app.command()
def describe(
    path: Annotated[Path, typer.Argument(help="A CSV or a folder of CSVs.")] = config.DATA,
    study: Annotated[
        Path | None, typer.Option(envvar="STUDY", help="The study's file; study.toml by default.")
    ] = None,
) -> None:
    """Print what the data say before any model: risk by level of the first factor."""
    from training.evaluation.summary import risk_by_level
    from training.pipeline.sources import find_study
    from training.study.table import load_table

    with _console.status("Reading …"):
        declared = find_study(study).study
        rows = risk_by_level(declared, load_table(path, declared).subjects)
    outcome, time = declared.study.outcome_label.en, declared.time
    table = Table(
        title=f"{outcome.capitalize()} by {time.name} {time.horizon:g}",
        title_justify="left",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
    )
    table.add_column(declared.factors[0].name if declared.factors else "", no_wrap=True)
    for heading in ("number", "censored", "event rate", "Kaplan-Meier", "95 %"):
        table.add_column(heading, justify="right")
    for row in rows:
        table.add_row(
            escape(row.level),
            str(row.subjects),
            f"{row.censored:.0%}",
            f"{row.event_rate:.1%}",
            f"{row.risk:.1%}",
            f"{100 * row.low:.1f}-{row.high:.1%}" if row.low < row.high else "",
        )
    out = Console()
    out.print(table)
    out.print(
        "The event rate counts the censored as without the event; Kaplan-Meier counts them as "
        "long as they were observed. The last row weights the levels by their numbers.",
        highlight=False,
    )
