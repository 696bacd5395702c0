"""What a person may give as the address of a remote, and what it is to DVC."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final
from urllib.parse import parse_qsl, urlsplit

from training.errors import StoreError

_FOLDER_LINK: Final = re.compile(
    r"(?:https?://)?(?:drive|docs)\.google\.com/"
    r"(?:.*/folders/|(?:drive/)?(?:open|folderview)\?(?:.*&)?id=)(?P<id>[\w-]+)"
)
_GOOGLE: Final = re.compile(r"(?:https?://)?(?:drive|docs)\.google\.com(?:/|$)")
_FOLDER_ID: Final = re.compile(r"(?:0A[\w-]{8,}|[01][\w-]{24,})")
DRIVE_ID: Final = re.compile(r"root|appDataFolder|[\w-]{10,}")
"""What DVC takes as a folder's id: those of Google, and two names for folders of one's own."""
_SECRET_NAME: Final = re.compile(r"(?i)key|secret|token|passw|pwd|^sig|signature|credential")


def normalise(address: str, known: Sequence[str]) -> str:
    """The address as DVC takes it: a URL, a path, or one of the names that are `known`.

    Raises `StoreError` where it is no remote, or DVC has no plug-in for it here.
    """
    address = address.strip().strip("'\"").strip()
    address = re.sub(r"^file://(?=/)", "", address)
    address = re.sub(r"^gdrive://(?=https?:|drive\.google\.com|docs\.google\.com)", "", address)
    if not address:
        raise StoreError("No address was given.", _GIVE)
    if address in known:
        return address
    if link := _FOLDER_LINK.match(address):
        return f"gdrive://{link['id']}"
    if _GOOGLE.match(address):
        raise StoreError(
            "That is no address of a Drive folder.",
            "Open the folder itself in the browser and copy its address (…/folders/…).",
        )
    if _FOLDER_ID.fullmatch(address) and not Path(address).exists():
        return f"gdrive://{address}"
    if "://" in address:
        _require_url(address)
        if address.startswith("gdrive://"):
            return _folder(address)
        return address
    path = Path(address).expanduser()
    if path.exists() and not path.is_dir():
        raise StoreError(f"{address} is a file.", "Name a folder to keep the objects in.")
    inside = path.resolve().is_relative_to(Path.cwd())
    if inside and path.resolve().relative_to(Path.cwd()).parts[:1] in _CHECKOUT:
        raise StoreError(
            f"{address} holds this checkout's own files, which objects would mix with.",
            "Give another folder, best on another disk.",
        )
    close = difflib.get_close_matches(address, known, n=1, cutoff=0.7)
    if close and "/" not in address and not path.exists():
        raise StoreError(
            f"There is no remote {address}; did you mean {close[0]}?",
            f"For a new folder of that name, give ./{address}.",
        )
    return address


_CHECKOUT: Final = ((), ("data",), ("model",), (".git",), (".dvc",))
"""Where in a checkout no remote may be; () is its top."""


def _folder(address: str) -> str:
    """The address of a Drive folder, without what a browser's has behind a question mark."""
    folder = address.partition("?")[0]
    if not DRIVE_ID.fullmatch(folder.removeprefix("gdrive://").partition("/")[0]):
        raise StoreError(
            f"{address} does not begin with the id of a Drive folder.",
            "Open the folder in the browser and give its address (…/folders/…).",
        )
    return folder


_GIVE: Final = (
    "Give a Drive folder's address in the browser, a local folder, another URL, or a remote's name."
)


def _require_url(address: str) -> None:
    """Raises StoreError where a URL is none, holds a secret, or needs a missing plug-in."""
    try:
        parts = urlsplit(address)
        secret = parts.password or (parts.scheme in ("s3", "gs", "azure") and parts.username)
    except ValueError as error:
        raise StoreError(f"That is no URL ({error}).", _GIVE) from error
    if secret or any(_SECRET_NAME.search(name) for name, _ in parse_qsl(parts.query)):
        raise StoreError(
            "The address holds a secret, and `.dvc/config` is committed.",
            "Give it without; put the secret in the environment, or in .dvc/config.local "
            "(`dvc remote modify --local …`). Replace the secret if it was shown to anyone.",
        )
    if not parts.netloc or re.search(r"\s|\.\.", parts.netloc):
        raise StoreError(f"{address} names no host, bucket or folder.", _GIVE)
    _require_plugin(parts.scheme)


def _require_plugin(scheme: str) -> None:
    from dvc_objects.fs import get_fs_cls, known_implementations

    if scheme not in known_implementations or scheme in ("local", "memory"):
        kinds = ", ".join(sorted(known_implementations.keys() - {"local", "memory"}))
        raise StoreError(f"DVC knows no remotes of the kind {scheme}://.", f"There are: {kinds}.")
    try:
        kind = get_fs_cls({"url": f"{scheme}://x"})  # type: ignore[no-untyped-call]
        missing = list(kind.get_missing_deps())
    except ImportError:
        missing = [f"dvc-{scheme}"]
    if missing:
        raise StoreError(
            f"A remote of the kind {scheme}:// needs {', '.join(missing)}, which is not installed.",
            f"Add the extra to dvc in pyproject.toml (`dvc[gdrive,{scheme}]`), then `make lock` "
            "and `make setup`.",
        )
