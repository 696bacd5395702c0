"""The doctor's checks of a Google Drive remote, in the order in which they rest on each other.

Each returns what to tell where all is well, a `CheckWarning` where it is worth a look, and raises
`StoreError` where pushing cannot work. None of them makes anything in Drive.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import metadata, util
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from training.errors import StoreError
from training.store import audit, failures
from training.store.pointer import read_pointer
from training.store.remotes import Remote

if TYPE_CHECKING:
    from training.store.drive import Drive

_FOLDER_ID: Final = re.compile(r"root|appDataFolder|[\w-]{10,}")
_KEY_FIELDS: Final = ("client_email", "private_key", "private_key_id", "client_id")


class CheckWarning(str):
    """Something that works, and is worth a look."""

    __slots__ = ()


@dataclass
class CheckContext:
    """What is known of the patient so far."""

    remote: Remote
    drive: Drive | None = None
    email: str = "the service account"
    top: dict[str, Any] = field(default_factory=dict)
    """The remote's folder, as Drive describes it."""
    base: set[str] = field(default_factory=set)
    """Ids of the folder that the remote's address ends in."""

    @property
    def delegates(self) -> bool:
        """Whether the account acts for a person, who has storage."""
        as_person = self.remote.options.get("gdrive_service_account_user_email")
        return not self.remote.is_service_account or bool(as_person)


def _libraries(_: CheckContext) -> str:
    try:
        import pydrive2.fs  # type: ignore[import-untyped]  # noqa: F401
    except (ImportError, AttributeError) as error:
        # A pyOpenSSL too old for its cryptography shows as an AttributeError.
        raise StoreError(
            f"PyDrive2 cannot be imported ({error}).", "Install what the lock pins: `make setup`."
        ) from error
    packages = ("dvc", "dvc-gdrive", "PyDrive2", "cryptography")
    return ", ".join(f"{name} {metadata.version(name)}" for name in packages)


def _proxy(_: CheckContext) -> str:
    proxy = os.environ.get("https_proxy") or os.environ.get("HTTPS_PROXY")
    if not proxy:
        return "none"
    if util.find_spec("socks") is None:
        raise StoreError(
            "HTTPS_PROXY is set but PySocks is missing, so the calls would go around the proxy.",
            "Install what the lock pins: `make setup`.",
        )
    return f"{proxy.rpartition('@')[2].removeprefix('http://')}"


def _address(case: CheckContext) -> str:
    if not _FOLDER_ID.fullmatch(case.remote.folder_id):
        raise StoreError(
            f"{case.remote.url} does not begin with the id of a Drive folder.",
            "`python -m training store use` takes the folder's address in the browser.",
        )
    if not case.remote.is_service_account:
        return CheckWarning("gdrive_use_service_account is not set: DVC acts as a person, by OAuth")
    return "a service account on a folder id"


def _credentials(case: CheckContext) -> str:
    if not case.remote.is_service_account:
        return "a person's token"
    if case.remote.key_file:
        source, path = case.remote.key_file, Path(case.remote.key_file)
        if not path.is_file():
            raise StoreError(
                f"The key file {path} does not exist, and DVC prefers it to the environment.",
                "Unset gdrive_service_account_json_file_path or put the file there.",
            )
        text = path.read_text(encoding="utf-8")
    else:
        source, text = "GDRIVE_CREDENTIALS_DATA", os.environ["GDRIVE_CREDENTIALS_DATA"]
    try:
        key = json.loads(text)
    except ValueError as error:
        raise StoreError(
            f"{source} is not JSON.", "Paste the whole key file as it is, not base64-encoded."
        ) from error
    if not isinstance(key, dict) or key.get("type") != "service_account":
        raise StoreError(
            f"{source} is not the key of a service account.",
            f'Its "type" must be "service_account" ({failures.GUIDE}, step 4).',
        )
    if missing := [name for name in _KEY_FIELDS if not key.get(name)]:
        raise StoreError(f"{source} lacks {', '.join(missing)}.", failures.NEW_KEY)
    if "\\n" in key["private_key"]:
        raise StoreError(
            f"The private key in {source} holds a backslash and an n where a line ends.",
            "It was escaped twice: paste the whole key file as Google gave it.",
        )
    case.email = key["client_email"]
    return f"{source}: {case.email}"


