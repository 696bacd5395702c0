"""Records as the API writes them, of a world that does or does not follow the model."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from functions import records
from functions.drift.store import Store
from functions.records import Fate, Predicted, ReportedOutcome
from functions.scoring import Scorer

Draw = Callable[[np.random.Generator], dict[str, Any]]


def day_after(start: str, days: int) -> str:
    """A date so many days after another."""
    return (datetime.fromisoformat(start) + timedelta(days=days)).date().isoformat()


def write_records(store: Store, date: str, lines: list[str], name: str = "a.jsonl") -> None:
    """Puts lines where Firehose would."""
    text = "".join(f"{line}\n" for line in lines)
    store.write(f"records/{date.replace('-', '/')}/{name}", text.encode())


def draw_as_trained(scorer: Scorer) -> Draw:
    """Draws inputs from the model's own histograms."""
    histograms = scorer.artefact.metadata["histograms"]

    def draw(random: np.random.Generator) -> dict[str, Any]:
        row: dict[str, Any] = {}
        for factor in scorer.artefact.factors:
            counts = np.array([histograms[factor.name][level] for level in factor.levels], float)
            row[factor.name] = str(random.choice(factor.levels, p=counts / counts.sum()))
        for number in scorer.artefact.numbers:
            counts = np.array(histograms[number.name]["counts"], float)
            at = random.choice(len(counts), p=counts / counts.sum())
            edges = histograms[number.name]["edges"]
            row[number.name] = float(random.uniform(edges[at], edges[at + 1]))
        return row

    return draw


def predictions(
    scorer: Scorer, date: str, rows: list[dict[str, Any]], prefix: str = "p"
) -> list[str]:
    """One request for each row, as it is recorded."""
    artefact = scorer.artefact
    noon = int(1000 * datetime.fromisoformat(f"{date}T12:00").replace(tzinfo=UTC).timestamp())
    percents = scorer.forecast(*scorer.encoder.encode(rows), artefact.time.horizon).average[:, 0]
    model = {"model_version": artefact.version}
    return [
        line
        for i, (row, percent) in enumerate(zip(rows, percents, strict=True))
        for line in records.lines(
            f"{prefix}{date}-{i}",
            Predicted(artefact.time.horizon, [row], [{artefact.study.percent: float(percent)}]),
            (),
            model,
            noon,
        )
    ]


def outcomes_of(
    scorer: Scorer,
    rows: list[dict[str, Any]],
    random: np.random.Generator,
    *,
    odds: float = 1.0,
    leaving: float = 0.0,
    groups: int | None = None,
    request_id: Callable[[int], str] | None = None,
) -> list[ReportedOutcome]:
    """What becomes of rows where the odds of the outcome are `odds` times the model's.

    A share `leaving` is taken out at a random visit.
    """
    artefact = scorer.artefact
    ends = artefact.time.period_ends
    codes, numbers = scorer.encoder.encode(rows)
    risk = np.array([scorer.forecast(codes, numbers, end).average[:, 0] / 100 for end in ends])
    risk = odds * risk / (1 - risk + odds * risk)
    found = []
    for i, row in enumerate(rows):
        when = np.searchsorted(risk[:, i], random.uniform(), side="right")
        left = int(random.integers(len(ends))) if random.uniform() < leaving else len(ends)
        fate: Fate = "happened"
        if when < min(left + 1, len(ends)):
            time = ends[when]
        else:
            time, fate = ends[min(left, len(ends) - 1)], "taken_out"
        of = request_id(i) if request_id else None
        group = None if groups is None else f"g{i % groups}"
        inputs = None if of else row
        found.append(ReportedOutcome(of, 0, inputs, f"s{i}", group, time, fate))
    return found


def outcome_lines(outcomes: list[ReportedOutcome], request_id: str = "r") -> list[str]:
    """As they are recorded."""
    return list(records.lines(request_id, None, outcomes, {"model_version": "v"}, 0))


def parsed(lines: list[str]) -> list[dict[str, Any]]:
    """As they are read."""
    return [json.loads(line) for line in lines]
