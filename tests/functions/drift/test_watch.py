"""The daily job over weeks of records: traffic and model are judged apart, and days made up for."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import numpy as np
import pytest
from moto import mock_aws

from functions.artefact import read_artefact
from functions.drift.days import Day, summarise
from functions.drift.outcomes import (
    MOST_OUTCOMES,
    KnownOutcome,
    OutcomesOfDay,
    latest,
    resolve,
)
from functions.drift.reference import Reference
from functions.drift.store import Bucket, Folder, RecordError, Store, read_records
from functions.drift.watch import watch
from functions.drift.windows import LONGEST_WINDOW
from functions.errors import ArtefactError
from functions.records import ROWS_PER_LINE, Predicted, ReportedOutcome, lines
from functions.scoring import Scorer
from tests.functions.conftest import Vary
from tests.functions.drift.worlds import (
    Draw,
    day_after,
    draw_as_trained,
    outcome_lines,
    outcomes_of,
    parsed,
    predictions,
    write_records,
)

START = "2026-03-01"


@pytest.fixture(params=["folder", "bucket"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    if request.param == "folder":
        yield Folder(tmp_path)
        return
    with mock_aws():
        client = boto3.client("s3", region_name="us-east-1")
        client.create_bucket(Bucket="records")
        yield Bucket(client, "records")


def ask(store: Store, scorer: Scorer, draw: Draw, first: int, last: int, calls: int = 120) -> None:
    """Traffic of some days."""
    random = np.random.default_rng(first)
    for day in range(first, last):
        date = day_after(START, day)
        rows = [draw(random) for _ in range(calls)]
        write_records(store, date, predictions(scorer, date, rows))


def test_traffic_as_trained_is_no_drift_and_other_traffic_is_after_three_windows(
    store: Store, scorer: Scorer
) -> None:
    usual = draw_as_trained(scorer)
    factor = scorer.artefact.factors[0]

    def moved(random: np.random.Generator) -> dict[str, Any]:
        return {**usual(random), factor.name: factor.levels[0]}

    ask(store, scorer, usual, 0, 6)
    ask(store, scorer, moved, 6, 10)

    found = [watch(scorer, store, day_after(START, day)) for day in range(5, 10)]
    assert [each.has_input_drift for each in found] == [False, False, False, True, True]
    assert not any(each.has_model_drift for each in found)
    assert found[-1].windows[-1].shifted[0] == factor.name
    assert found[-1].metrics()["LargestShift"] > 0.5
    page = (store.read("drift/reports/latest.html") or b"").decode()
    assert "has shifted" in page
    assert "too few outcomes to say" in page
    assert "<script" not in page
    assert store.read(f"drift/reports/{day_after(START, 9)}.html") == page.encode()


def test_running_twice_or_after_missed_days_gives_the_same(store: Store, scorer: Scorer) -> None:
    ask(store, scorer, draw_as_trained(scorer), 0, 6, calls=40)
    date = day_after(START, 5)
    late = watch(scorer, store, date).metrics()
    again = watch(scorer, store, date).metrics()
    assert late == again
    ends = [
        Day.from_json(store.read(f"drift/days/{day_after(START, day)}.json") or b"").closes
        for day in range(6)
    ]
    assert sum(ends) == 2  # 40 requests a day: a window ends every third day


def test_windows_of_few_requests_say_nothing(store: Store, scorer: Scorer) -> None:
    ask(store, scorer, draw_as_trained(scorer), 0, 8, calls=3)
    found = watch(scorer, store, day_after(START, 7))
    assert all(not each.margins for each in found.windows)
    assert not found.has_input_drift
    assert found.metrics()["LargestShift"] == 0


def test_outcomes_by_id_find_their_inputs_days_before_and_the_last_report_counts(
    store: Store, scorer: Scorer
) -> None:
    random, draw = np.random.default_rng(1), draw_as_trained(scorer)
    rows = [draw(random) for _ in range(200)]
    write_records(store, START, predictions(scorer, START, rows))
    reports = outcomes_of(scorer, rows, random, odds=0.1, request_id=lambda i: f"p{START}-{i}")
    early = [
        ReportedOutcome(each.request_id, 0, None, None, None, 1.0, "not_yet") for each in reports
    ]
    lost = [ReportedOutcome("never-made", 0, None, None, None, 1.0, "happened")]
    write_records(store, day_after(START, 3), outcome_lines(early))
    before = watch(scorer, store, day_after(START, 3))
    write_records(store, day_after(START, 9), outcome_lines(reports + lost))
    after = watch(scorer, store, day_after(START, 9))

    assert (before.calibration.outcomes, before.has_model_drift) == (200, False)
    assert (after.calibration.outcomes, after.unknown_outcomes) == (200, 1)
    assert after.has_model_drift
    assert not after.has_input_drift
    assert "does not hold" in (store.read("drift/reports/latest.html") or b"").decode()
    metrics = json.loads(store.read(f"drift/reports/{after.date}.json") or b"")["metrics"]
    assert metrics == after.metrics()
    assert metrics["ModelDrift"] == 1


def test_a_batch_in_several_lines_is_one_request(scorer: Scorer) -> None:
    reference = Reference.of(scorer.artefact)
    row = scorer.artefact.example
    count = 2 * ROWS_PER_LINE + 7
    answer = {reference.answer: 50.0}
    predicted = Predicted(reference.horizon, [row] * count, [answer] * count)
    written = parsed(list(lines("one", predicted, (), {"model_version": "v"}, 0)))
    found = summarise(START, reference, written)
    assert (found.requests, found.rows) == (1, count)
    assert all(each.rows_squared == count**2 for each in found.margins.values())
    assert Day.from_json(found.to_json()).to_json() == found.to_json()


def test_the_service_s_own_checks_are_no_traffic(scorer: Scorer) -> None:
    reference = Reference.of(scorer.artefact)
    row = scorer.artefact.example
    predicted = Predicted(reference.horizon, [row], [{reference.answer: 50.0}])
    own = parsed(list(lines("before-traffic", predicted, (), {"model_version": "v"}, 0)))
    assert summarise(START, reference, own).requests == 0


def test_rows_outside_the_range_seen_are_counted(scorer: Scorer, vary: Vary) -> None:
    if not scorer.artefact.numbers:
        pytest.skip("the study of the checkout has no number")
    number = scorer.artefact.numbers[0]
    place = scorer.artefact.inputs.index(number)
    above = number.maximum + 1
    wider = read_artefact(vary(lambda document: document["inputs"][place].update(maximum=above)))
    reference = Reference.of(wider)
    inside, outside = dict(wider.example), dict(wider.example)
    inside[number.name], outside[number.name] = number.seen[1], above
    rows = [inside, outside]
    answers = [{reference.answer: 50.0}] * 2
    written = parsed(list(lines("x", Predicted(1.0, rows, answers), (), {"model_version": "v"}, 0)))
    found = summarise(START, reference, written)
    assert (found.rows, found.outside) == (2, 1)
    # An answer for another time than the horizon has no reference.
    assert found.margins[reference.answer].rows.sum() == 0


def test_days_counted_for_another_model_are_counted_again(store: Store, scorer: Scorer) -> None:
    ask(store, scorer, draw_as_trained(scorer), 0, 4)
    name = f"drift/days/{START}.json"
    watch(scorer, store, day_after(START, 3))
    stored = json.loads(store.read(name) or b"")
    store.write(name, json.dumps({**stored, "version": "another", "rows": 7}).encode())
    watch(scorer, store, day_after(START, 4))
    assert json.loads(store.read(name) or b"") == stored


def test_compressed_objects_are_read_and_damaged_ones_named(store: Store) -> None:
    store.write("records/2026/03/01/a.gz", gzip.compress(b'{"a": 1}\n\n{"a": 2}\n'))
    assert [each["a"] for each in read_records(store, START)] == [1, 2]
    store.write("records/2026/03/01/b", b'{"a": 1}\n{"a": ')
    with pytest.raises(RecordError, match=r"records/2026/03/01/b, line 2: not JSON"):
        list(read_records(store, START))
    store.write("records/2026/03/01/b", b"[1]\n")
    with pytest.raises(RecordError, match=r"line 1: not an object"):
        list(read_records(store, START))


def test_outcomes_without_a_name_are_each_their_own(store: Store, scorer: Scorer) -> None:
    row = scorer.artefact.example
    twice = [ReportedOutcome(None, 0, row, None, None, 1.0, "not_yet")] * 2
    named = [ReportedOutcome(None, 0, row, "a", None, 1.0, "not_yet")] * 2
    found = resolve(store, START, parsed(outcome_lines(twice + named)))
    assert len({each.key for each in found.outcomes}) == 3


def test_a_week_of_little_traffic_is_a_window_and_late_records_of_a_day_are_counted(
    store: Store, scorer: Scorer
) -> None:
    ask(store, scorer, draw_as_trained(scorer), 0, LONGEST_WINDOW, calls=1)
    last = day_after(START, LONGEST_WINDOW - 1)
    watch(scorer, store, last)
    row = scorer.artefact.example
    write_records(store, last, predictions(scorer, last, [row], prefix="late"), "b.jsonl")

    (window,) = (
        each.window
        for each in watch(scorer, store, day_after(last, 1)).windows
        if each.window.requests
    )
    assert (window.last, window.requests) == (last, LONGEST_WINDOW + 1)


@pytest.mark.parametrize(("side", "outside"), [(-1, 1), (0, 0), (1, 1)])
def test_a_number_below_or_above_the_range_seen_is_outside(
    scorer: Scorer, side: int, outside: int
) -> None:
    number, *_ = scorer.artefact.numbers
    reference = Reference.of(scorer.artefact)
    edges = next(each.edges for each in reference.margins if each.name == number.name) or ()
    # The lowest and the highest value seen are inside.
    value = {-1: edges[0] - 1e-6, 0: edges[0], 1: edges[-1] + 1e-6}[side]
    row = {**scorer.artefact.example, number.name: value}
    day = summarise(START, reference, parsed(predictions(scorer, START, [row])))
    assert (day.rows, day.outside) == (1, outside)


def test_outcomes_reported_together_find_predictions_of_several_days(
    store: Store, scorer: Scorer
) -> None:
    rows = [draw_as_trained(scorer)(np.random.default_rng(day)) for day in range(2)]
    days = [day_after(START, -2), day_after(START, -30)]
    for day, row in zip(days, rows, strict=True):
        write_records(store, day, predictions(scorer, day, [row]))
    reports = [
        ReportedOutcome(f"p{day}-0", 0, None, None, None, 1.0, "not_yet") for day in (*days, START)
    ]
    found = resolve(store, START, parsed(outcome_lines(reports)))
    assert [each.inputs for each in found.outcomes] == rows
    assert found.unknown == 1


def test_an_id_that_nobody_knows_makes_each_day_be_read_once(store: Store, scorer: Scorer) -> None:
    day = day_after(START, -30)
    write_records(store, day, predictions(scorer, day, [scorer.artefact.example]))

    def look_for(request: str) -> OutcomesOfDay:
        report = ReportedOutcome(request, 0, None, None, None, 1.0, "not_yet")
        return resolve(store, START, parsed(outcome_lines([report])))

    assert look_for("unknown").unknown == 1
    write_records(store, day, ["no JSON"], "b.jsonl")
    assert look_for("unknown").unknown == 1
    with pytest.raises(RecordError):
        look_for(f"p{day}-0")


def test_of_too_many_subjects_the_same_sample_is_judged_whenever_they_report() -> None:
    def day(time: float) -> OutcomesOfDay:
        reports = [KnownOutcome(f"s{i}", {}, time, False, None) for i in range(MOST_OUTCOMES + 1)]
        return OutcomesOfDay(reports, int(time))

    first, both = latest([day(1.0)]), latest([day(1.0), day(2.0)])
    assert MOST_OUTCOMES / 3 < len(first.outcomes) < MOST_OUTCOMES
    assert [each.key for each in both.outcomes] == [each.key for each in first.outcomes]
    assert {each.time for each in both.outcomes} == {2.0}
    assert both.unknown == 2


def test_a_model_without_histograms_is_refused_by_name(scorer: Scorer, vary: Vary) -> None:
    percent = scorer.artefact.study.percent
    folder = vary(lambda document: document["histograms"][percent]["counts"].pop())
    with pytest.raises(ArtefactError, match=rf"histograms\.{percent}\.counts: expected \d+ counts"):
        Reference.of(read_artefact(folder))
