"""Reading a table: whole or not at all, every fault by file, row, column, value and rule."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from training.errors import Fault, InvalidTableError, NoTableError
from training.study.declaration import Study
from training.study.files import directory_hash
from training.study.read import read_study
from training.study.table import load_table


@pytest.fixture(scope="module")
def study() -> Study:
    return read_study(Path(__file__).with_name("valid.toml"))


@pytest.fixture
def cells() -> pd.DataFrame:
    """Sixty sound rows of the study of valid.toml, as the cells of their CSV."""
    random = np.random.RandomState(0)
    visits = random.randint(1, 11, 60)
    heat = random.randint(0, 100, 60) / 2
    return pd.DataFrame(
        {
            "Cell": np.arange(1, 61).astype(str),
            "Rack": (np.arange(60) % 4 + 8).astype(str),
            "Maker": random.choice(["Alpha", "Beta", "Gamma"], 60),
            "Charger": random.choice(["Alpha", "Beta", "None", "NA"], 60),
            "Heat": heat.astype(str),
            "Shelf": np.where(heat >= 50, "top", random.choice(["top", "bottom"], 60)),
            "Visit": visits.astype(str),
            "Weeks": (2 * visits).astype(str),
            "Failed": random.choice(["yes", "no"], 60),
            "Bought": "2024-02-29",
        },
        dtype=str,
    )


Write = Callable[[pd.DataFrame, str], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write(cells: pd.DataFrame, name: str = "cells.csv") -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        cells.to_csv(path, index=False)
        return path

    return write


def faults(path: Path, study: Study) -> list[Fault]:
    with pytest.raises(InvalidTableError) as raised:
        load_table(path, study)
    return list(raised.value.faults)


BREAKS: list[tuple[str, str, str]] = [
    ("Cell", "x1", "a whole number"),
    ("Cell", "1.5", "a whole number"),
    ("Cell", "0", "a whole number from 1 to 100000"),
    ("Cell", "NA", "a value, not NA"),
    ("Rack", "", "a value, not NA"),
    ("Maker", "Omega 3", "one of Alpha, Beta, Gamma"),
    ("Maker", "ALPHA", "one of Alpha, Beta, Gamma; did you mean Alpha?"),
    ("Maker", "Beta ", "one of Alpha, Beta, Gamma; did you mean Beta? (a space is around it)"),
    ("Maker", "Bet\N{CYRILLIC SMALL LETTER A}", ("one of Alpha, Beta, Gamma; did you mean Beta? "
     "(it holds U+0430 CYRILLIC SMALL LETTER A)")),
    ("Charger", "Omega 3", "one of Alpha, Beta, None, unknown, NA"),
    ("Heat", "60.5", "between 0 and 60"),
    ("Heat", "inf", "a number"),
    ("Heat", "nan", "a number"),
    ("Heat", "hot", "a number"),
    ("Heat", "1_0", "a number"),
    ("Heat", "1,5", "a number; a point in decimals and nothing between thousands, not commas"),
    ("Cell", "1,126", ("a whole number; a point in decimals and nothing between thousands, "
     "not commas")),
    ("Heat", "0x10", "a number"),
    ("Heat", "١٢", "a number"),
    ("Heat", "NA", "a value, not NA"),
    ("Shelf", "middle", "one of top, bottom"),
    ("Visit", "11", "a whole number from 1 to 10"),
    ("Weeks", "3", "a visit: a multiple of 2"),
    ("Weeks", "-2", "at least 0"),
    ("Failed", "maybe", "yes or no or NA"),
    ("Bought", "2023-02-29", "a date that exists, as yyyy-mm-dd"),
    ("Bought", "2024-13-01", "a date that exists, as yyyy-mm-dd"),
    ("Bought", "2024-2-1", "a date that exists, as yyyy-mm-dd"),
    ("Bought", "2024-02-0२", ("a date that exists, as yyyy-mm-dd "
     "(it holds U+0968 DEVANAGARI DIGIT TWO)")),
]  # fmt: skip


@pytest.mark.parametrize(("column", "value", "rule"), BREAKS)
def test_a_faulty_cell_is_named_with_its_row_value_and_rule(
    column: str, value: str, rule: str, cells: pd.DataFrame, write: Write, study: Study
) -> None:
    cells.loc[7, column] = value
    assert Fault(9, column, value, rule, "cells.csv") in faults(write(cells, "cells.csv"), study)


def test_rows_that_break_a_rule_between_columns_are_named(
    cells: pd.DataFrame, write: Write, study: Study
) -> None:
    cells.loc[3, ["Visit", "Weeks"]] = ["5", "8"]
    cells.loc[8, ["Heat", "Shelf"]] = ["55", "bottom"]
    assert faults(write(cells, "cells.csv"), study) == [
        Fault(5, "Weeks", "8", "2 weeks for each visit", "cells.csv"),
        Fault(10, "Shelf", "bottom", "hot cells stand on top", "cells.csv"),
    ]


def test_every_fault_of_a_file_is_named_at_once(
    cells: pd.DataFrame, write: Write, study: Study
) -> None:
    cells.loc[3, "Maker"], cells.loc[3, "Shelf"], cells.loc[50, "Heat"] = "Mars", "0", "?"
    found = faults(write(cells, "cells.csv"), study)
    assert [(fault.row, fault.column) for fault in found] == [
        (5, "Maker"),
        (5, "Shelf"),
        (52, "Heat"),
    ]


def test_an_event_at_time_zero_is_a_fault(cells: pd.DataFrame, write: Write, study: Study) -> None:
    cells = cells.drop(columns="Visit").assign(Visit="1")
    cells["Weeks"] = "2"
    cells.loc[4, ["Weeks", "Failed"]] = ["0", "yes"]
    found = [fault.rule for fault in faults(write(cells, "cells.csv"), study)]
    assert "more than 0 where the event happened" in found


def test_a_subject_twice_is_a_fault_that_names_both_places(
    cells: pd.DataFrame, write: Write, study: Study, tmp_path: Path
) -> None:
    write(cells[:30], "data/a.csv")
    write(cells[29:], "data/b.csv")
    (fault,) = faults(tmp_path / "data", study)
    assert (fault.file, fault.row, fault.column) == ("b.csv", 2, "Cell")
    assert fault.rule == "duplicate cell; it is also in row 31 of a.csv"


def test_a_row_entered_again_under_another_id_is_a_fault_where_declared(
    cells: pd.DataFrame, write: Write, study: Study
) -> None:
    cells["Code"] = [f"AB{place}" for place in range(60)]
    again = pd.concat([cells, cells.iloc[[4]].assign(Cell="999")], ignore_index=True)
    path = write(again, "cells.csv")
    assert load_table(path, study).rows == 61
    data = study.data.model_copy(update={"duplicates": "refuse"})
    (fault,) = faults(path, study.model_copy(update={"data": data}))
    assert (fault.row, fault.column, fault.value) == (62, "Cell", "999")
    assert fault.rule == "duplicate cell under another id; the same row is in row 6 of cells.csv"


def test_several_files_are_one_table(
    cells: pd.DataFrame, write: Write, study: Study, tmp_path: Path
) -> None:
    write(cells[:20], "many/a.csv")
    write(cells[20:40], "many/B.CSV")
    write(cells[40:], "many/later/c.csv")
    for hidden in ("many/._a.csv", "many/~$a.csv", "many/.old/a.csv", "many/notes.txt"):
        write(cells, hidden)
    many, one = load_table(tmp_path / "many", study), load_table(write(cells, "all.csv"), study)

    pd.testing.assert_frame_equal(many.subjects.frame, one.subjects.frame)
    np.testing.assert_array_equal(many.subjects.codes, one.subjects.codes)
    assert sorted(many.files) == ["B.CSV", "a.csv", "later/c.csv"]
    assert many.md5 == directory_hash(many.files)


def test_an_optional_column_may_be_absent_from_one_of_the_files(
    cells: pd.DataFrame, write: Write, study: Study, tmp_path: Path
) -> None:
    write(cells[:30].assign(Code="AB1"), "data/a.csv")
    write(cells[30:], "data/b.csv")
    frame = load_table(tmp_path / "data", study).subjects.frame
    assert frame["Code"].isna().sum() == 30


def test_the_order_of_rows_does_not_matter(cells: pd.DataFrame, write: Write, study: Study) -> None:
    shuffled = write(cells.sample(frac=1, random_state=0), "b.csv")
    one, other = load_table(write(cells, "a.csv"), study), load_table(shuffled, study)
    pd.testing.assert_frame_equal(one.subjects.frame, other.subjects.frame)


def without_groups(study: Study) -> Study:
    data = study.data.model_copy(update={"group": None, "id": None})
    columns = study.columns | {"Rack": study.columns["Cell"]}
    return study.model_copy(update={"data": data, "columns": columns})


def test_without_a_group_column_there_are_random_groups_whatever_the_order(
    cells: pd.DataFrame, write: Write, study: Study
) -> None:
    study = without_groups(study)
    shuffled = write(cells.sample(frac=1, random_state=0), "b.csv")
    one, other = load_table(write(cells, "a.csv"), study), load_table(shuffled, study)
    assert one.subjects.groups == tuple(str(place) for place in range(1, 21))
    assert np.bincount(one.subjects.group).tolist() == [3] * 20
    np.testing.assert_array_equal(one.subjects.group, other.subjects.group)


def test_subjects_are_codes_numbers_times_and_groups(
    cells: pd.DataFrame, write: Write, study: Study
) -> None:
    cells.loc[0, ["Rack", "Maker", "Charger", "Heat", "Visit", "Weeks", "Failed", "Shelf"]] = [
        *("11", "Gamma", "NA", "12.5", "3", "6", "yes", "top")
    ]
    subjects = load_table(write(cells, "cells.csv"), study).subjects
    assert subjects.groups == ("8", "9", "10", "11")
    assert subjects.codes[0].tolist() == [2, 3]
    assert subjects.numbers[0].tolist() == [12.5]
    assert (subjects.time[0], subjects.event[0], subjects.group[0]) == (6.0, 1, 3)
    codes, numbers, inverse = subjects.unique()
    np.testing.assert_array_equal(codes[inverse], subjects.codes)
    np.testing.assert_array_equal(numbers[inverse], subjects.numbers)


def test_times_beyond_the_horizon_are_censored_at_it(
    cells: pd.DataFrame, write: Write, study: Study
) -> None:
    time = study.time.model_copy(update={"horizon": 8.0, "periods": (4.0, 8.0), "phases": None})
    subjects = load_table(
        write(cells, "cells.csv"), study.model_copy(update={"time": time})
    ).subjects
    later = cells["Weeks"].astype(int) > 8
    assert later.any()
    assert subjects.time.max() == 8.0
    assert not subjects.event[later.to_numpy()].any()


def test_a_row_without_an_event_is_dropped_with_a_notice(
    cells: pd.DataFrame, write: Write, study: Study
) -> None:
    cells.loc[4, "Failed"] = "NA"
    loaded = load_table(write(cells, "cells.csv"), study)
    assert loaded.dropped == ["Dropped row 6 of cells.csv (Cell 5): its Failed is missing."]
    assert (loaded.rows, len(loaded.subjects)) == (60, 59)


def test_events_missing_in_many_rows_are_a_finding(
    cells: pd.DataFrame, write: Write, study: Study
) -> None:
    cells.loc[:11, "Failed"] = ""
    (fault,) = faults(write(cells, "cells.csv"), study)
    assert (fault.row, fault.column) == (0, "Failed")
    assert "missing in at most 5% of rows, not 12 of 60" in fault.rule
    cells["Failed"] = ""
    (fault,) = faults(write(cells, "cells.csv"), study)
    assert fault.rule == "a value in at least one row"


def test_events_missing_only_in_survivors_are_a_finding(
    cells: pd.DataFrame, write: Write, study: Study
) -> None:
    many = pd.concat([cells] * 8, ignore_index=True)
    many["Cell"] = np.arange(1, len(many) + 1).astype(str)
    many[["Visit", "Weeks", "Failed"]] = ["4", "8", "yes"]
    many.loc[:59, ["Visit", "Weeks", "Failed"]] = ["10", "20", "no"]
    many.loc[:15, "Failed"] = ""
    (fault,) = faults(write(many, "cells.csv"), study)
    assert "the 16 rows without it have other times than the rest (medians 20 and 8)" in fault.rule
    many[["Visit", "Weeks", "Failed"]] = ["2", "4", "yes"]
    many.loc[240:, ["Visit", "Weeks"]] = ["10", "20"]
    many.loc[228:251, ["Visit", "Weeks"]] = ["6", "12"]
    many.loc[228:251, "Failed"] = ""
    (fault,) = faults(write(many, "cells.csv"), study)
    assert "(medians 12 and 12)" in fault.rule, "as late as the rest, and not spread as they are"
    event = study.event.model_copy(update={"missing_limit": 1.0})
    assert len(load_table(write(many, "c.csv"), study.model_copy(update={"event": event})).dropped)


def test_an_input_may_be_missing_where_its_rows_are_dropped(
    cells: pd.DataFrame, write: Write, study: Study
) -> None:
    heat = study.numbers[0].model_copy(update={"missing": "drop"})
    dropping = Study.model_construct(**{**dict(study), "inputs": (*study.factors, heat)})
    cells.loc[:14, "Heat"] = "NA"
    loaded = load_table(write(cells, "cells.csv"), dropping)
    happened = (cells["Failed"][:15] == "yes").sum()
    assert len(loaded.subjects) == 45
    assert loaded.dropped[0] == "Dropped row 2 of cells.csv (Cell 1): its Heat is missing."
    assert loaded.dropped[-1] == (
        f"Dropped 15 rows in all whose Heat is missing, {happened} with the event."
    )


def test_one_simulated_row_makes_the_whole_table_simulated(
    cells: pd.DataFrame, write: Write, study: Study
) -> None:
    assert load_table(write(cells, "a.csv"), study).source == "custom"
    cells["simulated"] = ""
    cells.loc[5, "simulated"] = "yes"
    assert load_table(write(cells, "b.csv"), study).source == "simulated"


@pytest.mark.parametrize(
    ("content", "row", "rule"),
    [
        (b"", 0, "at least one row below a header"),
        (b"Cell,Rack\n", 0, "at least one row below a header"),
        (b"Cell,Rack\n1,2\n", 1, "missing column"),
        (b"Cell,Rack\n1,2\n1,\xff\n", 0, "text in UTF-8; line 3 is not: save it as CSV UTF-8"),
        (b"Cell,Rack\r1,2\r1,\xff\r", 0, "text in UTF-8; line 3 is not: save it as CSV UTF-8"),
        ("Cell,Rack\n1,2\n".encode("utf-16"), 0, "text in UTF-8, not UTF-16: save it as CSV UTF-8"),
        ("Cell,Rack\n1,2\n".encode("utf-16-le"), 0,
         "text in UTF-8, not UTF-16: save it as CSV UTF-8"),
        (b"\0" * 99, 0, "text, not NUL characters alone: its content is lost, so copy it again"),
        (b"PK\x03\x04...", 0, "a CSV, not a workbook of a spreadsheet: save it there as CSV UTF-8"),
        (b"\n<HTML>\n<p>1,2", 0, "a CSV, not a web page: download the file itself"),
        (b"Cell, Rack, Maker\n1,2,3\n", 1, "no spaces before or after the commas"),
        (b"Cell:Rack\n1:2\n", 1, "commas between cells and points in decimals, not colons"),
        (b"sep=;\nCell;Rack\n1;2\n", 2,
         "commas between cells and points in decimals, not semicolons"),
        (b"1,Alpha\n2,Beta\n", 1, ("a header in the first row, with the columns Weeks, Failed, "
         "Maker, Charger, Heat, Cell, Shelf, Visit, Bought, Rack")),
        (b"Cell,1,2,3\nRack,8,9,8\nMaker,Beta,Beta,Beta\nCharger,NA,NA,NA\nHeat,1,2,3\n", 1,
         "a column for each name and a row for each subject, not turned round"),
        (b"cell,RACK,Maker ,heat\n1,2,3,4\n", 1,
         "'Cell', as the study spells it; 3 more are spelled otherwise"),
        (b"Cell;Rack\n1;2,5\n", 1, "commas between cells and points in decimals, not semicolons"),
        (b"Cell\tRack\n1\t2\n", 1, "commas between cells and points in decimals, not tabs"),
        (b"Results\n\nCell,Rack\n1,2\n", 1, "the header in the first row; it is in row 3"),
        (b'Cell,Rack\n1,2\n3,"4\n5,6\n', 3, "each quote closed, in the row that begins at line 3"),
        (b'Cell,Rack\n1,2\n3,4"\n5,6\n', 3,
         "quotes around whole cells only, doubled within, in the row that begins at line 3"),
        (b'Cell,Rack\n1,2\n3,"4"5\n5,6\n', 3,
         "quotes around whole cells only, doubled within, in the row that begins at line 3"),
    ],
)  # fmt: skip
def test_a_file_that_is_not_a_table_is_reported_in_one_sentence(
    content: bytes, row: int, rule: str, tmp_path: Path, study: Study
) -> None:
    path = tmp_path / "cells.csv"
    path.write_bytes(content)
    found = faults(path, study)
    assert (row, rule) in {(fault.row, fault.rule) for fault in found}
    assert len(found) == 1 or rule == "missing column"


def test_a_line_break_in_a_cell_does_not_shift_the_rows(
    cells: pd.DataFrame, write: Write, study: Study
) -> None:
    cells["Bought"] = "NA"
    cells.loc[2, "Rack"] = "9\nor 10"
    cells.loc[7, "Maker"] = "Delta"
    (fault,) = faults(write(cells, "cells.csv"), study)
    assert (fault.row, fault.value) == (9, "Delta")


def test_a_byte_order_mark_and_the_end_mark_of_dos_do_no_harm(
    cells: pd.DataFrame, tmp_path: Path, study: Study
) -> None:
    text = cells.to_csv(index=False, lineterminator="\r\n")
    (tmp_path / "cells.csv").write_bytes(b"\xef\xbb\xbf" + text.encode() + b"\x1a")
    assert load_table(tmp_path / "cells.csv", study).rows == 60


def test_columns_too_many_missing_or_twice_are_named(
    cells: pd.DataFrame, write: Write, study: Study
) -> None:
    (extra,) = faults(write(cells.assign(Height="3"), "wide.csv"), study)
    assert (extra.column, extra.rule) == ("Height", "unknown column")
    (near,) = faults(write(cells.rename(columns={"Shelf": "Shelv"}), "near.csv"), study)
    assert (near.column, near.rule) == ("Shelv", "unknown column; did you mean Shelf?")
    (missing,) = faults(write(cells.drop(columns="Shelf"), "missing.csv"), study)
    assert (missing.column, missing.rule) == ("Shelf", "missing column")
    twice = write(cells.assign(Height="3"), "twice.csv")
    twice.write_text(twice.read_text().replace("Height", "Rack", 1))
    (duplicate,) = faults(twice, study)
    assert (duplicate.column, duplicate.rule) == ("Rack", "duplicate column")


def test_unknown_columns_may_be_ignored(cells: pd.DataFrame, write: Write, study: Study) -> None:
    data = study.data.model_copy(update={"other_columns": "ignore"})
    path = write(cells.assign(Height="3"), "cells.csv")
    assert "Height" not in load_table(path, study.model_copy(update={"data": data})).subjects.frame


def test_a_row_with_a_cell_too_few_is_named(
    cells: pd.DataFrame, tmp_path: Path, study: Study
) -> None:
    lines = cells.to_csv(index=False).splitlines()
    lines[7] = lines[7].rsplit(",", 1)[0]
    (tmp_path / "cells.csv").write_text("\n".join(lines))
    (fault,) = faults(tmp_path / "cells.csv", study)
    assert (fault.row, fault.value, fault.rule) == (8, "9 cells", "10 cells, as in the header")


def test_a_path_without_data_is_an_error(tmp_path: Path, study: Study) -> None:
    for nothing in (tmp_path, tmp_path / "none.csv"):
        with pytest.raises(NoTableError, match="no data at"):
            load_table(nothing, study)


def test_a_folder_is_hashed_as_dvc_hashes_it(
    cells: pd.DataFrame, write: Write, study: Study, tmp_path: Path
) -> None:
    write(cells[:9], "data/b.csv")
    write(cells[9:20], "data/a.csv")
    write(cells[20:], "data/a/later.csv")
    for command in (["init", "--no-scm", "-q"], ["add", "-q", "data"]):
        subprocess.run([sys.executable, "-m", "dvc", *command], cwd=tmp_path, check=True)
    assert f"{load_table(tmp_path / 'data', study).md5}.dir" in (tmp_path / "data.dvc").read_text()


def test_a_row_that_is_no_row_is_one_fault(
    cells: pd.DataFrame, tmp_path: Path, study: Study
) -> None:
    lines = cells.to_csv(index=False).splitlines()
    path = tmp_path / "cells.csv"
    for line, value, rule in (
        (lines[0], "", "a row of data, not the header again"),
        ("# checked", "1 cell: # checked", "10 cells, as in the header"),
        (lines[4].replace(",", ";"), f"1 cell: {lines[4].replace(',', ';')[:40]}",
         "10 cells, as in the header; commas between them, not semicolons"),
        ("Total,,,,,,,,60,", "Total,,,,,,,,60,", ("cells that fit their columns; 8 of 10 do not: "
         "is the row shifted, or a title or a total?")),
    ):  # fmt: skip
        path.write_text("\n".join([*lines[:9], line, *lines[9:]]))
        assert faults(path, study) == [Fault(10, "", value, rule, "cells.csv")]


def test_what_a_spreadsheet_adds_does_no_harm(
    cells: pd.DataFrame, tmp_path: Path, study: Study
) -> None:
    first, *rest = cells.to_csv(index=False).splitlines()
    text = [f"{first},,", *(f"{line}," for line in rest), "," * 11, ","]
    (tmp_path / "cells.csv").write_text("\n".join(["sep=,", *text]).replace(",yes,", ", yes ,"))
    assert load_table(tmp_path / "cells.csv", study).rows == 60


def test_what_is_no_file_is_named(
    cells: pd.DataFrame, write: Write, study: Study, tmp_path: Path
) -> None:
    for kind in ("folder", "link", "workbook"):
        (tmp_path / kind).mkdir()
    write(cells, "folder/a.csv")
    (tmp_path / "folder/b.csv").mkdir()
    write(cells, "link/a.csv")
    (tmp_path / "link/later").symlink_to(tmp_path / "folder")
    (tmp_path / "workbook/Cells.xlsx").touch()
    for kind, named in (("folder", "b.csv"), ("link", "later"), ("workbook", "Cells.xlsx")):
        with pytest.raises(NoTableError, match=named):
            load_table(tmp_path / kind, study)
