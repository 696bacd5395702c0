"""Adding rows: what is new, changed or there already; all of it or nothing."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from tests.training.cli.test_commands import run
from training.errors import InvalidTableError
from training.study.additions import compare_rows, replace_csvs, with_additions
from training.study.declaration import Study
from training.study.table import load_table

Rows = list[dict[str, str]]


def write(path: Path, rows: Rows) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def read(path: Path) -> Rows:
    return list(csv.DictReader(path.read_text().splitlines()))


@pytest.fixture
def rows(root: Path, tmp_path: Path) -> Rows:
    """A hundred simulated rows."""
    done = run(root, tmp_path, "data", "simulate", "--rows", "100", "--to", "made")
    assert done.returncode == 0, done.stderr
    (path,) = (tmp_path / "made").glob("*.csv")
    return read(path)


@pytest.fixture
def study(root: Path) -> Study:
    from training.pipeline.sources import find_study

    return find_study(root / "study.toml").study


def changed(row: dict[str, str]) -> dict[str, str]:
    return {**row, "Plot": str(int(row["Plot"]) % 18 + 1)}


@pytest.mark.trial
def test_rows_are_new_changed_or_there_already(rows: Rows, study: Study, tmp_path: Path) -> None:
    write(tmp_path / "data/a.csv", rows[:60])
    more = write(tmp_path / "more.csv", [*rows[50:58], changed(rows[58]), *rows[60:]])
    found = compare_rows(more, tmp_path / "data", study)
    assert (len(found.new), len(found.double)) == (40, 8)
    ((before, after),) = found.changed
    assert (before, after) == (rows[58], changed(rows[58]))

    table = with_additions(found, "more.csv", tmp_path / "data", tmp_path / "whole", study)
    assert table.rows == 100
    replace_csvs(tmp_path / "whole", tmp_path / "data")
    kept = {row["No"]: row for row in read(tmp_path / "data/a.csv")}
    assert kept[rows[58]["No"]] == changed(rows[58])
    assert len(kept) == 60
    assert load_table(tmp_path / "data", study).rows == 100
    again = compare_rows(more, tmp_path / "data", study)
    assert (again.new, again.changed, len(again.double)) == ((), (), 49)


@pytest.mark.trial
def test_a_row_that_breaks_a_rule_is_refused_with_its_row(
    rows: Rows, study: Study, tmp_path: Path
) -> None:
    write(tmp_path / "data/a.csv", rows[:60])
    bad = write(tmp_path / "bad.csv", [rows[70], {**rows[71], "Species": "Mars"}])
    with pytest.raises(InvalidTableError) as caught:
        compare_rows(bad, tmp_path / "data", study)
    assert [(each.row, each.column) for each in caught.value.faults] == [(3, "Species")]


@pytest.mark.trial
def test_the_command_adds_and_tracks_and_asks_before_it_changes(
    root: Path, rows: Rows, tmp_path: Path
) -> None:
    import subprocess

    subprocess.run(["git", "init", "--quiet"], cwd=tmp_path, check=True)
    subprocess.run([root / ".venv/bin/dvc", "init", "--quiet"], cwd=tmp_path, check=True)
    write(tmp_path / "data/a.csv", rows[:60])
    write(tmp_path / "more.csv", [changed(rows[0]), *rows[60:]])
    refused = run(root, tmp_path, "data", "add", "more.csv")
    assert refused.returncode == 1
    assert "40 new seedlings, 1 changed, 0 there already" in refused.stderr
    assert "nothing was added" in refused.stderr
    assert not (tmp_path / "data.dvc").exists()
    assert [path.name for path in (tmp_path / "data").iterdir()] == ["a.csv"]

    done = run(root, tmp_path, "data", "add", "more.csv", "--update")
    assert done.returncode == 0, done.stderr
    assert "nfiles: 2" in (tmp_path / "data.dvc").read_text()
    assert len(read(tmp_path / "data/more.csv")) == 40


@pytest.mark.trial
def test_data_that_cannot_be_tracked_are_as_they_were(
    root: Path, rows: Rows, tmp_path: Path
) -> None:
    write(tmp_path / "data/a.csv", rows[:60])
    before = (tmp_path / "data/a.csv").read_bytes()
    write(tmp_path / "more.csv", rows[60:])
    done = run(root, tmp_path, "data", "add", "more.csv")  # no DVC repository here
    assert done.returncode == 1
    assert {path.name: path.read_bytes() for path in (tmp_path / "data").iterdir()} == {
        "a.csv": before
    }


@pytest.mark.trial
def test_a_pointer_is_put_back_where_dvc_could_not_finish_it(
    root: Path, rows: Rows, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from training.cli import data
    from training.errors import StoreError
    from training.store import dvc

    def truncated(*_: object, **__: object) -> str:
        Path("data.dvc").write_text("")
        raise StoreError("The disk is full.", "Free some space.")

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(dvc, "run_dvc", truncated)
    before = (root / "data.dvc").read_bytes()
    (tmp_path / "data.dvc").write_bytes(before)
    write(tmp_path / "data/a.csv", rows[:60])
    more = write(tmp_path / "more.csv", rows[60:])
    with pytest.raises(StoreError, match="full"):
        data.add(more, study=root / "study.toml")
    assert (tmp_path / "data.dvc").read_bytes() == before
    assert [path.name for path in (tmp_path / "data").iterdir()] == ["a.csv"]
