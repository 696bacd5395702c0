"""Brings a CSV in from a path or a URL, and lets only one through that its study allows."""

from __future__ import annotations

import errno
import http.client
import shutil
import tempfile
import urllib.error
import urllib.request
from pathlib import Path, PurePosixPath
from typing import Final
from urllib.parse import unquote, urlsplit

from training.errors import NoTableError
from training.study.declaration import Study
from training.study.files import csv_files
from training.study.table import Table, load_table

TIMEOUT: Final = 60
LARGEST: Final = 200_000_000
BY_HAND: Final = "Download the CSV by hand and name its path instead."


def fetch(source: str, folder: Path, study: Study) -> tuple[Path, Table]:
    """Puts a CSV into the folder, in place of one of its name; returns it, and the whole table.

    `source` is a path or an http(s) URL. Raises NoTableError where it can't be had,
    InvalidTableError where the folder's data would break a rule of the study with it: the
    folder is then as it was.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        remote = source.lower().startswith(("http://", "https://"))
        name = _name_in(source) if remote else Path(source).name
        if not name.lower().endswith(".csv"):
            name = "data.csv"
        copy = Path(scratch) / name
        if remote:
            _download(source, copy)
        elif Path(source).is_file():
            shutil.copyfile(source, copy)
        else:
            raise NoTableError(f"there is no file {source}: name a CSV, or its address on the web.")
        if copy.read_bytes()[:200].lstrip().lower().startswith((b"<!doctype", b"<html")):
            raise NoTableError(f"{source} is a web page, not a CSV. {BY_HAND}")
        # What is there already is one table with it: no subject may then be in both.
        for other in csv_files(folder):
            beside = Path(scratch) / other.relative_to(folder)
            if beside != copy:
                beside.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(other, beside)
        whole = load_table(Path(scratch), study)
        _put(copy, folder / name)
    return folder / name, whole


def _put(copy: Path, to: Path) -> None:
    """Replaces a file at once; one that is a mount point, in its place."""
    # Beside it: the folder may be a disk of its own. A name with a dot is no data.
    part = to.with_name(f".{to.name}.part")
    try:
        shutil.copyfile(copy, part)
        part.replace(to)
    except OSError as error:
        if error.errno != errno.EBUSY:
            raise
        shutil.copyfile(copy, to)
    finally:
        part.unlink(missing_ok=True)


def _name_in(url: str) -> str:
    try:
        return PurePosixPath(unquote(urlsplit(url).path)).name
    except ValueError as error:
        raise NoTableError(f"{url} is no address ({error}). {BY_HAND}") from error


def _download(url: str, to: Path) -> None:
    try:
        request = urllib.request.Request(url, headers={"User-Agent": "training"})  # noqa: S310
        with urllib.request.urlopen(request, timeout=TIMEOUT) as answer:  # noqa: S310
            content = answer.read(LARGEST + 1)
            missing = answer.length
    except urllib.error.HTTPError as error:
        raise NoTableError(f"{url} answered {error.code} {error.reason}. {BY_HAND}") from error
    except (OSError, ValueError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", error)
        raise NoTableError(f"{url} can't be read ({reason}). {BY_HAND}") from error
    if missing and len(content) <= LARGEST:
        raise NoTableError(f"{url} was cut off {missing} bytes before its end. Try again.")
    if len(content) > LARGEST:
        raise NoTableError(f"{url} holds more than {LARGEST // 1_000_000} MB. {BY_HAND}")
    to.write_bytes(content)
