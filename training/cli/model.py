"""`python -m training train` and `model …`: fit a model, find one to serve."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer
from rich.console import Console
from rich.table import Table

from training import config
from training.model.folder import require_writable, write_model
from training.pipeline import sources

if TYPE_CHECKING:
    from training.pipeline.train import Candidate
    from training.study.declaration import Study
    from training.study.subjects import Subjects

app = typer.Typer(help="Find a model to serve.", no_args_is_help=True)
_console = Console(stderr=True)
SHOWN_VISITS: Final = 8
"""Visits that the printed table of calibration shows, evenly spread."""


def _some(jobs: int) -> int:
    if jobs == 0:
        raise typer.BadParameter("1 or more processes, or -1 for one per core")
    return jobs


DataPath = Annotated[Path | None, typer.Option(envvar="DATA", help="A CSV or a folder of CSVs.")]
StudyPath = Annotated[
    Path | None, typer.Option(envvar="STUDY", help="The study's file; study.toml by default.")
]
Jobs = Annotated[int, typer.Option(min=-1, callback=_some, help="Processes; -1: one per core.")]


def load_subjects(data: Path | None, study: Path | None) -> tuple[Study, Subjects]:
    """The declared study and the subjects of the data named, or of those at hand."""
    found = sources.find_study(study)
    source = sources.find_data(found, data, _tell)
    with _console.status("Reading the data and loading the libraries …"):
        from training.study.table import load_table

        return found.study, load_table(source, found.study).subjects


def _tell(sentence: str) -> None:
    _console.print(sentence, markup=False, highlight=False, soft_wrap=True)


@app.command()
def get() -> None:
    """Print the folder of a model: model/, the released one, Drive's, or one trained now."""
    typer.echo(sources.find_model(_tell, lambda: _train(None, None, None, -1)))


@app.command()
def verify(
    folder: Annotated[Path, typer.Argument(help="The model's folder.")] = config.MODEL,
) -> None:
    """Exit 1 unless model.dvc names this model and the gate promoted it."""
    from training.registry import publish, staging

    publish.verify_promoted(folder)
    _tell(f"{folder}/ is the model that {staging.POINTER} names, and the gate promoted it.")


def train(
    data: DataPath = None,
    study: StudyPath = None,
    search: Annotated[
        int | None, typer.Option(min=1, help="At most this many recipes of the study's search.")
    ] = None,
    jobs: Jobs = -1,
    scheduler: Annotated[
        str | None,
        typer.Option(help="A Dask scheduler, such as tcp://host:8786, whose workers do the work."),
    ] = None,
) -> None:
    """Search, fit, judge and export; write the model folder whole or not at all."""
    typer.echo(_train(data, study, search, jobs, scheduler))


def _train(
    data: Path | None,
    study: Path | None,
    search: int | None,
    jobs: int,
    scheduler: str | None = None,
) -> Path:
    declared = sources.find_study(study)
    source = sources.find_data(declared, data, _tell)
    with _console.status("Reading the data and loading the libraries …"):
        from training.evaluation.cross_validation import recipes
        from training.pipeline.cluster import workers_of
        from training.pipeline.train import train
        from training.study.table import load_table

        table = load_table(source, declared.study)
    for notice in table.dropped:
        _tell(notice)
    folder = sources.model_folder(declared, table)
    require_writable(folder)
    candidates = recipes(declared.study, search)
    with workers_of(scheduler):
        candidate = train(declared.study, declared.sha256, table, candidates, jobs)
    write_model(folder, candidate.graph, candidate.metadata)
    for part in summary_tables(candidate):
        _console.print(part)
    for sentence in _interval_sentences(candidate):
        _tell(sentence)
    mark = "SIMULATED data" if table.source == "simulated" else f"{table.source} data"
    _tell(
        f"Wrote {folder}/: {mark}, {len(table.subjects)} {declared.study.study.row.en.many}, "
        f"{candidate.recipe.estimator} {dict(candidate.recipe.parameters)}. "
        f"Serve it: make serve MODEL={folder}"
    )
    return folder


def summary_tables(candidate: Candidate) -> list[Table]:
    """The figures of a model beside Kaplan-Meier's, and its calibration by level and visit."""
    from training.evaluation.summary import SCORES, calibration

    study = candidate.study
    metrics = candidate.metadata["metrics"]
    by = candidate.reference_by
    named = f"Kaplan-Meier{f' by {by}' if by else ''}"
    scores = Table(title="Out of fold, whole groups held out", title_justify="left")
    for heading in ("figure", "model", named):
        scores.add_column(heading, justify="left" if heading == "figure" else "right")
    words = dict(
        zip(
            SCORES,
            (
                "integrated Brier score",
                f"Brier score, {study.time.name} {candidate.periods.horizon:g}",
                "concordance (Uno's C) of the final risk",
                "concordance (Uno's C) of mean survival",
            ),
            strict=True,
        )
    )
    both = (metrics, metrics["kaplan_meier"])
    for name in SCORES:
        cells = [f"{each[name]['mean']:.4f} ± {each[name]['sd']:.4f}" for each in both]
        scores.add_row(words[name], *cells)
    scores.add_section()
    scores.add_row(
        "calibration, all, points", *(f"{100 * each['calibration_error']:+.1f}" for each in both)
    )
    spread = [each["calibration_by_visit"] for each in both]
    scores.add_row(
        "calibration by level and visit, mean absolute",
        *(f"{100 * each['mean_absolute']:.2f}" for each in spread),
    )
    scores.add_row("… and the worst", *(f"{100 * each['worst']['error']:+.1f}" for each in spread))

    by_level = calibration(study, candidate.outcomes, candidate.scored)
    by_visit = Table(
        title=f"Predicted minus observed {study.study.outcome_label.en}, percentage points",
        title_justify="left",
    )
    by_visit.add_column(study.time.name)
    last = len(by_level.visits) - 1
    shown = sorted({round(last * each / (SHOWN_VISITS - 1)) for each in range(SHOWN_VISITS)})
    for visit in by_level.visits[shown]:
        by_visit.add_column(f"{visit:g}", justify="right")
    for level, errors in zip(by_level.levels, by_level.errors, strict=True):
        by_visit.add_row(level, *(f"{100 * error:+.1f}" for error in errors[shown]))
    return [scores, by_visit]


def _interval_sentences(candidate: Candidate) -> list[str]:
    """How the intervals were made, and how many left-out groups the second one held."""
    interval, spread = candidate.metadata["interval"], candidate.spread
    many = "random groups of rows" if interval["groups"] == "random" else "groups"
    sentences = [
        f"Interval of the average: {interval['refits']} refits, each without one of the {many}."
    ]
    group = candidate.study.data.group
    if group is None:
        return [*sentences, "No interval of one new group: the study declares no groups."]
    if spread is None:
        few = f"too few {group.name.en.many} hold enough {candidate.study.study.row.en.many}"
        return [*sentences, f"No interval of one new {group.name.en.one}: {few}."]
    shares = [
        f"{share:.0%} at {candidate.study.time.name} {end:g}"
        for end, share in zip(candidate.periods.ends, spread.held, strict=True)
        if not math.isnan(share)
    ][-5:]
    held = ", ".join(shares)
    one = group.name.en.one
    sentence = f"Interval of one new {one}: holds the share observed in a left-out one {held}."
    return [*sentences, sentence]
