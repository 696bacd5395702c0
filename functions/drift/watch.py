"""The daily job: counts the day before, judges traffic and model, and writes what it found."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from functions.drift.calibration import LiveCalibration, calibrate
from functions.drift.days import Day, summarise
from functions.drift.outcomes import (
    LATE,
    REMEMBERED,
    KnownOutcome,
    OutcomesOfDay,
    days_back,
    latest,
    resolve,
)
from functions.drift.reference import Reference
from functions.drift.report import render_report
from functions.drift.store import Store, read_records
from functions.drift.windows import (
    LONGEST_WINDOW,
    WINDOWS,
    WindowJudgement,
    closed_windows,
    ends_window,
    has_shifted,
    judge_window,
)
from functions.scoring import Scorer

DAYS: Final = "drift/days"
OUTCOMES: Final = "drift/outcomes"
REPORTS: Final = "drift/reports"


@dataclass(frozen=True)
class Findings:
    """What a day's job found."""

    date: str
    day: Day
    windows: tuple[WindowJudgement, ...]
    """The last ones, oldest first."""
    has_input_drift: bool
    """What is asked of the model has shifted. That says nothing of how good it is."""
    calibration: LiveCalibration
    unknown_outcomes: int
    """Outcomes of the day whose prediction was not found."""

    @property
    def has_model_drift(self) -> bool:
        """Predictions do not come true."""
        return self.calibration.is_wrong

    @property
    def largest_shift(self) -> float:
        """Stability index of the margin that moved most, in the last window."""
        last = self.windows[-1].margins.values() if self.windows else ()
        return max((each.stability_index for each in last), default=0.0)

    def metrics(self) -> dict[str, float]:
        """Figures for CloudWatch, by name."""
        found: dict[str, float] = {
            "InputDrift": float(self.has_input_drift),
            "ModelDrift": float(self.has_model_drift),
            "LargestShift": round(self.largest_shift, 4),
            "RowsPredicted": self.day.rows,
            "OutcomesKnown": self.calibration.outcomes,
            "OutcomesUnmatched": self.unknown_outcomes,
        }
        if self.day.rows:
            found["OutsideSeenPercent"] = round(100 * self.day.outside / self.day.rows, 2)
        if self.calibration.levels:
            worst = max(abs(each.error) for each in self.calibration.levels)
            found["CalibrationErrorPercent"] = round(100 * worst, 2)
        return found


def watch(scorer: Scorer, store: Store, date: str) -> Findings:
    """Judges everything up to a day, 2026-05-31, and writes its report.

    What is made of a day is kept. Days that are missing, since the job did not run, are made
    up for; days that were counted in the bins of another model are counted again. Running it
    twice changes nothing.
    """
    reference = Reference.of(scorer.artefact)
    days = _days(store, reference, date)
    windows = tuple(judge_window(reference, each) for each in closed_windows(days))[-WINDOWS:]
    outcomes = latest(_outcomes(store, date))
    findings = Findings(
        date,
        days[-1],
        windows,
        has_shifted(windows),
        calibrate(scorer, outcomes.outcomes),
        outcomes.unknown,
    )
    store.write(f"{REPORTS}/{date}.json", _findings_json(findings))
    for name in (date, "latest"):
        page = render_report(scorer.artefact, reference, findings)
        store.write(f"{REPORTS}/{name}.html", page.encode())
    return findings


def known_outcomes(store: Store, date: str) -> list[KnownOutcome]:
    """The last outcome of every subject, up to a day that was judged."""
    return latest(_outcomes(store, date), math.inf).outcomes


def _days(store: Store, reference: Reference, date: str) -> list[Day]:
    """As many days as the last windows can take, oldest first; those not yet counted are."""
    wanted = list(days_back(date, LONGEST_WINDOW * (WINDOWS + 1)))[::-1]
    late = wanted[-LATE:]
    days, opened = list[Day](), list[Day]()
    for each in wanted:
        name = f"{DAYS}/{each}.json"
        stored = store.read(name)
        day = Day.from_json(stored) if stored else None
        if day is None or day.version != reference.version or each in late:
            # Where windows end stays as it was: another model must not move them.
            closes = day.closes if day and each != date else None
            day = summarise(each, reference, read_records(store, each))
            day.closes = ends_window([*opened, day]) if closes is None else closes
            store.write(name, day.to_json())
        days.append(day)
        opened = [] if day.closes else [*opened, day]
    return days


def _outcomes(store: Store, date: str) -> Iterator[OutcomesOfDay]:
    """The outcomes of all days that count, oldest first; the last are those of this day."""
    known = set(store.names(f"{OUTCOMES}/"))
    made_up = set(days_back(date, LONGEST_WINDOW))
    late = set(days_back(date, LATE))
    for day in list(days_back(date, REMEMBERED))[::-1]:
        name = f"{OUTCOMES}/{day}.json"
        if name in known and day not in late:
            yield OutcomesOfDay.from_json(store.read(name) or b"")
        elif day in made_up:
            outcomes = resolve(store, day, read_records(store, day))
            store.write(name, outcomes.to_json())
            yield outcomes


def _findings_json(findings: Findings) -> bytes:
    def shown(value: Any) -> Any:
        return value.tolist() if hasattr(value, "tolist") else asdict(value)

    windows: Sequence[dict[str, Any]] = [
        {
            "first": each.window.first,
            "last": each.window.last,
            "requests": each.window.requests,
            "rows": each.window.rows,
            "margins": {name: asdict(margin) for name, margin in each.margins.items()},
            "shifted": each.shifted,
        }
        for each in findings.windows
    ]
    written = {
        "date": findings.date,
        "metrics": findings.metrics(),
        "windows": windows,
        "calibration": asdict(findings.calibration),
    }
    return json.dumps(written, default=shown, indent=2).encode()
