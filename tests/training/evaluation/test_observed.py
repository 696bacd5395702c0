"""What a model ships of what was observed: shares of many subjects, nothing of a few."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import numpy as np
import pytest

from tests.training import samples
from training.evaluation.observed import FEWEST, observed_curves
from training.evaluation.scores import Outcomes, kaplan_meier_band, observed_risk
from training.model.periods import Periods
from training.study.subjects import Subjects

STUDY = samples.battery()
SUBJECTS = samples.draw(STUDY)


def outcomes_of(subjects: Subjects) -> Outcomes:
    return Outcomes.of(STUDY, subjects, Periods.of(STUDY, subjects))


def curves_of(outcomes: Outcomes) -> list[dict[str, Any]]:
    observed = json.loads(json.dumps(observed_curves(STUDY, outcomes), allow_nan=False))
    assert (observed["by"], observed["weighted"]) == ("maker", True)
    curves: list[dict[str, Any]] = observed["curves"]
    return curves


def test_each_level_of_the_first_factor_has_its_share_at_each_visit() -> None:
    outcomes = outcomes_of(SUBJECTS)
    curves = curves_of(outcomes)

    assert [each["level"] for each in curves] == ["Alpha", "Beta", "Gamma"]
    for code, curve in enumerate(curves):
        rows = np.flatnonzero(SUBJECTS.codes[:, 0] == code)
        assert curve["subjects"] == len(rows)
        assert curve["percent"] == pytest.approx(100 * observed_risk(outcomes[rows]), abs=1)
        assert curve["percent"] == sorted(curve["percent"])
        assert len(curve["percent"]) == len(outcomes.visits)


def test_without_factors_and_declared_censoring_it_is_kaplan_meier_of_all() -> None:
    study = samples.battery(
        inputs=[each.model_dump(exclude_none=True) for each in STUDY.numbers],
        model={"formula": "heat + period", "penalty": {}},
        **dict.fromkeys(("censoring", "derived", "rules", "expectations")),
    )
    outcomes = Outcomes.of(study, SUBJECTS, Periods.of(study, SUBJECTS))
    expected = 100 * (1 - kaplan_meier_band(SUBJECTS, outcomes.visits)[0])
    observed = observed_curves(study, outcomes)
    (curve,) = observed.pop("curves")

    assert observed == {"by": None, "weighted": False}
    assert (curve["level"], curve["subjects"]) == (None, len(SUBJECTS))
    assert curve["percent"] == pytest.approx(expected, abs=0.1)


def test_a_level_of_fewer_subjects_has_no_curve() -> None:
    few = np.flatnonzero(SUBJECTS.codes[:, 0] == 2)[FEWEST - 1 :]
    kept = np.setdiff1d(np.arange(len(SUBJECTS)), few)
    curves = curves_of(outcomes_of(SUBJECTS[kept]))

    assert [each["level"] for each in curves] == ["Alpha", "Beta"]


def test_a_visit_at_which_fewer_fates_are_known_has_no_figure() -> None:
    time, event = SUBJECTS.time.copy(), SUBJECTS.event.copy()
    gamma = np.flatnonzero(SUBJECTS.codes[:, 0] == 2)
    # All but a few leave alive at the fifth visit.
    time[gamma], event[gamma] = 10.0, 0
    time[gamma[: FEWEST - 1]] = 20.0
    subjects = dataclasses.replace(SUBJECTS, time=time, event=event)
    *_, curve = curves_of(outcomes_of(subjects))

    assert curve["percent"][:5] == [0.0] * 5
    assert set(curve["percent"][5:]) == {None}
    assert set(curve["known"][5:]) == {None}
    assert min(curve["known"][:5]) >= FEWEST
