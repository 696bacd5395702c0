"""Live calibration: right where the model is, wrong where the world has moved; censoring counts."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from statistics import NormalDist

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sksurv.nonparametric import kaplan_meier_estimator

from functions.drift.calibration import (
    ERROR_RATE,
    FEWEST_KNOWN,
    Followed,
    calibrate,
    judge_outcomes,
    staying_before,
)
from functions.drift.outcomes import KnownOutcome
from functions.encoding import Codes
from functions.intervals import Floats
from functions.scoring import Scorer
from tests.functions.drift.worlds import draw_as_trained, outcomes_of


def known(scorer: Scorer, count: int, seed: int, **options: object) -> list[KnownOutcome]:
    random = np.random.default_rng(seed)
    draw = draw_as_trained(scorer)
    rows = [draw(random) for _ in range(count)]
    found = outcomes_of(scorer, rows, random, **options)  # type: ignore[arg-type]
    return [
        KnownOutcome(f"s{i}", row, each.time, each.fate == "happened", each.group)
        for i, (row, each) in enumerate(zip(rows, found, strict=True))
    ]


@pytest.mark.parametrize("leaving", [0.0, 0.5])
def test_a_world_that_follows_the_model_is_not_found_wrong(scorer: Scorer, leaving: float) -> None:
    for seed in range(10):
        found = calibrate(scorer, known(scorer, 600, seed, leaving=leaving))
        assert found.time == scorer.artefact.time.horizon
        assert not found.is_wrong
        assert abs(found.levels[0].error) < 4 * found.levels[0].standard_error


def test_early_leaving_does_not_bias_the_error(scorer: Scorer) -> None:
    errors = [
        calibrate(scorer, known(scorer, 600, seed, leaving=0.6)).levels[0].error
        for seed in range(30)
    ]
    # Counted as without the event, those who left would make an error of some .2.
    assert abs(np.mean(errors)) < 0.015


def test_a_world_that_has_moved_is_found(scorer: Scorer) -> None:
    found = calibrate(scorer, known(scorer, 600, 1, odds=0.2, leaving=0.3))
    assert found.is_wrong
    assert found.levels[0].error > 0.1
    assert found.levels[0].predicted - found.levels[0].observed == pytest.approx(
        found.levels[0].error
    )


def test_nothing_is_said_of_few(scorer: Scorer) -> None:
    few = calibrate(scorer, known(scorer, FEWEST_KNOWN - 1, 1))
    assert (few.time, few.levels, few.is_wrong) == (None, (), False)
    assert few.outcomes == FEWEST_KNOWN - 1
    enough = calibrate(scorer, known(scorer, FEWEST_KNOWN + 5, 1))
    assert [each.level for each in enough.levels] == ["all"]


def until(subjects: list[KnownOutcome], time: float) -> list[KnownOutcome]:
    """What is known of subjects that were watched up to a time."""
    return [
        replace(each, time=min(each.time, time), happened=each.happened and each.time <= time)
        for each in subjects
    ]


@pytest.mark.parametrize("longer", [0, 6])
def test_subjects_still_watched_are_judged_by_the_time_that_most_of_them_reached(
    scorer: Scorer, longer: int
) -> None:
    at = scorer.artefact.time.period_ends[3]
    subjects = known(scorer, 400, 1)
    found = calibrate(scorer, subjects[:longer] + until(subjects[longer:], at))
    # By a later time the dead are known, and hardly a survivor.
    assert (found.time, found.is_wrong) == (at, False)


def test_outcomes_all_alike_are_not_surer_than_those_of_a_calibrated_model(scorer: Scorer) -> None:
    risk, by = np.array([0.8, 0.7, 0.9]), scorer.artefact.time.horizon
    happened = np.ones(31, np.bool_)
    followed = Followed(_codes(scorer, np.zeros(31)), np.full(31, by), happened, None)
    (level, *_) = judge_outcomes(scorer.artefact, followed, lambda _: np.tile(risk, (31, 1))).levels
    assert level.observed == 1
    of_model = (risk[2] - risk[0]) / scorer.artefact.t
    assert level.standard_error == pytest.approx(np.hypot(np.sqrt(0.8 * 0.2 / 31), of_model))


@pytest.mark.parametrize(("share", "side"), [(1.0, 0.3), (0.0, 0.1)])
def test_the_model_is_as_unsure_as_its_interval_is_wide_on_the_side_of_the_error(
    scorer: Scorer, share: float, side: float
) -> None:
    many = 100_000
    happened = np.arange(many) < share * many
    times = np.full(many, scorer.artefact.time.horizon)
    followed = Followed(_codes(scorer, np.zeros(many)), times, happened, None)
    risk = np.tile([0.5, 0.4, 0.8], (many, 1))
    level, *_ = judge_outcomes(scorer.artefact, followed, lambda _: risk).levels
    assert level.standard_error == pytest.approx(side / scorer.artefact.t, rel=0.01)


def test_half_of_the_error_rate_is_shared_among_the_levels(scorer: Scorer) -> None:
    factor, *_ = scorer.artefact.factors
    count, times = len(factor.levels), scorer.artefact.time.horizon
    code = np.repeat(np.arange(count), 20_000)
    # So many that the model's own standard error is nearly all of it.
    followed = Followed(
        _codes(scorer, code),
        np.full(len(code), times),
        np.tile([True, False], len(code) // 2),
        None,
    )
    t = scorer.artefact.t
    judged = count + len(scorer.artefact.factors)  # all, and one level of each other factor
    rate = ERROR_RATE / 2
    for limit, place in ((rate, 0), (rate / (judged - 1), 1)):
        for factor_of, wrong in ((0.97, True), (1.03, False)):
            width = 0.2 * t / NormalDist().inv_cdf(1 - limit / 2) * factor_of
            risk = np.tile([0.7, 0.7 - width, 0.7 + width], (len(code), 1))
            levels = judge_outcomes(scorer.artefact, followed, partial(_always, risk)).levels
            assert (len(levels), levels[place].is_wrong) == (judged, wrong)


def _codes(scorer: Scorer, first: npt.ArrayLike) -> Codes:
    """Subjects with these levels of the first factor, and the first level of any other."""
    codes = np.zeros((np.size(first), len(scorer.artefact.factors)), np.int64)
    codes[:, 0] = first
    return codes


def _always(risk: Floats, _: object) -> Floats:
    return risk


def test_a_level_in_few_groups_is_left_out(scorer: Scorer) -> None:
    factor = scorer.artefact.factors[0]
    subjects = [
        replace(each, group=f"g{i % 8}" if each.inputs[factor.name] != factor.levels[0] else "g0")
        for i, each in enumerate(known(scorer, 600, 1))
    ]
    levels = {(each.factor, each.level) for each in calibrate(scorer, subjects).levels}
    assert (factor.name, factor.levels[1]) in levels
    assert (factor.name, factor.levels[0]) not in levels


def test_groups_that_fare_alike_widen_the_standard_error(scorer: Scorer) -> None:
    subjects = known(scorer, 400, 2)
    alone = calibrate(scorer, subjects)
    ten = [
        KnownOutcome(
            each.key, each.inputs, each.time, each.happened, f"g{int(each.happened)}{i % 5}"
        )
        for i, each in enumerate(subjects)
    ]
    grouped = calibrate(scorer, ten)
    assert (alone.groups, grouped.groups) == (0, 10)
    assert grouped.levels[0].standard_error > 1.5 * alone.levels[0].standard_error
    assert grouped.levels[0].error == alone.levels[0].error


def test_inputs_that_the_model_does_not_have_are_left_out(scorer: Scorer) -> None:
    subjects = known(scorer, 60, 3)
    unknown = scorer.artefact.inputs[0].name
    odd = [KnownOutcome("x", {**subjects[0].inputs, unknown: "Mars"}, 1.0, True, None)]
    assert calibrate(scorer, subjects + odd) == calibrate(scorer, subjects)


@given(
    st.lists(st.tuples(st.integers(1, 8), st.booleans()), min_size=3, max_size=60).filter(
        lambda rows: any(not happened for _, happened in rows)
    )
)
def test_the_weights_are_kaplan_meier_of_the_censoring(rows: list[tuple[int, bool]]) -> None:
    # Whoever has the event at a time has it just before those who leave then.
    times = np.array([time - 0.5 * happened for time, happened in rows])
    happened = np.array([each for _, each in rows])
    at, curve = kaplan_meier_estimator(~happened, times)
    for time in range(1, 10):
        place = np.searchsorted(at, time, side="left")
        expected = 1.0 if place == 0 else curve[place - 1]
        found = staying_before(times, happened, np.array([float(time)]))
        assert found[0] == pytest.approx(expected)
