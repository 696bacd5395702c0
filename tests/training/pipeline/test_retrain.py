"""The loop from data at the remote to a verdict, as the command runs it."""

from __future__ import annotations

import fcntl
import json
import re
import shutil
import signal
import sys
from pathlib import Path

import pytest

from tests.training import scratch
from tests.training.scratch import Checkout
from training.evaluation.gate import judge
from training.model.folder import read_metadata
from training.pipeline.champion import Champion
from training.pipeline.judging import find_changes, gather
from training.pipeline.retrain import Outcome
from training.pipeline.train import Candidate, train
from training.study.declaration import Study
from training.study.read import read_study
from training.study.simulation import simulate, write_csv
from training.study.table import Table

RETRAIN = ("retrain", "--search", "1", "--jobs", "1", "--reason")


def bring_simulated(checkout: Checkout, rows: int) -> Path:
    """Writes simulated data into the checkout's data/."""
    study = read_study(checkout.path / "study.toml")
    return write_csv(simulate(study, rows=rows), checkout.path / "data")


@pytest.fixture
def checkout(root: Path, tmp_path: Path) -> Checkout:
    return scratch.make(tmp_path, root)


def track_data(checkout: Checkout) -> None:
    """Has DVC track data/ and pushes it, as whoever brings new data does."""
    checkout.dvc("add", "--quiet", "data")
    checkout.dvc("push", "--quiet", "data.dvc")
    checkout.git("add", "data.dvc")
    checkout.git("commit", "--quiet", "--message", "New data")


def test_a_model_of_simulated_data_is_refused_and_changes_nothing(checkout: Checkout) -> None:
    bring_simulated(checkout, 700)
    track_data(checkout)
    before = checkout.git("rev-parse", "HEAD")
    output = checkout.training(*RETRAIN, "try", code=20)

    assert "Refused: the new model must not serve" in output
    assert "a model of simulated data is never promoted" in output
    assert checkout.git("rev-parse", "HEAD") == before
    assert not (checkout.path / "model").exists()
    page = (checkout.path / "build/report/report.html").read_text()
    assert "SIMULATED" in page
    assert "http" not in re.sub(r"(xmlns(:\w+)?=|DOCTYPE).{0,60}", "", page), (
        "the page needs nothing else"
    )


def test_on_the_field_trial_a_model_is_promoted_once_and_then_kept(
    checkout: Checkout, real_table: Table, root: Path
) -> None:
    (checkout.path / "data").mkdir()
    (name,) = real_table.files
    shutil.copy(root / "data" / name, checkout.path / "data")
    track_data(checkout)
    output = checkout.training(*RETRAIN, "the first model", code=0)

    assert "Promoted: the new model takes over" in output
    metadata = read_metadata(checkout.path / "model")
    assert metadata["gate"]["verdict"] == "promote"
    assert all(rule["passed"] for rule in metadata["gate"]["rules"])
    pointer = checkout.git("show", "HEAD:model.dvc")
    for fact in ("reason: the first model", "verdict: promote", f"data: {real_table.md5}", "code:"):
        assert fact in pointer
    stranger = checkout.clone("stranger")
    stranger.training("store", "pull", "model.dvc", "--remote", "released")
    assert read_metadata(stranger.path / "model") == metadata

    released = checkout.git("rev-parse", "HEAD")
    output = checkout.training(*RETRAIN, "nothing new", code=10)
    assert "Kept: the model that serves stays" in output
    assert "the same data and recipe give the model that already serves" in output
    assert checkout.git("rev-parse", "HEAD") == released
    assert read_metadata(checkout.path / "model") == metadata


CUT_OFF = """
import os, signal, sys
from training.pipeline.retrain import retrain
def step(name):
    if name == sys.argv[1]:
        os.kill(os.getpid(), signal.SIGKILL)
retrain("cut off", step, search_size=1, jobs=1)
"""


def test_killed_before_the_verdict_nothing_has_changed_and_the_next_run_goes_on(
    checkout: Checkout,
) -> None:
    bring_simulated(checkout, 600)
    track_data(checkout)
    before = checkout.git("rev-parse", "HEAD")
    for step in ("start clean", "doctor", "pull data and champion", "check the data", "judge"):
        checkout.run(sys.executable, "-c", CUT_OFF, step, code=-signal.SIGKILL)
        assert checkout.git("rev-parse", "HEAD") == before
        assert checkout.git("status", "--porcelain") == ""

    assert "Refused" in checkout.training(*RETRAIN, "again", code=20)


def test_data_that_nobody_else_could_pull_stop_the_loop(checkout: Checkout) -> None:
    bring_simulated(checkout, 30)
    track_data(checkout)
    shutil.rmtree(checkout.path.parent / "remote" / "files")
    output = checkout.training(*RETRAIN, "try", code=1)

    assert "is not at the remote" in output
    assert output.endswith("Push it first: `python -m training store push data.dvc`.")
    assert "pull data and champion" in (checkout.path / "build/report/report.md").read_text()


