"""`python -m training store …`: the outputs at their remote."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

if TYPE_CHECKING:
    from training.store.audit import Audit

app = typer.Typer(help="Pull, push, prove and repair data/ and model/.", no_args_is_help=True)
_console = Console(stderr=True)

Remote = Annotated[
    str | None, typer.Option("--remote", "-r", help="A remote's name; default: DVC's default.")
]
Timeout = Annotated[float, typer.Option(min=1, help="Seconds that it may take in all.")]
Pause = Annotated[float, typer.Option(min=0, help="Seconds before the second attempt.")]


@app.command()
def pull(
    targets: Annotated[list[str] | None, typer.Argument(help="Default: both pointers.")] = None,
    remote: Remote = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite local changes.")] = False,
    timeout: Timeout = 1800,
    pause: Pause = 30,
) -> None:
    """Bring data/ and model/ into the checkout as data.dvc and model.dvc say."""
    from training.store import remotes, transfer
    from training.store.audit import chosen

    for target in chosen(remotes.usable_remote(remote), targets):
        with _console.status(f"Pulling {target} …"):
            transfer.pull(target, remote, force=force, timeout=timeout, pause=pause)
        _tell(f"{target}: pulled, every file as its hash says.")


@app.command()
def push(
    targets: Annotated[list[str] | None, typer.Argument(help="Default: both pointers.")] = None,
    remote: Remote = None,
    timeout: Timeout = 1800,
    pause: Pause = 30,
) -> None:
    """Send data/ and model/ to the remote, then prove that every object arrived."""
    from training.store import remotes, transfer
    from training.store.audit import chosen

    with _console.status("Pushing …"):
        result = transfer.push(remote, targets, timeout=timeout, pause=pause)
        changed = transfer.changed(chosen(remotes.usable_remote(remote), targets))
    for name in changed:
        _tell(
            f"[yellow]changed[/yellow] What stands here is another than {name} names, and stays "
            f"here: `dvc add {name.removesuffix('.dvc')}` has it tracked."
        )
    _summarise(result, "Pushed and verified")


@app.command()
def status(remote: Remote = None) -> None:
    """Print what DVC says of the checkout and of the remote; `audit` proves it."""
    from training.store import transfer

    with _console.status("Asking DVC …"):
        found = transfer.status(remote)
    table = Table("target", "checkout", "remote")
    for each in found:
        table.add_row(each.target, each.checkout, each.remote)
    Console().print(table)


@app.command()
def audit(
    targets: Annotated[list[str] | None, typer.Argument(help="Default: both pointers.")] = None,
    remote: Remote = None,
    repair: Annotated[bool, typer.Option("--repair", help="Send again what is bad.")] = False,
) -> None:
    """Prove that every object is at the remote and whole; exit 1 where one is not."""
    from training.store import audit as audits

    with _console.status("Looking at every object …"):
        result = audits.audit(remote, targets, repair=repair)
    for mended in result.repaired:
        _tell(f"[green]repaired[/green] {escape(str(mended))}")
    for finding in result.findings:
        _tell(f"[red]{finding.state}[/red] {escape(str(finding))}")
    if not result.verified:
        _tell("Run with --repair to send them again from this checkout's cache.")
        raise typer.Exit(1)
    _summarise(result, "Verified")


@app.command()
def doctor(remote: Remote = None) -> None:
    """Check the set-up of the remote, step by step; exit 0 (well), 1 (warnings), 2 (failed)."""
    from training.store import doctor as doctors

    colours = {"ok": "green", "warning": "yellow", "failed": "red"}
    done = []
    for check in doctors.doctor(remote):
        done.append(check)
        colour = colours[check.outcome]
        _tell(f"[{colour}]{check.outcome:8}[/{colour}]{check.name:14}{escape(check.text)}")
    raise typer.Exit(doctors.exit_code(done))


@app.command()
def use(
    address: Annotated[
        str, typer.Argument(help="A folder, gdrive://FOLDER-ID, another URL, or a remote's name.")
    ],
) -> None:
    """Make a remote the default."""
    from training.store import remotes

    remote = remotes.use_remote(address)
    where = Path(".dvc", "config.local" if remote.is_folder else "config")
    _tell(f"The default remote is now {remote.name}, {escape(remote.url)} ({where}).")


def _summarise(result: Audit, verb: str) -> None:
    for each in result.duplicates:
        _tell(f"[yellow]duplicated[/yellow] {escape(str(each))}; harmless.")
    _tell(
        f"{verb}: {result.objects} objects, {result.size / 1e6:.2f} MB, "
        f"at the remote {result.remote}."
    )


def _tell(sentence: str) -> None:
    _console.print(sentence, highlight=False, soft_wrap=True)
