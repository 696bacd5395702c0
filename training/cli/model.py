"""`python -m training train` and `model …`: fit a model, find one to serve."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from training import config
from training.model.folder import write_model
from training.pipeline import sources

if TYPE_CHECKING:
    from training.pipeline.train import Candidate

app = typer.Typer(help="Find a model to serve.", no_args_is_help=True)
_console = Console(stderr=True)


def _some(jobs: int) -> int:
    if jobs == 0:
        raise typer.BadParameter("1 or more processes, or -1 for one per core")
    return jobs


Jobs = Annotated[int, typer.Option(min=-1, callback=_some, help="Processes; -1: one per core.")]


def _tell(sentence: str) -> None:
    _console.print(sentence, markup=False, highlight=False, soft_wrap=True)


@app.command()
def get() -> None:
    """Print the folder of a model: model/, the released one, Drive's, or one trained now."""
    typer.echo(sources.find_model(_tell, lambda: _train(None, None, -1)))


@app.command()
def verify(
    folder: Annotated[Path, typer.Argument(help="The model's folder.")] = config.MODEL,
) -> None:
    """Exit 1 unless model.dvc names this model and the gate promoted it."""
    from training.registry import publish

    publish.verify_promoted(folder)
    _tell(f"{folder}/ is the model that {publish.POINTER} names, and the gate promoted it.")


def train(
    data: Annotated[
        Path | None, typer.Option(envvar="DATA", help="A CSV or a folder of CSVs.")
    ] = None,
    search: Annotated[
        int | None, typer.Option(min=1, max=15, help="Recipes to choose among.")
    ] = None,
    jobs: Jobs = -1,
) -> None:
    """Search, fit, judge and export; write the model folder whole or not at all."""
    typer.echo(_train(data, search, jobs))


def _train(data: Path | None, search: int | None, jobs: int) -> Path:
    source = sources.find_trial(data, _tell)
    with _console.status("Reading the trial and loading the libraries …"):
        from training.pipeline.train import SEARCH_SIZE, train
        from training.study import trial as trials

        trial = trials.load(source)
    for notice in trial.dropped:
        _tell(notice)
    candidate = train(trial, search or SEARCH_SIZE, jobs)
    # A simulated trial's model has a place of its own: it must never pass for the real one.
    folder = config.SAMPLE_MODEL if trial.source == "simulated" else config.MODEL
    write_model(folder, candidate.graph, candidate.metadata)
    _console.print(_summary(candidate))
    mark = "SIMULATED data, " if trial.source == "simulated" else f"{trial.source} data, "
    _tell(
        f"Wrote {folder}/: {mark}{len(trial.seedlings)} seedlings, "
        f"{candidate.recipe.estimator} {dict(candidate.recipe.parameters)}. "
        f"Serve it: make serve MODEL={folder}"
    )
    return folder


def _summary(candidate: Candidate) -> Table:
    """The figures of a model beside those of Kaplan-Meier by species."""
    table = Table(title="Out of fold, whole plots held out", title_justify="left")
    for heading in ("figure", "model", "Kaplan-Meier by species"):
        table.add_column(heading, justify="left" if heading == "figure" else "right")
    for name, words in {
        "integrated_brier_score": "integrated Brier score",
        "brier_score_115": "Brier score, day 115.5",
        "concordance_index": "concordance (Uno's C)",
    }.items():
        cells = [
            f"{scored.figures(name).mean():.4f} ± {scored.figures(name).std(ddof=1):.4f}"
            for scored in (candidate.scored, candidate.reference)
        ]
        table.add_row(words, *cells)
    table.add_section()
    metrics = candidate.metadata["metrics"]
    reference = metrics["kaplan_meier_by_species"]
    errors = {
        "all": (metrics["calibration_error"], reference["calibration_error"]),
        **{
            name: (error, reference["calibration_error_by_species"][name])
            for name, error in metrics["calibration_error_by_species"].items()
        },
    }
    for name, pair in errors.items():
        table.add_row(f"calibration, {name}", *(f"{error:+.3f}" for error in pair))
    return table
