"""The workflows: sound by schema and linter, and what their steps run does what they say."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.training.store.drive.world import AUTHOR, World, bring_data, git
from tests.workflow import Runner
from training.store import pointer
from training.study.read import read_study
from training.study.simulation import simulate, write_csv

NAMES = ("deploy", "rescan", "retrain", "rollback", "test")


def workflow(root: Path, name: str) -> dict[str, Any]:
    loaded: dict[Any, Any] = yaml.safe_load((root / f".github/workflows/{name}.yml").read_text())
    return {"on" if key is True else key: each for key, each in loaded.items()}  # YAML 1.1


def steps(root: Path, name: str) -> list[dict[str, Any]]:
    return [step for job in workflow(root, name)["jobs"].values() for step in job.get("steps", [])]


def test_each_workflow_starts_with_no_permission(root: Path) -> None:
    found = {path.stem for path in (root / ".github/workflows").iterdir()}
    assert found == set(NAMES)
    for name in NAMES:
        assert workflow(root, name)["permissions"] == {}


def test_every_job_is_limited_in_time_and_names_its_permissions(root: Path) -> None:
    for name in NAMES:
        for job in workflow(root, name)["jobs"].values():
            assert "permissions" in job
            assert "uses" in job or job["timeout-minutes"] <= 60


def test_every_action_is_pinned_by_commit_with_its_version_beside_it(root: Path) -> None:
    for name in NAMES:
        text = (root / f".github/workflows/{name}.yml").read_text()
        actions = [line for line in re.findall(r"uses: (.+)", text) if not line.startswith("$/")]
        assert actions
        for action in actions:
            assert re.fullmatch(r"[\w/-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", action), action


LEVELS = ("none", "read", "write")


def test_a_workflow_is_called_from_this_commit_with_what_it_takes_and_may_do(root: Path) -> None:
    calls = [
        job for name in NAMES for job in workflow(root, name)["jobs"].values() if "uses" in job
    ]
    assert calls
    for call in calls:
        # GitHub's name for this repository at the commit that runs; `./` is the workspace.
        assert call["uses"].startswith("$/.github/workflows/")
        called = workflow(root, Path(call["uses"]).stem)
        takes = called["on"]["workflow_call"]
        for kind, given in (("inputs", "with"), ("secrets", "secrets")):
            known = takes.get(kind, {})
            needed = {name for name, each in known.items() if each.get("required")}
            assert needed <= set(call.get(given, {})) <= set(known)
        for job in called["jobs"].values():
            for scope, level in job["permissions"].items():
                granted = call["permissions"].get(scope, "none")
                assert LEVELS.index(level) <= LEVELS.index(granted), f"{scope}: {level}"


def test_no_input_is_written_into_a_shell_command(root: Path) -> None:
    for name in NAMES:
        for step in steps(root, name):
            assert "${{" not in step.get("run", "")


def test_a_step_is_one_command(root: Path) -> None:
    for name in NAMES:
        for step in steps(root, name):
            assert len(step.get("run", "").strip().splitlines()) <= 1


def test_every_target_a_step_calls_exists(root: Path) -> None:
    makefile = (root / "Makefile").read_text()
    targets = set(re.findall(r"^([a-z-]+)(?: [a-z-]+)*:", makefile, re.MULTILINE))
    called = {
        target
        for name in NAMES
        for step in steps(root, name)
        for target in re.findall(r"\bmake ([a-z-]+)", step.get("run", ""))
    }
    assert called <= targets
    assert {"check", "test", "image", "setup"} <= called


def test_a_secret_is_only_in_reach_of_a_job_in_an_environment_of_its_own(root: Path) -> None:
    holders = {
        (name, job_name): job.get("environment")
        for name in NAMES
        for job_name, job in workflow(root, name)["jobs"].items()
        if "secrets." in str(job)
    }
    assert holders == {
        ("deploy", "package"): "google-drive",
        ("retrain", "retrain"): "google-drive",
    }


def test_a_job_signs_in_to_aws_last_and_installs_nothing_after_it(root: Path) -> None:
    signed_in = 0
    for name in NAMES:
        for job in workflow(root, name)["jobs"].values():
            actions = [step.get("uses", "") for step in job.get("steps", [])]
            at = [i for i, action in enumerate(actions) if "configure-aws-credentials" in action]
            assert len(at) == (1 if "id-token" in job["permissions"] and "steps" in job else 0)
            for i in at:
                signed_in += 1
                before, after = job["steps"][:i], job["steps"][i + 1 :]
                assert any("release-tools" in step.get("run", "") for step in before)
                assert not any("make setup" in step.get("run", "") for step in before + after)
                assert not any(
                    action.startswith(("actions/checkout", "actions/setup", "actions/download"))
                    for action in actions[i + 1 :]
                )
    assert signed_in == 4


def test_a_release_that_waits_for_its_approval_does_not_hold_up_a_rollback(root: Path) -> None:
    groups = {name: workflow(root, name)["concurrency"]["group"] for name in NAMES}
    assert len(set(groups.values())) == len(NAMES)
    assert groups["rollback"] == "rollback-${{ inputs.environment }}"


def test_what_is_deployed_was_tested_at_the_same_commit(root: Path) -> None:
    jobs = workflow(root, "deploy")["jobs"]
    assert jobs["test"]["uses"] == "$/.github/workflows/test.yml"
    assert jobs["package"]["needs"] == "test"
    for step in (*steps(root, "deploy"), *steps(root, "test")):
        if step.get("uses", "").startswith("actions/checkout"):
            assert step["with"]["ref"] == "${{ inputs.commit || github.sha }}"
    assert jobs["test"]["with"]["commit"] == "${{ inputs.commit || github.sha }}"


def inputs(reason: str, credentials: str = "") -> dict[str, str]:
    """What GitHub gives to the expressions of retrain.yml."""
    return {
        "inputs.reason": reason,
        "inputs.search": "1",
        "inputs.force": "",
        "secrets.GDRIVE_CREDENTIALS_DATA": credentials,
        "github.token": "token",
        "github.ref_name": "main",
    }


@pytest.fixture
def job(root: Path) -> dict[str, Any]:
    return dict(workflow(root, "retrain")["jobs"]["retrain"])


def test_a_dispatched_retrain_that_is_refused_is_red_says_why_and_pushes_nothing(
    world: World, job: dict[str, Any], root: Path, tmp_path: Path
) -> None:
    csv = write_csv(simulate(read_study(root / "study.toml"), rows=600), tmp_path / "csv")
    bring_data(world, csv, start_over=False)
    before = git(world.path / "origin.git", "rev-parse", "main")
    hostile = '$(touch pwned); "`'
    runner = Runner(world.clone("run"), world.environment, inputs(hostile, world.credentials))

    assert runner.run(job) is False, runner.text
    assert "a model of simulated data is never promoted" in runner.summary.lower(), runner.text
    assert "$(touch pwned)" in runner.summary
    assert "| challenger | Kaplan-Meier |" in runner.summary
    assert not (runner.clone / "pwned").exists()
    assert git(world.path / "origin.git", "rev-parse", "main") == before
    assert not (world.path / "gh.log").exists()
    assert "private_key" not in runner.text + runner.summary


def test_a_schedule_without_a_remote_is_green_and_says_what_is_missing(
    world: World, root: Path
) -> None:
    ready = workflow(root, "retrain")["jobs"]["ready"]
    own = Runner(world.clone("own"), world.environment)
    assert own.run(ready), own.text
    assert (own.outputs, own.summary) == ({}, "")

    server = Runner(world.clone("server"), world.environment)
    shutil.copy(root / ".dvc/config", server.clone / ".dvc/config")
    world.training(server.clone, "store", "use", "https://files.example/seedlings")
    assert server.run(ready), server.text
    assert server.outputs == {}, "the folder of Drive need not be set then"

    bare = Runner(world.clone("bare"), world.environment)
    shutil.copy(root / ".dvc/config", bare.clone / ".dvc/config")
    assert bare.run(ready), bare.text
    assert bare.outputs == {"steps.remote.outputs.remote": "none"}
    assert "No remote is set up yet" in bare.summary


def test_a_retrain_that_fails_is_red_and_its_summary_says_why(
    world: World, job: dict[str, Any]
) -> None:
    runner = Runner(world.clone("run"), world.environment, inputs("try"))
    assert runner.run(job) is False, runner.text
    assert runner.summary.startswith("# Failed: nothing was released, the model that serves stays")
    assert "At the step *doctor*: `GDRIVE_CREDENTIALS_DATA is empty" in runner.summary


def test_a_release_that_loses_the_race_is_red_says_so_and_is_not_on_the_branch(
    world: World, job: dict[str, Any]
) -> None:
    runner = Runner(world.clone("run"), world.environment, inputs("try"))
    git(runner.clone, *AUTHOR, "commit", "--quiet", "--allow-empty", "--message", "Release a model")
    report = runner.clone / "build/report"
    report.mkdir(parents=True)
    (report / "report.md").write_text("# Promoted\n")
    (report / "verdict").write_text(
        f"verdict=promote\ncommit={git(runner.clone, 'rev-parse', 'HEAD')}\n"
    )
    other = world.clone("other")
    git(other, *AUTHOR, "commit", "--quiet", "--allow-empty", "--message", "Meanwhile")
    git(other, "push", "--quiet", "origin", "HEAD:main")

    names = [step.get("name") for step in job["steps"]]
    after = {**job, "steps": job["steps"][names.index("Read the verdict") :]}
    assert runner.run(after) is False, "or the deployment would start"
    assert runner.summary.startswith("**Not released: its commit could not be pushed.**")
    assert git(world.path / "origin.git", "log", "-1", "--format=%s", "main") == "Meanwhile"
    assert "/comments" not in (world.path / "gh.log").read_text()


@pytest.mark.timeout(600)  # two retrains of the whole trial
def test_a_dispatched_retrain_on_the_field_trial_ends_in_a_commit_that_a_stranger_can_pull(
    world: World, job: dict[str, Any], root: Path
) -> None:
    csv = root / "data/Tree_Data.csv"
    if not csv.is_file():
        pytest.skip("the published trial is not in data/: training data fetch brings it")
    bring_data(world, csv)
    origin = world.path / "origin.git"

    first = Runner(world.clone("first"), world.environment, inputs("try", world.credentials))

    assert first.run(job), first.text
    assert first.outputs["steps.verdict.outputs.verdict"] == "promote"
    assert first.summary.startswith("# Promoted")
    after = git(origin, "rev-parse", "main")
    assert after == first.outputs["steps.verdict.outputs.commit"]
    assert "reason: try" in git(origin, "show", "main:model.dvc")
    calls = (world.path / "gh.log").read_text()
    assert f"repos/someone/seedlings/commits/{after}/comments" in calls

    stranger = world.clone("stranger")
    world.training(stranger, "store", "pull", "model.dvc", "--remote", "drive")
    world.training(stranger, "model", "verify")
    shipped = [pointer.md5(each / "model/model.onnx") for each in (stranger, first.clone)]
    assert shipped[0] == shipped[1]

    again = Runner(world.clone("again"), world.environment, inputs("again", world.credentials))
    assert again.run(job), "what is kept out for want of a gain is no failure"
    assert again.outputs["steps.verdict.outputs.verdict"] == "keep"
    assert git(origin, "rev-parse", "main") == after, "and it commits nothing"
