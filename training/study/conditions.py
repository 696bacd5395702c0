"""Conditions and cases of a declaration, evaluated on every row of a table at once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from training.arrays import Floats, Ints
from training.study.declaration import Study
from training.study.derived import derived_codes
from training.study.vocabulary import NO_VALUE, Case, Cell, Condition, Range

Booleans = npt.NDArray[np.bool_]


def holds(condition: Condition, table: pd.DataFrame) -> Booleans:
    """Whether each row keeps every part of a condition; its names are columns of the table."""
    kept = np.ones(len(table), dtype=np.bool_)
    for name, allowed in condition.items():
        kept &= _within(table[name], allowed)
    return kept


def first_case(cases: Sequence[Case], table: pd.DataFrame) -> npt.NDArray[np.object_]:
    """The value of the first case that holds for each row; None where none does."""
    values = np.full(len(table), None, dtype=object)
    open_ = np.ones(len(table), dtype=np.bool_)
    for case in cases:
        kept = open_ & holds(case.where, table)
        if case.equal is not None:
            one, other = (table[name] for name in case.equal)
            kept &= (one == other).fillna(False).to_numpy(dtype=bool)
        values[kept] = case.value
        open_ &= ~kept
    return values


def input_table(study: Study, codes: Ints, numbers: Floats) -> pd.DataFrame:
    """Inputs and derived factors of each row, by name: what expectations are conditions on."""
    columns: dict[str, object] = {
        each.name: np.array(each.names, dtype=object)[codes[:, i]]
        for i, each in enumerate(study.factors)
    }
    columns |= {each.name: numbers[:, i] for i, each in enumerate(study.numbers)}
    derived = derived_codes(study, codes)
    columns |= {
        each.name: np.array(each.names, dtype=object)[derived[:, i]]
        for i, each in enumerate(study.derived)
    }
    return pd.DataFrame(columns, index=range(max(len(codes), len(numbers))))


def _within(column: pd.Series, allowed: tuple[Cell, ...] | Range) -> Booleans:
    missing = column.isna().to_numpy()
    if isinstance(allowed, Range):
        values = column.to_numpy(dtype=float, na_value=np.nan)
        kept = ~missing
        with np.errstate(invalid="ignore"):
            if allowed.minimum is not None:
                kept &= values >= allowed.minimum
            if allowed.maximum is not None:
                kept &= values <= allowed.maximum
        return kept
    kept = missing & (NO_VALUE in allowed)
    if pd.api.types.is_numeric_dtype(column):
        numbers = [float(value) for value in allowed if not isinstance(value, str)]
        kept |= np.isin(column.to_numpy(dtype=float, na_value=np.nan), numbers)
    else:
        kept |= column.isin([str(value) for value in allowed]).to_numpy()
    return kept
