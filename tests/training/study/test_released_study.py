"""The study of this repository: its rules, on its published data and on simulated ones."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from training.errors import Fault, InvalidTableError
from training.study.declaration import Study
from training.study.table import Table, load_table

LEFT = "X for a seedling that left before day 115.5 without dying, else empty"
ALIVE = "X for a seedling that was alive at day 115.5, else empty"

# Where a row has these cells, a cell's new value breaks a rule; the column that is named.
BREAKS: list[tuple[dict[str, str], str, str, str, str]] = [
    ({}, "No", "1.5", "No", "a whole number"),
    ({}, "Plot", "0", "Plot", "a whole number from 1 to 999"),
    ({}, "Species", "Fagus", "Species",
     "one of Acer saccharum, Prunus serotina, Quercus alba, Quercus rubra"),
    ({}, "Light_ISF", "1.2", "Light_ISF", "between 0 and 1"),
    ({"Light_Cat": "Med"}, "Light_Cat", "High", "Light_Cat",
     "Low to 0.0755, Med to 0.12, High above, as Light_ISF says"),
    ({"Soil": "Sterile"}, "Sterile", "Non-Sterile", "Sterile", "follows from Soil"),
    ({}, "Time", "115", "Time", "a visit: a multiple of 3.5"),
    ({}, "Event", "2", "Event", "1 or 0 or NA"),
    ({"Event": "1"}, "Harvest", "X", "Harvest", LEFT),
    ({"Event": "1"}, "Alive", "X", "Alive", ALIVE),
    ({"Alive": "X"}, "Alive", "NA", "Alive", ALIVE),
    ({"Alive": "X"}, "Event", "NA", "Alive", ALIVE),
    ({"Harvest": "X"}, "Event", "NA", "Harvest", LEFT),
    ({"Alive": "X"}, "Alive", "yes", "Alive", "one of X, NA"),
    ({"Harvest": "X"}, "Time", "70", "Harvest", "only at days 24.5 and 28"),
]  # fmt: skip


@pytest.mark.trial
@pytest.mark.parametrize(("where", "column", "value", "named", "rule"), BREAKS)
def test_a_fault_is_named_by_row_column_value_and_rule(
    where: dict[str, str],
    column: str,
    value: str,
    named: str,
    rule: str,
    simulated_text: pd.DataFrame,
    study: Study,
    tmp_path: Path,
) -> None:
    broken = simulated_text.copy()
    kept = pd.Series(data=True, index=broken.index)
    for name, cell in where.items():
        kept &= broken[name] == cell
    row = int(broken.index[kept][0])
    broken.loc[row, column] = value
    broken.to_csv(tmp_path / "trial.csv", index=False)

    with pytest.raises(InvalidTableError) as raised:
        load_table(tmp_path / "trial.csv", study)
    shown = str(broken.loc[row, named])
    assert Fault(row + 2, named, shown, rule, "trial.csv") in raised.value.faults
    assert {fault.row for fault in raised.value.faults} == {row + 2}


def test_the_published_data_are_valid_but_for_one_row(real_table: Table, study: Study) -> None:
    assert real_table.md5 == study.study.published_md5
    assert (real_table.rows, len(real_table.subjects)) == (2783, 2782)
    assert list(real_table.dropped) == [
        "Dropped row 2783 of Tree_Data.csv (No 7771): its Event is missing."
    ]
    fates = real_table.subjects.frame
    assert real_table.subjects.event.sum() == 1587
    assert (fates["Harvest"] == "X").sum() == 704
    assert (fates["Alive"] == "X").sum() == 491
    assert real_table.subjects.groups == tuple(str(plot) for plot in range(1, 19))


def test_a_copy_of_a_published_row_under_a_new_number_is_a_fault(
    real_table: Table, study: Study, root: Path, tmp_path: Path
) -> None:
    text = (root / "data/Tree_Data.csv").read_text()
    lines = text.splitlines()
    number, _, rest = lines[5].partition(",")
    (tmp_path / "more.csv").write_text("\n".join([*lines, f"99{number},{rest}"]))
    with pytest.raises(InvalidTableError) as raised:
        load_table(tmp_path / "more.csv", study)
    (fault,) = raised.value.faults
    assert fault.column == "No"
    assert fault.rule == (
        "duplicate seedling under another id; the same row is in row 6 of more.csv"
    )
