"""`python -m bench`: measure the API beside its peers, print the tables, write the docs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console

from bench import charts, cost, drift, outcomes, report, upkeep
from bench.results import Results

RESULTS: Final = Path("build/bench.json")
SERVERS: Final = Path("build/bench-servers.json")
BATCH: Final = Path("build/bench-batch.json")
PAGE: Final = Path("docs/performance.md")
MODEL: Final = Path("model")
KEPT: Final = Path("docs/bench.json")
"""The results that the page shows."""

app = typer.Typer(help=__doc__, no_args_is_help=True, add_completion=False)
_console = Console(stderr=True)
From = Annotated[Path, typer.Option("--from", help="Results of an earlier run.")]


@app.command()
def run(
    quick: Annotated[bool, typer.Option(help="About a minute: no images, no large data.")] = False,
) -> None:
    """Measure ours, naive and floor in turn; print the tables; write build/bench.json."""
    from bench import run as running

    results = running.run(quick=quick)
    results.save(RESULTS)
    charts.draw(results, RESULTS.parent / "bench" / "charts")
    show(RESULTS)
    _console.print(f"Wrote {RESULTS}; `python -m bench docs` copies it into {PAGE}.")


@app.command()
def show(source: From = RESULTS) -> None:
    """Print the tables of a run."""
    results = Results.load(source)
    shown = ["machine", "figures", "targets", "imports", "layers", "slope", "training", "batch"]
    if results.quotas:
        shown += ["quotas", "cost"]
    typer.echo("\n\n".join(report.BLOCKS[name](results) for name in shown))


@app.command()
def docs(source: From = RESULTS) -> None:
    """Write a full run into docs/: results, tables and charts."""
    results = Results.load(source)
    if results.quick or not results.quotas:
        raise typer.BadParameter(f"{source} is not a full run with images")
    kept = SERVERS if SERVERS.exists() else KEPT
    results.servers = Results.load(kept).servers
    results.save(KEPT)
    charts.draw(results, PAGE.parent / charts.FOLDER)
    PAGE.write_text(report.render_page(PAGE.read_text(), results))
    _console.print(f"Wrote {PAGE}, {KEPT} and {PAGE.parent / charts.FOLDER}/.")


@app.command()
def batch(
    rows: Annotated[
        list[int] | None, typer.Option(min=1, help="Sizes of the file; 10,000 to 10,000,000.")
    ] = None,
    keep: Annotated[bool, typer.Option(help="Write the table into docs/ too.")] = False,
) -> None:
    """Measure the scoring of CSVs alone: rows per second and vCPU, memory."""
    from bench import batch as scoring
    from bench import run as running

    results = Results()
    for size in rows or scoring.SIZES:
        results.batch.append(scoring.score(size, running.FOLDER))
    results.save(BATCH)
    typer.echo(report.batch(results))
    if keep:
        kept = Results.load(KEPT)
        kept.batch = results.batch
        kept.save(KEPT)
        PAGE.write_text(report.render_page(PAGE.read_text(), kept))


@app.command("cost")
def show_cost(
    source: From = KEPT,
    architecture: Annotated[
        str | None, typer.Option(help="x86_64 or arm64; both by default.")
    ] = None,
    compute: Annotated[float | None, typer.Option(help="$ per GB-second.")] = None,
    requests: Annotated[float | None, typer.Option(help="$ per million requests.")] = None,
    provisioned: Annotated[
        float | None, typer.Option(help="$ per GB-second of provisioned concurrency.")
    ] = None,
    provisioned_compute: Annotated[
        float | None, typer.Option(help="$ per GB-second of running in it.")
    ] = None,
    gateway: Annotated[float, typer.Option(help="$ per million REST requests.")] = cost.GATEWAY,
    cold_share: Annotated[float, typer.Option(min=0, max=1)] = cost.COLD_SHARE,
    assume: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=VALUE", help=f"Of {', '.join(upkeep.ASSUMED)}."),
    ] = None,
) -> None:
    """Price a million predictions from measured durations, supervision and a large batch.

    Without the free tier.
    """
    other = dict(each.partition("=")[::2] for each in assume or ())
    if unknown := [each for each in other if each not in upkeep.ASSUMED]:
        raise typer.BadParameter(f"--assume: expected NAME=VALUE, got {', '.join(unknown)}")
    if architecture not in (None, *cost.PRICES):
        raise typer.BadParameter(f"--architecture: expected one of {', '.join(cost.PRICES)}")
    given = {
        "compute": compute,
        "requests": requests,
        "provisioned": provisioned,
        "provisioned_compute": provisioned_compute,
    }
    known = {name: value for name, value in given.items() if value is not None}
    prices = {
        name: replace(price, **known)
        for name, price in cost.PRICES.items()
        if architecture in (None, name)
    }
    typer.echo(report.cost(Results.load(source), prices, gateway, cold_share))
    assumed = {name: float(other.get(name, value)) for name, value in upkeep.ASSUMED.items()}
    typer.echo(f"\n{upkeep.show(assumed)}")


@app.command("drift")
def show_drift(
    years: Annotated[int, typer.Option(min=1, help="Simulated years of each row.")] = 10,
    model: Annotated[Path, typer.Option(help="Model folder whose histograms are asked.")] = MODEL,
) -> None:
    """Simulate both alarms of the watch: false ones of a year, days until one is due."""
    most = 0.0
    for simulation in (drift, outcomes):
        rows = []
        for row in simulation.simulate(model, years):
            rows.append(row)
            _console.print(f"{simulation.__name__}: {row.calls:,} calls per day, {row.kind}")
        most += max(row.false_alarms for row in rows)
        typer.echo("\n".join([*simulation.table(rows), ""]))
    typer.echo(f"Both alarms together: at most {most:.2f} false alarms per year.")


@app.command("cluster")
def show_cluster(
    scales: Annotated[
        list[int] | None, typer.Option("--scale", min=1, help="Times the published rows; 1, 1000.")
    ] = None,
    workers: Annotated[list[int] | None, typer.Option(min=1, help="Of each scale; 1, 2.")] = None,
) -> None:
    """Train on a Dask cluster of this machine: seconds, and memory of a worker."""
    from bench import cluster
    from bench.run import FOLDER

    runs = (
        cluster.measure(scale, count, FOLDER)
        for scale in scales or (1, 1000)
        for count in workers or (1, 2)
    )
    for line in cluster.table(runs):
        typer.echo(line)


@app.command()
def servers() -> None:
    """Measure the naive model behind BentoML, LitServe and MLflow, each in its own environment."""
    from bench import servers as serving

    results = Results(servers=serving.compare())
    results.save(SERVERS)
    typer.echo(report.servers(results))


if __name__ == "__main__":
    app()
