"""What a column of an unknown CSV seems to hold, and whether a model can use it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import pandas as pd

from training.study.vocabulary import LONGEST_LEVEL

FEW_LEVELS: Final = 20
"""Levels beyond which a text is no factor."""
NUMERIC_LEVELS: Final = 5
"""Distinct whole numbers up to which a number is taken for a code."""
RARE: Final = 5
"""Rows below which a level is named as rare."""
MISSING_SHARE: Final = 0.3
"""Share of missing cells above which a column is not used."""
DROPPED_SHARE: Final = 0.1
"""Share of rows up to which those without a number are dropped."""
FOLLOWS_TIME: Final = 0.95
"""Rank correlation with the time above which a number is taken to follow from it."""
_DATE: Final = r"[0-9]{1,4}[-/.][0-9]{1,2}[-/.][0-9]{1,4}(?:[T ].*)?"
_COMMAS: Final = r"[+-]?[0-9]+,[0-9]+"
NUMBER: Final = r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"


@dataclass(frozen=True)
class SeenColumn:
    """One column, what it is taken for and why."""

    name: str
    kind: Literal["factor", "number", "unused"]
    reason: str
    levels: tuple[str, ...] = ()
    values: tuple[float, ...] = ()
    missing: int = 0


def seen_columns(cells: pd.DataFrame, time: pd.Series, used: list[str]) -> list[SeenColumn]:
    """What each column is taken for, except those of `used`; cells are text or missing."""
    seen: list[SeenColumn] = []
    for name in cells:
        if name in used:
            continue
        column = _seen(str(name), cells[name], time)
        if column.kind == "factor":
            for earlier in (each for each in seen if each.kind == "factor"):
                if _follows(cells[name], cells[earlier.name]):
                    reason = f"follows from {earlier.name}, so it adds nothing"
                    column = SeenColumn(column.name, "unused", reason, missing=column.missing)
                    break
        seen.append(column)
    return seen


def rows_of(number: int) -> str:
    """`1 row`, `2 rows`."""
    return f"{number} row{'s' * (number != 1)}"


def as_numbers(texts: pd.Series) -> pd.Series:
    """Numbers of a column; missing where a cell is missing or no number."""
    shaped = texts.str.fullmatch(NUMBER).fillna(value=False).astype(bool)
    return pd.to_numeric(texts.where(shaped)).astype(float)


def _seen(name: str, texts: pd.Series, time: pd.Series) -> SeenColumn:
    missing, present = int(texts.isna().sum()), texts.dropna()

    def unused(reason: str) -> SeenColumn:
        return SeenColumn(name, "unused", reason, missing=missing)

    if not name.strip():
        return unused("it has no name")
    if present.empty:
        return unused("empty")
    if missing > MISSING_SHARE * len(texts):
        return unused(f"missing in {missing} of {len(texts)} rows")
    counts = present.value_counts()
    if len(counts) == 1:
        return unused(f"the same everywhere: {counts.index[0]}")
    numbers = as_numbers(texts)
    numeric = bool(numbers.notna().sum() == len(present)) and bool(
        np.isfinite(numbers.dropna()).all()
    )
    whole = numeric and bool((numbers.dropna() % 1 == 0).all())
    if present.str.fullmatch(_COMMAS).all():
        return unused("numbers with decimal commas: write points to use them")
    if len(counts) == len(present) and (not numeric or whole):
        return unused("another value in each row")
    if numeric and not (whole and len(counts) <= NUMERIC_LEVELS) and len(counts) > 2:
        return _number(name, numbers, time, missing, len(texts))
    if present.str.fullmatch(_DATE).all():
        return unused("dates: turn them into a number or a season to use them")
    if len(counts) > FEW_LEVELS:
        return unused(f"{len(counts)} different texts, too many for a factor")
    if present.str.len().max() > LONGEST_LEVEL:
        return unused(f"texts of more than {LONGEST_LEVEL} characters, too long for levels")
    order = sorted(counts.index, key=float) if numeric else sorted(counts.index)
    rare = [level for level in order if counts[level] < RARE]
    reason = f"{len(order)} levels" + (f"; rare: {', '.join(rare)}" if rare else "")
    if missing:
        reason += f"; missing in {rows_of(missing)}, taken as a level of its own"
    return SeenColumn(name, "factor", reason, tuple(order), missing=missing)


def _number(name: str, numbers: pd.Series, time: pd.Series, missing: int, rows: int) -> SeenColumn:
    known = numbers.notna() & time.notna()
    related = abs(numbers[known].rank().corr(time[known].rank()))
    if related > FOLLOWS_TIME:
        reason = f"follows the time (rank correlation {related:.2f}), known only afterwards"
        return SeenColumn(name, "unused", reason, missing=missing)
    if missing > DROPPED_SHARE * rows:
        return SeenColumn(name, "unused", f"missing in {missing} of {rows} rows", missing=missing)
    reason = f"from {numbers.min():g} to {numbers.max():g}"
    if missing:
        reason += f"; missing in {rows_of(missing)}, left out"
    values = tuple(float(each) for each in numbers.dropna())
    return SeenColumn(name, "number", reason, values=values, missing=missing)


def _follows(column: pd.Series, other: pd.Series) -> bool:
    """Whether each level of the other column goes with one level of the column."""
    return bool((column.fillna("").groupby(other.fillna("")).nunique() == 1).all())
