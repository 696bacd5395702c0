"""`python -m training store …`: the outputs at their remote."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

if TYPE_CHECKING:
    from training.store.audit import Audit

app = typer.Typer(
    help="Pull, push, verify and repair data/ and model/. "
    "Google Drive, from the first step: docs/google-drive.md.",
    no_args_is_help=True,
)
_console = Console(stderr=True)

Remote = Annotated[
    str | None, typer.Option("--remote", "-r", help="Name of a remote; default: DVC's default.")
]
Timeout = Annotated[float, typer.Option(min=1, help="Time limit in seconds, retries included.")]
Pause = Annotated[float, typer.Option(min=0, help="Seconds before the first retry.")]


@app.command()
def pull(
    targets: Annotated[list[str] | None, typer.Argument(help="Default: both pointers.")] = None,
    remote: Remote = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite local changes.")] = False,
    timeout: Timeout = 1800,
    pause: Pause = 30,
) -> None:
    """Fetch data/ and model/ as data.dvc and model.dvc pin them."""
    from training.store import remotes, transfer
    from training.store.audit import chosen

    for target in chosen(remotes.usable_remote(remote), targets):
        with _console.status(f"Pulling {target} …"):
            transfer.pull(target, remote, force=force, timeout=timeout, pause=pause)
        _print(f"{target}: pulled; every file matches its checksum.")


@app.command()
def push(
    targets: Annotated[list[str] | None, typer.Argument(help="Default: both pointers.")] = None,
    remote: Remote = None,
    timeout: Timeout = 1800,
    pause: Pause = 30,
) -> None:
    """Upload data/ and model/ to the remote, then verify every object."""
    from training.store import remotes, transfer
    from training.store.audit import chosen

    with _console.status("Pushing …"):
        result = transfer.push(remote, targets, timeout=timeout, pause=pause)
        changed = transfer.changed(chosen(remotes.usable_remote(remote), targets))
    for name in changed:
        output = name.removesuffix(".dvc")
        _print(
            f"[yellow]changed[/yellow] {output}/ differs from {name} and was not pushed. "
            f"Run `dvc add {output}` to track it."
        )
    _summarise(result, "Pushed and verified")


@app.command()
def status(remote: Remote = None) -> None:
    """Show DVC's status of the checkout and the remote; `audit` verifies it."""
    from training.store import transfer

    with _console.status("Running dvc status …"):
        found = transfer.status(remote)
    table = Table("target", "checkout", "remote")
    for each in found:
        table.add_row(each.target, each.checkout, each.remote)
    Console().print(table)


@app.command()
def audit(
    targets: Annotated[list[str] | None, typer.Argument(help="Default: both pointers.")] = None,
    remote: Remote = None,
    repair: Annotated[bool, typer.Option("--repair", help="Upload faulty objects again.")] = False,
) -> None:
    """Verify that every object exists at the remote and matches its checksum; exit 1 if not."""
    from training.store import audit as audits

    with _console.status("Checking every object …"):
        result = audits.audit(remote, targets, repair=repair)
    for finding in result.repaired:
        _print(f"[green]repaired[/green] {escape(str(finding))}")
    for finding in result.findings:
        _print(f"[red]{finding.state}[/red] {escape(str(finding))}")
    if not result.verified:
        _print(
            "They were uploaded again, and the remote does not show them yet: look again in ten "
            "minutes."
            if repair
            else "Run with --repair to upload them again from this checkout's cache."
        )
        raise typer.Exit(1)
    _summarise(result, "Verified")


@app.command()
def doctor(remote: Remote = None) -> None:
    """Check the remote's set-up step by step; exit 0 (ok), 1 (warnings), 2 (failed)."""
    from training.store import doctor as doctors

    colours = {"ok": "green", "warning": "yellow", "failed": "red"}
    done = []
    for check in doctors.doctor(remote):
        done.append(check)
        colour = colours[check.outcome]
        _print(f"[{colour}]{check.outcome:8}[/{colour}]{check.name:14}{escape(check.text)}")
    raise typer.Exit(doctors.exit_code(done))


@app.command()
def use(
    address: Annotated[
        str,
        typer.Argument(
            help="A Drive folder's address in the browser or its id, a local folder, another URL "
            "(s3://…, gs://…), or a remote's name."
        ),
    ],
) -> None:
    """Make a remote the default. Commit .dvc/config, if it names that one."""
    from training.store import remotes

    remote = remotes.use_remote(address)
    where = remotes.default_file()
    _print(f"The default remote is now {remote.name}, {escape(remote.url)} ({where}).")


def _summarise(result: Audit, verb: str) -> None:
    for each in result.duplicates:
        _print(f"[yellow]duplicated[/yellow] {escape(str(each))}; harmless.")
    _print(
        f"{verb}: {result.objects} objects, {result.size / 1e6:.2f} MB, "
        f"at the remote {result.remote}."
    )


def _print(sentence: str) -> None:
    _console.print(sentence, highlight=False, soft_wrap=True)
