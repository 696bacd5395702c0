"""What a set of changed values is called."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from training.evaluation.change_patterns import _recoded, _regrouped, _rescaled, _shift

OLD = np.linspace(5, 50, 40)
ALL = np.ones(40, bool)


@pytest.mark.parametrize(
    ("new", "words"),
    [
        (OLD * 100, "are what they were times 100"),
        (OLD + 273.15, "are what they were plus 273.1"),
        (OLD * 1.8 + 32, "are what they were times 1.8 plus 32"),
    ],
)
def test_numbers_in_other_units_are_named_with_factor_and_offset(
    new: np.ndarray, words: str
) -> None:
    assert _rescaled(OLD, new, ALL) == ("values in other units", words)


def test_numbers_that_follow_no_line_have_changed() -> None:
    changed = ("values changed", "changed")
    assert _rescaled(OLD, OLD[::-1].copy(), ALL) == changed, "the factor would be negative"
    assert _rescaled(OLD, np.where(np.arange(40) % 2, OLD, 3 * OLD), ALL) == changed
    few = np.arange(40) < 20
    assert _rescaled(OLD, np.where(few, 100 * OLD, OLD), few) == changed, "half are as they were"


def test_groups_are_merged_renamed_split_or_their_rows_moved() -> None:
    old = pd.Series(list("aabbcc"))
    rows = np.ones(6, bool)

    assert _regrouped(old, pd.Series(list("xxxxcc")), rows) == (
        "groups merged",
        "changed: a and b into x",
    )
    assert _regrouped(old, pd.Series(list("bbccaa")), rows) == (
        "groups renamed",
        "changed, each group as a whole: a is now b, b is now c and c is now a",
    )
    assert _regrouped(old, pd.Series(list("axbbcc")), rows)[0] == "groups split"
    assert _regrouped(old, pd.Series(list("abbccc")), rows)[0] == "rows moved to another group"


def test_levels_are_swapped_recoded_or_changed() -> None:
    old = pd.Series(["a", "b"] * 40)
    rows = np.ones(80, bool)

    swapped = old.map({"a": "b", "b": "a"})
    assert _recoded(old, swapped, rows) == (
        "levels swapped",
        "were exchanged: a is now b and b is now a",
    )
    assert _recoded(old, old.map({"a": "A", "b": "B"}), rows) == (
        "levels recoded",
        "were recoded: a is now A and b is now B",
    )
    some = np.arange(80) < 10
    assert _recoded(old, swapped.where(some, old), some)[0] not in (
        "levels swapped",
        "levels recoded",
    )


def test_a_shift_of_times_is_that_of_nearly_all_events_and_never_of_the_censored_alone() -> None:
    change = np.array([2.0, 2, 2, 2, 0, 2, -4])
    candidates = np.array([True] * 6 + [False])
    happened = np.array([True, True, True, False, True, False, True])

    shift, rows = _shift(change, candidates, happened)
    assert shift == 2
    assert rows.tolist() == [True, True, True, True, False, True, False]
    assert _shift(change, candidates, ~candidates)[0] == 0
    assert _shift(np.array([2.0, -2, 1]), np.ones(3, bool), np.ones(3, bool))[0] == 0
    assert _shift(np.array([2.0, 0]), np.ones(2, bool), np.ones(2, bool))[0] == 0, "one is none"
