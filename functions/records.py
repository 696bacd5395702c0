"""What is kept of predictions, and of what became of their subjects: one line of JSON each.

A record holds validated inputs, the answer, the model, the request's id and the time; never a
body, a header or a key. CloudWatch forwards a line that holds `predicted` or `outcome` to S3.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Literal

from pydantic_core import to_json

ROWS_PER_LINE: Final = 200
"""Rows of a batch in one line: with twenty inputs some 100 kB, where CloudWatch takes 256 kB."""
Fate = Literal["happened", "not_yet", "taken_out"]


@dataclass(frozen=True)
class Predicted:
    """What one request predicted."""

    at: float
    """The time that was predicted for."""
    inputs: Sequence[Mapping[str, Any]]
    """Of each row, validated."""
    answers: Sequence[Mapping[str, Any]]
    """Percent and intervals of each row."""

    def part(self, first: int) -> dict[str, Any]:
        """The rows that one line holds, from `first` on."""
        rows = slice(first, first + ROWS_PER_LINE)
        return {
            "first": first,
            "at": self.at,
            "inputs": self.inputs[rows],
            "answers": self.answers[rows],
        }


@dataclass(frozen=True)
class ReportedOutcome:
    """What became of one subject, as it was reported."""

    request_id: str | None
    """The prediction's; None where the inputs are given instead."""
    row: int
    """Which row of the prediction, from 0."""
    inputs: Mapping[str, Any] | None
    subject: str | None
    """The caller's own name for the subject: a later report replaces an earlier one."""
    group: str | None
    """Its group, where outcomes of one group are alike."""
    time: float
    """When it was last seen."""
    fate: Fate


def lines(
    request_id: str,
    predicted: Predicted | None,
    outcomes: Sequence[ReportedOutcome],
    model: Mapping[str, str],
    now: int,
    *,
    start: int = 0,
) -> Iterator[str]:
    """Records of a request, one line each: predictions from row `start` on, then outcomes.

    `now` is in milliseconds since 1970.
    """
    head = {"timestamp": now, "request_id": request_id, **model}
    if predicted:
        for first in range(start, len(predicted.inputs), ROWS_PER_LINE):
            part = predicted.part(first)
            yield to_json({**head, "message": "predicted", "predicted": part}).decode()
    for outcome in outcomes:
        yield to_json({**head, "message": "outcome", "outcome": asdict(outcome)}).decode()


def day_of(milliseconds: float) -> str:
    """The UTC day of a time, as it stands in names: 2026/05/31."""
    return datetime.fromtimestamp(milliseconds / 1000, UTC).strftime("%Y/%m/%d")


def append(folder: Path, now: int, written: Sequence[str]) -> None:
    """Adds records to the folder's file of the day, `records/2026/05/31/records.jsonl`."""
    path = folder / "records" / day_of(now) / "records.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as file:
        file.writelines(f"{line}\n" for line in written)
