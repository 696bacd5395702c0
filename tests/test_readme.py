"""The README says what is so: its commands exist, its files stand, its figures are printed."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from training.evaluation import summary
from training.study.read import read_study
from training.study.table import load_table


@pytest.fixture(scope="module")
def readme(root: Path) -> str:
    return (root / "README.md").read_text()


def test_the_makefile_and_the_readme_name_the_same_commands(root: Path, readme: str) -> None:
    printed = subprocess.run(["make"], cwd=root, capture_output=True, text=True, check=True).stdout
    offered = set(re.findall(r"^  make ([a-z-]+)", printed, re.MULTILINE)) - {"help"}
    in_table = set(re.findall(r"^\| `make ([a-z-]+)` \|", readme, re.MULTILINE))
    anywhere = set(re.findall(r"(?:`|^)make ([a-z-]+)", readme, re.MULTILINE))

    assert in_table == offered
    assert anywhere <= offered


def test_every_file_the_readme_sends_people_to_is_there(root: Path, readme: str) -> None:
    table = readme.partition("## Where to change what")[2].partition("## ")[0]
    paths = re.findall(r"`([\w./-]+)`", table)
    paths += re.findall(r"\]\(((?!http)[^)#]+)\)", readme)
    missing = [path for path in paths if "/" in path and not (root / path).exists()]

    assert len(paths) > 15
    assert missing == []


def test_what_a_row_of_where_to_change_what_names_is_in_its_file(root: Path, readme: str) -> None:
    table = readme.partition("## Where to change what")[2].partition("\n## ")[0]
    named, missing = 0, []
    for row in re.findall(r"^\| .* \| (.*) \|$", table, re.MULTILINE)[1:]:
        path = None
        for word in re.findall(r"`([^`]+)`", row):
            if (root / word).exists():
                path = root / word
            elif word.startswith("make "):
                assert word.removeprefix("make ") in (root / "Makefile").read_text()
            else:
                assert path is not None, f"{row}: no file before {word}"
                named += 1
                if not re.search(rf"(?<!\w){re.escape(word)}(?!\w)", path.read_text("utf-8")):
                    missing.append(f"{path.relative_to(root)} has no {word}")

    assert named >= 15
    assert missing == []


def test_every_training_command_it_names_exists(root: Path, readme: str) -> None:
    groups = re.findall(r"`(study|data|store|model) ([a-z|]+)`", readme.replace("\n", " "))
    assert {name for name, _ in groups} == {"study", "data", "store", "model"}
    for name, commands in groups:
        output = subprocess.run(
            [sys.executable, "-m", "training", name, "--help"],
            cwd=root,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        assert all(re.search(rf"\b{command}\b", output) for command in commands.split("|"))


def test_its_figures_of_the_trial_are_what_describe_prints(root: Path, readme: str) -> None:
    if not (root / "data/Tree_Data.csv").is_file():
        pytest.skip("the published trial is not in data/: training data fetch brings it")
    study = read_study(root / "study.toml")
    subjects = load_table(root / "data", study).subjects
    for row in summary.risk_by_level(study, subjects):
        line = (
            f"| {row.level} | {row.subjects} | {row.censored:.0%} | {row.event_rate:.1%} "
            f"| {row.risk:.1%} | {row.error:.1%} |"
        )
        assert line.replace("%", " %") in readme
    alive = subjects.frame[(subjects.frame["Time"] > 24.5) | (subjects.event == 0)]
    whole = alive["AMF"] % 1 == 0
    shares = {each: whole[(alive["Harvest"] == "X") == each].mean() for each in (True, False)}
    sentence = f"in {shares[True]:.0%} of the former and {shares[False]:.0%} of the latter"
    assert sentence.replace("%", " %") in " ".join(readme.split())


def test_its_prediction_is_what_the_model_answers(root: Path, readme: str) -> None:
    from functions.artefact import read_artefact
    from functions.scoring import Scorer

    scorer = Scorer(read_artefact(root / "model"))
    if scorer.artefact.source != "published":
        pytest.skip("model/ was not trained on the published trial")
    row = {"species": "Quercus rubra", "soil": "Acer rubrum", "light": 0.1}
    answer, curve = scorer.curve(*scorer.encoder.encode([row]), 115.5)

    percent, low, high = answer.average[0].tolist()
    assert answer.stand is not None
    stand = ", ".join(f"{end:.2f}" for end in answer.stand[0])
    shown = f'"mortality_percent": {percent:.2f}, "interval_90": [{low:.2f}, {high:.2f}]'
    shown += f', "stand_interval_90": [{stand}]'
    assert shown in readme
    at, (point, *ends) = 24.5, curve[7].tolist()
    interval = ", ".join(f"{end:.2f}" for end in ends)
    first = f'"day": {at}, "mortality_percent": {point:.2f}, "interval_90": [{interval}]'
    assert first in readme
