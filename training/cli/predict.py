"""`python -m training predict`: what a model says, through the code that serves it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Final

import typer

from training.errors import TrainingError

OPTIONS: Final = {
    "allow_extra_args": True,
    "ignore_unknown_options": True,
    "help_option_names": [],
}
"""For the command: its options are named after the inputs of the model, and are parsed there."""


def predict(context: typer.Context) -> None:
    """Predict for one kind of subject or for every row of a CSV: `predict --help`."""
    from training.pipeline import sources

    arguments = list(context.args)
    if not any(each.partition("=")[0] == "--model" for each in arguments):
        arguments = ["--model", str(sources.find_model(lambda _: None, _no_model)), *arguments]
    # A process of its own: the halves share the folder model/ and no code, and the image's own
    # code scores here exactly as it does in AWS.
    command = [sys.executable, "-m", "functions.batch", *arguments]
    raise typer.Exit(subprocess.run(command, check=False).returncode)


def _no_model() -> Path:
    raise TrainingError("There is no model/ and none was released: run `make train` first.")
