"""What must agree between the keys of a study file; each fault by key, value and rule."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Final

from training.errors import StudyFault
from training.study.declaration import (
    DAYS,
    MOST_TIMES,
    REPORT_FIELDS,
    RESERVED,
    SIMULATED,
    NumberInput,
    Visits,
)
from training.study.parts import Parts
from training.study.uses import (
    derived_faults,
    expectation_faults,
    formula_faults,
    rule_faults,
    withdrawal_faults,
)
from training.study.vocabulary import Cell, near, shown

LARGEST: Final = 1e6
"""Size of a standardised number beyond which nothing can be computed with it."""


def disagreements(parts: Parts) -> list[StudyFault]:
    """Every fault between keys."""
    found = [
        *_names(parts),
        *_sentences(parts),
        *_columns(parts),
        *_inputs(parts),
        *_column_rules(parts),
        *_time(parts),
        *_event(parts),
    ]
    names = [each.name for each in parts.inputs] + [each.name for each in parts.derived]
    if not parts.inputs or len(set(names)) < len(names):
        return found  # what a name means is not settled: nothing can be said of its uses
    return [
        *found,
        *formula_faults(parts),
        *derived_faults(parts),
        *rule_faults(parts),
        *expectation_faults(parts),
        *withdrawal_faults(parts),
    ]


def _names(parts: Parts) -> Iterator[StudyFault]:
    """Names that a formula, a request or an answer would confuse."""
    taken = Counter(each.name for each in (*parts.inputs, *parts.derived))
    answer = {f"{parts.study.outcome}_percent"} if parts.study else set()
    for kind, entries in (("inputs", parts.inputs), ("derived", parts.derived)):
        for each in entries:
            key = f"{kind}[{each.name}].name"
            if each.name in RESERVED | answer:
                yield StudyFault(
                    key, shown(each.name), "a name that the engine does not use itself"
                )
            if taken[each.name] > 1:
                yield StudyFault(key, shown(each.name), "each name once among inputs and derived")
    if parts.time:
        names = set(taken) | RESERVED | REPORT_FIELDS | answer
        names |= {parts.study.rows} if parts.study else set()
        if parts.time.name in names:
            allowed = "a name that is no input's and that the engine does not use itself"
            yield StudyFault("time.name", shown(parts.time.name), allowed)
    if parts.study and parts.study.rows in RESERVED:
        allowed = "a name that the engine does not use itself"
        yield StudyFault("study.rows", shown(parts.study.rows), allowed)


def _sentences(parts: Parts) -> Iterator[StudyFault]:
    """What texts name in braces exists, and a date is named where there are days alone."""
    inputs = [each.name for each in parts.inputs]
    subject = parts.study.subject if parts.study else None
    for language, text in subject or ():
        for name in re.findall(r"{(.*?)}", text):
            if name not in inputs and name not in parts.invalid:
                key = f"study.subject.{language}"
                yield StudyFault(key, shown(text), f"inputs in braces; {near(name, inputs)}")
    start = parts.time.start if parts.time else None
    if parts.time is None or start is None:
        return
    if parts.time.name != DAYS:
        yield StudyFault("time.start", "a table", f'no start, since time.name is not "{DAYS}"')
    for language, text in start.sentence:
        if re.findall(r"{.*?}", text) != ["{date}"]:
            yield StudyFault(f"time.start.sentence.{language}", shown(text), "{date} once")


def _columns(parts: Parts) -> Iterator[StudyFault]:
    """Each column of the CSV has one role."""
    roles = [(f"inputs[{each.name}].column", each.column) for each in parts.inputs]
    if parts.time:
        roles.insert(0, ("time.column", parts.time.column))
    if parts.event:
        roles.insert(0, ("event.column", parts.event.column))
    if parts.data and parts.data.group:
        roles.append(("data.group.column", parts.data.group.column))
    if parts.data and parts.data.id is not None:
        roles.append(("data.id", parts.data.id))
    first: dict[str, str] = {}
    for key, column in roles:
        if column == SIMULATED:
            yield StudyFault(key, shown(column), "another column: it marks simulated rows")
        elif column in first:
            yield StudyFault(key, shown(column), f"a column of its own; {first[column]} has it")
        first.setdefault(column, key)
    for name in parts.columns:
        key = f"columns.{name}"
        if name == SIMULATED:
            yield StudyFault(key, "a table", "another column: it marks simulated rows")
        elif name in first and first[name] not in ("data.group.column", "data.id"):
            yield StudyFault(
                key, "a table", f"a column that is described once; {first[name]} has it"
            )


def _inputs(parts: Parts) -> Iterator[StudyFault]:
    for each in parts.inputs:
        key = f"inputs[{each.name}]"
        if isinstance(each, NumberInput):
            yield from _range(key, each.minimum, each.maximum, strict=True)
            sound = each.minimum < each.maximum
            for place, stop in enumerate(each.stops if sound else (), 1):
                if not each.minimum <= stop.value <= each.maximum:
                    allowed = f"from {each.minimum:g} to {each.maximum:g}"
                    yield StudyFault(f"{key}.stops[{place}].value", shown(stop.value), allowed)
            if sound:
                yield from _standardised(key, each)
            if each.minimum < each.maximum < each.minimum + (each.step or 0):
                allowed = f"at most the range, {each.maximum - each.minimum:g}"
                yield StudyFault(f"{key}.step", shown(each.step), allowed)
            continue
        if (each.missing == "level") != (each.missing_level is not None):
            held = "" if each.missing_level is None else shown(each.missing_level)
            yield StudyFault(f"{key}.missing_level", held, 'a name exactly if missing = "level"')
        for name, times in Counter(each.names).items():
            if times > 1:
                yield StudyFault(f"{key}.levels", shown(name), "each level once")
            if name in parts.cells and name != each.missing_level:
                yield StudyFault(f"{key}.levels", shown(name), "no cell that data.missing names")


def _range(
    key: str, minimum: float | None, maximum: float | None, *, strict: bool = False
) -> Iterator[StudyFault]:
    if minimum is None or maximum is None:
        return
    if minimum > maximum or (strict and minimum == maximum):
        allowed = f"{'less than' if strict else 'at most'} the maximum, {maximum:g}"
        yield StudyFault(f"{key}.minimum", shown(minimum), allowed)


def _standardised(key: str, each: NumberInput) -> Iterator[StudyFault]:
    """The formula's column (x - centre) / scale neither vanishes nor outgrows float32."""
    reach = max(abs(end - each.centre) for end in (each.minimum, each.maximum)) / each.scale
    if not 1 / LARGEST <= reach <= LARGEST:
        held = f"{shown(each.scale)}, with centre {shown(each.centre)}"
        allowed = f"(x - centre) / scale of the range's ends of at most {LARGEST:g}"
        if reach < 1:
            allowed = f"(x - centre) / scale of an end of the range of at least {1 / LARGEST:g}"
        yield StudyFault(f"{key}.scale", held, allowed)


