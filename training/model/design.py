"""The design matrix: the columns that the log-odds of the hazard are linear in.

Every term of the formula is a block of columns, one for each combination of its factors'
levels (full one-hot coding, as formulaic's with `ensure_full_rank=False`), times its numbers,
each standardised as (x - centre) / scale. There is no column for the intercept.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from scipy import sparse
from sklearn.base import BaseEstimator, TransformerMixin

from training.arrays import Floats, Ints
from training.errors import TrainingError
from training.model.periods import Periods
from training.study.declaration import Study
from training.study.derived import derived_table
from training.study.formula import PERIOD, PHASE, Term, same_term, terms


@dataclass(frozen=True)
class TermColumns:
    """The block of columns of one term; a row sets exactly one of them."""

    label: str
    inputs: tuple[int, ...]
    """The input factors that it depends on, by position; derived factors are resolved."""
    numbers: tuple[int, ...]
    """The numbers that its value is the product of, by position."""
    lookup: Ints
    """[levels of each input factor..., periods]: which column of the block is set."""
    width: int
    weight: float
    """1 / sqrt(penalty): a column times this is penalised `penalty` times as strongly."""

    def column(self, codes: Ints, period: Ints) -> Ints:
        """Which column of the block each row sets."""
        found: Ints = self.lookup[(*(codes[:, i] for i in self.inputs), period)]
        return found

    def value(self, standard: Floats) -> Floats:
        """What each row sets it to, from standardised numbers."""
        value: Floats = self.weight * standard[:, list(self.numbers)].prod(axis=1)
        return value


@dataclass(frozen=True)
class Columns:
    """All blocks of a formula, and what is needed to fill them."""

    blocks: tuple[TermColumns, ...]
    levels: tuple[int, ...]
    """Number of levels of each input factor."""
    centre: tuple[float, ...]
    scale: tuple[float, ...]
    periods: int

    @property
    def width(self) -> int:
        """Columns of the design matrix."""
        return sum(block.width for block in self.blocks)

    @property
    def offsets(self) -> tuple[int, ...]:
        """First column of each block."""
        ends = np.cumsum([0, *(block.width for block in self.blocks)])
        return tuple(ends[:-1].tolist())

    def standardised(self, numbers: Floats) -> Floats:
        """Numbers as they enter the design, with as many digits as they have themselves."""
        centre = np.array(self.centre, numbers.dtype)
        standard: Floats = (numbers - centre) / np.array(self.scale, numbers.dtype)
        return standard


def columns_of(study: Study, periods: Periods, penalty: Mapping[str, float]) -> Columns:
    """The columns of a study's formula; `penalty` names terms, in any order of their factors.

    Raises TrainingError where it names a term that the formula lacks, FormulaError where the
    formula can't be read.
    """
    found = terms(study)
    weights = dict.fromkeys(found, 1.0)
    for label, times in penalty.items():
        if (term := same_term(label, found)) is None:
            raise TrainingError(f"penalty: the formula has no term {label}: name one that it has.")
        weights[term] = float(times**-0.5)
    return Columns(
        blocks=tuple(_block(term, study, periods, weights[term]) for term in found),
        levels=tuple(len(factor.names) for factor in study.factors),
        centre=tuple(number.centre for number in study.numbers),
        scale=tuple(number.scale for number in study.numbers),
        periods=len(periods),
    )


def _block(term: Term, study: Study, periods: Periods, weight: float) -> TermColumns:
    names = [factor.name for factor in study.factors]
    derived = {each.name: derived_table(study, each) for each in study.derived}
    sources = [
        derived[name].inputs if name in derived else (names.index(name),)
        for name in term.factors
        if name not in (PERIOD, PHASE)
    ]
    inputs = tuple(sorted({place for each in sources for place in each}))
    shape = (*(len(study.factors[place].names) for place in inputs), len(periods))
    *levels, period = np.indices(shape).reshape(len(shape), -1)
    codes = np.zeros((len(period), len(names)), np.int64)
    for place, level in zip(inputs, levels, strict=True):
        codes[:, place] = level

    parts, counts = [], []
    for name in term.factors:
        if name == PERIOD:
            parts.append(period)
            counts.append(len(periods))
        elif name == PHASE:
            parts.append(np.array(periods.phases)[period])
            counts.append(max(periods.phases) + 1)
        elif name in derived:
            parts.append(derived[name].look_up(codes))
            counts.append(next(len(each.names) for each in study.derived if each.name == name))
        else:
            parts.append(codes[:, names.index(name)])
            counts.append(len(study.factors[names.index(name)].names))
    # The first factor runs fastest, as in formulaic.
    column = np.ravel_multi_index(parts, counts, order="F") if parts else np.zeros(len(period))
    positions = [number.name for number in study.numbers]
    return TermColumns(
        label=term.label,
        inputs=inputs,
        numbers=tuple(positions.index(name) for name in term.numbers),
        lookup=np.asarray(column, np.int64).reshape(shape),
        width=int(np.prod(counts)),
        weight=weight,
    )


class Design(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Turns rows (codes, numbers, period) into the design matrix, [n, columns]."""

    def __init__(self, columns: Columns, as_sparse: bool = False, as_float32: bool = False) -> None:
        self.columns = columns
        self.as_sparse = as_sparse
        self.as_float32 = as_float32

    def fit(self, x: Floats, y: Ints | None = None) -> Self:  # noqa: ARG002 (scikit-learn's)
        """Learns nothing from the data; the columns follow from the study."""
        self.n_features_in_ = x.shape[1]
        return self

    def transform(self, x: Floats) -> Any:
        """The design matrix; on request sparse (CSR), or of the same float32 digits as the graph's.

        A threshold is halfway between two values, where a subject that a refit leaves out may lie
        exactly: rounded otherwise than in the graph, it would take the other branch.
        """
        columns, factors = self.columns, len(self.columns.levels)
        codes, period = x[:, :factors].astype(np.int64), x[:, -1].astype(np.int64)
        numbers = x[:, factors:-1]
        standard = columns.standardised(numbers.astype(np.float32) if self.as_float32 else numbers)
        place = np.column_stack(
            [
                offset + block.column(codes, period)
                for offset, block in zip(columns.offsets, columns.blocks, strict=True)
            ]
        )
        value = np.column_stack([block.value(standard) for block in columns.blocks])
        matrix = sparse.csr_matrix(
            (value.ravel(), place.ravel(), np.arange(len(x) + 1) * len(columns.blocks)),
            shape=(len(x), columns.width),
        )
        return matrix if self.as_sparse else matrix.toarray()
