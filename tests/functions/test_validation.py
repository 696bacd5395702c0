"""Values are repeated in a response only as far as they are short and valid JSON."""

from __future__ import annotations

from typing import Any

import pytest

from functions.api.validation import echo


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, None),
        (True, True),
        (2**53 - 1, 2**53 - 1),
        (2**53, "an integer of many digits"),
        (-(2**53), "an integer of many digits"),
        (0.25, 0.25),
        (float("inf"), "inf"),
        (float("nan"), "nan"),
        ("a" * 100, "a" * 100),
        ("a" * 101, "a" * 100 + "…"),
        ("\ud800", "?"),
        ({"a": 1}, "an object"),
        ([1], "a list"),
    ],
)
def test_a_value_is_repeated_as_far_as_json_allows(value: object, shown: Any) -> None:
    assert echo(value) == shown
    assert type(echo(value)) is type(shown)
