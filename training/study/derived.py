"""Derived factors as lookup tables over the codes of the factor inputs they follow from."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np

from training.arrays import Ints
from training.study.declaration import Study
from training.study.inputs import DerivedFactor
from training.study.vocabulary import Case


@dataclass(frozen=True)
class DerivedTable:
    """The level of a derived factor for each combination of levels of its inputs."""

    name: str
    inputs: tuple[int, ...]
    """Places of its inputs among the study's factors, rising."""
    codes: Ints
    """One axis for each of these inputs; the code of the derived level."""

    def look_up(self, codes: Ints) -> Ints:
        """[n] codes of the level from [n, factors] codes of the inputs."""
        if not self.inputs:
            return np.full(len(codes), self.codes[()], dtype=np.int64)
        found: Ints = self.codes[tuple(codes[:, place] for place in self.inputs)]
        return found


def derived_table(study: Study, derived: DerivedFactor) -> DerivedTable:
    """The lookup table of one derived factor."""
    names = [each.name for each in study.factors]
    used = {name for case in derived.cases for name in (*case.where, *(case.equal or ()))}
    inputs = tuple(place for place, name in enumerate(names) if name in used)
    levels = [study.factors[place].names for place in inputs]
    codes = np.empty([len(each) for each in levels], dtype=np.int64)
    for place in product(*(range(len(each)) for each in levels)):
        row = {names[i]: levels[axis][place[axis]] for axis, i in enumerate(inputs)}
        value = next(case.value for case in derived.cases if _holds(case, row))
        codes[place] = derived.names.index(value)
    return DerivedTable(derived.name, inputs, codes)


def derived_codes(study: Study, codes: Ints) -> Ints:
    """[n, derived factors] codes of their levels, from [n, factors] codes of the inputs."""
    columns = [derived_table(study, each).look_up(codes) for each in study.derived]
    return np.column_stack(columns) if columns else np.empty((len(codes), 0), dtype=np.int64)


def _holds(case: Case, row: dict[str, str]) -> bool:
    where = all(
        isinstance(allowed, tuple) and row[name] in map(str, allowed)
        for name, allowed in case.where.items()
    )
    return where and (case.equal is None or row[case.equal[0]] == row[case.equal[1]])
