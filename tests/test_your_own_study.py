"""docs/your-own-study.md: its commands run, and print and answer what it says."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from functions.artefact import read_artefact
from functions.scoring import Scorer

PYTHON = ".venv/bin/python"


@pytest.fixture(scope="module")
def page(root: Path) -> str:
    return (root / "docs/your-own-study.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def blocks(page: str) -> list[tuple[str, str]]:
    """Language and text of each block of the page."""
    found = re.findall(r"^```(\w*)\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    return [(str(language), str(text)) for language, text in found]


@pytest.fixture(scope="module")
def followed(
    root: Path, blocks: list[tuple[str, str]], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, str]:
    """A folder in which the page was followed up to its trained model, and all that was printed."""
    folder = tmp_path_factory.mktemp("followed")
    (folder / ".venv").symlink_to(sys.prefix)
    kept = {k: v for k, v in os.environ.items() if k not in ("STUDY", "DATA")}
    environment = {**kept, "PYTHONPATH": str(root), "COLUMNS": "100"}
    printed = ""
    for language, text in blocks:
        if language != "sh" or "make serve" in text or "curl" in text or "dvc add" in text:
            continue
        # `make train STUDY=… DATA=…`, without the set-up of the checkout.
        command = re.sub(
            r"^make train (.*)$", rf"\1 {PYTHON} -m training train", text, flags=re.MULTILINE
        )
        done = subprocess.run(
            ["bash", "-euc", command],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, command + done.stdout + done.stderr
        printed += done.stdout + done.stderr
    return folder, printed


def test_its_commands_print_what_it_says(
    blocks: list[tuple[str, str]], followed: tuple[Path, str]
) -> None:
    _, printed = followed
    lines = {" ".join(line.split()) for line in printed.splitlines()}
    promised = [
        " ".join(line.split())
        for language, text in blocks
        if language == "" and "Promoted" not in text and "pnodez" not in text
        for line in text.splitlines()
        if re.search(r"\w", line)
    ]
    assert len(promised) > 30
    assert [line for line in promised if line not in lines] == []


def test_the_fault_that_it_shows_is_named_so(root: Path, followed: tuple[Path, str]) -> None:
    folder, _ = followed
    text = (folder / "cancer/study.toml").read_text(encoding="utf-8")
    (folder / "wrong.toml").write_text(text.replace("+ pnodes", "+ pnodez"), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "training", "study", "check", "wrong.toml"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(root), "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "not pnodez; did you mean pnodes?" in " ".join(done.stderr.split())


def test_its_answer_is_what_the_model_answers(page: str, followed: tuple[Path, str]) -> None:
    folder, _ = followed
    (body,) = re.findall(r"-d '(\{.*?\})'", page, re.DOTALL)
    inputs = json.loads(body)
    day = inputs.pop("day")
    scorer = Scorer(read_artefact(folder / "build/gbsg2/model"))
    forecast, _ = scorer.curve(*scorer.encoder.encode([inputs]), day)
    percent, low, high = (round(float(each), 2) for each in forecast.average[0])
    assert f'"recurrence_percent": {percent}, "interval_90": [{low}, {high}]' in page


def test_every_file_it_sends_people_to_is_there(root: Path, page: str) -> None:
    paths = re.findall(r"`((?:training|tests|docs)/[\w./-]+)`", page)
    paths += [f"docs/{path}" for path in re.findall(r"\]\(((?!http)[^)#]+)\)", page)]
    assert len(paths) > 4
    assert [path for path in paths if not (root / path).exists()] == []
