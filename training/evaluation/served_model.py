"""A model as it serves, by its graph and metadata alone: its answers for a study's subjects."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from training.arrays import Floats, Ints
from training.model.export import run_graph
from training.model.periods import Periods
from training.model.survival import risk
from training.study.declaration import Study
from training.study.subjects import Subjects, distinct_inputs


@dataclass(frozen=True)
class ServedModel:
    """A graph with what its metadata say of inputs and time."""

    graph: bytes
    factors: tuple[tuple[str, tuple[str, ...]], ...]
    """Name and levels of each."""
    numbers: tuple[tuple[str, float, float], ...]
    """Name, and lowest and highest value seen, of each."""
    periods: Periods
    refits: int

    @classmethod
    def of(cls, graph: bytes, metadata: Mapping[str, Any]) -> Self:
        """The model of a folder `model/` of contract 2."""
        inputs, time = metadata["inputs"], metadata["time"]
        ends = tuple(float(each) for each in time["period_ends"])
        return cls(
            graph=graph,
            factors=tuple(
                (each["name"], tuple(level["name"] for level in each["levels"]))
                for each in inputs
                if each["kind"] == "factor"
            ),
            numbers=tuple(
                (each["name"], *map(float, each["seen"]))
                for each in inputs
                if each["kind"] == "number"
            ),
            periods=Periods(ends, (0,) * len(ends), tuple(time["visits"]), time["curve"]),
            refits=int(metadata["interval"]["refits"]),
        )

    def knows(self, study: Study, subjects: Subjects) -> npt.NDArray[np.bool_]:
        """[n]: whether it has an answer: it has every input, and the subject's levels of them.

        Numbers outside those seen are answered for the nearest that was.
        """
        codes, _ = self._translated(study, subjects)
        known: npt.NDArray[np.bool_] = np.all(codes >= 0, axis=1)
        if not {name for name, _, _ in self.numbers} <= set(_number_places(study)):
            known[:] = False
        return known

    def saw(self, study: Study, subjects: Subjects) -> npt.NDArray[np.bool_]:
        """[n]: whether all numbers lie within those seen in training."""
        places = _number_places(study)
        seen = np.ones(len(subjects), np.bool_)
        for name, low, high in self.numbers:
            if name in places:
                values = subjects.numbers[:, places[name]]
                seen &= (low <= values) & (values <= high)
        return seen

    def risks(self, study: Study, subjects: Subjects, times: Floats) -> Floats:
        """Risk by each time, [n, times, 1 + refits]; not a number for subjects it does not know.

        The model comes first, then its refits, as in the graph.
        """
        known = np.flatnonzero(self.knows(study, subjects))
        risks = np.full((len(subjects), len(times), 1 + self.refits), np.nan)
        if len(known):
            distinct, inverse = self._distinct(study, subjects[known], times)
            risks[known] = distinct[inverse]
        return risks

    def survival(self, study: Study, subjects: Subjects, times: Floats, refit: Ints) -> Floats:
        """Survival at each time, [n, times], each subject by one model of the graph.

        `refit` is [n]: 0 for the model itself. All subjects must be known.
        """
        distinct, inverse = self._distinct(study, subjects, times)
        survival: Floats = 1 - distinct[inverse, :, refit]
        return survival

    def _distinct(self, study: Study, subjects: Subjects, times: Floats) -> tuple[Floats, Ints]:
        """Risks of the distinct inputs, [m, times, models], and which each subject has."""
        codes, numbers, inverse = distinct_inputs(*self._translated(study, subjects))
        hazard = np.moveaxis(run_graph(self.graph, codes, numbers), -1, 1)
        return np.moveaxis(risk(hazard, self.periods, times), 1, -1), inverse

    def _translated(self, study: Study, subjects: Subjects) -> tuple[Ints, Floats]:
        """Codes and numbers of its own for subjects of a study; -1 for a level it lacks."""
        factors = {each.name: place for place, each in enumerate(study.factors)}
        codes = np.full((len(subjects), len(self.factors)), -1)
        for place, (name, levels) in enumerate(self.factors):
            if name in factors:
                own = study.factors[factors[name]].names
                known = np.array([levels.index(each) if each in levels else -1 for each in own])
                codes[:, place] = known[subjects.codes[:, factors[name]]]
        places = _number_places(study)
        numbers = np.zeros((len(subjects), len(self.numbers)))
        for place, (name, low, high) in enumerate(self.numbers):
            if name in places:
                numbers[:, place] = subjects.numbers[:, places[name]].clip(low, high)
        return codes, numbers


def _number_places(study: Study) -> dict[str, int]:
    return {each.name: place for place, each in enumerate(study.numbers)}
