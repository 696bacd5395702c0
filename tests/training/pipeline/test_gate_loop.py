"""What the loop makes of new data, from the remote to the verdict: the faults, and honest ones."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tests.training import scratch
from tests.training.pipeline.cells import cells, study_text
from tests.training.scratch import Checkout
from training.model.folder import read_metadata
from training.pipeline.report import PAGE, markdown, write_report
from training.pipeline.retrain import Outcome, retrain
from training.store.pointer import read_pointer

Edit = Callable[[pd.DataFrame], pd.DataFrame]
Count = Callable[[pd.DataFrame, pd.DataFrame], int]


def quiet(_: str) -> None:
    pass


def track(path: Path, rows: pd.DataFrame, *, commit: Checkout) -> None:
    """What `dvc add data`, `dvc push` and a commit leave behind, without three processes."""
    folder = path / "data"
    folder.mkdir(exist_ok=True)
    csv = folder / "cells.csv"
    rows.to_csv(csv, index=False)
    content = csv.read_bytes()
    md5 = hashlib.md5(content, usedforsecurity=False).hexdigest()
    listing = json.dumps([{"md5": md5, "relpath": csv.name}]).encode()
    oid = hashlib.md5(listing, usedforsecurity=False).hexdigest() + ".dir"
    for objects in (path / ".dvc/cache/files/md5", path.parent / "remote/files/md5"):
        for name, data in ((md5, content), (oid, listing)):
            (objects / name[:2]).mkdir(parents=True, exist_ok=True)
            (objects / name[:2] / name[2:]).write_bytes(data)
    (path / "data.dvc").write_text(
        f"outs:\n- md5: {oid}\n  size: {len(content)}\n  nfiles: 1\n  hash: md5\n  path: data\n"
    )
    commit.git("add", "data.dvc", "study.toml")
    commit.git("commit", "--quiet", "--message", "New data")


@dataclass(frozen=True)
class Loop:
    """A checkout in which a model serves, copied for one test."""

    checkout: Checkout

    @property
    def path(self) -> Path:
        return self.checkout.path

    def retrain(self, rows: pd.DataFrame | None, force: str = "") -> Outcome:
        if rows is not None:
            track(self.path, rows, commit=self.checkout)
        return retrain("a test", quiet, search_size=1, jobs=1, force=force)


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory, root: Path) -> Path:
    """A project whose model was trained on a thousand cells and promoted."""
    base = tmp_path_factory.mktemp("released")
    checkout = scratch.make(base, root)
    (checkout.path / "study.toml").write_text(study_text())
    track(checkout.path, cells(), commit=checkout)
    with pytest.MonkeyPatch.context() as patch:
        enter(patch, checkout)
        outcome = retrain("the first", quiet, search_size=1, jobs=1)
    assert outcome.judgement.verdict == "promote", outcome.judgement.reason
    return base


def enter(patch: pytest.MonkeyPatch, checkout: Checkout) -> None:
    patch.chdir(checkout.path)
    for name, value in checkout.environment.items():
        patch.setenv(name, value)


@pytest.fixture
def loop(released: Path, tmp_path: Path, root: Path, monkeypatch: pytest.MonkeyPatch) -> Loop:
    shutil.copytree(released, tmp_path / "base", symlinks=True)
    checkout = Checkout(tmp_path / "base/checkout", root)
    enter(monkeypatch, checkout)
    return Loop(checkout)


def swap(column: str, one: str, other: str) -> Edit:
    return lambda rows: rows.assign(**{column: rows[column].replace({one: other, other: one})})


def failed(rows: pd.DataFrame) -> pd.Series:
    return rows["Failed"] == "yes"


def taken_out(rows: pd.DataFrame) -> pd.Series:
    return ~failed(rows) & (rows["Visit"] < 10)


def at(rows: pd.DataFrame, visit: pd.Series | np.ndarray) -> pd.DataFrame:
    visit = np.clip(visit, 1, 10)
    return rows.assign(Visit=visit, Weeks=2 * visit)


def moved(visits: int) -> Edit:
    return lambda rows: at(rows, rows["Visit"] + visits * failed(rows))


def survivors(of: str = "") -> Edit:
    def edit(rows: pd.DataFrame) -> pd.DataFrame:
        coded = taken_out(rows) & rows["Maker"].str.startswith(of)
        return at(rows, rows["Visit"].mask(coded, 10))

    return edit


def without_a_third_of_the_failed(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.drop(index=rows.index[failed(rows)][::3])


def copied(racks: list[int], times: int, elsewhere: bool) -> Edit:
    def edit(rows: pd.DataFrame) -> pd.DataFrame:
        parts = [rows]
        for time in range(1, times):
            part = rows[rows["Rack"].isin(racks)]
            part = part.assign(Cell=part["Cell"] + 10_000 * time)
            parts.append(part.assign(Rack=part["Rack"] + 100 * time * elsewhere))
        return pd.concat(parts)

    return edit


def permuted(column: str) -> Edit:
    return lambda rows: rows.assign(
        **{column: np.random.RandomState(0).permutation(rows[column].to_numpy())}
    )


def noise(share: float) -> Edit:
    def edit(rows: pd.DataFrame) -> pd.DataFrame:
        chosen = np.random.RandomState(0).uniform(size=len(rows)) < share
        shuffled = rows["Maker"].sample(frac=1, random_state=1).to_numpy()
        return rows.assign(Maker=rows["Maker"].mask(chosen, pd.Series(shuffled, rows.index)))

    return edit


def flipped(rows: pd.DataFrame) -> pd.DataFrame:
    outcome = rows["Failed"].replace({"yes": "no", "no": "yes"})
    return rows.assign(Failed=outcome.mask(taken_out(rows), "no"))


def truncated(rows: pd.DataFrame) -> pd.DataFrame:
    late = rows["Visit"] > 6
    return at(rows, rows["Visit"].clip(upper=6)).assign(Failed=rows["Failed"].mask(late, "no"))


def ids_of_others(rows: pd.DataFrame) -> pd.DataFrame:
    return pd.concat([cells(150, seed=7, first_rack=20), rows.iloc[150:]])


def more(edit: Edit, count: int = 1500, **kind: Any) -> Edit:
    """Honest rows stay; others, of new racks and edited, are added."""
    return lambda rows: pd.concat(
        [rows, edit(cells(count, seed=3, first=5001, first_rack=41, **kind))]
    )


FAULTS: dict[str, tuple[Edit, str]] = {
    # What an earlier gate promoted.
    "two makers exchanged": (swap("Maker", "Alpha", "Beta"), "levels swapped: `Maker` of"),
    "two chargers exchanged": (swap("Charger", "Alpha", "None"), "levels swapped: `Charger` of"),
    "events a visit later": (moved(1), "times shifted"),
    "events two visits earlier": (moved(-2), "times shifted"),
    "taken out of one maker coded as survivors": (
        survivors("Alpha"), "observed longer without the event (all with Maker Alpha)"
    ),
    "a third of the failed lost": (
        without_a_third_of_the_failed, "loss depends on the outcome: lost are 33 %"
    ),
    "four racks of twelve": (lambda rows: rows[rows["Rack"] <= 4], "8 racks dropped: 5, 6, 7"),
    "two racks twice": (copied([2, 3], 2, False), "copies under new ids"),
    "one rack eight times": (copied([2], 8, True), "copies under new ids"),
    "racks shuffled": (permuted("Rack"), "rows moved to another group: `Rack` of"),
    "other data, Gamma far worse": (
        lambda _: cells(1500, seed=9, first=9001, gamma=2.4), "champion is wrong on the new rows"
    ),
    # What it refused already.
    "heat in hundreds": (lambda rows: rows.assign(Heat=rows["Heat"] / 100), "times 0.01"),
    "outcomes flipped": (flipped, "events taken away"),
    "taken out coded as failed": (
        lambda rows: rows.assign(Failed=rows["Failed"].mask(taken_out(rows), "yes")), "events added"
    ),
    "all taken out coded as survivors": (survivors(), "censored rows observed longer"),
    "survivors dropped": (
        lambda rows: rows[failed(rows) | taken_out(rows)], "100 % of those observed to the end"
    ),
    "a twentieth of the makers at random": (noise(0.05), "levels changed: `Maker` of"),
    "a fifth of the makers at random": (noise(0.2), "levels changed: `Maker` of"),
    # Others.
    "ids of other cells": (ids_of_others, "ids reused: 1"),
    "ids shuffled": (permuted("Cell"), "ids reassigned"),
    "two racks made one": (
        lambda rows: rows.assign(Rack=rows["Rack"].replace({3: 4})), "3 and 4 into 4"
    ),
    "times cut at week 12": (truncated, "follow-up cut short"),
    "added rows with two makers exchanged": (
        more(swap("Maker", "Alpha", "Gamma")), "with maker Alpha and Gamma exchanged"
    ),
    "added rows with events three visits earlier": (more(moved(-3)), "with the events"),
    "added rows with heat in another unit": (
        more(lambda rows: rows.assign(Heat=rows["Heat"] / 10)), "values in other units: `Heat` of"
    ),
    "added rows without a third of the failed": (
        more(lambda rows: rows.drop(index=rows.index[failed(rows)][::2])),
        "champion is wrong on the new rows",
    ),
    "added rows with the taken out coded as survivors": (
        more(survivors()), "censoring differs among added rows: share censored early: all: 0 % now"
    ),
    "added rows with the taken out as failed": (
        more(lambda rows: rows.assign(Failed=rows["Failed"].mask(taken_out(rows), "yes"))),
        "champion is wrong on the new rows",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FAULTS)
def test_faulty_data_are_refused_and_the_fault_named(name: str, loop: Loop) -> None:
    edit, words = FAULTS[name]
    before = loop.checkout.git("rev-parse", "HEAD~0")
    outcome = loop.retrain(edit(cells()))

    assert outcome.judgement.verdict == "refuse"
    assert words in outcome.judgement.reason
    assert outcome.commit is None
    assert read_pointer("model.dvc").meta["reason"] == "the first"
    assert loop.checkout.git("rev-parse", "HEAD~1") == before
    assert words.partition(":")[0] in markdown(outcome, "a test")


def one_row_down(*columns: str) -> Edit:
    """As after sorting a spreadsheet with some of its columns selected."""
    return lambda rows: rows.assign(**{name: np.roll(rows[name], 1) for name in columns})


def differing(column: str) -> Count:
    return lambda before, after: int((before[column] != after[column]).sum())


# A finding's kind, and on how many rows it must be.
COUNTED: dict[str, tuple[Edit, str, Count]] = {
    "makers a row down": (one_row_down("Maker"), "levels changed", differing("Maker")),
    "one maker booked as another": (
        lambda rows: rows.assign(Maker=rows["Maker"].replace({"Gamma": "Alpha"})),
        "levels recoded", differing("Maker"),
    ),
    "outcomes a row down": (
        one_row_down("Visit", "Weeks", "Failed"), "events added",
        lambda before, after: int((~failed(before) & failed(after)).sum()),
    ),
    "heat rounded to tens": (
        lambda rows: rows.assign(Heat=(rows["Heat"] / 10).round() * 10),
        "values changed", differing("Heat"),
    ),
    "heat of the rack for each cell": (
        lambda rows: rows.assign(Heat=rows.groupby("Rack")["Heat"].transform("median").round()),
        "values changed", differing("Heat"),
    ),
    "one rack seen a visit later": (
        lambda rows: at(rows, rows["Visit"] + (failed(rows) & (rows["Rack"] == 5))),
        "times shifted", differing("Visit"),
    ),
    "failures of the last visits not booked": (
        lambda rows: rows.assign(Failed=rows["Failed"].mask(rows["Visit"] >= 9, "no")),
        "events taken away", differing("Failed"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", COUNTED)
def test_a_refusal_counts_the_rows_and_shows_three(name: str, loop: Loop) -> None:
    edit, kind, count = COUNTED[name]
    before = cells()
    after = edit(before)
    outcome = loop.retrain(after)

    assert outcome.judgement.verdict == "refuse"
    changes = outcome.judgement.evidence.changes
    assert changes is not None
    (found,) = (each for each in changes.findings if each.kind == kind)
    assert found.blocks
    assert found.count == count(before, after)
    assert len(found.examples) == 3
    assert all(each.before != each.after for each in found.examples)
    assert f"{kind}: {found.text}" in outcome.judgement.reason


HONEST: dict[str, tuple[Edit, set[str]]] = {
    "three times the cells": (more(lambda rows: rows, 2000), {"promote"}),
    "another trial of the same truth": (lambda _: cells(1000, seed=11), {"promote", "keep"}),
    "another trial under new ids": (
        lambda _: cells(1000, seed=12, first=20_001, first_rack=31), {"promote", "keep"}
    ),
    "sixty cells more": (more(lambda rows: rows, 60, racks=2), {"promote", "keep"}),
    "racks that stood hotter than any before": (
        more(lambda rows: rows, 1000, heat=(70, 99)), {"promote", "keep"}
    ),
    "the rows in another order": (lambda rows: rows.iloc[::-1], {"keep"}),
}  # fmt: skip


@pytest.mark.parametrize("name", HONEST)
def test_honest_data_are_not_refused(name: str, loop: Loop) -> None:
    edit, verdicts = HONEST[name]
    outcome = loop.retrain(edit(cells()))

    assert outcome.judgement.verdict in verdicts, outcome.judgement.reason
    assert outcome.judgement.overridden == ()


def test_three_times_the_cells_show_as_a_gain_with_a_figure(loop: Loop) -> None:
    outcome = loop.retrain(more(lambda rows: rows, 2000)(cells()))
    *sets, overall = outcome.judgement.evidence.comparisons

    assert [each.rows for each in sets] == ["old", "new"]
    assert overall.difference < 0
    assert f"{overall.difference:+.4f}" in outcome.judgement.reason
    metadata = read_metadata(Path("model"))
    assert metadata["gate"]["difference"] == round(overall.difference, 6)
    assert metadata["data"]["subjects"] == 3000


def test_a_loss_of_rows_shows_as_a_loss(loop: Loop) -> None:
    rows = cells()
    outcome = loop.retrain(rows[rows["Rack"] <= 4])

    (old,) = outcome.judgement.evidence.comparisons[:1]
    assert old.difference > 0


def test_a_correction_is_promoted_with_a_reason_and_recorded(loop: Loop) -> None:
    corrected = swap("Maker", "Alpha", "Beta")(cells())
    assert loop.retrain(corrected).judgement.verdict == "refuse"
    outcome = loop.retrain(None, force="the maker's lists were exchanged")

    assert outcome.judgement.verdict == "promote", outcome.judgement.reason
    forced = read_pointer("model.dvc").meta["forced"]
    assert forced["reason"] == "the maker's lists were exchanged"
    assert any("levels swapped" in each for each in forced["overridden"])
    assert read_metadata(Path("model"))["gate"]["forced"] == forced
    assert "Overridden are:" in markdown(outcome, "a test")


def test_no_reason_overrides_an_expectation_or_simulated_data(loop: Loop) -> None:
    worst_first = swap("Maker", "Alpha", "Gamma")(cells())
    unexpected = loop.retrain(worst_first, force="it is right").judgement
    simulated = loop.retrain(cells().assign(simulated="yes"), force="it is right").judgement

    assert unexpected.verdict == "refuse"
    assert "Gamma fails more" in unexpected.reason
    assert (simulated.verdict, "simulated" in simulated.reason) == ("refuse", True)


def test_a_worse_recipe_is_kept_out(loop: Loop) -> None:
    (loop.path / "study.toml").write_text(study_text("maker + charger"))
    outcome = loop.retrain(cells().iloc[::-1])

    assert outcome.judgement.verdict in ("keep", "refuse")
    assert outcome.judgement.evidence.comparisons[-1].difference > 0


def test_a_study_with_another_level_and_new_racks_is_trained_and_served(loop: Loop) -> None:
    text = study_text().replace('{ name = "Gamma" }]', '{ name = "Gamma" }, { name = "Delta" }]')
    (loop.path / "study.toml").write_text(text)
    delta = cells(300, seed=4, first=7001, first_rack=51).assign(Maker="Delta")
    outcome = loop.retrain(pd.concat([cells(), delta]))

    assert outcome.judgement.verdict == "promote", outcome.judgement.reason
    assert "new levels of Maker: Delta" in markdown(outcome, "a test")
    assert "The champion has an answer for 0 of the 300 rows added." in markdown(outcome, "a test")
    levels = read_metadata(Path("model"))["inputs"][0]["levels"]
    assert [each["name"] for each in levels][-1] == "Delta"


def test_without_the_champions_data_the_report_says_what_went_unchecked(loop: Loop) -> None:
    (md5,) = read_metadata(Path("model"))["data"]["files"].values()
    for objects in (loop.path / ".dvc/cache/files/md5", loop.path.parent / "remote/files/md5"):
        (objects / md5[:2] / md5[2:]).unlink()
    outcome = loop.retrain(more(lambda rows: rows, 600)(cells()))

    assert outcome.judgement.evidence.changes is None
    assert "Unchecked: the champion's data (md5" in markdown(outcome, "a test")
    assert "went unchecked" in markdown(outcome, "a test")


def test_the_report_leads_with_verdict_data_and_answers(loop: Loop) -> None:
    outcome = loop.retrain(swap("Maker", "Alpha", "Beta")(cells()))
    text = write_report(outcome, "a test", loop.path / "build/report").read_text()
    titles = [line for line in text.splitlines() if line.startswith("#")]

    assert titles == [
        "# Refused: the new model must not serve",
        "## What changed in the data",
        "## What changes in the answers",
        "## Champion and challenger",
        "## Rules",
        "## Figures",
    ]
    page = (loop.path / "build/report" / PAGE).read_text()
    assert page.index("levels swapped") < page.index("What changes in the answers")
    assert text.count("| levels swapped |") == 4, "a finding and three examples"


def test_a_text_that_changed_is_released_though_no_answer_moves(loop: Loop) -> None:
    same = loop.retrain(None).judgement
    text = (loop.path / "study.toml").read_text()
    (loop.path / "study.toml").write_text(f"# A remark, which nobody is shown.\n{text}")
    loop.checkout.git("commit", "--quiet", "--all", "--message", "A remark")
    remarked = loop.retrain(None).judgement
    assert (same.verdict, remarked.verdict) == ("keep", "keep")

    (loop.path / "study.toml").write_text(
        text.replace('"Gamma" }', '"Gamma", label = { en = "Gamma Works", es = "Gamma" } }')
    )
    loop.checkout.git("commit", "--quiet", "--all", "--message", "A label")
    outcome = loop.retrain(None)
    assert outcome.judgement.verdict == "promote", outcome.judgement.reason
    assert "The graph is the champion's own; what differs is said of inputs" in markdown(
        outcome, "a test"
    )
    assert "Gamma Works" in Path("model/metadata.json").read_text()
