"""`python -m functions.batch`, and `python -m training predict` before it, as people run them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.functions.conftest import Client, Vary
from tests.functions.models import STUDIES

OAK = ("--species", "Quercus rubra", "--soil", "Sterile", "--light", "0.1")
RIGHT = "id,species,soil,light\n1,Quercus alba,Sterile,0.1\n"
WRONG = f"{RIGHT}2,Quercus,Sterile,0.1\n"


def run(root: Path, *arguments: str, given: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", *arguments],
        cwd=root,
        input=given,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONIOENCODING": "utf-8", "COLUMNS": "200"},
        timeout=120,
        check=False,
    )


def predict(root: Path, *arguments: str, given: str = "") -> subprocess.CompletedProcess[str]:
    return run(root, "functions.batch", *arguments, given=given)


@pytest.fixture
def labelled(vary: Vary) -> Callable[..., str]:
    """The model with labels of its own, which differ from the names."""

    def made(subject: dict[str, str] | None = None) -> str:
        def change(metadata: dict[str, Any]) -> None:
            species, soil, light = metadata["inputs"]
            species["levels"][3]["label"] = {"en": "northern red oak", "es": "roble rojo"}
            soil["levels"][2]["label"] = {"en": "sterilised", "es": "esterilizado"}
            light["label"] = {"en": "Light", "es": "Luz"}
            metadata["time"]["unit"]["es"]["many"] = "días"
            metadata["study"]["row"]["es"]["many"] = "plántulas"
            metadata["study"]["outcome_label"]["es"] = "mortalidad"
            metadata["study"] |= {
                "subject": subject,
                "answer": {"en": "will be dead", "es": "habrán muerto"},
                "stand": {"en": "a single stand", "es": "un solo rodal"},
            }

        return str(vary(change))

    return made


SUBJECTS = {
    "": "such seedlings (northern red oak, sterilised, light 0.1)",
    "{species} seedlings": "northern red oak seedlings (sterilised, light 0.1)",
    "{species}, {soil}, {light}": "northern red oak, sterilised, 0.1",
}


@pytest.mark.parametrize(("subject", "shown"), SUBJECTS.items(), ids=SUBJECTS.values())
def test_inputs_as_options_give_a_sentence_and_a_curve(
    root: Path, labelled: Callable[..., str], subject: str, shown: str
) -> None:
    model = labelled({"en": subject, "es": subject} if subject else None)
    done = predict(root, *OAK, "--model", model)

    assert (done.returncode, done.stderr) == (0, "")
    sentence, curve = done.stdout.split("\n\n")
    assert sentence == (
        f"Of 100 {shown}, about 58 will be dead by day 115.5 "
        f"(32 to 80; a single stand may lie between 7 and 100)."
    )
    heading, first, *_, last = curve.splitlines()
    assert "percent mortality" in heading
    assert first.split() == ["0", "0.0", "(0.0", "to", "0.0)"]
    assert last.split() == ["115.5", "█" * 23, "57.7", "(31.8", "to", "80.0)"]


@pytest.mark.parametrize("subject", [None, {"en": "{species} seedlings", "es": "{species}"}])
def test_the_sentence_and_the_curve_are_said_in_spanish(
    root: Path, labelled: Callable[..., str], subject: dict[str, str] | None
) -> None:
    done = predict(root, *OAK, "--language", "es", "--model", labelled(subject))
    sentence, curve = done.stdout.split("\n\n")
    shown = "roble rojo (esterilizado, " if subject else "plántulas así (roble rojo, esterilizado, "
    assert sentence.startswith(f"De cada 100 {shown}")
    assert sentence.endswith(
        "), cerca de 58 habrán muerto al cabo de 115.5 días "
        "(32 a 80; un solo rodal puede estar entre 7 y 100)."
    )
    assert "porcentaje de mortalidad" in curve.splitlines()[0]
    assert curve.splitlines()[1].split() == ["0", "0.0", "(0.0", "a", "0.0)"]


def test_a_level_may_be_given_by_its_label(root: Path, labelled: Callable[..., str]) -> None:
    model = labelled()
    named = predict(root, *OAK, "--model", model)
    for species, soil in (("Northern red oak", "sterilised"), ("roble rojo", "Sterile")):
        done = predict(
            root, "--species", species, "--soil", soil, "--light", "0.1", "--model", model
        )
        assert (done.returncode, done.stdout) == (0, named.stdout)


def test_as_json_it_is_the_response_of_the_api(root: Path, client: Client) -> None:
    done = predict(root, *OAK, "--light", "0.5", "--day", "60", "--json")

    body = {"species": "Quercus rubra", "soil": "Sterile", "light": 0.5, "day": 60}
    assert done.returncode == 0
    assert json.loads(done.stdout) == client.post("/v1/predict", body).json()


def test_the_command_of_training_prints_and_ends_as_the_batch_does(
    root: Path, folder: Path, tmp_path: Path
) -> None:
    file = tmp_path / "trees.csv"
    file.write_text(WRONG)
    for arguments in (OAK, (str(file),), (str(file), "--json"), ("--light", "0.1"), ("--help",)):
        own = predict(root, *arguments, "--model", str(folder))
        through = run(root, "training", "predict", *arguments, "--model", str(folder))
        assert (through.returncode, through.stdout) == (own.returncode, own.stdout)
        assert through.stderr == own.stderr


def test_a_file_is_scored_beside_its_manifest(root: Path, tmp_path: Path) -> None:
    file, out = tmp_path / "trees.csv", tmp_path / "scored.csv"
    file.write_text(RIGHT)

    done = predict(root, str(file), "--out", str(out))

    assert (done.returncode, done.stdout) == (0, "")
    assert f"Scored 1 of 1 rows to {out}; model " in done.stderr
    assert out.read_text().splitlines()[1].startswith("1,Quercus alba,Sterile,0.1,")
    manifest = json.loads((tmp_path / "scored.csv.manifest.json").read_text())
    assert (manifest["file"], manifest["rows"], manifest["failed"]) == ("trees.csv", 1, 0)
    assert {path.name for path in tmp_path.iterdir()} == {
        "trees.csv",
        "scored.csv",
        "scored.csv.manifest.json",
    }
    piped = predict(root, "-", given=RIGHT)
    assert piped.stdout == out.read_text()


def test_rows_with_a_fault_end_in_exit_code_3_and_are_named(root: Path, tmp_path: Path) -> None:
    (tmp_path / "trees.csv").write_text(WRONG)
    out = tmp_path / "scored.csv"

    done = predict(root, str(tmp_path / "trees.csv"), "--out", str(out), "--json")

    assert (done.returncode, done.stderr) == (3, "")
    manifest = json.loads(done.stdout)
    assert manifest == json.loads((tmp_path / "scored.csv.manifest.json").read_text())
    assert [each["row"] for each in manifest["failed_rows"]] == [3]
    assert "row 3: species: must be one of" in predict(root, "-", given=WRONG).stderr


def test_what_cannot_be_scored_leaves_the_earlier_result_and_no_traceback(
    root: Path, tmp_path: Path
) -> None:
    file, out = tmp_path / "trees.csv", tmp_path / "scored.csv"
    out.write_text("earlier")
    file.write_bytes(f"{RIGHT}".encode() + b"2,Quercus alba,Sterile,0.1,\xff\n")

    done = predict(root, str(file), "--out", str(out))

    assert done.returncode == 1
    assert done.stderr.startswith("can't predict: no text in UTF-8")
    assert len(done.stderr.splitlines()) == 1
    assert out.read_text() == "earlier"
    assert {path.name for path in tmp_path.iterdir()} == {"trees.csv", "scored.csv"}
    assert "Traceback" in predict(root, str(file), "--debug").stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--light", "0.1"), "give a CSV, or --species, --soil"),
        ((*OAK, "--light", "7"), "--light: must be a number from 0 to 1, got '7'"),
        ((*OAK, "--species", "Quercus"), "--species: must be one of Acer saccharum"),
        ((*OAK, "--day", "116"), "--day: expected a number from 0 to 115.5, got '116'"),
        ((*OAK, "--out", "x.csv"), "--out belongs to a CSV"),
        ((*OAK, "trees.csv"), "not both"),
        (("trees.csv", "--out", "trees.csv"), "--out: expected another file"),
        (("--planet", "Mars"), "unrecognized arguments: --planet"),
    ],
    ids=lambda each: " ".join(each) if isinstance(each, tuple) else "",
)
def test_wrong_arguments_end_in_exit_code_2_and_are_named(
    root: Path, arguments: tuple[str, ...], message: str
) -> None:
    done = predict(root, *arguments)

    assert done.returncode == 2
    assert message in done.stderr.splitlines()[-1]


def test_a_missing_model_is_one_line(root: Path, tmp_path: Path) -> None:
    done = predict(root, *OAK, "--model", str(tmp_path))

    assert done.returncode == 1
    assert done.stderr.startswith(f"can't predict: model: {tmp_path}/metadata.json: expected")


def test_options_follow_the_inputs_of_any_study(root: Path, tmp_path: Path) -> None:
    sketch = STUDIES["names of every kind"]
    model = str(sketch.write(tmp_path / "model"))
    row = sketch.row(1)
    options = [
        part
        for name, value in row.items()
        for part in (f"--{'input-' if name == 'json' else ''}{name}", str(value))
    ]

    done = predict(root, "--model", model, *options, "--json")

    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    expected = sketch.by_hand(row, sketch.visits[-1])
    figures = [found[f"{sketch.outcome}_percent"], *found["interval_90"]]
    assert figures == pytest.approx(expected[:3], rel=0, abs=0.0051)
    assert predict(root, "--model", model, "--help").returncode == 0
