"""The gate's error rates: what is simulated, and that every case gets a verdict."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.training.pipeline.cells import cells, study_text
from training.evaluation.cross_validation import recipes
from training.pipeline.gate_rates import FRESH, MORE, gate_rates, worse_recipes
from training.study.arrange import as_subjects
from training.study.declaration import Study
from training.study.read import read_study


@pytest.fixture(scope="module")
def cell_study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    path = tmp_path_factory.mktemp("study") / "study.toml"
    path.write_text(study_text(), encoding="utf-8")
    return read_study(path)


def test_a_worse_recipe_lacks_every_product_or_the_last_factor(cell_study: Study) -> None:
    worse = worse_recipes(cell_study, recipes(cell_study, 1)[0])

    assert {name: recipe.formula for name, recipe in worse.items()} == {
        "without products": "maker + charger + heat + period",
        "without charger": "maker + heat + period + maker:phase",
    }


def test_every_case_of_every_truth_gets_a_verdict(cell_study: Study) -> None:
    rows = cells(500).rename(columns=str)
    subjects = as_subjects(rows.assign(Cell=rows["Cell"].astype(str)), cell_study)
    rates = gate_rates(cell_study, subjects, replicates=1, jobs=1)
    recipes_ = ("without products", "without charger")
    cases = [FRESH, MORE, *(f"{who} {name}" for name in recipes_ for who in ("recipe", "champion"))]

    assert [each.case for each in rates] == cases * 3
    assert all(each.verdicts.total() == 1 for each in rates)
    verdicts = {(each.truth, each.case): next(iter(each.verdicts)) for each in rates}
    truths = {each.truth for each in rates}
    assert all(verdicts[truth, "recipe without charger"] != "promote" for truth in truths)
    assert all(verdicts[truth, MORE] != "refuse" for truth in truths)


def test_a_run_cut_short_goes_on_where_it_ended(cell_study: Study, tmp_path: Path) -> None:
    rows = cells(500).rename(columns=str)
    subjects = as_subjects(rows.assign(Cell=rows["Cell"].astype(str)), cell_study)
    results = tmp_path / "verdicts.jsonl"
    whole = gate_rates(cell_study, subjects, replicates=1, jobs=1, results=results)
    lines = results.read_text(encoding="utf-8").splitlines(keepends=True)
    assert len(lines) == 3
    # A verdict that no simulation gives shows that its line was read, and the missing one redone.
    marked = json.loads(lines[0])
    marked[2][0][1:] = ["refuse", ["read from the file"]]
    results.write_text(json.dumps(marked) + "\n" + lines[1], encoding="utf-8")

    again = gate_rates(cell_study, subjects, replicates=1, jobs=1, results=results)

    assert again[0].verdicts == {"refuse": 1}
    assert again[0].refusals == {"read from the file": 1}
    assert again[1:] == whole[1:]
