"""A CSV scored on this machine: figures, own columns, faults, and files that are no CSV."""

from __future__ import annotations

import csv
import io
import os
import tracemalloc
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.artefact import SIMULATED, read_artefact
from functions.batch.csv_file import CHUNK, score_csv
from functions.batch.layout import InvalidFileError
from functions.batch.manifest import LISTED, Manifest
from functions.batch.rows import parse_number
from functions.scoring import Scorer
from tests.functions.conftest import Client, Vary
from tests.functions.models import STUDIES

close = partial(pytest.approx, rel=0, abs=0.0051)
FIGURES = (
    "interval_90_low",
    "interval_90_high",
    "stand_interval_90_low",
    "stand_interval_90_high",
)


def score(scorer: Scorer, content: str | bytes, **options: Any) -> tuple[Manifest, str]:
    """The manifest and the text of the scored file."""
    raw = content.encode() if isinstance(content, str) else content
    target = io.StringIO(newline="")
    manifest = score_csv(io.BytesIO(raw), target, scorer, name="trees.csv", **options)
    return manifest, target.getvalue()


def read(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


def write(rows: list[dict[str, Any]]) -> str:
    target = io.StringIO(newline="")
    writer = csv.DictWriter(target, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return target.getvalue()


@pytest.mark.parametrize("study", STUDIES)
def test_every_row_has_the_figures_computed_by_hand(study: str, tmp_path: Path) -> None:
    sketch = STUDIES[study]
    scorer = Scorer(read_artefact(sketch.write(tmp_path / "model")))
    times = [0.0, sketch.ends[0], (sketch.ends[0] + sketch.ends[-1]) / 2, sketch.ends[-1]]
    rows = [{**sketch.row(place), sketch.time: times[place % 4]} for place in range(40)]

    manifest, text = score(scorer, write(rows))

    assert (manifest.rows, manifest.failed) == (40, 0)
    for given_row, scored in zip(rows, read(text), strict=True):
        expected = sketch.by_hand(given_row, given_row[sketch.time])
        names = (f"{sketch.outcome}_percent", *FIGURES)
        assert [float(scored[name]) for name in names[: len(expected)]] == close(expected)
        assert [scored[name] for name in names[len(expected) :]] == [""] * (5 - len(expected))
        assert {name: scored[name] for name in given_row} == {
            name: str(value) for name, value in given_row.items()
        }
        assert (scored["warnings"], scored["fault"]) == ("", "")


def test_a_row_says_what_the_api_responds(scorer: Scorer, client: Client) -> None:
    rows = [
        {"species": species, "soil": "Sterile", "light": light}
        for species in ("Acer saccharum", "Quercus rubra")
        for light in (0.0, 0.04, 0.1234, 0.9)
    ]
    answer = client.post("/v1/predict/batch", {"seedlings": rows, "day": 60}).json()

    manifest, text = score(scorer, write(rows), time=60.0)

    for item, scored in zip(answer["predictions"], read(text), strict=True):
        figures = [item["mortality_percent"], *item["interval_90"], *item["stand_interval_90"]]
        names = ("mortality_percent", *FIGURES)
        assert [float(scored[name]) for name in names] == figures
        assert scored["warnings"] == " ".join(item["warnings"])
    assert manifest.document()["model"] == answer["model"]
    assert manifest.document()["day"] == answer["day"]


def test_own_columns_are_kept_whatever_they_hold(scorer: Scorer) -> None:
    content = '\ufeffnote,light,soil,id,species\r\n"a ""b"", c\nd",0.1,Sterile,007,Quercus alba\r\n'

    _, text = score(scorer, content)

    (row,) = read(text)
    assert list(row)[:5] == ["note", "light", "soil", "id", "species"]
    assert list(row)[5:] == ["mortality_percent", *FIGURES, "warnings", "fault"]
    assert (row["note"], row["id"], row["light"]) == ('a "b", c\nd', "007", "0.1")
    assert text.count("\r") == 0


WRONG = {
    "an unknown level": ("Quercus,Sterile,0.1,", "species: must be one of Acer saccharum, "),
    "no level": (",Sterile,0.1,", "species: required"),
    "no number": ("Quercus alba,Sterile,,", "light: required"),
    "a word": ("Quercus alba,Sterile,dark,", "light: must be a number from 0 to 1, got 'dark'"),
    "not a number": ("Quercus alba,Sterile,nan,", "light: must be a number from 0 to 1"),
    "too much": ("Quercus alba,Sterile,1.5,", "light: must be a number from 0 to 1, got '1.5'"),
    "another script's digits": ("Quercus alba,Sterile,\u0660,", "light: must be a number"),
    "Python's digits": ("Quercus alba,Sterile,0.0_1,", "light: must be a number"),
    "a late day": ("Quercus alba,Sterile,0.1,116", "day: must be a number from 0 to 115.5"),
    "an early day": ("Quercus alba,Sterile,0.1,-0.5", "day: must be a number from 0 to 115.5"),
    "a cell too few": ("Quercus alba,Sterile", "light: required"),
    "two faults": ("x,y,0.1,", "got 'x'; soil: must be one of"),
    "a long cell": (f"{'x' * 500},Sterile,0.1,", f"got '{'x' * 40}…'"),
}


@pytest.mark.parametrize(("row", "rule"), WRONG.values(), ids=WRONG)
def test_a_wrong_row_has_a_fault_and_its_neighbours_their_figures(
    scorer: Scorer, row: str, rule: str
) -> None:
    right = "Quercus alba,Sterile,0.1,"
    manifest, text = score(scorer, f"species,soil,light,day\n{right}\n\n{row}\n{right}\n")

    before, wrong, after = read(text)
    assert rule in wrong["fault"]
    assert [wrong[name] for name in ("mortality_percent", *FIGURES, "warnings")] == [""] * 6
    assert before == after
    assert before["mortality_percent"]
    assert (manifest.rows, manifest.failed) == (3, 1)
    # Row 1 is the header and row 3 is empty, as a spreadsheet counts.
    assert manifest.document()["failed_rows"] == [{"row": 4, "rule": wrong["fault"]}]


def test_a_row_without_a_time_of_its_own_gets_that_of_the_command(scorer: Scorer) -> None:
    row = "Quercus rubra,Sterile,0.1"
    content = f"species,soil,light,day\n{row},\n{row},60\n{row},115.5\n"

    def points(time: float | None) -> list[str]:
        return [each["mortality_percent"] for each in read(score(scorer, content, time=time)[1])]

    own, horizon = points(60.0), points(None)
    assert own[0] == own[1] == horizon[1]
    assert horizon[0] == horizon[2] == own[2]
    assert own[0] != own[2]


NO_CSV: dict[str, tuple[str | bytes, str]] = {
    "nothing": ("", "the file is empty"),
    "a header alone": ("species,soil,light\n\n", "no row below the header"),
    "a graph": (b"\x08\x09\xff\xfe\n", "no text in UTF-8"),
    "another encoding": (
        "species,soil,light,note\nQuercus alba,Sterile,0.1,año\n".encode("latin-1"),
        "no text in UTF-8",
    ),
    "semicolons": ("species;soil;light\na;b;1\n", "separated by semicolons; commas are expected"),
    "JSON": ('[{"species": "Quercus alba"}]', "missing columns species, soil, light"),
    "an input is missing": ("species,soil\na,b\n", "missing column light"),
    "an input twice": ("species,soil,light,light\na,b,1,2\n", "duplicate column light"),
    "a scored file": ("species,soil,light,fault\na,b,1,\n", "column fault is already there"),
    "a stray quote": ('species,soil,light\n"a"b,c,1\n', "no CSV at line 2"),
}


@pytest.mark.parametrize(("content", "message"), NO_CSV.values(), ids=NO_CSV)
def test_a_file_that_cannot_be_scored_is_refused_with_the_reason(
    scorer: Scorer, content: str | bytes, message: str
) -> None:
    with pytest.raises(InvalidFileError, match=message):
        score(scorer, content)


def test_rows_are_the_same_wherever_the_chunks_end(scorer: Scorer) -> None:
    row = "Quercus alba,Sterile,{}\n"
    lights = [0.03 + 0.13 * i / (2 * CHUNK) for i in range(2 * CHUNK + 1)]
    content = "species,soil,light\n" + "".join(row.format(f"{light:.6f}") for light in lights)
    seen: list[int] = []

    manifest, text = score(scorer, content, progress=seen.append)

    assert seen == [CHUNK, 2 * CHUNK, 2 * CHUNK + 1]
    assert manifest.rows == len(read(text)) == 2 * CHUNK + 1
    for place in (0, CHUNK - 1, CHUNK, 2 * CHUNK):
        _, alone = score(scorer, "species,soil,light\n" + row.format(f"{lights[place]:.6f}"))
        assert text.splitlines()[1 + place] == alone.splitlines()[1]


def test_a_manifest_lists_the_first_failed_rows_and_counts_all(scorer: Scorer) -> None:
    manifest, _ = score(scorer, "species,soil,light\n" + "x,Sterile,0.1\n" * (CHUNK + LISTED))

    document = manifest.document()
    assert (document["rows"], document["failed"]) == (CHUNK + LISTED, CHUNK + LISTED)
    assert [each["row"] for each in document["failed_rows"]] == list(range(2, LISTED + 2))


def test_a_model_of_simulated_data_marks_the_manifest(vary: Vary) -> None:
    folder = vary(lambda metadata: metadata["data"].update(source="simulated"))
    scorer = Scorer(read_artefact(folder))

    manifest, _ = score(scorer, "species,soil,light\nQuercus alba,Sterile,0.1\n")

    assert manifest.document()["warnings"] == [SIMULATED]


class Endless(io.RawIOBase):
    """A CSV that is made while it is read."""

    def __init__(self, rows: int) -> None:
        self._left, self._line = rows, b"Quercus alba,Sterile,0.1\n"
        self._pending = b"species,soil,light\n"

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while self._left and len(self._pending) < len(buffer):
            self._pending += self._line
            self._left -= 1
        taken, self._pending = self._pending[: len(buffer)], self._pending[len(buffer) :]
        buffer[: len(taken)] = taken
        return len(taken)


def test_memory_does_not_grow_with_the_file(scorer: Scorer) -> None:
    def peak(rows: int) -> int:
        source = io.BufferedReader(Endless(rows))
        with Path(os.devnull).open("w") as target:
            tracemalloc.start()
            manifest = score_csv(source, target, scorer, name="endless")
            found = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
        assert manifest.rows == rows
        return found

    peak(CHUNK)
    assert peak(6 * CHUNK) <= 1.2 * peak(2 * CHUNK)


@given(st.text(max_size=12) | st.floats().map(repr) | st.integers().map(str))
def test_a_number_is_finite_or_refused(text: str) -> None:
    value = parse_number(text)
    if value == value:
        assert value == float(text)
        assert abs(value) != float("inf")
