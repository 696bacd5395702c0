"""Reading a trial: whole or not at all, every fault by file, row, column, value and rule."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from training import config
from training.errors import Fault, InvalidTableError, NoTableError
from training.study import trial
from training.study.trial import Trial


def write(cells: pd.DataFrame, path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    cells.to_csv(path, index=False)
    return path


def faults(path: Path) -> list[Fault]:
    with pytest.raises(InvalidTableError) as raised:
        trial.load(path)
    return list(raised.value.faults)


def find(cells: pd.DataFrame, **wanted: str) -> int:
    """Number of the first row with these values."""
    kept = pd.Series(data=True, index=cells.index)
    for column, value in wanted.items():
        kept &= cells[column] == value
    return int(cells.index[kept][0])


BREAKS: list[tuple[dict[str, str], str, str, str]] = [
    ({}, "No", "x1", "a whole number"),
    ({}, "No", "1.5", "a whole number"),
    ({}, "Plot", "19", "a whole number from 1 to 18"),
    ({}, "Plot", "NA", "a value, not NA"),
    ({}, "Subplot", "F", "one of A, B, C, D, E"),
    ({}, "Species", "Quercus robur", "one of Acer saccharum, Prunus serotina, Quercus alba, "
     "Quercus rubra"),
    ({}, "Light_ISF", "1.2", "between 0 and 1"),
    ({}, "Light_ISF", "inf", "a number"),
    ({}, "Light_ISF", "bright", "a number"),
    ({"Light_Cat": "Med"}, "Light_Cat", "High", "Low to 0.075, Med to 0.12, High above, as "
     "Light_ISF says"),
    ({}, "PlantDate", "2018-06-01", "a date as m/d/yy"),
    ({"Soil": "Sterile"}, "Sterile", "Non-Sterile", "follows from Soil"),
    ({"Conspecific": "Heterospecific"}, "Conspecific", "Conspecific", "follows from Species and "
     "Soil"),
    ({"Myco": "AMF"}, "Myco", "EMF", "follows from Species"),
    ({"SoilMyco": "AMF"}, "SoilMyco", "EMF", "follows from Soil"),
    ({"Myco": "AMF"}, "EMF", "12.5", "NA for a species that forms none"),
    ({}, "AMF", "-1", "between 0 and 100"),
    ({}, "Census", "34", "a whole number from 1 to 33"),
    ({"Census": "33"}, "Time", "115", "3.5 days for each census"),
    ({}, "Event", "2", "0, 1 or NA"),
    ({"Event": "1"}, "Harvest", "X", "empty for a seedling that died"),
    ({"Event": "1"}, "Alive", "X", "empty for a seedling that died"),
    ({"Alive": "X"}, "Alive", "NA", "a seedling that didn't die was either harvested or alive at "
     "the end"),
    ({"Alive": "X"}, "Alive", "yes", "one of X, NA"),
]  # fmt: skip


@pytest.mark.parametrize(("where", "column", "value", "rule"), BREAKS)
def test_a_fault_is_told_with_its_row_column_value_and_rule(
    where: dict[str, str],
    column: str,
    value: str,
    rule: str,
    simulated_text: pd.DataFrame,
    tmp_path: Path,
) -> None:
    broken = simulated_text.copy()
    row = find(broken, **where)
    broken.loc[row, column] = value
    found = faults(write(broken, tmp_path / "trial.csv"))

    told = column if "either harvested" not in rule else "Event"
    shown = broken.loc[row, told]
    assert Fault(row + 2, told, shown, rule, "trial.csv") in found
    assert {fault.row for fault in found} == {row + 2}


def test_a_harvest_at_another_census_is_a_fault(
    simulated_text: pd.DataFrame, tmp_path: Path
) -> None:
    broken = simulated_text.copy()
    row = find(broken, Harvest="X")
    broken.loc[row, ["Census", "Time"]] = ["20", "70"]

    (fault,) = faults(write(broken, tmp_path / "trial.csv"))
    assert (fault.column, fault.rule) == ("Harvest", "only at census 7 or 8")


def test_every_fault_of_a_file_is_told_at_once(
    simulated_text: pd.DataFrame, tmp_path: Path
) -> None:
    broken = simulated_text.copy()
    broken.loc[3, "Plot"], broken.loc[3, "Soil"] = "0", "Mars"
    broken.loc[50, "AMF"] = "?"

    found = faults(write(broken, tmp_path / "trial.csv"))
    assert [(fault.row, fault.column) for fault in found] == [(5, "Plot"), (5, "Soil"), (52, "AMF")]


def test_a_seedling_twice_is_a_fault_that_names_both_places(
    simulated_text: pd.DataFrame, tmp_path: Path
) -> None:
    write(simulated_text[:60], tmp_path / "a.csv")
    write(simulated_text[59:], tmp_path / "b.csv")

    (fault,) = faults(tmp_path)
    assert (fault.file, fault.row, fault.column) == ("b.csv", 2, "No")
    assert fault.rule == "each seedling once; it is also in row 61 of a.csv"


def test_several_files_are_one_trial(simulated_text: pd.DataFrame, tmp_path: Path) -> None:
    write(simulated_text[:60], tmp_path / "many" / "a.csv")
    write(simulated_text[60:], tmp_path / "many" / "b.csv")
    write(simulated_text, tmp_path / "one" / "all.csv")
    many, one = trial.load(tmp_path / "many"), trial.load(tmp_path / "one")

    pd.testing.assert_frame_equal(many.seedlings, one.seedlings)
    assert sorted(many.files) == ["a.csv", "b.csv"]
    assert many.md5 == trial.directory_hash(many.files)


def test_the_order_of_rows_does_not_matter(simulated_text: pd.DataFrame, tmp_path: Path) -> None:
    shuffled = write(simulated_text.sample(frac=1, random_state=0), tmp_path / "b.csv")
    pd.testing.assert_frame_equal(
        trial.load(shuffled).seedlings,
        trial.load(write(simulated_text, tmp_path / "a.csv")).seedlings,
    )


def test_a_row_without_an_event_is_dropped_with_a_notice(
    simulated_text: pd.DataFrame, tmp_path: Path
) -> None:
    cells = simulated_text.copy()
    row = find(cells, Alive="X")
    cells.loc[row, ["Event", "Alive"]] = "NA"
    loaded = trial.load(write(cells, tmp_path / "trial.csv"))

    number = cells.loc[row, "No"]
    assert loaded.dropped == [
        f"Dropped row {row + 2} of trial.csv (No {number}): its Event is missing."
    ]
    assert (loaded.rows, len(loaded.seedlings)) == (120, 119)


@pytest.mark.parametrize(
    ("content", "row", "rule"),
    [
        (b"", 0, "at least one row below a header"),
        (b"No,Plot\n", 0, "at least one row below a header"),
        (b"No,Plot\n1,2\n", 1, "needed, not there"),
        (b"\xff\xfe\x00", 0, "text in UTF-8 (invalid start byte)"),
    ],
)
def test_a_file_that_is_no_trial_is_named(
    content: bytes, row: int, rule: str, tmp_path: Path
) -> None:
    path = tmp_path / "trial.csv"
    path.write_bytes(content)
    assert (row, rule) in {(fault.row, fault.rule) for fault in faults(path)}


def test_a_column_too_many_or_twice_is_named(simulated_text: pd.DataFrame, tmp_path: Path) -> None:
    wide = simulated_text.assign(Height="3")
    text = wide.to_csv(index=False).replace("Height", "Plot", 1)
    (tmp_path / "twice.csv").write_text(text)

    (extra,) = faults(write(wide, tmp_path / "wide.csv"))
    assert (extra.column, extra.rule) == ("Height", "no column of the trial")
    (twice,) = faults(tmp_path / "twice.csv")
    assert (twice.column, twice.rule) == ("Plot", "each column once")


def test_a_row_with_a_cell_too_few_is_named(simulated_text: pd.DataFrame, tmp_path: Path) -> None:
    lines = simulated_text.to_csv(index=False).splitlines()
    lines[7] = lines[7].rsplit(",", 1)[0]
    (tmp_path / "trial.csv").write_text("\n".join(lines))

    (fault,) = faults(tmp_path / "trial.csv")
    assert (fault.row, fault.value, fault.rule) == (8, "23 cells", "24 cells, as in the header")


def test_a_csv_is_one_in_capitals_too(simulated_text: pd.DataFrame, tmp_path: Path) -> None:
    write(simulated_text[:60], tmp_path / "A.CSV")
    write(simulated_text[60:], tmp_path / "b.csv")
    (tmp_path / "notes.txt").write_text("none of it")

    assert sorted(trial.load(tmp_path).files) == ["A.CSV", "b.csv"]


def test_nothing_to_read_is_told(tmp_path: Path) -> None:
    for nothing in (tmp_path, tmp_path / "none.csv"):
        with pytest.raises(NoTableError, match="no trial at"):
            trial.load(nothing)


def test_one_simulated_row_makes_the_whole_trial_simulated(
    simulated_text: pd.DataFrame, tmp_path: Path
) -> None:
    cells = simulated_text.assign(Adult="J")
    assert trial.load(write(cells, tmp_path / "a.csv")).source == "custom"
    cells.loc[5, "Adult"] = config.SIMULATED_ADULT
    assert trial.load(write(cells, tmp_path / "b.csv")).source == "simulated"


def test_a_folder_is_hashed_as_dvc_hashes_it(simulated_text: pd.DataFrame, tmp_path: Path) -> None:
    write(simulated_text[:9], tmp_path / "data" / "b.csv")
    write(simulated_text[9:], tmp_path / "data" / "a.csv")
    for command in (["init", "--no-scm", "-q"], ["add", "-q", "data"]):
        subprocess.run([sys.executable, "-m", "dvc", *command], cwd=tmp_path, check=True)

    expected = f"{trial.load(tmp_path / 'data').md5}.dir"
    assert expected in (tmp_path / "data.dvc").read_text()
    shutil.rmtree(tmp_path / ".dvc")


def test_the_published_trial_is_sound_but_for_one_row(real_trial: Trial) -> None:
    assert real_trial.md5 == config.PUBLISHED_MD5
    assert (real_trial.rows, len(real_trial.seedlings)) == (2783, 2782)
    assert [notice.split(":")[0] for notice in real_trial.dropped] == [
        "Dropped row 2783 of Tree_Data.csv (No 7771)"
    ]
    fates = real_trial.seedlings
    assert fates["Event"].sum() == 1587
    assert (fates["Harvest"] == "X").sum() == 704
    assert (fates["Alive"] == "X").sum() == 491


def test_data_dvc_tracks_the_trial_that_made_the_model(root: Path) -> None:
    described = json.loads((root / "model" / "metadata.json").read_text())["data"]
    if described["source"] != "published":
        pytest.skip("model/ was not trained on the published trial")
    assert f"{trial.directory_hash(described['files'])}.dir" in (root / "data.dvc").read_text()
