"""What a draft assumes of the time and the event of an unknown CSV."""

from __future__ import annotations

import re
from math import floor, gcd, log10
from typing import Any, Final

import numpy as np
import pandas as pd

from training.errors import TrainingError

HAPPENED: Final = (
    *("1", "yes", "y", "true", "t", "dead", "died", "death", "event", "failed", "failure"),
    *("relapse", "relapsed", "recurrence", "si", "sí"),
)
_OPPOSITES: Final = {
    "1": "0",
    "yes": "no",
    "y": "n",
    "true": "false",
    "t": "f",
    "si": "no",
    "sí": "no",
}
"""What a row without the event would say, by what one with it says."""
MOST_PERIODS: Final = 15
FEWEST_EVENTS: Final = 10
MOST_VISITS: Final = 40
ROWS_PER_VISIT: Final = 10
UNITS: Final = {
    "hour": ("hora", "horas"),
    "day": ("día", "días"),
    "week": ("semana", "semanas"),
    "month": ("mes", "meses"),
    "year": ("año", "años"),
}


def event_values(column: pd.Series, given: str | None) -> tuple[str, str, str]:
    """The cells for `happened` and `censored`, and why they are taken for that."""
    counts = column.value_counts()
    values = sorted(counts.index)
    if len(values) == 1 and (given == values[0] or _means_happened(values[0])):
        return _always_happened(str(column.name), values[0], int(counts.iloc[0]))
    if len(values) != 2:
        shown = ", ".join(values[:6])
        raise TrainingError(
            f"{column.name} must hold two values, one where the event happened and one where it "
            f"did not; it holds {len(values)}: {shown}. Name another column with "
            "--event, or write one with two values."
        )
    happened = given
    if happened is None:
        likely = [value for value in values if _means_happened(value)]
        if sorted(map(_plain, values)) == ["1", "2"]:
            likely = [value for value in values if _plain(value) == "2"]
        if re.search(r"(?<!un)(?<!not )(?<!not_)censored", str(column.name).lower()):
            likely = []  # there a yes says the opposite
        if len(likely) != 1:
            raise TrainingError(
                f"does {values[0]} or {values[1]} in {column.name} say that the event happened? "
                "Name it with --happened."
            )
        happened = likely[0]
    if happened not in values:
        raise TrainingError(
            f"{column.name} never holds {happened}; it holds {', '.join(values)}. Name one of "
            "these with --happened."
        )
    censored = next(value for value in values if value != happened)
    share = counts[happened] / counts.sum()
    return happened, censored, (
        f"{column.name} = {happened} says that the event happened ({counts[happened]} rows, "
        f"{share:.0%}), {censored} that the subject was last seen without it. If it is the other "
        f"way round, draft again with --happened {censored}."
    )  # fmt: skip


def _plain(value: str) -> str:
    return value.removesuffix(".0").lower()


def _means_happened(value: str) -> bool:
    return _plain(value) in HAPPENED


def _always_happened(column: str, happened: str, rows: int) -> tuple[str, str, str]:
    """As `event_values`, where every row has the event; the file needs a value for the others."""
    censored = _OPPOSITES.get(_plain(happened), f"not {happened}")
    return happened, censored, (
        f"{column} is {happened} in every row, so the event is taken to have happened in all "
        f"{rows} and nobody to have left before it. If subjects without it were left out of the "
        f"file, every answer will be too high. A row without it would say {censored}."
    )  # fmt: skip


def draft_time(
    column: str, time: np.ndarray, event: np.ndarray
) -> tuple[dict[str, Any], list[str]]:
    """The section `time`, and what to look at in it."""
    unit = next((each for each in UNITS if each in column.lower()), None)
    one, many = UNITS.get(unit or "", ("unidad de tiempo", "unidades de tiempo"))
    english = (unit, f"{unit}s") if unit else ("unit of time", "units of time")
    every = _visits(time)
    notes = []
    least = max(5, round(0.02 * len(time)))
    horizon = float(np.sort(time)[-least]) if len(time) >= least else float(time.max())
    horizon = max(horizon, float(time[event].min()))
    if every is not None:
        horizon = every * max(1, floor(horizon / every + 1e-6))
        notes.append(
            f"All times are multiples of {every:g}, so subjects are taken to be observed at visits "
            f'only. If each event was seen when it happened, set time.visits = "observed".'
        )
    else:
        # Rounded down only where an event remains before it.
        rounded = _round_down(horizon)
        horizon = rounded if rounded >= time[event].min() else horizon
        notes.append("Times are taken as observed exactly, not at visits.")
    remain, later = int((time >= horizon).sum()), int((time > horizon).sum())
    notes.append(
        f"The horizon is {horizon:g}: {remain} of {len(time)} subjects are still under observation "
        f"then, and {later} with longer times count as censored there."
    )
    events = int((event & (time <= horizon)).sum())
    if remain < 20:
        notes.append(f"Only {remain} remain at the horizon: answers near it are unsure.")
    minimum = max(FEWEST_EVENTS, -(-events // MOST_PERIODS))
    if events < FEWEST_EVENTS:
        minimum = max(1, events)
        later_horizon = ", or a later horizon" if event.sum() > events else ""
        notes.append(
            f"There are only {events} events: too few for a model that can be trusted."
            if events > 1
            else "There is only 1 event by the horizon, so no model can be trained: rows are held "
            f"out in turn, and without that one no event is left. Take more data{later_horizon}."
        )
    return {
        "column": column,
        "name": unit or "time",
        "unit": {
            "en": {"one": english[0], "many": english[1]},
            "es": {"one": one, "many": many},
        },
        "visits": {"every": every} if every is not None else "observed",
        "horizon": horizon,
        "periods": {"minimum_events": minimum},
    }, notes


def _visits(time: np.ndarray) -> float | None:
    """The distance of visits, if the times are few multiples of one."""
    positive = np.unique(time[time > 0])
    if (
        not len(positive)
        or len(positive) > MOST_VISITS
        or len(time) < ROWS_PER_VISIT * len(positive)
    ):
        return None
    scaled = positive * 10_000
    if np.abs(scaled - np.rint(scaled)).max() > 1e-3:
        return None
    return gcd(*(round(each) for each in scaled)) / 10_000


def _round_down(value: float) -> float:
    """Two significant digits, downwards."""
    unit = 10.0 ** (floor(log10(value)) - 1)
    return float(f"{floor(value / unit + 1e-9) * unit:.12g}")
