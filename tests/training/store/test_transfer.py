"""The store at a local folder: the same promises as on Drive, by the real `dvc`."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.training.store.drive.checkout import OUTPUTS, Checkout, isolated


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    folder = tmp_path_factory.mktemp("template")
    return Checkout.make(folder / "checkout", isolated(folder / "home"))


@pytest.fixture
def here(template: Checkout, tmp_path: Path) -> Checkout:
    """A checkout that nothing has left yet, without credentials of any kind."""
    environment = {**isolated(tmp_path / "home"), "GDRIVE_CREDENTIALS_DATA": ""}
    return template.copy(tmp_path / "checkout", environment)


def _object(folder: Path, content: str) -> Path:
    """The object in a folder that holds this content, made writable."""
    found = [file for file in folder.rglob("*") if file.is_file() and file.read_text() == content]
    found[0].chmod(0o644)
    return found[0]


def test_a_local_folder_as_the_remote_is_pushed_verified_and_pulled(
    here: Checkout, tmp_path: Path
) -> None:
    shelf = tmp_path / "a shelf"

    assert "(.dvc/config.local)" in here.store("use", str(shelf))
    assert "Pushed and verified: 6 objects" in here.store("push")
    assert here.store("status").count("in sync") == 4
    assert f"ok location {shelf} can be read and written" in here.store("doctor")
    clone = here.fresh(tmp_path / "clone")
    assert "Verified: 6 objects" in clone.store("audit"), "lists of files come from the remote"
    clone.store("pull")
    assert clone.outputs() == OUTPUTS


def test_what_came_by_another_way_than_dvc_is_pushed_where_it_is_what_the_pointer_says(
    here: Checkout, tmp_path: Path
) -> None:
    here.store("use", str(tmp_path / "shelf"))
    shutil.rmtree(here.cache)
    assert "Pushed and verified: 6 objects" in here.store("push")


def test_what_dvc_overlooks_at_a_folder_is_to_be_repaired_at_once(
    here: Checkout, tmp_path: Path
) -> None:
    here.store("use", str(tmp_path / "shelf"))
    here.store("push")
    _object(tmp_path / "shelf", "weights" * 40).unlink()

    output = here.store("push", code=1)

    assert output.startswith("DVC reported the push as done, but model/model.onnx is not at the")
    assert output.endswith(
        "Run `python -m training store audit --repair` in a checkout that has it."
    )


def test_changed_data_are_reported_and_not_pushed(here: Checkout, tmp_path: Path) -> None:
    here.store("use", str(tmp_path / "shelf"))
    plots = here.path / "data" / "plots.csv"
    plots.unlink()
    plots.write_text("plot,light\n1,0.20\n")
    output = here.store("push")
    assert output.startswith("changed data/ differs from data.dvc and was not pushed.")
    assert "Run `dvc add data` to track it. Pushed and verified: 6 objects" in output

    shutil.rmtree(here.cache)
    shutil.rmtree(tmp_path / "shelf/files")
    assert here.store("push", "data.dvc", code=1).endswith(
        "Pull it first (`python -m training store pull data.dvc --remote NAME`), or track the "
        "current files (`dvc add data`)."
    )


def test_the_released_model_is_pulled_without_credentials_or_git(
    here: Checkout, tmp_path: Path
) -> None:
    output = here.store("push", "--remote", "released")
    assert "Pushed and verified: 3 objects" in output, "the trial must not be among them"
    clone = here.fresh(tmp_path / "clone")
    shutil.rmtree(clone.path / ".git")

    clone.store("pull", "model.dvc", "--remote", "released")

    assert clone.outputs()["model"] == OUTPUTS["model"]


def test_a_missing_model_is_pulled_from_a_remote_of_any_kind(
    here: Checkout, tmp_path: Path
) -> None:
    here.store("use", str(tmp_path / "shelf"))
    here.store("push")
    clone = here.fresh(tmp_path / "clone")
    output = clone.python("-m", "training", "model", "get")

    assert "pulled from the remote 'folder'" in output
    assert clone.outputs()["model"] == OUTPUTS["model"]


def test_the_released_remote_never_takes_the_trial(here: Checkout) -> None:
    output = here.store("push", "data.dvc", "--remote", "released", code=1)

    assert output == "The remote released accepts model.dvc only. Name another with --remote."


def test_an_altered_and_a_lost_object_are_refused_found_and_sent_again(
    here: Checkout, tmp_path: Path
) -> None:
    here.store("push", "--remote", "released")
    weights, metadata = OUTPUTS["model"].values()
    _object(here.path / ".dvc/released", weights).write_text("something else")
    clone = here.fresh(tmp_path / "clone")
    output = clone.store("pull", "model.dvc", "--remote", "released", code=1)
    assert output.startswith("model/model.onnx is missing or damaged at the remote released")
    assert not (clone.path / "model").exists()
    _object(here.path / ".dvc/released", metadata).unlink()

    output = here.store("audit", "--repair", "--remote", "released")

    assert "repaired model/metadata.json is not at the remote" in output
    assert "repaired model/model.onnx was altered at the remote" in output
    assert "Verified: 3 objects" in output


def test_a_damaged_cache_is_mended_by_pulling(here: Checkout) -> None:
    here.store("push", "--remote", "released")
    weights = OUTPUTS["model"]["model.onnx"]
    _object(here.cache, weights).write_text("something else")
    shutil.rmtree(here.path / "model")

    here.store("pull", "model.dvc", "--remote", "released")

    assert here.outputs()["model"] == OUTPUTS["model"]


def test_a_damaged_cache_is_not_sent(here: Checkout) -> None:
    _object(here.cache, OUTPUTS["model"]["model.onnx"]).write_text("something else")

    assert here.store("push", "--remote", "released", code=1) == (
        "model/model.onnx is damaged in this checkout's cache. Pull model.dvc, or track its "
        "output again (`dvc add`)."
    )


def test_local_changes_survive_a_pull_that_is_not_forced(here: Checkout) -> None:
    here.store("push", "--remote", "released")
    changed = here.path / "model" / "metadata.json"
    changed.unlink()
    changed.write_text("mine", encoding="utf-8")

    output = here.store("pull", "model.dvc", "--remote", "released", code=1)
    assert output.startswith("There are local changes that pulling would overwrite (")
    assert changed.read_text(encoding="utf-8") == "mine"

    here.store("pull", "model.dvc", "--remote", "released", "--force")
    assert here.outputs()["model"] == OUTPUTS["model"]


def test_what_is_read_back_came_from_the_remote_alone(here: Checkout) -> None:
    here.store("push", "--remote", "released")
    script = (
        "from pathlib import Path; from training.store.transfer import read_back; "
        "print(read_back('model.dvc', 'released', Path('back')))"
    )

    assert here.python("-c", script).strip() == "back/model"

    weights, _ = OUTPUTS["model"].values()
    assert (here.path / "back/model/model.onnx").read_text(encoding="utf-8") == weights
    shutil.rmtree(here.path / "back")
    _object(here.path / ".dvc/released", weights).unlink()
    assert "The object" in here.python("-c", script, code=1)


def test_the_placeholder_is_named_with_the_command_that_sets_it(here: Checkout) -> None:
    output = here.store("push", code=1)

    assert output == (
        "The remote drive still has SET-YOUR-FOLDER-ID where the id of your Drive folder "
        "belongs. Set it once: `python -m training store use gdrive://FOLDER-ID`."
    )


def test_a_drive_folder_is_set_by_its_address_in_the_browser(here: Checkout) -> None:
    link = "https://drive.google.com/drive/u/0/folders/0AExampleExample?usp=sharing"

    output = here.store("use", link)

    assert output == ("The default remote is now drive, gdrive://0AExampleExample (.dvc/config).")
    config = (here.path / ".dvc/config").read_text(encoding="utf-8")
    assert "gdrive_use_service_account = true" in config
    assert "GDRIVE_CREDENTIALS_DATA is empty" in here.store("push", code=1)


def test_going_back_to_drive_ends_the_use_of_a_folder(here: Checkout, tmp_path: Path) -> None:
    here.store("use", str(tmp_path / "shelf"))

    here.store("use", "gdrive://0AExampleExample")

    assert "failed configuration GDRIVE_CREDENTIALS_DATA" in here.store("doctor", code=2)


def test_a_secret_in_the_committed_configuration_fails(here: Checkout) -> None:
    here.dvc("remote", "modify", "drive", "gdrive_client_secret", "hunter2")

    output = here.store("doctor", code=2)

    assert output.startswith("failed configuration `.dvc/config` holds gdrive_client_secret")
    assert "hunter2" not in output


def test_an_unknown_remote_and_a_missing_plugin_are_named(here: Checkout) -> None:
    assert here.store("push", "--remote", "attic", code=1) == (
        "There is no remote attic. There are: drive, released."
    )
    before = (here.path / ".dvc/config").read_text(encoding="utf-8")
    assert here.store("use", "s3://bucket/seedlings", code=1) == (
        "A remote of the kind s3:// needs dvc-s3, which is not installed. Add the extra to dvc in "
        "pyproject.toml (`dvc[gdrive,s3]`), then `make lock` and `make setup`."
    )
    assert (here.path / ".dvc/config").read_text(encoding="utf-8") == before


def test_an_empty_mount_point_is_not_the_remote_it_was(here: Checkout, tmp_path: Path) -> None:
    shelf = tmp_path / "shelf"
    here.store("use", str(shelf))
    here.store("push", "model.dvc")
    shelf.rename(tmp_path / "unmounted")
    assert "held objects before and does not exist. Mount its disk" in here.store("push", code=1)
    shelf.mkdir()

    output = here.store("push", "model.dvc", code=1)

    assert f"{shelf} of the remote folder held objects before" in output
    assert "Mount it, or begin a new remote there: `python -m training store use" in output
    assert "held objects before" in here.store("doctor", code=2)
    assert list(shelf.iterdir()) == []
    here.store("use", str(shelf))
    assert "Pushed and verified: 3 objects" in here.store("push", "model.dvc")


def test_data_are_used_only_where_they_are_what_the_pointer_names(here: Checkout) -> None:
    script = "from training.store.transfer import require_exact; require_exact('data.dvc')"
    (here.path / "data" / ".DS_Store").touch()
    here.python("-c", script)
    (here.path / "data" / "more.csv").write_text("plot,light\n", encoding="utf-8")
    assert "data/ holds files that data.dvc does not: more.csv." in here.python(
        "-c", script, code=1
    )
    (here.path / "data" / "more.csv").unlink()
    (here.path / "data" / "plots.csv").unlink()
    output = here.python("-c", script, code=1)
    assert "data/ lacks or has changed what data.dvc names: plots.csv." in output


def test_importing_the_store_is_quick_because_dvc_waits(here: Checkout) -> None:
    script = (
        "import sys, training.store.audit, training.store.transfer; "
        "print([m for m in ('dvc', 'pydrive2') if m in sys.modules])"
    )

    assert here.python("-c", script).strip() == "[]"
