"""`python -m training study …`: draft a study file from a CSV, check one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from training import config
from training.disk import whole_file
from training.errors import InvalidStudyError, StudyFault, TrainingError

app = typer.Typer(help="Draft or check the file that declares a study.", no_args_is_help=True)
_console = Console(stderr=True)


def study_fault_table(faults: Sequence[StudyFault]) -> Table:
    """Faults as a table: key, what it holds, what is allowed."""
    table = Table()
    for heading in ("key", "holds", "allowed"):
        table.add_column(heading, overflow="fold")
    for fault in faults:
        table.add_row(*map(escape, (fault.key, fault.value or "nothing", fault.allowed)))
    return table


def study_faults(faults: Sequence[StudyFault], path: str = "PATH") -> str:
    """The sentence below a table of faults: how many, and what to do."""
    where = "the study file" if path == "PATH" else path
    return (
        f"{_count(len(faults), 'fault')} in {where}: correct what the table names, then run "
        f"`python -m training study check {path}`."
    )


def _print(text: str, style: str = "") -> None:
    _console.print(text, style=style, markup=False, highlight=False, soft_wrap=True)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'s' * (number != 1)}"


@app.command()
def new(
    data: Annotated[Path, typer.Argument(help="The CSV to draft a study of.")],
    time: Annotated[
        str, typer.Option(help="Column with the time until the event or the last look.")
    ],
    event: Annotated[str, typer.Option(help="Column that says whether the event happened then.")],
    to: Annotated[Path, typer.Option(help="Folder for study.toml.")],
    group: Annotated[
        str | None, typer.Option(help="Column of the place, person or batch that rows share.")
    ] = None,
    id_: Annotated[str | None, typer.Option("--id", help="Column that numbers the rows.")] = None,
    happened: Annotated[
        str | None, typer.Option(help="Value of the event's column where it happened.")
    ] = None,
) -> None:
    """Draft study.toml from a CSV, and print what was assumed."""
    import tomllib

    from training.study.draft import draft_study
    from training.study.draft_roles import Roles
    from training.study.read import parse_study
    from training.study.table import load_table

    if not data.is_file():
        raise TrainingError(f"there is no file {data}: name a CSV.")
    written = to / "study.toml"
    if written.exists():
        raise TrainingError(
            f"{written} is there already: remove it, or name another folder with --to"
        )
    with _console.status("Reading …"):
        draft = draft_study(data, Roles(time, event, group, id_, happened))
        table = load_table(data, parse_study(tomllib.loads(draft.text)))
    to.mkdir(parents=True, exist_ok=True)
    with whole_file(written) as file:
        file.write(draft.text)
    columns = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in ("column", "used as", "why"):
        columns.add_column(heading)
    for row in draft.columns:
        columns.add_row(*map(escape, row))
    _console.print(columns)
    for note in draft.notes:
        _print(f"- {note}")
    _print(f"Wrote {written}: valid, with {len(table.subjects)} of {table.rows} rows used. Next:")
    _print(f"  read and edit {written}, above all texts and ranges")
    _print(f"  python -m training study check {written} --data {data}")
    _print(f"  make train STUDY={written} DATA={data}")


@app.command()
def check(
    path: Annotated[Path, typer.Argument(help="The study file.")] = config.STUDY,
    data: Annotated[
        Path | None, typer.Option(help="A CSV or a folder of CSVs, checked with it.")
    ] = None,
) -> None:
    """Check a study file: every fault with its key, what it holds and what is allowed."""
    from training.study.against_data import check_against
    from training.study.formula import terms
    from training.study.read import read_study

    try:
        study = read_study(path)
        _print(
            f"Valid: {path}, {study.study.name}; {_count(len(study.factors), 'factor')} and "
            f"{_count(len(study.numbers), 'number')}, {_count(len(terms(study)), 'term')}, horizon "
            f"{study.time.horizon:g} {study.time.unit.en.many}."
        )
        if data is None:
            return
        with _console.status("Checking the data …"):
            table, notices = check_against(data, study)
    except InvalidStudyError as error:
        _console.print(study_fault_table(error.faults))
        _print(study_faults(error.faults, str(path)), style="red")
        raise typer.Exit(1) from None
    for notice in (*table.dropped, *notices):
        _print(notice)
    groups = f", {len(table.subjects.groups)} groups" if study.data.group else ""
    _print(
        f"Valid: {data}, {table.rows} rows, {len(table.subjects)} {study.study.row.en.many}"
        f"{groups}, {int(table.subjects.event.sum())} events; {table.source} (md5 {table.md5})."
    )
