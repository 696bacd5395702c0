"""Shipping a model: committed last, read back first, undone when cut off."""

from __future__ import annotations

import shutil
import signal
import sys
from pathlib import Path

import pytest

from tests.training import scratch
from tests.training.scratch import PUBLISH, Checkout

STEPS = ("write the new model and its pointer", "push and verify", "read back", "mirror", "commit")


@pytest.fixture(scope="module")
def template(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with a remote folder and one released model, `first`."""
    base = tmp_path_factory.mktemp("template")
    scratch.make(base, root).publish("first")
    return base


@pytest.fixture
def checkout(template: Path, root: Path, tmp_path: Path) -> Checkout:
    shutil.copytree(template, tmp_path / "base", symlinks=True)
    return Checkout(tmp_path / "base" / "checkout", root)


def test_a_released_model_is_committed_pullable_and_bundled(checkout: Checkout) -> None:
    printed = checkout.publish("second").splitlines()

    assert tuple(printed[:-1]) == STEPS
    assert printed[-1] == checkout.git("rev-parse", "HEAD")
    assert checkout.git("log", "-1", "--format=%s") == "Release a model: second"
    assert checkout.git("status", "--porcelain") == ""
    assert "reason: second" in checkout.git("show", "HEAD:model.dvc")
    assert checkout.bundled() == checkout.pointed(), "older objects have left it"

    for remote in ("drive", "released"):
        stranger = checkout.clone(f"from-{remote}")
        stranger.training("store", "pull", "model.dvc", "--remote", remote)
        assert stranger.graph() == "second"


@pytest.mark.parametrize("step", STEPS)
def test_killed_at_any_step_the_old_model_serves_and_the_next_run_goes_on(
    checkout: Checkout, step: str
) -> None:
    before = checkout.git("rev-parse", "HEAD")
    checkout.publish("second", stop_at=step, code=-signal.SIGKILL)

    assert checkout.git("rev-parse", "HEAD") == before, "nothing is committed before the end"
    assert checkout.git("status", "--porcelain") == ""
    assert checkout.graph() == "first", "model/ is the one that serves"
    stranger = checkout.clone("meanwhile")
    stranger.training("store", "pull", "model.dvc")
    assert stranger.graph() == "first"
    assert stranger.bundled() == checkout.pointed()

    checkout.run(
        sys.executable, "-c", "from training.registry.publish import start_clean; start_clean()"
    )
    assert checkout.git("status", "--porcelain") == ""
    assert checkout.bundled() == checkout.pointed()
    checkout.publish("second")
    assert checkout.bundled() == checkout.pointed()


def test_a_remote_that_loses_an_object_stops_the_release(checkout: Checkout) -> None:
    before = checkout.git("rev-parse", "HEAD")
    spoil = PUBLISH.replace(
        "print(name, flush=True)",
        "print(name, flush=True)\n"
        "    if name == 'read back':\n"
        "        import pathlib, hashlib\n"
        "        oid = hashlib.md5(graph).hexdigest()\n"
        "        found = pathlib.Path('../remote/files/md5', oid[:2], oid[2:])\n"
        "        found.chmod(0o644); found.write_text('spoilt')",
    )
    failed = checkout.run(sys.executable, "-c", spoil, "second", "", code=1)

    assert "model/model.onnx" in failed
    assert checkout.git("rev-parse", "HEAD") == before
    assert checkout.git("status", "--porcelain") == ""
    assert checkout.graph() == "first", "model/ is the one that serves again"


def test_a_model_too_large_for_the_repository_leaves_the_bundled_remote_empty(
    checkout: Checkout,
) -> None:
    script = PUBLISH.replace("sys.argv[1].encode()", "b'x' * 1_000_001")
    for name in ("large", "larger"):
        checkout.run(sys.executable, "-c", script, name, "")

    assert checkout.bundled() == set()
    stranger = checkout.clone("stranger")
    stranger.training("store", "pull", "model.dvc", "--remote", "drive")
    assert len(stranger.graph()) == 1_000_001


def at_commit(code: str) -> str:
    """A script that publishes and runs `code` as the step commit begins."""
    said = "print(name, flush=True)"
    return PUBLISH.replace(
        said, f"{said}\n    if name == 'commit':\n        import subprocess\n        {code}"
    )


def unchanged(checkout: Checkout, before: str) -> None:
    assert checkout.git("rev-parse", "main") == before
    assert checkout.git("status", "--porcelain") == ""
    assert checkout.graph() == "first"
    assert checkout.bundled() == checkout.pointed()


def test_a_release_is_refused_once_another_branch_is_checked_out(checkout: Checkout) -> None:
    before = checkout.git("rev-parse", "HEAD")
    switch = "subprocess.run(['git', 'checkout', '-qb', 'other'], check=True)"
    printed = checkout.run(sys.executable, "-c", at_commit(switch), "second", "", code=1)

    assert f"other ({before[:12]}) is checked out, and main ({before[:12]}) was" in printed
    assert checkout.git("rev-parse", "other") == before
    unchanged(checkout, before)


def test_a_full_disk_at_the_commit_leaves_the_checkout_as_it_was(checkout: Checkout) -> None:
    before = checkout.git("rev-parse", "HEAD")
    hook = checkout.path / ".git/hooks/pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho 'fatal: write error: No space left on device' >&2; exit 1\n")
    hook.chmod(0o755)
    printed = checkout.publish("second", code=1)

    assert "The disk of this checkout is full: free some space, then try again." in printed
    unchanged(checkout, before)


def test_killed_right_after_the_commit_the_next_run_brings_the_checkout_up_to_it(
    checkout: Checkout,
) -> None:
    cut = "from training.registry import staging\n        "
    cut += "staging.finish_interrupted = lambda: os.kill(os.getpid(), signal.SIGKILL)"
    killed = -signal.SIGKILL
    checkout.run(sys.executable, "-c", at_commit(cut), "second", "", code=killed)
    assert "reason: second" in checkout.git("show", "HEAD:model.dvc")
    assert checkout.graph() == "first"

    checkout.run(
        sys.executable, "-c", "from training.registry.publish import start_clean; start_clean()"
    )
    assert checkout.git("status", "--porcelain") == ""
    assert checkout.graph() == "second"
    assert checkout.bundled() == checkout.pointed()


def test_a_model_of_ones_own_is_kept_and_its_new_place_said(checkout: Checkout) -> None:
    own = checkout.path / "model/model.onnx"
    own.unlink()
    own.write_text("my own")
    printed = checkout.publish("second")

    (kept,) = checkout.path.glob("model.own-*")
    assert f"a model in model/ that was never released is kept in {kept.name}/" in printed
    assert (kept / "model.onnx").read_text() == "my own"
    assert checkout.graph() == "second"
    assert checkout.git("status", "--porcelain") == ""


def test_a_champion_that_its_remote_lost_is_noticed(checkout: Checkout) -> None:
    shutil.rmtree(checkout.path.parent / "remote/files")
    pull = "from training.pipeline.champion import pull_champion; pull_champion(print)"
    printed = checkout.run(sys.executable, "-c", pull, code=1)

    assert "The model that serves is not whole: model/ (its list of files) is not at" in printed
    assert "store audit --repair" in printed
