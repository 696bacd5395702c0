"""Going back to an earlier model: only to one that is whole, noted, and undone when cut off."""

from __future__ import annotations

import fcntl
import shutil
import sys
from pathlib import Path

import pytest

from tests.training import scratch
from tests.training.scratch import PUBLISH, Checkout

LARGE = PUBLISH.replace("sys.argv[1].encode()", "sys.argv[1].encode() * 200_000")


@pytest.fixture(scope="module")
def template(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with a remote folder and two released models, `first` and `second`."""
    base = tmp_path_factory.mktemp("template")
    checkout = scratch.make(base, root)
    checkout.publish("first")
    checkout.publish("second")
    return base


@pytest.fixture
def checkout(template: Path, root: Path, tmp_path: Path) -> Checkout:
    shutil.copytree(template, tmp_path / "base", symlinks=True)
    return Checkout(tmp_path / "base" / "checkout", root)


def forget(checkout: Checkout, *folders: str) -> None:
    """The remote loses every object, and so do these folders of the checkout."""
    shutil.rmtree(checkout.path.parent / "remote" / "files")
    for folder in folders:
        shutil.rmtree(checkout.path / folder)


def test_rollback_restores_the_previous_version_or_any_commit(checkout: Checkout) -> None:
    second = checkout.git("rev-parse", "HEAD")
    output = checkout.training("rollback")

    assert "Push it to deploy it" in output
    assert checkout.graph() == "first"
    assert checkout.git("log", "-1", "--format=%s").startswith("Roll back the model to ")
    assert checkout.git("status", "--porcelain") == ""
    assert checkout.bundled() == checkout.pointed()
    assert "reason: first" in checkout.git("show", "HEAD:model.dvc")
    assert "the gate promoted it" in checkout.training("model", "verify")

    checkout.training("rollback", second)
    assert checkout.graph() == "second"
    assert "already names the model of" in checkout.training("rollback", second, code=1)


def test_a_second_rollback_goes_further_back_and_restores_no_withdrawn_model(
    checkout: Checkout,
) -> None:
    checkout.publish("third")
    checkout.training("rollback")
    checkout.training("rollback")
    assert checkout.graph() == "first"
    assert "there is nothing to roll back to" in checkout.training("rollback", code=1)

    noted = checkout.git("show", "HEAD:model.dvc").partition("withdrawn:")[2]
    assert "of third" in noted
    assert "of second" in noted
    assert "of first" not in noted


def test_a_time_without_a_model_is_passed_over(checkout: Checkout) -> None:
    checkout.git("rm", "--quiet", "model.dvc")
    checkout.git("commit", "--quiet", "--message", "Start over")
    checkout.publish("third")
    checkout.training("rollback")
    assert checkout.graph() == "second"


def test_a_shallow_checkout_is_to_fetch_its_history(checkout: Checkout) -> None:
    shallow = checkout.path.with_name("shallow")
    checkout.run("git", "clone", "--quiet", "--depth=1", f"file://{checkout.path}", str(shallow))
    root = Path(checkout.environment["PYTHONPATH"])
    output = Checkout(shallow, root).training("rollback", code=1)
    assert "`git fetch --unshallow` first" in output


@pytest.mark.parametrize("gone", [(), (".dvc/cache",)])
def test_what_the_remote_lost_is_sent_again(checkout: Checkout, gone: tuple[str, ...]) -> None:
    forget(checkout, *gone)
    checkout.training("rollback")

    assert checkout.graph() == "first"
    shutil.rmtree(checkout.path / ".dvc/cache")
    assert "Verified: 3 objects" in checkout.training("store", "audit", "model.dvc")


def test_a_model_that_is_lost_everywhere_is_not_gone_back_to(checkout: Checkout) -> None:
    for name in ("third", "fourth"):
        checkout.run(sys.executable, "-c", LARGE, name, "")
    before = checkout.git("rev-parse", "HEAD")
    forget(checkout, ".dvc/cache")
    output = checkout.training("rollback", code=1)

    assert "model/ (its list of files) is not at the remote (model.dvc, object " in output
    assert output.endswith("There is no local copy either: choose another version.")
    assert checkout.git("rev-parse", "HEAD") == before
    assert checkout.git("status", "--porcelain") == ""
    assert checkout.graph().startswith("fourth")


def test_a_model_the_gate_never_promoted_is_not_gone_back_to(checkout: Checkout) -> None:
    unjudged = PUBLISH.replace('"promote"', '"unjudged"')
    checkout.run(sys.executable, "-c", unjudged, "by hand", "")
    by_hand = checkout.git("rev-parse", "HEAD")
    checkout.publish("third")
    output = checkout.training("rollback", by_hand, code=1)

    assert "must not serve in production: custom data, gate verdict 'unjudged'" in output
    assert checkout.graph() == "third", "model/ is the one that serves again"
    assert checkout.git("status", "--porcelain") == ""
    checkout.training("rollback")
    assert checkout.graph() == "second"


def test_it_waits_for_no_retrain(checkout: Checkout) -> None:
    lock = checkout.path / ".dvc/tmp/release.lock"
    with lock.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        output = checkout.training("rollback", code=1)
    assert "another retrain or rollback is running in this checkout" in output


def test_a_missing_git_identity_is_reported_before_anything_is_done(checkout: Checkout) -> None:
    for name in list(checkout.environment):
        if name.startswith(("GIT_AUTHOR", "GIT_COMMITTER")):
            del checkout.environment[name]
    checkout.git("config", "user.useConfigOnly", "true")
    output = checkout.training("rollback", code=1)
    assert "git has no committer identity: set user.name and user.email" in output


def test_a_detached_head_is_refused(checkout: Checkout) -> None:
    checkout.git("checkout", "--quiet", "--detach")
    output = checkout.training("rollback", code=1)
    assert "HEAD is detached, so a release would be on no branch" in output
    assert "`git switch main`" in output


def test_a_model_that_was_added_and_not_committed_survives(checkout: Checkout) -> None:
    own = checkout.path / "model/model.onnx"
    own.unlink()
    own.write_text("my own")
    checkout.dvc("add", "--quiet", "model")
    added = (checkout.path / "model.dvc").read_text()
    output = checkout.training("rollback", code=1)

    assert "uncommitted changes: model.dvc." in output
    assert (checkout.path / "model.dvc").read_text() == added
    assert checkout.graph() == "my own"
