"""The engine holds no word of the study that this repository happens to release."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.studies.data import study_file
from training.study.read import read_study

WORDS = (
    *("tree", "trees", "plot", "plots", "soil", "soils", "seedling", "seedlings", "species"),
    *("sapling", "forest", "maple", "cherry", "oak", "oaks", "harvest", "harvested", "mortality"),
    *("mycorrhiza", "mycorrhizal", "greenhouse", "sterile", "sterilized", "conspecific"),
)
# Words of everybody that are spelled alike: git's and ONNX's trees, matplotlib's plots.
OTHER_MEANINGS = re.compile(
    r"working tree|[a-z]+-tree|source tree|tree of (files|modules|statements)"
    r"|\bplots\b(\.|,| import)|import plots|\.plot\(|\bplot_\w+"
)
ENGINE = ("training", "functions", "deploy", ".github", "template.yaml", "Makefile")
SUFFIXES = {".py", ".yaml", ".yml", ".html", ".js", ".css", ""}


def engine_files(root: Path, part: str) -> list[Path]:
    """The files of a part of the engine that people write."""
    path = root / part
    files = [path] if path.is_file() else sorted(path.rglob("*"))
    return [each for each in files if each.is_file() and each.suffix in SUFFIXES]


def lines_with(words: re.Pattern[str], root: Path, part: str) -> list[str]:
    found = []
    for path in engine_files(root, part):
        text = path.read_text(encoding="utf-8")
        for number, line in enumerate(text.splitlines(), 1):
            if words.search(OTHER_MEANINGS.sub("", line)):
                found.append(f"{path.relative_to(root)}:{number}: {line.strip()}")
    return found


@pytest.mark.parametrize("part", ENGINE)
def test_the_engine_does_not_mention_the_trial(root: Path, part: str) -> None:
    assert engine_files(root, part), "nothing was searched"
    # In names such as `by_species` or SeedlingSurvival too.
    words = "|".join(WORDS)
    pattern = re.compile(rf"(?i)(?<![a-z])({words})(?![a-z])|Seedling|Species|Mortality|115\.5")
    assert lines_with(pattern, root, part) == []


@pytest.mark.trial
@pytest.mark.parametrize("part", ENGINE)
def test_no_column_level_or_input_of_the_study_is_in_the_engine(root: Path, part: str) -> None:
    study = read_study(root / "study.toml")
    names = {each.column for each in study.inputs if "_" in each.column}
    names |= {level for each in study.factors for level in each.names}
    names |= {name for name in study.columns if len(name) > 5}
    pattern = re.compile(r"(?<!\w)(" + "|".join(map(re.escape, sorted(names))) + r")(?!\w)")
    assert lines_with(pattern, root, part) == []


@pytest.mark.parametrize("part", ENGINE)
def test_no_column_of_another_study_of_the_tests_is_in_the_engine(root: Path, part: str) -> None:
    study = read_study(study_file("gbsg2"))
    names = {each.column for each in study.inputs if len(each.column) > 3}
    assert len(names) > 5
    pattern = re.compile(rf"(?i)(?<![a-z])({'|'.join(sorted(names))})(?![a-z])")
    assert lines_with(pattern, root, part) == []
