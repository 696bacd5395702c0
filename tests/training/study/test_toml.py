"""What is written as TOML is read again as it was."""

from __future__ import annotations

import tomllib
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from training.study.toml import toml_lines

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
SCALARS = TEXTS | st.booleans() | st.integers(-(2**53), 2**53) | st.sampled_from([0.5, -2.25, 1e20])
VALUES = SCALARS | st.lists(SCALARS, max_size=3) | st.dictionaries(TEXTS, SCALARS, max_size=3)
TABLES = st.dictionaries(
    TEXTS, VALUES | st.lists(st.dictionaries(TEXTS, VALUES, max_size=3), max_size=3), max_size=4
)


@given(TABLES)
def test_any_table_survives_the_round_trip(table: dict[str, Any]) -> None:
    assert tomllib.loads("\n".join(toml_lines(table))) == table


def test_tables_in_a_list_have_a_line_each_and_plain_keys_no_quotes() -> None:
    assert toml_lines({"levels": [{"name": "a b"}, {"name": 'c"'}], "x y": True, "n": 0.25}) == [
        "levels = [",
        '  { name = "a b" },',
        '  { name = "c\\"" },',
        "]",
        '"x y" = true',
        "n = 0.25",
    ]
