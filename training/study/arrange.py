"""A typed table as arrays: in an order of its own, with declared or random groups."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

from training.study.declaration import Study
from training.study.subjects import Subjects

RANDOM_GROUPS: Final = 20
"""Groups of rows where a study declares none."""


def as_subjects(table: pd.DataFrame, study: Study) -> Subjects:
    """A typed table as arrays, in an order that does not depend on the order of its rows."""
    table = _in_order(table, study)
    codes = [pd.Categorical(table[f.column], f.names).codes for f in study.factors]
    numbers = [table[each.column].to_numpy(dtype=float) for each in study.numbers]
    time = table[study.time.column].to_numpy(dtype=float)
    happened = (table[study.event.column] == str(study.event.happened)).to_numpy(dtype=bool)
    beyond = time > study.time.horizon + 1e-9
    group, groups = _groups(table, study)
    return Subjects(
        codes=np.column_stack([np.empty((len(table), 0), np.int64), *codes]).astype(np.int64),
        numbers=np.column_stack([np.empty((len(table), 0)), *numbers]),
        time=np.minimum(time, study.time.horizon),
        event=(happened & ~beyond).astype(np.int64),
        group=group,
        groups=groups,
        frame=table,
    )


def _in_order(table: pd.DataFrame, study: Study) -> pd.DataFrame:
    if study.data.id is None:
        return table.sort_values(sorted(table.columns), kind="stable").reset_index(drop=True)
    order = _natural(table[study.data.id].astype(str))
    return table.iloc[np.argsort(order, kind="stable")].reset_index(drop=True)


def _natural(names: pd.Series) -> np.ndarray:
    """Whole numbers by size, all else by spelling."""
    whole = names.str.fullmatch("[0-9]{1,15}").all()
    return names.astype(np.int64).to_numpy() if whole else names.rank(method="dense").to_numpy()


def _groups(table: pd.DataFrame, study: Study) -> tuple[np.ndarray, tuple[str, ...]]:
    if study.data.group is not None:
        names = table[study.data.group.column].astype(str)
        distinct = names.drop_duplicates()
        ordered = tuple(distinct.iloc[np.argsort(_natural(distinct), kind="stable")])
        return pd.Categorical(names, ordered).codes.astype(np.int64), ordered
    # By a hash of the cells: random, of one size, and the same whatever the order of the rows.
    hashes = pd.util.hash_pandas_object(table.astype(str), index=False).to_numpy()
    number = RANDOM_GROUPS if len(table) >= 3 * RANDOM_GROUPS else max(5, len(table) // 3)
    number = min(number, len(table))
    group = np.empty(len(table), dtype=np.int64)
    group[np.argsort(hashes, kind="stable")] = np.arange(len(table)) % number
    return group, tuple(str(place + 1) for place in range(number))
