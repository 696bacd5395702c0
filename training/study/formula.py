"""A formula's terms, as formulaic parses them: sums of products of names, nothing else."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from formulaic.errors import FormulaSyntaxError
from formulaic.parser import DefaultFormulaParser
from formulaic.parser.algos.tokenize import tokenize

if TYPE_CHECKING:
    from training.study.declaration import Study

PERIOD: Final = "period"
PHASE: Final = "phase"
_OPERATORS: Final = ("+", ":", "*")
_LARGEST: Final = 6
"""Products by `*` in one formula; each doubles its number of terms."""


class FormulaError(ValueError):
    """A formula holds something else than sums and products of names; the text says what."""


@dataclass(frozen=True)
class Term:
    """A product of factors and numbers."""

    factors: tuple[str, ...]
    """Names of factor inputs and derived factors, `period` and `phase`."""
    numbers: tuple[str, ...]
    """Names of number inputs, each standardised as (x - centre) / scale."""
    label: str
    """As in the formula: its names, joined by `:`."""

    @property
    def names(self) -> frozenset[str]:
        """All of them: two terms are the same where these are."""
        return frozenset((*self.factors, *self.numbers))


def terms(study: Study) -> tuple[Term, ...]:
    """The terms of the model's formula, in its order.

    Raises FormulaError where it is not a sum of products, or a name is neither an input nor a
    derived factor.
    """
    numbers = {each.name for each in study.numbers}
    factors = {each.name for each in study.factors} | {each.name for each in study.derived}
    factors |= {PERIOD, PHASE}
    found = []
    for names in products(study.model.formula):
        unknown = [name for name in names if name not in numbers | factors]
        if unknown:
            raise FormulaError(f"there is no input or derived factor {unknown[0]}")
        found.append(
            Term(
                tuple(name for name in names if name in factors),
                tuple(name for name in names if name in numbers),
                ":".join(names),
            )
        )
    return tuple(found)


def same_term(label: str, among: Iterable[Term]) -> Term | None:
    """The term that a label such as `sex:grade` means, whatever its order."""
    names = frozenset(name.strip() for name in label.split(":"))
    return next((term for term in among if term.names == names), None)


def products(formula: str) -> tuple[tuple[str, ...], ...]:
    """The names of each term; a name with spaces is set between backticks.

    Raises FormulaError on anything but names, `+`, `:`, `*` and parentheses.
    """
    try:
        tokens = list(tokenize(formula))
    except FormulaSyntaxError as error:
        raise FormulaError(_one_line(error)) from error
    for token in tokens:
        kind = token.kind.value
        if kind == "python":
            raise FormulaError(f"no function or expression, as in {token.token}")
        if kind == "value":
            raise FormulaError(f"no constant, as in {token.token}")
        if kind == "operator" and token.token not in _OPERATORS:
            raise FormulaError(f"only +, : and *, not {token.token}")
        if kind == "context" and token.token not in "()":  # noqa: S105
            raise FormulaError(f"only parentheses, not {token.token}")
    operators = [token.token for token in tokens if token.kind.value == "operator"]
    if operators.count("*") > _LARGEST:
        raise FormulaError(f"at most {_LARGEST} products by *; write the terms out with :")
    if not tokens:
        raise FormulaError("at least one term")
    try:
        parsed = DefaultFormulaParser(include_intercept=False).get_terms(formula)
    except FormulaSyntaxError as error:
        raise FormulaError(_one_line(error)) from error
    return tuple(tuple(factor.expr for factor in term.factors) for term in parsed)


def _one_line(error: FormulaSyntaxError) -> str:
    """What formulaic says, without the coloured excerpt below it."""
    return str(error).splitlines()[0].replace("insuffient", "insufficient").rstrip(". ")
