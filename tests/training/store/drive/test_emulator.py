"""The emulator itself, where a bug of its own would let other tests pass wrongly."""

from __future__ import annotations

import shlex
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.training.store.drive import query
from tests.training.store.drive.checkout import PROJECT
from tests.training.store.drive.emulator import Emulator
from tests.training.store.drive.state import FOLDER, Drive


@pytest.fixture
def other(tmp_path: Path) -> Iterator[Emulator]:
    with Emulator(tmp_path) as running:
        yield running


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_any_other_host_is_refused_and_recorded(other: Emulator, scheme: str) -> None:
    address = other.environment()["HTTPS_PROXY"]
    proxies = urllib.request.ProxyHandler({"http": address, "https": address})

    with pytest.raises((urllib.error.URLError, OSError)) as caught:
        urllib.request.build_opener(proxies).open(f"{scheme}://analytics.example.org/")

    assert "403" in str(caught.value)
    (host,) = other.foreign
    assert "analytics.example.org" in host
    if isinstance(caught.value, urllib.error.HTTPError):
        caught.value.close()


def test_a_search_matches_as_in_drive() -> None:
    drive = Drive()
    top = drive.add("top", None)
    for title in ("md5", "MD5", "it's"):
        drive.add(title, top)
    drive.add("md5", top, mime_type="text/plain").trashed = True

    def found(search: str) -> list[str]:
        selects = query.parse(search)
        return [file.title for file in drive.files.values() if selects(file)]

    inside = f"'{top.id}' in parents"
    assert found(f"{inside} and trashed=false") == ["md5", "MD5", "it's"]
    assert found(f"{inside} and title = 'md5'") == ["md5", "MD5", "md5"]
    assert found(f"title='it\\'s' or (title='top' and not {inside})") == ["top", "it's"]
    assert found(f"mimeType != '{FOLDER}'") == ["md5"]
    with pytest.raises(query.QueryError):
        query.parse("fullText contains 'seedling'")


def test_a_field_mask_selects_the_named_fields() -> None:
    resource = {
        "id": "1",
        "labels": {"trashed": False, "starred": True},
        "items": [{"id": "2", "title": "a", "parents": [{"id": "1", "kind": "x"}]}],
    }

    masked = query.project(resource, "labels/trashed,items(id,parents(id)),nextPageToken")

    assert masked == {
        "labels": {"trashed": False},
        "items": [{"id": "2", "parents": [{"id": "1"}]}],
    }


def test_the_emulator_starts_from_a_shell_and_removes_its_key(tmp_path: Path) -> None:
    target = tmp_path / "drive.env"
    command = [
        sys.executable,
        "-u",
        "-m",
        "tests.training.store.drive.emulator",
        "--env-file",
        str(target),
    ]
    with subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout
        assert "dvc remote modify" in running.stdout.readline()
        lines = shlex.split(target.read_text(encoding="utf-8").replace("export ", ""))
        assert dict(line.split("=", 1) for line in lines)["DRIVE_FOLDER_ID"].startswith("0A")
        running.send_signal(signal.SIGINT)
        assert running.wait(timeout=10) == 0
    assert not target.exists()
