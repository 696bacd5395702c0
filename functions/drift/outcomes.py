"""Outcomes as they were reported, each with the inputs of its prediction."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from typing import Any, Final
from zlib import crc32

from functions.drift.store import Store, read_records

REMEMBERED: Final = 400
"""Days that a prediction is looked for, and that an outcome counts."""
LATE: Final = 2
"""Days that are always read again: some of their records may have come late."""
REQUESTS: Final = "drift/requests"

MOST_OUTCOMES: Final = 10_000
"""Subjects that are judged; of more a sample, so that time and memory have a limit."""


@dataclass(frozen=True)
class KnownOutcome:
    """What became of one subject."""

    key: str
    """Of the subject: a later report replaces an earlier one."""
    inputs: Mapping[str, Any]
    time: float
    """When it was last seen, or had the event."""
    happened: bool
    group: str | None

    @property
    def name(self) -> str:
        """The caller's own, or the prediction's id and row."""
        return self.key.partition(" ")[2]


@dataclass(frozen=True)
class OutcomesOfDay:
    """A day's outcomes."""

    outcomes: list[KnownOutcome]
    unknown: int
    """Reports whose prediction was not found."""

    def to_json(self) -> bytes:
        """The outcomes as they are stored."""
        return json.dumps(asdict(self)).encode()

    @classmethod
    def from_json(cls, text: bytes) -> OutcomesOfDay:
        """Outcomes that were stored."""
        stored = json.loads(text)
        return cls([KnownOutcome(**each) for each in stored["outcomes"]], stored["unknown"])


def resolve(store: Store, day: str, records: Iterable[Mapping[str, Any]]) -> OutcomesOfDay:
    """The outcomes among a day's records, those by id with the inputs of their predictions.

    Days are read backwards from this one, until every prediction is found.
    """
    reports = [
        (number, each["request_id"], each["outcome"])
        for number, each in enumerate(records)
        if "outcome" in each
    ]
    wanted = {(of["request_id"], of["row"]) for _, _, of in reports if of["request_id"]}
    inputs = _find_inputs(store, day, wanted) if wanted else {}
    found, unknown = [], 0
    for number, own_id, report in reports:
        of = report["request_id"]
        given = inputs.get((of, report["row"])) if of else report["inputs"]
        if given is None:
            unknown += 1
            continue
        by_inputs = report["subject"] or f"{own_id}:{number}"
        key = f"prediction {of}:{report['row']}" if of else f"subject {by_inputs}"
        happened = report["fate"] == "happened"
        found.append(KnownOutcome(key, given, report["time"], happened, report["group"]))
    return OutcomesOfDay(found, unknown)


def latest(days: Iterable[OutcomesOfDay], most: float = MOST_OUTCOMES) -> OutcomesOfDay:
    """The last outcome of each subject, days given in their order; unknown are the last day's.

    Of more subjects than `most` a sample, by a hash of their key: all reports of a subject are
    in or out, whenever they came.
    """
    found, unknown, share = dict[str, KnownOutcome](), 0, 2**32
    for day in days:
        unknown = day.unknown
        found.update({each.key: each for each in day.outcomes if _hash(each) < share})
        while len(found) > most:
            share //= 2
            found = {key: each for key, each in found.items() if _hash(each) < share}
    return OutcomesOfDay(list(found.values()), unknown)


def _hash(outcome: KnownOutcome) -> int:
    return crc32(outcome.key.encode())


def _find_inputs(
    store: Store, day: str, wanted: set[tuple[str, int]]
) -> dict[tuple[str, int], Mapping[str, Any]]:
    ids, found = {of for of, _ in wanted}, dict[tuple[str, int], Mapping[str, Any]]()
    for back, earlier in enumerate(days_back(day, REMEMBERED)):
        # An id that nobody knows is looked for in all days: each is read for it only once.
        name = f"{REQUESTS}/{earlier}.json"
        listed = store.read(name) if back >= LATE else None
        if listed is not None and ids.isdisjoint(json.loads(listed)):
            continue
        asked = set()
        for record in read_records(store, earlier):
            if "predicted" not in record:
                continue
            asked.add(record["request_id"])
            if record["request_id"] in ids:
                first = record["predicted"]["first"]
                for row, inputs in enumerate(record["predicted"]["inputs"], start=first):
                    if (record["request_id"], row) in wanted:
                        found[record["request_id"], row] = inputs
        if listed is None and back >= LATE:
            store.write(name, json.dumps(sorted(asked)).encode())
        if len(found) == len(wanted):
            break
    return found


def days_back(day: str, count: int) -> Iterator[str]:
    """A date and those before it, newest first."""
    last = date.fromisoformat(day)
    return ((last - timedelta(days=back)).isoformat() for back in range(count))
