"""`make demo-loop`: the whole loop on this machine, in a simulated world, with no account.

A model serves and is asked about seedlings; the world shifts; outcomes come in; the daily job
notices; a retrain is dispatched; the gate decides; the new model answers. The world is drawn
from the study, and everything stays in build/demo-loop/, in a checkout of its own.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any, Final

import httpx
from rich.console import Console

from bench.demo_world import SHIFT, Row, World, begin, draw, served, shifted, track

FOLDER: Final = Path("build/demo-loop")
BEFORE, AFTER = 500, 1500
"""Seedlings asked about before and after the world shifts."""
PER_REQUEST: Final = 500
SHIFTED: Final = 10
"""Exit code of the daily job that found a model wrong."""
console = Console(highlight=False, soft_wrap=True)


def main() -> None:
    """Tells the story while it happens."""
    started = time.monotonic()
    world = World(FOLDER.resolve())
    first = begin(world)
    _say("1", "The first season is in", f"{len(first)} {world.rows} of a SIMULATED world.")
    track(world, first, "The first season")
    _retrain(world, "the first season")

    with served(world) as client:
        _say(
            "2", "It serves", f"{BEFORE} {world.rows} are asked about; their fates are sent later."
        )
        before = _answer(world, client)
        _ask(world, client, draw(world, BEFORE, 2))
        _watch(world)

        hit = " and ".join(world.hit)
        _say("3", "The world shifts", f"Of {hit} that would have lived, {SHIFT:.0%} now die.")
        season = shifted(world, draw(world, AFTER, 3))
        _ask(world, client, season)
        alarm = _watch(world)

    _say(
        "4", "The alarm starts a retrain", "alarm -> EventBridge -> API destination -> retrain.yml;"
    )
    console.print(f"   here this machine runs what the workflow runs. Reason: {alarm}")
    _retrain(world, alarm)
    console.print("   Reported outcomes are no data yet. What was measured on the plots is:")

    _say("5", "The season's field book is added", "New plots, new rows, the same columns.")
    track(world, season, "The second season")
    _retrain(world, alarm)
    console.print(
        "   The gate can't know whether the world moved or the file is wrong. Somebody looked:"
    )
    _retrain(world, alarm, "--force", "a dry season, confirmed on the plots")

    with served(world) as client:
        after = _answer(world, client)
    text = f"{world.hit[-1]}: {before:g} % by the first model, {after:g} % now."
    _say("6", "The new model answers", text)
    _, history = world.run("git", "log", "--format=   %h %s", "-5")
    console.print(history.rstrip())
    console.print(
        f"\nThat was the loop, in {time.monotonic() - started:.0f} s, in a SIMULATED world. "
        f"All of it is in {FOLDER}/: log, records/drift/reports/latest.html, and in checkout/ "
        "build/report/report.html."
    )


def _say(number: str, title: str, text: str) -> None:
    console.print(f"\n[bold]{number}. {title}.[/bold] {text}")


def _retrain(world: World, reason: str, *more: str) -> None:
    """Prints the verdict and why."""
    _, _ = world.python("training", "retrain", "--reason", reason, *more, allowed=(0, 10, 20))
    title, _, why, *_ = (world.checkout / "build/report/report.md").read_text().splitlines()
    console.print(f"   [bold]{title.removeprefix('# ')}.[/bold]")
    console.print(f"   {why.partition(' Reason: ')[0]}", markup=False)


def _inputs(world: World, row: Row) -> dict[str, Any]:
    study = world.study
    factors = {each.name: row[each.column] for each in study.factors}
    return {**factors, **{each.name: float(row[each.column]) for each in study.numbers}}


def _answer(world: World, client: httpx.Client) -> float:
    """The percentage for a subject of the last level hit, all else as first declared."""
    study = world.study
    given: dict[str, Any] = {each.name: each.names[0] for each in study.factors}
    given[study.factors[0].name] = world.hit[-1]
    given |= {each.name: each.centre for each in study.numbers}
    answer = client.post("/v1/predict", json=given).raise_for_status().json()
    return float(answer[f"{study.study.outcome}_percent"])


def _ask(world: World, client: httpx.Client, rows: list[Row]) -> None:
    """Asks about each row, then reports what became of it: dead, alive, or taken out alive."""
    study = world.study
    event, when = study.event.column, study.time.column
    outcomes = []
    for row in rows:
        answer = client.post("/v1/predict", json=_inputs(world, row)).raise_for_status()
        last = float(row[when])
        if row[event] == str(study.event.happened):
            fate = "happened"
        else:
            fate = "not_yet" if last >= study.time.horizon else "taken_out"
        request = answer.headers["x-request-id"]
        outcomes.append({"request_id": request, study.time.name: last, "outcome": fate})
    for first in range(0, len(outcomes), PER_REQUEST):
        part = outcomes[first : first + PER_REQUEST]
        client.post("/v1/outcomes", json={"outcomes": part}).raise_for_status()
    console.print(f"   {len(rows)} requests and {len(outcomes)} outcomes recorded in records/.")


def _watch(world: World) -> str:
    """Runs the daily job; the alarm's words if it found the model wrong, else nothing."""
    code, printed = world.python(
        "functions.drift", str(world.folder / "records"), "--model", "model", allowed=(0, SHIFTED)
    )
    found = dict(line.partition("=")[::2] for line in printed.splitlines() if "=" in line)
    known, error = found["OutcomesKnown"], found.get("CalibrationErrorPercent", "?")
    verdict = "[red]ALARM: predictions do not come true[/red]" if code else "no alarm"
    console.print(f"   The daily job: {known} outcomes, largest error {error} points: {verdict}.")
    return f"outcomes differ from predictions by up to {error} points" if code else ""


if __name__ == "__main__":
    main()
