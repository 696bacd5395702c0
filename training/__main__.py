"""The one door to training: `python -m training --help`."""

from __future__ import annotations

import sys

import typer
from rich.console import Console

import training
from training.cli import coverage, data, gate_rates, model, predict, store, study
from training.cli import retrain as loop
from training.cli.endings import explain_failure
from training.errors import InvalidStudyError, InvalidTableError

app = typer.Typer(
    help=training.__doc__,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
app.add_typer(data.app, name="data")
app.add_typer(model.app, name="model")
app.add_typer(store.app, name="store")
app.add_typer(study.app, name="study")
for command in (model.train, loop.retrain, loop.rollback, coverage.coverage, gate_rates.gate_rates):
    app.command()(command)
app.command(context_settings=predict.OPTIONS)(predict.predict)


def main() -> None:
    """Runs a command; any error is one line that says what to do, and exit code 1."""
    console = Console(stderr=True)
    try:
        app()
    except InvalidTableError as error:
        console.print(data.fault_table(error.faults))
        console.print(str(error), style="red", markup=False, highlight=False, soft_wrap=True)
        sys.exit(1)
    except InvalidStudyError as error:
        console.print(study.study_fault_table(error.faults))
        number = study.study_faults(error.faults)
        console.print(number, style="red", markup=False, highlight=False, soft_wrap=True)
        sys.exit(1)
    except Exception as error:  # noqa: BLE001 - the edge: said in a sentence, kept, exit code 1
        text = explain_failure(error)
        console.print(text, style="red", markup=False, highlight=False, soft_wrap=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
