"""`python -m training data …`: bring data in, check, simulate or describe them."""

from __future__ import annotations

import re
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
    from training.study.declaration import Study
    from training.study.table import Table as StudyTable

app = typer.Typer(help="Bring in, check, simulate or describe data.", no_args_is_help=True)
_console = Console(stderr=True)
SHOWN = 50
ALIKE = 5
"""Faults of one kind up to which each is printed."""


def fault_table(faults: Sequence[Fault], *, every: bool = False) -> Table:
    """Faults as a table: where, what the cell holds, what is allowed; those alike cut short."""
    table = Table()
    for heading in ("file", "row", "column", "value", "rule"):
        table.add_column(heading, justify="right" if heading == "row" else "left")
    kinds: dict[tuple[str, str, str], list[Fault]] = {}
    for fault in faults:
        # Rules alike but for the rows that they name are one kind.
        rule = re.sub(r"\d+", "0", fault.rule)
        kinds.setdefault((fault.file, fault.column, rule), []).append(fault)
    for kind in kinds.values():
        few = kind if every or len(kind) <= ALIKE else kind[:3]
        for fault in few:
            cells = (fault.file, str(fault.row or ""), fault.column, fault.value, fault.rule)
            table.add_row(*map(escape, cells))
        if rest := len(kind) - len(few):
            first = kind[0]
            table.add_row(
                *map(escape, (first.file, "…", first.column, "…", f"and {rest} rows like these"))
            )
        if not every and table.row_count >= SHOWN:
            break
    if sum(map(len, kinds.values())) > table.row_count:
        table.caption = "`data check --all` prints every row"
    return table


StudyFile = Annotated[
    Path | None, typer.Option(envvar="STUDY", help="The study's file; study.toml by default.")
]


def _print(text: str, style: str = "") -> None:
    _console.print(text, style=style, markup=False, highlight=False, soft_wrap=True)


def _print_table(study: Study, table: StudyTable) -> None:
    for notice in table.dropped:
        _print(notice)
    kind = {"simulated": "SIMULATED", "published": "the published data", "custom": "custom"}
    group = study.data.group
    groups = f" in {len(table.subjects.groups)} {group.name.en.many}" if group else ""
    _print(
        f"Valid: {table.rows} rows, {len(table.subjects)} {study.study.row.en.many}{groups}; "
        f"{kind[table.source]} (md5 {table.md5})."
    )


@app.command()
def fetch(
    source: Annotated[str, typer.Option("--from", help="A path or an http(s) URL of the CSV.")],
    study: StudyFile = None,
) -> None:
    """Bring a CSV into data/ if it is valid; an invalid one changes nothing."""
    from training.pipeline.sources import find_study
    from training.study import fetch as fetching

    declared = find_study(study).study
    with _console.status(f"Fetching {escape(source)} …"):
        written, table = fetching.fetch(source, config.DATA, declared)
    _print(f"Wrote {written}.")
    _print_table(declared, table)


@app.command()
def add(
    path: Annotated[Path, typer.Argument(help="A CSV with new rows, or rows that changed.")],
    update: Annotated[
        bool, typer.Option("--update", help="Take changed rows too, in place of those there.")
    ] = False,
    study: StudyFile = None,
) -> None:
    """Add the rows of a CSV to data/ and track them in data.dvc; all of it or nothing."""
    import tempfile

    from training.pipeline.sources import DATA_POINTER, find_study
    from training.store.dvc import run_dvc
    from training.store.pointer import read_pointer
    from training.study import additions as adding

    declared, folder = find_study(study).study, config.DATA
    if Path(DATA_POINTER).is_file():
        read_pointer(DATA_POINTER)
    found = adding.compare_rows(path, folder, declared)
    many = declared.study.row.en.many
    _print(
        f"{path}: {len(found.new)} new {many}, {len(found.changed)} changed, "
        f"{len(found.double)} there already."
    )
    _print_changes(found.changed, declared.data.id or "")
    if found.changed and not update:
        raise TrainingError(
            "rows would change, so nothing was added: run it with --update to take them."
        )
    if not (found.new or found.changed):
        return
    with tempfile.TemporaryDirectory() as scratch:
        made, kept = Path(scratch) / "made", Path(scratch) / "kept"
        made.mkdir()
        table = adding.with_additions(found, path.name, folder, made, declared)
        adding.copy_csvs(folder, kept)
        tracked = Path(DATA_POINTER).read_bytes() if Path(DATA_POINTER).is_file() else None
        adding.replace_csvs(made, folder)
        try:
            run_dvc(["add", str(folder)], timeout=600)
        except BaseException:
            adding.restore_folder(kept, folder)
            if tracked is not None:
                Path(DATA_POINTER).write_bytes(tracked)
            raise
    _print_table(declared, table)
    _print("data.dvc names the new data. Push them: python -m training store push")