def _signature(case: CheckContext) -> str:
    from training.store.drive import Drive

    case.drive = Drive(case.remote)
    if case.remote.is_service_account:
        case.drive.sign()
        return "the key signs"
    return "not needed"


def _token(case: CheckContext) -> str:
    _drive(case).refresh_token()
    return "Google accepts the key"


def _api(case: CheckContext) -> str:
    about = _drive(case).about()
    case.email = about["user"]["emailAddress"]
    return f"Drive answers {case.email}"


def _folder(case: CheckContext) -> str:
    from training.store.drive import FOLDER

    case.top = _drive(case).folder(case.remote.folder_id)
    title, may = case.top["title"], case.top["capabilities"]
    if case.top["mimeType"] != FOLDER:
        raise StoreError(f'"{title}" is a file, not a folder.', "Use the id of a folder.")
    if case.top["labels"]["trashed"]:
        raise StoreError(f'The folder "{title}" is in the trash.', "Restore it, or use another.")
    if not may.get("canAddChildren"):
        raise StoreError(
            f'{case.email} may read "{title}" but not write: pulling works, pushing will fail.',
            "Make it a content manager of the shared drive.",
        )
    return f'"{title}" can be read and written'


def _storage(case: CheckContext) -> str:
    drive_id = case.top.get("driveId")
    if drive_id:
        name = _drive(case).shared_drive(drive_id)["name"]
        if case.top["capabilities"].get("canTrashChildren"):
            return f'in the shared drive "{name}"'
        return CheckWarning(
            f'in the shared drive "{name}", where {case.email} may add but not take away: '
            "`store audit --repair` needs a content manager."
        )
    if case.delegates:
        return "in the Drive of a person, who owns what is pushed"
    raise StoreError(failures.NO_STORAGE, failures.NO_STORAGE_REMEDY)


def _path(case: CheckContext) -> str:
    case.base = {case.top["id"]}
    for title in case.remote.subpath:
        found = _drive(case).subfolders(case.base, case.top.get("driveId"), title)
        case.base = {item["id"] for item in found if not item["labels"]["trashed"]}
        if not case.base:
            raise StoreError(
                f'The folder "{title}" of {case.remote.url} does not exist in Drive, and DVC '
                "does not create it.",
                "Create it once in the browser, or use its own id as the remote's address.",
            )
    return "/".join(case.remote.subpath) or "the folder itself"


def _upload(case: CheckContext) -> str:
    names = audit.chosen(case.remote, None)
    size = sum(read_pointer(name).size for name in names)
    _drive(case).try_upload(min(case.base), size)
    return f"Google would take {size / 1e6:.1f} MB (asked, and taken back)"


def _duplicates(case: CheckContext) -> str:
    parents = case.base
    for title in ("files", "md5"):
        found = _drive(case).subfolders(parents, case.top.get("driveId"), title)
        parents = {item["id"] for item in found if not item["labels"]["trashed"]}
        if len(parents) > 1:
            return CheckWarning(
                f'{len(parents)} folders named "{title}": two first pushes ran at once. '
                "Harmless to DVC; let one push finish before the next."
            )
    return "none" if parents else "none; nothing was pushed yet"


def _drive(case: CheckContext) -> Drive:
    if case.drive is None:
        raise StoreError("Drive was not reached.")
    return case.drive


CHECKS: Final[tuple[tuple[str, Callable[[CheckContext], str]], ...]] = (
    ("libraries", _libraries),
    ("proxy", _proxy),
    ("address", _address),
    ("credentials", _credentials),
    ("signature", _signature),
    ("token", _token),
    ("API", _api),
    ("folder", _folder),
    ("storage", _storage),
    ("path", _path),
    ("upload", _upload),
    ("duplicates", _duplicates),
)
