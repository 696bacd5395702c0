"""The notebooks: they run from top to bottom on any trial, and keep nothing of it."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import matplotlib as mpl
import pytest
from matplotlib import pyplot as plt

from training.study.read import read_study
from training.study.simulation import simulate, write_csv

NAMES = ("data", "model")

Run = Callable[[str, Path], dict[str, Any]]


def cells(root: Path, name: str) -> list[dict[str, Any]]:
    loaded = json.loads((root / f"notebooks/{name}.ipynb").read_text(encoding="utf-8"))
    return list(loaded["cells"])


@pytest.fixture
def run(root: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    """Runs a notebook's code on a trial as a kernel would; returns what it then holds."""
    mpl.use("Agg")
    monkeypatch.setattr(sys, "path", list(sys.path))

    def executed(name: str, data: Path) -> dict[str, Any]:
        monkeypatch.setenv("DATA", str(data))
        monkeypatch.chdir(root / "notebooks")
        held: dict[str, Any] = {}
        for cell in cells(root, name):
            if cell["cell_type"] == "code":
                exec(compile("".join(cell["source"]), cell["id"], "exec"), held)  # noqa: S102
        assert Path.cwd() == root.resolve()
        return held

    yield executed
    plt.close("all")


@pytest.fixture(scope="module")
def simulated(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    cells = simulate(read_study(root / "study.toml"), rows=700, seed=4)
    return write_csv(cells, tmp_path_factory.mktemp("trial"))


@pytest.fixture
def published(root: Path) -> Path:
    path = root / "data/Tree_Data.csv"
    if not path.is_file():
        pytest.skip("the published trial is not in data/: training data fetch brings it")
    return path


@pytest.mark.parametrize("name", NAMES)
def test_a_notebook_keeps_no_output(root: Path, name: str) -> None:
    code = [cell for cell in cells(root, name) if cell["cell_type"] == "code"]

    assert len(code) > 5
    assert [(cell["outputs"], cell["execution_count"]) for cell in code] == [([], None)] * len(code)


def test_every_lock_belongs_to_a_group(root: Path) -> None:
    assert {path.name for path in (root / "notebooks").glob("*.ipynb")} == {
        f"{name}.ipynb" for name in NAMES
    }


@pytest.mark.trial
@pytest.mark.parametrize("name", NAMES)
def test_a_notebook_runs_on_a_simulated_trial_and_says_so(
    run: Run, name: str, simulated: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    held = run(name, simulated)

    assert len(held["seedlings"]) == 700
    assert "simulated: 700 seedlings on 18 plots" in capsys.readouterr().out
    assert len(plt.get_fignums()) >= 3


def test_the_published_trial_bears_out_what_the_data_notebook_says(
    run: Run, published: Path
) -> None:
    held = run("data", published)

    gap = held["mortality"]["risk"] - held["mortality"]["event_rate"]
    assert gap[["Quercus alba", "Quercus rubra"]].min() > 0.13
    assert held["leak"][True] > 0.9
    assert held["leak"][False] < 0.05
    assert list(held["when"].index) == [24.5, 28.0]
    assert held["shares"].to_numpy().max() > 4 * held["shares"].to_numpy().min()


def test_the_published_trial_bears_out_what_the_model_notebook_says(
    run: Run, published: Path
) -> None:
    held = run("model", published)

    errors, figures = held["errors"], held["figures"]
    assert errors["censored"].abs().max() < 0.03
    assert errors.loc["all", "taken for survivors"] < -0.12
    assert errors.drop("all")["taken for survivors"].max() < -0.08
    reference = figures["Kaplan-Meier by species"]
    for contestant in set(figures) - {"Kaplan-Meier by species"}:
        gain = reference - figures[contestant]
        assert gain["integrated_brier_score"] > 0
        assert gain["concordance_index"] < -0.03


@pytest.mark.parametrize("name", NAMES)
def test_the_rendered_copy_has_every_text_and_figure_of_the_notebook(root: Path, name: str) -> None:
    copy = (root / f"docs/notebooks/{name}.md").read_text(encoding="utf-8")
    texts = [
        "".join(cell["source"]).strip().replace("](../docs/", "](../")
        for cell in cells(root, name)
        if cell["cell_type"] == "markdown"
    ]
    assert len(texts) > 5
    assert [text for text in texts if text not in copy] == []
    drawn = sum("plt.subplots" in "".join(cell["source"]) for cell in cells(root, name))
    shown = re.findall(r"!\[\w*\]\(([^)]+)\)", copy)
    assert len(shown) == drawn
    assert all((root / "docs/notebooks" / each).is_file() for each in shown)
    assert "published: 2782 seedlings on 18 plots" in copy