def _print_changes(changed: Sequence[tuple[dict[str, str], dict[str, str]]], heading: str) -> None:
    table = Table(caption=f"and {len(changed) - SHOWN} more" if len(changed) > SHOWN else None)
    for name in (heading, "column", "before", "after"):
        table.add_column(name)
    for before, after in changed[:SHOWN]:
        for name, value in after.items():
            if before.get(name, "") != value:
                table.add_row(*map(escape, (after[heading], name, before.get(name, ""), value)))
    if changed:
        _console.print(table)


@app.command()
def check(
    path: Annotated[Path, typer.Argument(help="A CSV or a folder of CSVs.")] = config.DATA,
    every: Annotated[bool, typer.Option("--all", help="Print every fault.")] = False,
    study: StudyFile = None,
) -> None:
    """Check data: every fault with its row, column, value and rule; exit 1 if there is one."""
    from training.errors import InvalidTableError
    from training.pipeline.sources import find_study
    from training.study.against_data import notices
    from training.study.table import load_table

    declared = find_study(study).study
    try:
        with _console.status("Checking …"):
            table = load_table(path, declared)
    except InvalidTableError as error:
        _console.print(fault_table(error.faults, every=every))
        _print(str(error), style="red")
        raise typer.Exit(1) from None
    _print_table(declared, table)
    for notice in notices(table, declared):
        _print(notice)


@app.command()
def simulate(
    rows: Annotated[
        int | None, typer.Option(min=1, help="How many; by default as many as the study says.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, max=2**32 - 1)] = 0,
    to: Annotated[Path, typer.Option(help="Folder; never data/.")] = config.SAMPLE_DATA,
    study: StudyFile = None,
    model: Annotated[
        Path | None, typer.Option(help="Model folder to draw from; model/ or the released one.")
    ] = None,
) -> None:
    """Write simulated data, every row marked as such."""
    from training.pipeline import sources

    if to.resolve() == config.DATA.resolve():
        raise TrainingError(f"{config.DATA}/ is for real data: name another folder with --to")
    declared = sources.find_study(study)
    path = sources.simulate_data(declared, to, _print, rows=rows, seed=seed, model=model)
    number = rows or declared.study.simulation.rows
    _print(f"Wrote {path}: {number} SIMULATED {declared.study.study.row.en.many}, seed {seed}.")


@app.command()
def describe(
    path: Annotated[Path, typer.Argument(help="A CSV or a folder of CSVs.")] = config.DATA,
    study: StudyFile = None,
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
    for heading in ("number", "censored", "event rate", "Kaplan-Meier", "standard error"):
        table.add_column(heading, justify="right")
    for row in rows:
        table.add_row(
            escape(row.level),
            str(row.subjects),
            f"{row.censored:.0%}",
            f"{row.event_rate:.1%}",
            f"{row.risk:.1%}",
            f"{row.error:.1%}",
        )
    out = Console()
    out.print(table)
    out.print(
        "The event rate counts the censored as without the event; Kaplan-Meier counts them as "
        "long as they were observed. The last row weights the levels by their numbers.",
        highlight=False,
    )