def _column_rules(parts: Parts) -> Iterator[StudyFault]:
    for name, column in parts.columns.items():
        key = f"columns.{name}"
        numeric = column.type in ("integer", "number")
        yield from _range(key, column.minimum, column.maximum)
        for limit in ("minimum", "maximum"):
            if getattr(column, limit) is not None and not numeric:
                allowed = f"no {limit}, since type = {shown(column.type)}"
                yield StudyFault(f"{key}.{limit}", shown(getattr(column, limit)), allowed)
        for rule in ("pattern", "format"):
            if getattr(column, rule) is not None and column.type != "text":
                allowed = f'a {rule} only if type = "text"'
                yield StudyFault(f"{key}.{rule}", shown(getattr(column, rule)), allowed)
        if (column.type == "category") != (column.values is not None):
            held = "" if column.values is None else shown(column.values)
            yield StudyFault(f"{key}.values", held, 'a list exactly if type = "category"')
        for value, times in Counter(map(str, column.values or ())).items():
            if times > 1:
                yield StudyFault(f"{key}.values", shown(value), "each value once")
            if value in parts.cells:
                yield StudyFault(f"{key}.values", shown(value), "no cell that data.missing names")
        if column.pattern is not None:
            try:
                re.compile(column.pattern)
            except re.error as error:
                allowed = f"a regular expression ({error})"
                yield StudyFault(f"{key}.pattern", shown(column.pattern), allowed)


def _time(parts: Parts) -> Iterator[StudyFault]:
    time = parts.time
    if time is None:
        return
    periods = time.periods if isinstance(time.periods, tuple) else None
    for key, ends in (("time.periods", periods), ("time.phases", time.phases)):
        if ends is None:
            continue
        for before, end in zip((0.0, *ends), ends, strict=False):
            if before >= end:
                yield StudyFault(key, f"{end:g} after {before:g}", "ends that rise from above 0")
        if ends[-1] != time.horizon:
            allowed = f"a last end equal to time.horizon, {time.horizon:g}"
            yield StudyFault(key, f"{ends[-1]:g} as its last end", allowed)
    if time.phases is not None and periods is None:
        allowed = "phases only where time.periods lists the ends of the periods"
        yield StudyFault("time.phases", shown(time.phases), allowed)
    for end in time.phases or ():
        if periods is not None and end not in periods:
            yield StudyFault("time.phases", f"{end:g}", "ends of periods only")
    if isinstance(time.visits, Visits):
        every = time.visits.every
        if time.horizon > MOST_TIMES * every:
            allowed = f'at most {MOST_TIMES} visits up to time.horizon, or visits = "observed"'
            yield StudyFault("time.visits.every", shown(every), allowed)
            return
        for key, end in (
            ("time.horizon", time.horizon),
            *(("time.periods", e) for e in periods or ()),
        ):
            if abs(end / every - round(end / every)) > 1e-6:
                allowed = f"multiples of time.visits.every, {every:g}"
                yield StudyFault(key, f"{end:g}", allowed)


def _value(cell: Cell) -> str | float:
    """A cell as the CSV's are compared with it: 1 and 1.0 are the same, "1" and "1.0" are not."""
    return cell if isinstance(cell, str) else float(cell)


def _event(parts: Parts) -> Iterator[StudyFault]:
    event = parts.event
    if event is None:
        return
    if _value(event.happened) == _value(event.censored):
        yield StudyFault(
            "event.censored", shown(event.censored), "another value than event.happened"
        )
    for key in ("happened", "censored"):
        if str(getattr(event, key)) in parts.cells:
            held = shown(getattr(event, key))
            yield StudyFault(f"event.{key}", held, "no cell that data.missing names")
