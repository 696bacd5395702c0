"""Brings the trial's CSV in from a path or a URL, and lets only a sound one through."""

from __future__ import annotations

import shutil
import tempfile
import urllib.error
import urllib.request
from pathlib import Path, PurePosixPath
from typing import Final
from urllib.parse import unquote, urlsplit

from training import trial
from training.errors import NoTrialError
from training.trial import Trial

TIMEOUT: Final = 60
LARGEST: Final = 200_000_000
BY_HAND: Final = "Download the CSV by hand and name its path instead."


def fetch(source: str, folder: Path) -> Trial:
    """Puts a CSV into the folder, in place of one of its name, once it was found sound.

    `source` is a path or an http(s) URL. Raises NoTrialError where it can't be had,
    InvalidTrialError where it breaks the schema; the folder is then as it was.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
        remote = urlsplit(source).scheme in ("http", "https")
        name = PurePosixPath(unquote(urlsplit(source).path)).name if remote else Path(source).name
        if not name.lower().endswith(".csv"):
            name = "Tree_Data.csv"
        copy = Path(scratch) / name
        if remote:
            _download(source, copy)
        elif Path(source).is_file():
            shutil.copyfile(source, copy)
        else:
            raise NoTrialError(f"there is no file {source}")
        if copy.read_bytes()[:200].lstrip().lower().startswith((b"<!doctype", b"<html")):
            raise NoTrialError(f"{source} is a web page, not a CSV. {BY_HAND}")
        fetched = trial.load(copy)
        copy.replace(folder / name)
    return fetched


def _download(url: str, to: Path) -> None:
    request = urllib.request.Request(url, headers={"User-Agent": "seedling-survival"})  # noqa: S310
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT) as answer:  # noqa: S310
            content = answer.read(LARGEST + 1)
    except urllib.error.HTTPError as error:
        raise NoTrialError(f"{url} answered {error.code} {error.reason}. {BY_HAND}") from error
    except (urllib.error.URLError, TimeoutError, ConnectionError) as error:
        reason = getattr(error, "reason", error)
        raise NoTrialError(f"{url} can't be reached ({reason}). {BY_HAND}") from error
    if len(content) > LARGEST:
        raise NoTrialError(f"{url} holds more than {LARGEST // 1_000_000} MB: not this trial")
    to.write_bytes(content)
