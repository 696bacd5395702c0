"""Whether formulas, cases, rules and expectations use names that exist, as what they are."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from math import prod
from typing import Final

from training.errors import StudyFault
from training.study import formula as formulas
from training.study.declaration import Visits
from training.study.parts import Parts
from training.study.references import Holder, case_faults, condition_faults, holder
from training.study.vocabulary import near, shown

_LARGEST_TERM: Final = 10_000
_PARAMETERS: Final = ("C",)
"""What may be searched of the estimator; all else of it is fixed where it is made."""


def formula_faults(parts: Parts) -> Iterator[StudyFault]:
    """Faults of the model's formula, penalties and search, and of the censoring's formula."""
    if parts.model:
        names = [each.name for each in (*parts.inputs, *parts.derived)]
        names += [formulas.PERIOD, formulas.PHASE]
        found = yield from _formula("model.formula", parts.model.formula, names, parts.invalid)
        yield from _sizes(parts, found)
        labels = {frozenset(term): ":".join(term) for term in found}
        for term in parts.model.penalty:
            if found and frozenset(name.strip() for name in term.split(":")) not in labels:
                allowed = f"a term of the formula; {near(term, labels.values())}"
                yield StudyFault(f"model.penalty.{term}", shown(parts.model.penalty[term]), allowed)
        for name, values in parts.model.search.items():
            if name not in _PARAMETERS:
                allowed = f"a parameter of {parts.model.estimator}; {near(name, _PARAMETERS)}"
                yield StudyFault(f"model.search.{name}", shown(values), allowed)
            elif min(values) < 1e-6 or max(values) > 1e6 or len(set(values)) < len(values):
                allowed = "numbers from 1e-06 to 1e+06, each once, the most regularised first"
                yield StudyFault(f"model.search.{name}", shown(values), allowed)
    if parts.censoring:
        columns = [each.column for each in parts.inputs] + list(parts.columns)
        if parts.data and parts.data.group:
            columns.append(parts.data.group.column)
        found = yield from _formula(
            "censoring.formula", parts.censoring.formula, columns, parts.invalid
        )
        for name in dict.fromkeys(name for term in found for name in term):
            if name in parts.columns and (
                parts.columns[name].missing or not parts.columns[name].required
            ):
                allowed = f"columns that are never missing, unlike {name}"
                yield StudyFault("censoring.formula", shown(parts.censoring.formula), allowed)


def _sizes(parts: Parts, found: tuple[tuple[str, ...], ...]) -> Iterator[StudyFault]:
    """Terms with more combinations of levels, each a coefficient, than can be estimated."""
    levels = {each.name: len(each.names) for each in parts.factors}
    levels |= {each.name: len(each.names) for each in parts.derived}
    for term in found:
        size = prod(levels.get(name, 1) for name in term)
        if size > _LARGEST_TERM:
            held, most = f"{size} combinations of levels in {':'.join(term)}", _LARGEST_TERM
            yield StudyFault("model.formula", held, f"at most {most} combinations in a term")


def _formula(
    key: str, formula: str, known: list[str], invalid: frozenset[str]
) -> Generator[StudyFault, None, tuple[tuple[str, ...], ...]]:
    """Faults of a formula; returns its terms."""
    try:
        found = formulas.products(formula)
    except formulas.FormulaError as error:
        yield StudyFault(key, shown(formula), f"sums and products of names: {error}")
        return ()
    for name in dict.fromkeys(name for term in found for name in term):
        if name not in known and name not in invalid:
            yield StudyFault(
                key, shown(formula), f"known names only, not {name}; {near(name, known)}"
            )
    return found


def derived_faults(parts: Parts) -> Iterator[StudyFault]:
    """Faults of derived factors: they follow from factor inputs alone."""
    holders = {each.name: holder(each) for each in parts.factors}
    numbers = {each.name for each in parts.inputs} - set(holders)
    for each in parts.derived:
        key = f"derived[{each.name}].cases"
        yield from case_faults(key, each.cases, holders, parts.invalid - numbers)
        if not each.cases[-1].always:
            held = shown(each.cases[-1].value)
            yield StudyFault(f"{key}[{len(each.cases)}]", held, "a last case without a condition")


def rule_faults(parts: Parts) -> Iterator[StudyFault]:
    """Faults of rules between columns of the CSV."""
    holders = {name: holder(column) for name, column in parts.columns.items()}
    holders |= {each.column: holder(each) for each in parts.inputs}
    if parts.time:
        holders[parts.time.column] = Holder(None, True, 0)
    if parts.event:
        holders[parts.event.column] = Holder((str(parts.event.happened), str(parts.event.censored)))
    if parts.data and parts.data.id is not None:
        holders.setdefault(parts.data.id, Holder())
    if parts.data and parts.data.group:
        holders.setdefault(parts.data.group.column, Holder())
    for place, rule in enumerate(parts.rules, 1):
        key = f"rules[{place}]"
        if rule.column not in holders and rule.column not in parts.invalid:
            allowed = f"a declared column; {near(rule.column, holders)}"
            yield StudyFault(f"{key}.column", shown(rule.column), allowed)
        yield from condition_faults(f"{key}.when", rule.when, holders, parts.invalid)
        yield from condition_faults(f"{key}.then", rule.then or {}, holders, parts.invalid)
        yield from case_faults(f"{key}.cases", rule.cases or (), holders, parts.invalid)
        for number, case in enumerate(rule.cases or (), 1):
            if rule.column in holders and (allowed := holders[rule.column].refuses(case.value)):
                yield StudyFault(f"{key}.cases[{number}].value", shown(case.value), allowed)
        if rule.multiple_of is not None:
            for name in (rule.column, rule.multiple_of[0]):
                if name in parts.invalid:
                    continue
                if not holders.get(name, Holder()).numeric:
                    held = shown(rule.multiple_of)
                    allowed = f"a column of numbers and a number; {name} is no such column"
                    yield StudyFault(f"{key}.multiple_of", held, allowed)
        given = [
            each for each in ("then", "cases", "multiple_of") if getattr(rule, each) is not None
        ]
        if len(given) != 1:
            yield StudyFault(key, " and ".join(given), "exactly one of then, cases and multiple_of")


def expectation_faults(parts: Parts) -> Iterator[StudyFault]:
    """Faults of expectations on inputs and derived factors."""
    holders = {each.name: holder(each) for each in (*parts.inputs, *parts.derived)}
    for place, each in enumerate(parts.expectations, 1):
        key = f"expectations[{place}]"
        for side in ("more", "less"):
            yield from condition_faults(
                f"{key}.{side}", getattr(each, side), holders, parts.invalid
            )
        if each.more == each.less:
            yield StudyFault(f"{key}.less", "the same as more", "another group of inputs")
        if parts.time and each.at > parts.time.horizon:
            allowed = f"at most time.horizon, {parts.time.horizon:g}"
            yield StudyFault(f"{key}.at", shown(each.at), allowed)


def withdrawal_faults(parts: Parts) -> Iterator[StudyFault]:
    """Faults of the withdrawals that a simulation draws."""
    holders = {each.name: holder(each) for each in (*parts.inputs, *parts.derived)}
    withdrawals = parts.simulation.withdrawals if parts.simulation else ()
    for place, each in enumerate(withdrawals, 1):
        key = f"simulation.withdrawals[{place}]"
        yield from condition_faults(f"{key}.where", each.where, holders, parts.invalid)
        if parts.time and each.at > parts.time.horizon:
            allowed = f"at most time.horizon, {parts.time.horizon:g}"
            yield StudyFault(f"{key}.at", shown(each.at), allowed)
        elif parts.time and isinstance(parts.time.visits, Visits):
            every = parts.time.visits.every
            if abs(each.at / every - round(each.at / every)) > 1e-6:
                allowed = f"multiples of time.visits.every, {every:g}"
                yield StudyFault(f"{key}.at", shown(each.at), allowed)
