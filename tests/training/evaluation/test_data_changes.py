"""What a comparison of two tables finds: every kind of change, by name, count and rows."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from training.evaluation.data_changes import DataChanges, compare_tables
from training.study.arrange import as_subjects
from training.study.declaration import Study
from training.study.read import parse_study, read_study
from training.study.table import Table

STUDY = Path(__file__).parent.parent / "study" / "valid.toml"
ROWS = 600


@pytest.fixture(scope="module")
def study() -> Study:
    return read_study(STUDY)


def edited(edit: Callable[[dict[str, Any]], object]) -> Study:
    parts = tomllib.loads(STUDY.read_text())
    parts.pop("censoring")
    edit(parts)
    return parse_study(parts)


def sound_rows(count: int = ROWS, seed: int = 0, first: int = 1) -> pd.DataFrame:
    """The typed columns of a sound table of the study."""
    random = np.random.RandomState(seed)
    time = 2.0 * random.randint(1, 11, count)
    failed = np.where(time < 20, random.uniform(size=count) < 0.7, random.uniform(size=count) < 0.3)
    return pd.DataFrame(
        {
            "Cell": np.arange(first, first + count),
            "Rack": random.randint(1, 9, count).astype(str),
            "Maker": random.choice(["Alpha", "Beta", "Gamma"], count),
            "Charger": random.choice(["Alpha", "Beta", "None", "unknown"], count),
            "Heat": random.randint(20, 100, count) / 2,
            "Shelf": random.choice(["top", "bottom"], count),
            "Visit": (time / 2).astype(int),
            "Weeks": time,
            "Failed": np.where(failed, "yes", "no"),
        }
    )


def table(rows: pd.DataFrame, study: Study) -> Table:
    rows = rows.reset_index(drop=True)
    return Table(as_subjects(rows, study), "custom", "0" * 32, {}, len(rows), ())


Edit = Callable[[pd.DataFrame], pd.DataFrame]


def replaced(column: str, levels: dict[str, str]) -> Edit:
    return lambda rows: rows.assign(**{column: rows[column].replace(levels)})


def where(condition: Callable[[pd.DataFrame], pd.Series], **values: Any) -> Edit:
    def edit(rows: pd.DataFrame) -> pd.DataFrame:
        rows, chosen = rows.copy(), condition(rows)
        for column, value in values.items():
            rows.loc[chosen, column] = value
        return rows

    return edit


def failed(rows: pd.DataFrame) -> pd.Series:
    return rows["Failed"] == "yes"


def left_early(rows: pd.DataFrame) -> pd.Series:
    return ~failed(rows) & (rows["Weeks"] < 20)


def later(rows: pd.DataFrame) -> pd.DataFrame:
    moved = failed(rows) & (rows["Weeks"] < 20)
    return rows.assign(Weeks=rows["Weeks"] + 2 * moved)


def without_a_third_of_the_failed(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.drop(index=rows.index[failed(rows)][::3])


def with_copies(rows: pd.DataFrame) -> pd.DataFrame:
    copies = rows[rows["Rack"] == "3"].assign(Rack="30", Cell=lambda each: each["Cell"] + 5000)
    return pd.concat([rows, copies])


def with_copies_in_the_same_rack(rows: pd.DataFrame) -> pd.DataFrame:
    return pd.concat([rows, rows.head(60).assign(Cell=lambda each: each["Cell"] + 5000)])


def ids_of_others(rows: pd.DataFrame) -> pd.DataFrame:
    others = sound_rows(60, seed=5).assign(Rack="9", Heat=19.5)
    return pd.concat([others, rows.iloc[60:]])


def split(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.assign(
        Rack=rows["Rack"].where((rows["Rack"] != "3") | (rows["Cell"] % 2 == 0), "31")
    )


def moved(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.assign(Rack=np.random.RandomState(2).permutation(rows["Rack"]))


def with_rows_in_other_units(rows: pd.DataFrame) -> pd.DataFrame:
    more = sound_rows(90, seed=3, first=2001).assign(Rack="12")
    return pd.concat([rows, more.assign(Heat=more["Heat"] / 10)])


FAULTS: dict[str, tuple[Edit, str, str]] = {
    "two levels exchanged": (
        replaced("Maker", {"Alpha": "Beta", "Beta": "Alpha"}),
        "levels swapped",
        "Alpha is now Beta and Beta is now Alpha",
    ),
    "two levels made one": (
        replaced("Charger", {"Beta": "None"}), "levels recoded", "Beta is now None"
    ),
    "some cells of a factor altered": (
        where(lambda rows: rows["Cell"] % 30 == 0, Maker="Alpha"), "levels changed", "Alpha"
    ),
    "a number in other units": (
        lambda rows: rows.assign(Heat=rows["Heat"] * 1.8 + 32), "values in other units", "times"
    ),
    "a number times ten": (
        lambda rows: rows.assign(Heat=rows["Heat"] / 10), "values in other units", "times 0.1"
    ),
    "a number with an offset": (
        lambda rows: rows.assign(Heat=rows["Heat"] - 5), "values in other units", "plus -5"
    ),
    "events a visit later": (later, "times shifted", "+2 weeks"),
    "times cut at one visit": (
        where(lambda rows: rows["Weeks"] > 12, Weeks=12.0, Failed="no"),
        "follow-up cut short",
        "all at week 12",
    ),
    "those who left coded as survivors": (
        where(left_early, Weeks=20.0), "censored rows observed longer", "without the event"
    ),
    "those who left coded as events": (where(left_early, Failed="yes"), "events added", "were cen"),
    "events coded as censored": (
        where(lambda rows: failed(rows) & (rows["Maker"] == "Beta"), Failed="no"),
        "events taken away",
        "all with Maker Beta",
    ),
    "some event times altered": (
        where(lambda rows: failed(rows) & (rows["Cell"] % 9 == 0), Weeks=4.0),
        "times changed",
        "at other times",
    ),
    "a third of the events lost": (
        without_a_third_of_the_failed, "loss depends on the outcome", "of those with the event"
    ),
    "a rack left out": (
        lambda rows: rows[rows["Rack"] != "3"], "groups dropped", "1 rack dropped: 3"
    ),
    "a tenth of the rows lost": (
        lambda rows: rows[rows["Cell"] % 10 > 0], "rows lost", "60 cells of the champion's 600"
    ),
    "one row lost": (lambda rows: rows.iloc[1:], "rows lost", "1 cell of the champion's 600"),
    "two racks made one": (replaced("Rack", {"3": "4"}), "groups merged", "3 and 4 into 4"),
    "two racks renamed": (replaced("Rack", {"3": "4", "4": "3"}), "groups renamed", "3 is now 4"),
    "a rack split in two": (split, "groups split", "several"),
    "rows in other racks": (moved, "rows moved to another group", "another group"),
    "a rack copied under another name": (with_copies, "copies under new ids", "equal another"),
    "rows copied under new ids": (
        with_copies_in_the_same_rack, "copies under new ids", "60 cells of the 60 added"
    ),
    "ids used for other cells": (ids_of_others, "ids reused", "that belonged to another"),
    "ids shuffled": (
        lambda rows: rows.assign(Cell=np.random.RandomState(1).permutation(rows["Cell"])),
        "ids reassigned",
        "ids were given to other rows",
    ),
    "new rows in other units": (
        with_rows_in_other_units, "values in other units", "`Heat` of added"
    ),
}  # fmt: skip


def compared(edit: Edit, study: Study, before: pd.DataFrame | None = None) -> DataChanges:
    rows = sound_rows() if before is None else before
    return compare_tables(table(rows, study), study, table(edit(rows), study), study)


@pytest.mark.parametrize("name", FAULTS)
def test_a_change_that_is_no_addition_is_named_with_its_rows(name: str, study: Study) -> None:
    edit, kind, words = FAULTS[name]
    changes = compared(edit, study)

    (found,) = (each for each in changes.blocking if each.kind == kind)
    assert words in found.text
    assert found.count > 0


def with_more_rows(rows: pd.DataFrame) -> pd.DataFrame:
    more = sound_rows(300, seed=7, first=1001)
    return pd.concat([more, rows]).assign(Rack=lambda each: each["Rack"])


HONEST: dict[str, tuple[Edit, str | None]] = {
    "nothing": (lambda rows: rows, None),
    "the rows in another order": (lambda rows: rows.iloc[::-1], None),
    "rows added": (with_more_rows, "rows added"),
    "racks added": (
        lambda rows: pd.concat([rows, sound_rows(90, seed=8, first=3001).assign(Rack="41")]),
        "rows added",
    ),
    "a comment changed": (lambda rows: rows.assign(Shelf="top"), "other columns changed"),
    "a column added": (lambda rows: rows.assign(Note="x"), "column added"),
    "ids of another kind": (lambda rows: rows.assign(Cell=rows["Cell"] + 9000), "ids renumbered"),
    "other cells altogether": (lambda _: sound_rows(500, seed=9, first=7001), "data replaced"),
    "other cells under the same ids": (lambda _: sound_rows(seed=9), "data replaced"),
}


@pytest.mark.parametrize("name", HONEST)
def test_an_honest_change_is_named_and_blocks_nothing(name: str, study: Study) -> None:
    edit, kind = HONEST[name]
    changes = compared(edit, study)

    assert changes.blocking == ()
    assert kind is None or kind in {each.kind for each in changes.findings}
    assert (changes.findings == ()) == (kind is None)


def test_an_example_shows_the_cell_before_and_after(study: Study) -> None:
    changes = compared(replaced("Rack", {"3": "4"}), study)
    rows = sound_rows()
    first = rows[rows["Rack"] == "3"]["Cell"].iloc[0]

    (finding,) = changes.blocking
    example = finding.examples[0]
    assert (example.row, example.column) == (str(first), "Rack")
    assert (example.before, example.after) == ("3", "4")
    assert len(finding.examples) == 3


def test_rows_are_counted_and_the_new_ones_marked(study: Study) -> None:
    def edit(rows: pd.DataFrame) -> pd.DataFrame:
        rows = where(lambda each: each["Cell"] <= 7, Heat=33.25)(with_more_rows(rows))
        return rows[rows["Cell"] > 2]

    changes = compared(edit, study)
    assert (changes.before, changes.after) == (600, 898)
    assert (changes.unchanged, changes.changed, changes.lost, changes.added) == (593, 5, 2, 300)
    assert changes.is_new.sum() == 300


@pytest.mark.parametrize(
    "name", ["two levels exchanged", "events a visit later", "a rack left out"]
)
def test_without_ids_rows_are_found_by_their_content(name: str) -> None:
    nameless = edited(lambda parts: parts["data"].pop("id"))
    edit = FAULTS[name][0]
    rows = sound_rows(200)
    same = compare_tables(table(rows, nameless), nameless, table(rows, nameless), nameless)
    changes = compared(edit, nameless, rows.drop(columns=["Cell"]).assign(Cell=0))

    assert same.is_same
    assert changes.blocking, "a row that is found no more is a loss or a change"


def test_a_renamed_column_of_an_input_is_the_same_input(study: Study) -> None:
    renamed = edited(lambda parts: parts["inputs"][0].update(column="Maker of it"))
    rows = sound_rows()
    after = table(rows.rename(columns={"Maker": "Maker of it"}), renamed)

    assert compare_tables(table(rows, study), study, after, renamed).is_same


def test_an_input_that_is_gone_blocks(study: Study) -> None:
    def without_charger(parts: dict[str, Any]) -> None:
        del parts["inputs"][1], parts["derived"], parts["expectations"]
        parts["model"] = {"formula": "maker + heat"}

    fewer = edited(without_charger)
    rows = sound_rows()
    after = table(rows.drop(columns=["Charger"]), fewer)
    (finding,) = compare_tables(table(rows, study), study, after, fewer).blocking

    assert finding.text == "the column `Charger` is gone, which a model was made from"


def test_copied_racks_are_found_where_single_rows_are_often_alike(study: Study) -> None:
    rows = sound_rows(1200)[["Cell", "Rack", "Maker", "Charger", "Heat", "Weeks", "Failed"]]
    rows = rows.assign(Charger="None", Heat=25.0)
    honest = compared(
        lambda each: pd.concat(
            [
                each,
                sound_rows(150, seed=4, first=5001)[list(each)].assign(
                    Rack="20", Charger="None", Heat=25.0
                ),
            ]
        ),
        study,
        rows,
    )
    copied = compared(with_copies, study, rows)

    assert honest.blocking == ()
    assert [each.kind for each in copied.blocking] == ["copies of groups"]
