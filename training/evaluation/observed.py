"""What was observed, as aggregates that a model may ship: nothing of single subjects."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from training.arrays import Floats
from training.evaluation.scores import Outcomes, observed_risk
from training.study.declaration import Study

FEWEST: Final = 10
"""A figure that rests on fewer subjects is left out, as is the curve of a level that has fewer."""


def observed_curves(study: Study, outcomes: Outcomes) -> dict[str, Any]:
    """Percent with the event at each visit, for each level of the first factor, else for all.

    Those who left before are weighted for as the scores do: by Kaplan-Meier of the censoring, or
    by the columns that the study says it depends on. `known` counts the subjects whose fate at
    the visit is known; both are None where there are fewer than FEWEST.
    """
    factor = study.factors[0] if study.factors else None
    levels = factor.names if factor else (None,)
    curves = []
    for code, level in enumerate(levels):
        everyone = np.ones(len(outcomes), np.bool_)
        rows = np.flatnonzero(everyone if level is None else outcomes.codes[:, 0] == code)
        if len(rows) >= FEWEST:
            known, percent = _course(outcomes[rows])
            curve = {"level": level, "subjects": len(rows), "known": known, "percent": percent}
            curves.append(curve)
    return {
        "by": factor.name if factor else None,
        "weighted": study.censoring is not None,
        "curves": curves,
    }


def _course(outcomes: Outcomes) -> tuple[list[int | None], list[float | None]]:
    _, weight = outcomes.known
    known = np.count_nonzero(weight, axis=0)
    # Weights differ from visit to visit, and who is dead stays dead.
    percent: Floats = 100 * np.fmax.accumulate(observed_risk(outcomes))
    enough = known >= FEWEST
    return (
        [int(count) if shown else None for count, shown in zip(known, enough, strict=True)],
        [
            round(float(each), 1) if shown else None
            for each, shown in zip(percent, enough, strict=True)
        ],
    )
