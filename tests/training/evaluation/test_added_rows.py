"""Rows that were added: how many, from where, and whether their outcomes are unlike the others'."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from tests.training.evaluation.test_data_changes import STUDY, sound_rows, table
from training.evaluation.added_rows import _in_another_unit, _share
from training.evaluation.data_changes import compare_tables
from training.evaluation.row_pairs import GROUP
from training.study.declaration import Study
from training.study.read import read_study


@pytest.fixture(scope="module")
def study() -> Study:
    return read_study(STUDY)


def found(added: pd.DataFrame, study: Study) -> dict[str, list[str]]:
    """The texts of what is found when these rows are added, by kind."""
    rows = sound_rows()
    changes = compare_tables(
        table(rows, study), study, table(pd.concat([rows, added]), study), study
    )
    texts: dict[str, list[str]] = {}
    for each in changes.findings:
        assert not each.blocks
        texts.setdefault(each.kind, []).append(each.text)
    return texts


def test_added_rows_like_the_others_are_only_counted(study: Study) -> None:
    added = sound_rows(300, seed=7, first=1001)
    events = int((added["Failed"] == "yes").sum())

    assert found(added, study) == {
        "rows added": [
            f"300 cells added, {events} with the event; in 8 racks that were there before"
        ]
    }


def test_a_level_whose_added_rows_all_have_the_event_is_named(study: Study) -> None:
    added = sound_rows(300, seed=7, first=1001)
    added.loc[added["Maker"] == "Beta", "Failed"] = "yes"
    texts = found(added, study)["outcomes differ among added rows"]

    assert len(texts) == 1
    assert "share with the event: " in texts[0]
    assert "Maker Beta: 100 % now, " in texts[0]


def test_few_added_rows_are_not_judged_by_their_outcomes(study: Study) -> None:
    added = sound_rows(19, seed=7, first=1001).assign(Failed="yes")
    assert set(found(added, study)) == {"rows added"}


def test_the_error_of_a_share_is_binomial_within_one_group_and_clustered_over_several() -> None:
    values = np.array([1.0, 1, 1, 1, 0, 0, 0, 0, 0, 0])
    one = pd.DataFrame({GROUP: ["a"] * 10})
    two = pd.DataFrame({GROUP: ["a"] * 4 + ["b"] * 6})

    binomial, between = _share(values, one), _share(values, two)
    assert (binomial.mean, binomial.groups) == (0.4, 1)
    assert binomial.error == pytest.approx(np.sqrt(0.4 * 0.6 / 10))
    assert (between.mean, between.groups) == (0.4, 2)
    # Without the first group the share is 0, without the second 1.
    assert between.error == pytest.approx(np.sqrt((0.4**2 + 0.6**2) / 2))


@pytest.mark.parametrize(
    ("times", "plus", "is_other"),
    [
        (100, 0, True),
        (0.1, 0, True),
        (2.54, 0, True),
        (1.8, 32, True),
        (1.4, 0, False),
        (1, 2, False),
    ],
)
def test_a_new_group_may_lie_beyond_what_was_seen_but_not_far(
    times: float, plus: float, is_other: bool
) -> None:
    old = np.linspace(10, 14, 50)
    assert _in_another_unit(old, times * old + plus) is is_other
