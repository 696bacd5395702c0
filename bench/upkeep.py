"""What the second stack costs: supervision by the month and by the prediction, a batch by the row.

Counts are those of deploy/supervision.yaml. Sizes and times were not measured in AWS: like the
prices they are assumptions, each of which an option replaces.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from bench.report import table

Assumptions = Mapping[str, float]

ASSUMED: Final[Assumptions] = {
    # US dollars, us-east-1, first tier, list prices as publicly quoted in 2026.
    "alarm": 0.10,  # a month, for each metric
    "metric": 0.30,  # a month
    "dashboard": 3.00,  # a month, beyond the account's first three
    "secret": 0.40,  # a month
    "logs": 0.50,  # a GB
    "firehose": 0.029,  # a GB
    "storage": 0.023,  # a GB and month
    "put": 0.000005,
    "get": 0.0000004,
    "compute": 0.0000133334,  # a GB-second of Lambda on arm64
    "request": 0.0000002,
    "transition": 0.000025,
    "express": 0.000001,  # an execution
    "express_compute": 0.0000166667,  # a GB-second of it
    # Sizes and times.
    "record": 0.0000002,  # GB that a record adds to the line of a prediction
    "line": 0.000001,  # GB of the whole line, as it is delivered
    "packed": 0.2,  # share of it that is left when it is compressed
    "months": 13,  # that records are kept
    "judging": 60,  # seconds of the daily job
    "rows": 100_000_000,  # of the file
    "batch": 2000,  # rows
    "scoring": 0.1,  # seconds that Score runs for a batch
    "running": 0.15,  # seconds of its execution
    "joining": 240,  # seconds of Finish
}
ALARMS: Final = 4
"""Metrics of alarms where neither a retraining nor the batch is switched on."""
BATCH_ALARMS: Final = 3
METRICS: Final = 8
"""Metrics of the daily job."""
OBJECTS: Final = 96
"""Objects of records a day at most: one in fifteen minutes."""
MEMORY: Final = 1769 / 1024
"""GB of each function."""
EXPRESS_MEMORY: Final = 64 / 1024
DAYS: Final = 30

Row = tuple[str, float]


def per_month(assumed: Assumptions = ASSUMED) -> list[Row]:
    """What supervision costs a month without a call, by what it is paid for."""
    days_read = 400 + 50
    job = assumed["judging"] * MEMORY * assumed["compute"] + assumed["request"]
    objects = (OBJECTS + 6) * assumed["put"] + (days_read + 2 * OBJECTS) * assumed["get"]
    return [
        (f"alarms, on {ALARMS} metrics", ALARMS * assumed["alarm"]),
        ("dashboard, beyond the account's first three", assumed["dashboard"]),
        (f"metrics of the daily job, {METRICS}", METRICS * assumed["metric"]),
        (f"{DAYS} runs of the daily job", DAYS * job),
        ("objects read and written, at most", DAYS * objects),
    ]


def on_demand(assumed: Assumptions = ASSUMED) -> list[Row]:
    """What a month costs in addition, where it is switched on."""
    return [
        ("a retraining by the alarm: secret, alarm", assumed["secret"] + assumed["alarm"]),
        (f"Batch=on: an alarm on {BATCH_ALARMS} metrics", BATCH_ALARMS * assumed["alarm"]),
    ]


def per_million(assumed: Assumptions = ASSUMED) -> list[Row]:
    """What the records of a million predictions cost."""
    packed = 1e6 * assumed["line"] * assumed["packed"]
    return [
        ("log lines that are longer", 1e6 * assumed["record"] * assumed["logs"]),
        ("Firehose", packed * assumed["firehose"]),
        ("S3, as long as they are kept", packed * assumed["storage"] * assumed["months"]),
    ]


def of_a_file(assumed: Assumptions = ASSUMED) -> list[Row]:
    """What the scoring of one large file costs."""
    batches = assumed["rows"] / assumed["batch"]
    scored = batches * assumed["scoring"] * MEMORY
    express = assumed["express"] + (
        assumed["running"] * EXPRESS_MEMORY * assumed["express_compute"]
    )
    return [
        (f"{batches:,.0f} state transitions", batches * assumed["transition"]),
        (f"{batches:,.0f} EXPRESS executions", batches * express),
        (f"Lambda, {scored:,.0f} GB-seconds of Score", scored * assumed["compute"]),
        (
            f"Lambda, {assumed['joining'] * MEMORY:,.0f} GB-seconds of Finish, requests",
            assumed["joining"] * MEMORY * assumed["compute"] + batches * assumed["request"],
        ),
        ("S3, parts written and read", batches * (assumed["put"] + assumed["get"])),
    ]


def show(assumed: Assumptions = ASSUMED) -> str:
    """The tables, in Markdown."""
    file = f"a file of {assumed['rows']:,.0f} rows, $"
    return "\n\n".join(
        (
            _sum("supervision, idle, $ per month", per_month(assumed)),
            _list("in addition, $ per month", on_demand(assumed)),
            _sum("records of a million predictions, $", per_million(assumed)),
            _sum(file, of_a_file(assumed)),
        )
    )


def _list(title: str, rows: Iterable[Row]) -> str:
    return table([title, ""], [[name, f"{dollars:.2f}"] for name, dollars in rows])


def _sum(title: str, rows: list[Row]) -> str:
    return _list(title, [*rows, ("in all", sum(dollars for _, dollars in rows))])
