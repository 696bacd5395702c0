"""Whether conditions and cases name columns or inputs that exist, and values these can hold."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from training.errors import StudyFault
from training.study.declaration import Column, DerivedFactor
from training.study.inputs import FactorInput, NumberInput
from training.study.vocabulary import NO_VALUE, Case, Cell, Condition, Range, near, shown


def _shown(values: Range) -> str:
    ends = (("minimum", values.minimum), ("maximum", values.maximum))
    return ", ".join(f"{name} {end:g}" for name, end in ends if end is not None)


@dataclass(frozen=True)
class Holder:
    """What a column, an input or a derived factor can hold."""

    levels: tuple[str, ...] | None = None
    """All of them; None for free text and numbers."""
    numeric: bool = False
    minimum: float | None = None
    maximum: float | None = None

    def refuses(self, value: Cell) -> str:
        """What it can hold, where the value is not among it; empty where it is."""
        if value == NO_VALUE:
            return ""
        if self.levels is not None:
            return "" if str(value) in self.levels else near(str(value), self.levels)
        if not self.numeric:
            return ""
        if isinstance(value, str):
            return "a number"
        if self.minimum is not None and value < self.minimum:
            return f"at least {self.minimum:g}"
        if self.maximum is not None and value > self.maximum:
            return f"at most {self.maximum:g}"
        return ""

    def excludes(self, values: Range) -> str:
        """What it can hold, where a range holds none of it; empty where it holds some."""
        if None not in (self.minimum, self.maximum) and self.minimum > self.maximum:  # type: ignore[operator]
            return ""  # a fault of its own
        if None not in (values.minimum, self.maximum) and values.minimum > self.maximum:  # type: ignore[operator]
            return f"a minimum of at most {self.maximum:g}"
        if None not in (values.maximum, self.minimum) and values.maximum < self.minimum:  # type: ignore[operator]
            return f"a maximum of at least {self.minimum:g}"
        return ""


def holder(of: FactorInput | NumberInput | DerivedFactor | Column) -> Holder:
    """What one part of the declaration can hold."""
    if isinstance(of, FactorInput | DerivedFactor):
        return Holder(of.names)
    if isinstance(of, NumberInput):
        return Holder(None, True, of.minimum, of.maximum)
    if of.values is not None:
        return Holder(tuple(map(str, of.values)))
    return Holder(None, of.type in ("integer", "number"), of.minimum, of.maximum)


def condition_faults(
    key: str,
    condition: Condition,
    holders: Mapping[str, Holder],
    invalid: frozenset[str],
) -> Iterator[StudyFault]:
    """Names that are unknown, values that the named one can't hold, ranges turned round."""
    for name, values in condition.items():
        here = f"{key}.{name}"
        held = "a table" if isinstance(values, Range) else shown(values)
        if name not in holders:
            if name not in invalid:
                yield StudyFault(here, held, f"a known name; {near(name, holders)}")
        elif not isinstance(values, Range):
            for value in values:
                if allowed := holders[name].refuses(value):
                    yield StudyFault(here, shown(value), allowed)
        elif not holders[name].numeric:
            yield StudyFault(here, held, "a list of values, since it is no number")
        elif values.minimum is None and values.maximum is None:
            yield StudyFault(here, held, "a minimum, a maximum or both")
        elif allowed := holders[name].excludes(values):
            yield StudyFault(here, _shown(values), allowed)
        elif None not in (values.minimum, values.maximum) and values.minimum > values.maximum:  # type: ignore[operator]
            yield StudyFault(
                f"{here}.minimum", shown(values.minimum), f"at most the maximum, {values.maximum:g}"
            )


def case_faults(
    key: str,
    cases: Sequence[Case],
    holders: Mapping[str, Holder],
    invalid: frozenset[str],
) -> Iterator[StudyFault]:
    """Faults of the conditions of cases; and cases that are never reached."""
    for place, case in enumerate(cases, 1):
        here = f"{key}[{place}]"
        yield from condition_faults(f"{here}.where", case.where, holders, invalid)
        for name in case.equal or ():
            if name not in holders:
                if name not in invalid:
                    allowed = f"known names; {near(name, holders)}"
                    yield StudyFault(f"{here}.equal", shown(case.equal), allowed)
            elif holders[name].numeric:
                allowed = f"names of texts or factors; {name} is a number"
                yield StudyFault(f"{here}.equal", shown(case.equal), allowed)
        if case.always and place < len(cases):
            yield StudyFault(
                here, shown(case.value), "a condition; only the last case may have none"
            )
