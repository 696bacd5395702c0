"""Champion and challenger on the same rows, each by the refit that left out the row's group."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from training.arrays import Ints
from training.evaluation.data_changes import DataChanges
from training.evaluation.held_out import Scored
from training.evaluation.scores import Outcomes
from training.evaluation.served_model import ServedModel
from training.evaluation.shift import OwnRows
from training.model.periods import Periods
from training.pipeline.champion import Champion
from training.pipeline.train import Candidate
from training.study.declaration import Study
from training.study.subjects import Subjects


@dataclass(frozen=True)
class BothModels:
    """A candidate and the champion, with what is known of the rows each was trained on."""

    candidate: Candidate
    champion: Champion
    changes: DataChanges | None
    """None where the champion's data can't be had."""
    served: ServedModel
    challenger: ServedModel

    def own_rows(self) -> OwnRows | None:
        """The champion's rows with the refits that had not seen them, where these are known."""
        if self._old is None or self._its is None:
            return None
        study, outcomes = self.champion.study, self._its_outcomes
        known = np.flatnonzero(self.served.knows(study, self._its))
        return OwnRows(study, self._its[known], outcomes[known], self._old[0][known])

    def sets(self, *, forced: bool) -> list[Scored] | None:
        """Old and new rows, without those that changed or are gone if these are answered for.

        Of a champion whose data can't be had, all rows in one set; None where that is unknown
        which of its refits has not seen a row.
        """
        mine = self.candidate
        everything = np.arange(len(mine.subjects))
        if self.changes is None or self._its is None:
            if not self._is_declared or not self._left_out[0]:
                return None
            refits = self._by_name(mine.subjects)
            rows = mine.study, mine.subjects, mine.outcomes
            return [self._scored("all", *rows, refits, everything)]
        if self._old is None or self._new is None:
            return None
        kept = self.changes.unchanged_rows if forced else np.arange(len(self._its))
        old = self._scored(
            "old", self.champion.study, self._its, self._its_outcomes, self._old, kept
        )
        added = everything[self.changes.is_new]
        new = self._scored("new", mine.study, mine.subjects, mine.outcomes, self._new, added)
        return [each for each in (old, new) if len(each.groups)]

    def _scored(
        self,
        name: str,
        study: Study,
        subjects: Subjects,
        outcomes: Outcomes,
        refits: tuple[Ints, Ints],
        rows: Ints,
    ) -> Scored:
        """Those of the rows that both models know."""
        models = (self.served, self.challenger)
        known = models[0].knows(study, subjects) & models[1].knows(study, subjects)
        rows = rows[known[rows]]
        chosen = subjects[rows]
        survival = [
            model.survival(study, chosen, outcomes.visits, refit[rows])
            for model, refit in zip(models, refits, strict=True)
        ]
        return Scored(name, outcomes[rows], tuple(names_of_groups(chosen)), *survival)

    @cached_property
    def _its(self) -> Subjects | None:
        return None if self.champion.table is None else self.champion.table.subjects

    @cached_property
    def _its_outcomes(self) -> Outcomes:
        if self._its is None or self._its is self.candidate.subjects:
            return self.candidate.outcomes
        study = self.champion.study
        return Outcomes.of(study, self._its, Periods.of(study, self._its))

    @cached_property
    def _left_out(self) -> tuple[Mapping[str, int], Mapping[str, int]]:
        """The refit without each group, of the champion and of the candidate; empty if unknown."""
        return _refits(self.champion.metadata), _refits(self.candidate.metadata)

    @property
    def _is_declared(self) -> bool:
        """Whether a group's name means the same to both; random groups change with the rows."""
        both = self.champion.metadata, self.candidate.metadata
        return all(each["interval"]["groups"] == "declared" for each in both)

    @cached_property
    def _old(self) -> tuple[Ints, Ints] | None:
        """The refits of both models that have not seen each of the champion's rows."""
        if self._its is None or self.changes is None or not self._left_out[0]:
            return None
        if self._is_declared:
            return self._by_name(self._its)
        pairs = self.changes.pairs
        own = _looked_up(self._left_out[1], self.candidate.subjects)
        seen = np.zeros(len(self._its), np.int64)
        seen[pairs.before] = own[pairs.after]
        return _looked_up(self._left_out[0], self._its), seen

    @cached_property
    def _new(self) -> tuple[Ints, Ints] | None:
        """The same for each of the candidate's rows; of use for those that are new."""
        mine = self.candidate.subjects
        if self._is_declared:
            return self._by_name(mine)
        return np.zeros(len(mine), np.int64), _looked_up(self._left_out[1], mine)

    def _by_name(self, subjects: Subjects) -> tuple[Ints, Ints]:
        return _looked_up(self._left_out[0], subjects), _looked_up(self._left_out[1], subjects)


def names_of_groups(subjects: Subjects) -> list[str]:
    """The name of each subject's group."""
    return [subjects.groups[place] for place in subjects.group]


def _refits(metadata: Mapping[str, Any]) -> dict[str, int]:
    left_out: Sequence[Sequence[str]] = metadata["interval"].get("left_out", ())
    return {name: place + 1 for place, names in enumerate(left_out) for name in names}


def _looked_up(refits: Mapping[str, int], subjects: Subjects) -> Ints:
    """[n]: 0, the model itself, for a group that was not in its training."""
    of_group = np.array([refits.get(name, 0) for name in subjects.groups], np.int64)
    looked_up: Ints = of_group[subjects.group]
    return looked_up