def test_data_that_are_not_committed_stop_the_loop(checkout: Checkout) -> None:
    bring_simulated(checkout, 30)
    checkout.dvc("add", "--quiet", "data")
    (checkout.path / "notes.txt").write_text("a person's own")
    output = checkout.training(*RETRAIN, "try", code=1)
    assert "uncommitted changes: data.dvc. A model records the commit it was made from" in output
    assert (checkout.path / "notes.txt").exists(), "a clean start takes nothing else away"


def test_a_second_retrain_is_refused_while_one_runs(checkout: Checkout) -> None:
    lock = checkout.path / ".dvc/tmp/release.lock"
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        output = checkout.training(*RETRAIN, "at once", code=1)
    assert "another retrain or rollback is running in this checkout" in output


def test_a_remote_that_can_t_be_used_stops_the_loop_at_the_doctor(checkout: Checkout) -> None:
    config = checkout.path / ".dvc/config"
    config.write_text(config.read_text().replace("../../remote", "gdrive://SET-YOUR-FOLDER-ID"))
    output = checkout.training(*RETRAIN, "try", code=1)

    assert "SET-YOUR-FOLDER-ID" in output
    assert "pull data and champion" not in output


@pytest.mark.trial
def test_data_with_faults_stops_the_loop_and_names_them(checkout: Checkout) -> None:
    path = bring_simulated(checkout, 30)
    path.write_text(path.read_text().replace("Quercus alba", "Quercus robur"))
    track_data(checkout)
    output = checkout.training(*RETRAIN, "try", code=1)

    assert "Quercus robur" in output
    assert "faults in the data" in output


@pytest.fixture(scope="module")
def candidate(study: Study, simulated_table: Table) -> Candidate:
    """A model of simulated data."""
    return train(study, "0" * 64, simulated_table, jobs=1)


def test_the_report_says_everything_twice_once_for_reading_and_once_for_looking(
    candidate: Candidate, simulated_table: Table, tmp_path: Path
) -> None:
    from training.pipeline import report

    champion = Champion(
        {**candidate.metadata, "data": {**candidate.metadata["data"], "md5": "other"}},
        candidate.graph,
        candidate.study,
        simulated_table,
        ("a thing",),
    )
    changes = find_changes(champion, simulated_table, candidate.study)
    gathered = gather(candidate, champion, changes, (), 1, forced=False)
    judgement = judge(gathered.evidence, 0.02)
    outcome = Outcome(judgement, candidate.study, candidate, gathered, None)
    text = report.write_report(outcome, "a <b>`reason`</b>", tmp_path).read_text()
    page = (tmp_path / report.PAGE).read_text()

    for rule in judgement.rules:
        assert rule.name in text
    assert "| figure, out of fold | challenger | Kaplan-Meier |" in text
    assert "Unchecked: a thing" in text
    assert "`a <b>'reason'</b>`" in text, "what a person typed is shown, not rendered"
    assert "a &lt;b&gt;`reason`&lt;/b&gt;" in page
    assert page.count("<svg") == 5
    assert not re.search(r"(fill|stroke): #", page), "every colour is the page's, light or dark"


def test_a_failure_has_a_report_too_and_no_verdict_of_an_earlier_run(tmp_path: Path) -> None:
    from training.errors import Fault, InvalidTableError
    from training.pipeline import report

    (tmp_path / report.VERDICT).write_text("verdict=promote\n")
    report.clear(tmp_path)
    error = InvalidTableError([Fault(7, "Soil", "a|b", "a soil of the trial", "plots.csv")])
    report.write_failure(error, "check the trial", "try", tmp_path)

    assert [path.name for path in tmp_path.iterdir()] == [report.MARKDOWN]
    assert (tmp_path / report.MARKDOWN).read_text() == (
        "# Failed: nothing was released, the model that serves stays\n\n"
        "At the step *check the trial*: `1 fault in the data, the first in plots.csv, row 7: "
        "correct the file, then run 'python -m training data check PATH'.` Reason: `try`.\n\n"
        "| file | row | column | value | rule |\n| --- | ---: | --- | --- | --- |\n"
        "| `plots.csv` | `7` | `Soil` | `a\\|b` | `a soil of the trial` |\n"
    )


def test_the_verdict_in_the_metadata_is_json(candidate: Candidate) -> None:
    gathered = gather(candidate, None, None, (), 1, forced=False)
    judgement = judge(gathered.evidence, 0.02)
    assert json.loads(json.dumps(judgement.gate_metadata()))["verdict"] == "refuse"
