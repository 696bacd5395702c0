"""Which remote is used, and what is missing for it."""

from __future__ import annotations

from pathlib import Path

import pytest

from training.errors import StoreError
from training.store import remotes
from training.store.remotes import PLACEHOLDER, Remote

ID = "0AbCdEfGhIjKlMnOpQr"
CONFIG = f"""[core]
    remote = drive
['remote "drive"']
    url = gdrive://{ID}/models/large
    gdrive_use_service_account = true
['remote "empty"']
    url = gdrive://{PLACEHOLDER}
['remote "disk"']
    url = /srv/dvc
"""


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout with three remotes, without credentials."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GDRIVE_CREDENTIALS_DATA", raising=False)
    (tmp_path / ".dvc").mkdir()
    (tmp_path / ".dvc/config").write_text(CONFIG)
    return tmp_path


def test_the_default_remote_is_found_with_its_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    found = remotes.find_remote()

    assert (found.name, found.folder_id, found.subpath) == ("drive", ID, ("models", "large"))
    assert (found.is_drive, found.is_service_account, found.is_folder) == (True, True, False)
    assert found.environment() == {}
    with pytest.raises(StoreError, match="GDRIVE_CREDENTIALS_DATA is empty"):
        remotes.usable_remote()
    assert remotes.ready_remote() is None
    monkeypatch.setenv("GDRIVE_CREDENTIALS_DATA", "{}")
    assert remotes.usable_remote() == found
    assert remotes.ready_remote() == "drive"


def test_credentials_among_the_options_are_not_printed() -> None:
    remote = Remote("drive", f"gdrive://{ID}", {"gdrive_client_secret": "hunter2"})
    assert "hunter2" not in repr(remote)


def test_a_folder_needs_no_key_though_dvc_asks_for_one(monkeypatch: pytest.MonkeyPatch) -> None:
    disk = remotes.find_remote("disk")

    assert (disk.is_drive, disk.is_folder) == (False, True)
    assert disk.environment() == {"GDRIVE_CREDENTIALS_DATA": "unused"}
    monkeypatch.setenv("GDRIVE_CREDENTIALS_DATA", "{}")
    assert disk.environment() == {}


def test_a_folder_that_is_gone_is_not_usable() -> None:
    with pytest.raises(StoreError, match=r"The folder /srv/dvc of the remote disk does not exist"):
        remotes.usable_remote("disk")


def test_the_placeholder_is_not_usable() -> None:
    with pytest.raises(StoreError, match=f"still has {PLACEHOLDER}"):
        remotes.usable_remote("empty")


def test_an_unknown_remote_is_answered_with_the_known_ones() -> None:
    with pytest.raises(StoreError) as caught:
        remotes.find_remote("cloud")
    assert str(caught.value) == "There is no remote cloud. There are: disk, drive, empty."


def test_no_remote_and_no_dvc_are_named(here: Path) -> None:
    (here / ".dvc/config").write_text("")
    with pytest.raises(StoreError, match=r"No remote is configured\. Set one"):
        remotes.find_remote()
    (here / ".dvc/config").unlink()
    (here / ".dvc").rmdir()
    with pytest.raises(StoreError, match=r"There is no \.dvc folder here\."):
        remotes.configuration()


def test_the_released_remote_cannot_be_chosen_for_new_data() -> None:
    with pytest.raises(StoreError, match="holds the released model only"):
        remotes.use_remote("released")


def test_a_local_folder_is_created_and_becomes_the_default_of_this_checkout(here: Path) -> None:
    used = remotes.use_remote("store")

    assert used == Remote("folder", str(here / "store"), used.options)
    assert (here / "store").is_dir()
    assert (here / ".dvc/config").read_text() == CONFIG
    assert remotes.find_remote().name == "folder"


def test_a_browser_s_address_of_a_drive_folder_replaces_that_of_the_default(here: Path) -> None:
    remotes.use_remote("store")
    used = remotes.use_remote(f"https://drive.google.com/drive/folders/{ID[::-1]}?usp=sharing")

    assert (used.name, used.folder_id, used.is_service_account) == ("drive", ID[::-1], True)


def test_the_file_that_names_the_default_is_known(here: Path) -> None:
    remotes.use_remote("disk")
    assert remotes.default_file() == Path(".dvc/config.local")
    remotes.use_remote(f"gdrive://{ID}")
    assert remotes.default_file() == Path(".dvc/config")
