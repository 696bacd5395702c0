"""Text cells become typed columns, and every cell that its declaration refuses a fault."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import date
from typing import Final, NamedTuple

import numpy as np
import pandas as pd

from training.arrays import Ints
from training.study.conditions import Booleans, first_case, holds
from training.study.declaration import (
    SIMULATED,
    Agreement,
    Column,
    FactorInput,
    NumberInput,
    Study,
    Visits,
)
from training.study.vocabulary import NO_VALUE, Cell, close_name

YES: Final = "yes"
"""Value of the column `simulated` in a row that was simulated."""
NOT_MISSING: Final = "a value, not NA"
_NUMBER: Final = r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"
_COMMAS: Final = r"[+-]?[0-9]+(?:[.,][0-9]+)*,[0-9]+(?:\.[0-9]+)?"
_DATES: Final = {
    "m/d/yy": re.compile(r"(?P<month>[0-9]{1,2})/(?P<day>[0-9]{1,2})/(?P<year>[0-9]{2})"),
    "yyyy-mm-dd": re.compile(r"(?P<year>[0-9]{4})-(?P<month>[0-9]{2})-(?P<day>[0-9]{2})"),
}


class CellFault(NamedTuple):
    """A fault by number of the row (from 0), column and rule; row -1 is the column as a whole."""

    row: int
    column: str
    rule: str


def declared_columns(study: Study) -> dict[str, bool]:
    """Every column that a CSV of the study may have, and whether it must."""
    columns = {study.time.column: True, study.event.column: True}
    columns |= {each.column: True for each in study.inputs}
    columns |= {name: column.required for name, column in study.columns.items()}
    if study.data.id is not None:
        columns[study.data.id] = True
    if study.data.group is not None:
        columns[study.data.group.column] = True
    return columns | {SIMULATED: False}


def typed(study: Study, cells: pd.DataFrame) -> tuple[pd.DataFrame, list[CellFault]]:
    """Typed columns of cells read as text, and the faults of single cells.

    Numbers are float64, whole numbers Int64, all else text; the group and the event are text
    too. A cell that means no value, or is at fault, is missing.
    """
    table, faults = pd.DataFrame(index=cells.index), []
    inputs = {each.column: each for each in study.inputs}
    for name in (column for column in declared_columns(study) if column in cells):
        texts = cells[name].mask(cells[name].str.strip().isin(study.data.missing))
        if name in inputs:
            values, found = _input(texts, inputs[name])
        elif name == study.time.column:
            values, found = _time(texts, study)
        elif name == study.event.column:
            values, found = _event(texts, study)
        elif name == SIMULATED:
            values, found = _simulated(texts)
        else:
            values, found = _column(texts, study.columns.get(name, Column(type="text")))
            if study.data.group is not None and name == study.data.group.column:
                values = values.astype(str).where(values.notna())
        table[name] = values
        faults += [CellFault(row, name, rule) for row, rule in found]
    return table, faults


def broken_rules(study: Study, table: pd.DataFrame) -> Iterator[CellFault]:
    """Rows of a typed table that break a rule between columns; a column left out breaks none."""
    for rule in study.rules:
        named = {rule.column, *rule.when, *(rule.then or {}), *(rule.multiple_of or ())[:1]}
        for case in rule.cases or ():
            named |= {*case.where, *(case.equal or ())}
        if named <= set(table):
            for row in table.index[~_keeps(rule, table)]:
                yield CellFault(int(row), rule.column, rule.text)


def _keeps(rule: Agreement, table: pd.DataFrame) -> Booleans:
    concerned = holds(rule.when, table)
    if rule.then is not None:
        return ~concerned | holds(rule.then, table)
    column = table[rule.column]
    if rule.multiple_of is not None:
        other, factor = rule.multiple_of
        distance = (column.astype(float) - factor * table[other].astype(float)).abs()
        return ~concerned | ~(distance > 1e-6).fillna(False).to_numpy(dtype=bool)
    expected = first_case(rule.cases or (), table)
    unbound = pd.isna(expected)
    agrees = (column.astype(object).to_numpy() == expected) & ~column.isna().to_numpy()
    agrees |= column.isna().to_numpy() & (expected == NO_VALUE)
    right: Booleans = ~concerned | unbound | agrees.astype(np.bool_)
    return right


_Faults = list[tuple[int, str]]


def _where(wrong: pd.Series | np.ndarray, rule: str) -> _Faults:
    return [(int(row), rule) for row in np.flatnonzero(np.asarray(wrong, dtype=bool))]


def _input(texts: pd.Series, declared: FactorInput | NumberInput) -> tuple[pd.Series, _Faults]:
    optional = declared.missing != "refuse"
    if isinstance(declared, NumberInput):
        return _numbers(texts, declared.minimum, declared.maximum, optional=optional)
    levels = [level.name for level in declared.levels]
    if declared.missing_level is not None:
        levels.append(declared.missing_level)
        texts = texts.fillna(declared.missing_level)
    return _one_of(texts, levels, optional=optional)


def _one_of(texts: pd.Series, values: list[str], *, optional: bool) -> tuple[pd.Series, _Faults]:
    known = texts.isin(values)
    rule = "one of " + ", ".join([*values, "NA"] if optional else values)
    wrong = texts.notna() & ~known
    hints = {text: _hint(text, values) for text in texts[wrong].unique()}
    faults = [(row, rule + hints[texts.iat[row]]) for row in np.flatnonzero(wrong).tolist()]
    if not optional:
        faults += _where(texts.isna(), NOT_MISSING)
    return texts.where(known), faults


def _hint(text: str, values: Sequence[str]) -> str:
    close = close_name(text, values)
    return f"; did you mean {close}?" if close else ""


def _simulated(texts: pd.Series) -> tuple[pd.Series, _Faults]:
    """The mark of simulated rows; in another column of this name, one fault for all its cells."""
    values, found = _one_of(texts, [YES], optional=True)
    rule = f"{YES} or NA: the name is reserved for simulated rows; rename the column"
    return values, [(-1, f"{rule} ({len(found)} cells)")] if found else []


def _numbers(
    texts: pd.Series,
    minimum: float | None,
    maximum: float | None,
    *,
    optional: bool = False,
    whole: bool = False,
) -> tuple[pd.Series, _Faults]:
    kind = ("a whole number" if whole else "a number") + (", or NA" if optional else "")
    texts = texts.str.strip()
    shaped = texts.str.fullmatch(_NUMBER).fillna(False).astype(bool)
    numbers = pd.to_numeric(texts.where(shaped)).astype(float)
    wrong = texts.notna() & ~np.isfinite(numbers)
    if whole:
        wrong |= numbers % 1 > 0
    commas = wrong & texts.str.fullmatch(_COMMAS).fillna(False).astype(bool)
    faults = _where(wrong & ~commas, kind)
    faults += _where(
        commas, f"{kind}; a point in decimals and nothing between thousands, not commas"
    )
    outside = pd.Series(data=False, index=texts.index)
    if minimum is not None:
        outside |= numbers < minimum
    if maximum is not None:
        outside |= numbers > maximum
    faults += _where(outside & ~wrong, _range(minimum, maximum, whole, optional))
    if not optional:
        faults += _where(texts.isna(), NOT_MISSING)
    numbers = numbers.mask(wrong | outside)
    return numbers.astype("Int64") if whole else numbers, faults


def _range(minimum: float | None, maximum: float | None, whole: bool, optional: bool) -> str:
    low, high = (None if limit is None else f"{limit:.15g}" for limit in (minimum, maximum))
    if low is None:
        rule = f"at most {high}"
    elif high is None:
        rule = f"at least {low}"
    else:
        rule = f"from {low} to {high}" if whole else f"between {low} and {high}"
    return ("a whole number " if whole else "") + rule + (", or NA" if optional else "")


def _column(texts: pd.Series, declared: Column) -> tuple[pd.Series, _Faults]:
    if declared.values is not None:
        return _one_of(texts, [str(each) for each in declared.values], optional=declared.missing)
    if declared.type in ("integer", "number"):
        whole = declared.type == "integer"
        limits = (declared.minimum, declared.maximum)
        return _numbers(texts, *limits, optional=declared.missing, whole=whole)
    faults: _Faults = []
    if declared.pattern is not None:
        right = texts.str.fullmatch(declared.pattern).astype(bool)
        faults += _where(texts.notna() & ~right, f"text that matches {declared.pattern}")
    if declared.format is not None:
        dates = [isinstance(each, str) and not _is_date(each, declared.format) for each in texts]
        faults += _where(np.array(dates), f"a date that exists, as {declared.format}")
    if not declared.missing:
        faults += _where(texts.isna(), NOT_MISSING)
    return texts, faults


def _is_date(text: str, format_: str) -> bool:
    match = _DATES[format_].fullmatch(text)
    if match is None:
        return False
    year, month, day = (int(match[part]) for part in ("year", "month", "day"))
    try:
        date(year + 2000 if year < 100 else year, month, day)
    except ValueError:
        return False
    return True


def _time(texts: pd.Series, study: Study) -> tuple[pd.Series, _Faults]:
    numbers, faults = _numbers(texts, 0, None)
    if isinstance(study.time.visits, Visits):
        every = study.time.visits.every
        visits: Ints = np.rint(numbers.fillna(0).to_numpy() / every).astype(np.int64)
        off = (numbers - visits * every).abs() > 1e-6
        faults += _where(off, f"a visit: a multiple of {every:g}")
        numbers = numbers.mask(off)
    return numbers, faults


def _event(texts: pd.Series, study: Study) -> tuple[pd.Series, _Faults]:
    """The event as the two declared texts; `1.0` is as good as `1`."""
    event = study.event
    values: pd.Series = pd.Series([None] * len(texts), index=texts.index, dtype=object)
    for value in (event.happened, event.censored):
        values = values.mask(_equals(texts, value), str(value))
    dropped = event.missing == "drop"
    rule = f"{event.happened} or {event.censored}" + (" or NA" if dropped else "")
    faults = _where(texts.notna() & values.isna(), rule)
    if not dropped:
        faults += _where(texts.isna(), NOT_MISSING)
    return values.astype(str).where(values.notna()), faults


def _equals(texts: pd.Series, value: Cell) -> pd.Series:
    texts = texts.str.strip()
    same = texts == str(value)
    if not isinstance(value, str):
        shaped = texts.str.fullmatch(_NUMBER).fillna(False).astype(bool)
        same |= pd.to_numeric(texts.where(shaped)) == value
    return same.fillna(False).astype(bool)


def as_text(value: float) -> str:
    """A number as a cell; whole ones without a point."""
    return f"{value:.12g}"
