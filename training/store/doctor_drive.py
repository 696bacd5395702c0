"""The doctor's checks of a Google Drive remote; each depends on those before it.

Each returns a sentence on success, a `CheckWarning` where something needs attention, and raises
`StoreError` where pushing cannot work. None of them creates anything in Drive.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import metadata, util
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from training.errors import StoreError
from training.store import addresses, audit, failures
from training.store.drive_codes import GUIDE, NEW_KEY, NO_STORAGE
from training.store.pointer import read_pointer
from training.store.remotes import Remote

if TYPE_CHECKING:
    from training.store.drive import Drive

_KEY_FIELDS: Final = ("client_email", "private_key", "private_key_id", "client_id")


class CheckWarning(str):
    """The sentence of a check that passed and still needs attention."""

    __slots__ = ()


@dataclass
class CheckContext:
    """What the checks have found so far."""

    remote: Remote
    drive: Drive | None = None
    email: str = "the service account"
    top: dict[str, Any] = field(default_factory=dict)
    """Metadata of the remote's folder."""
    base: set[str] = field(default_factory=set)
    """Ids of the folder that the remote's address ends in."""

    @property
    def delegates(self) -> bool:
        """Whether it acts for a user, who has storage."""
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


def _address(context: CheckContext) -> str:
    if not addresses.DRIVE_ID.fullmatch(context.remote.folder_id):
        raise StoreError(
            f"{context.remote.url} does not begin with the id of a Drive folder.",
            "Give the folder's address in the browser to `python -m training store use`.",
        )
    if not context.remote.is_service_account:
        return CheckWarning("gdrive_use_service_account is not set: DVC uses a user's OAuth token")
    return "a service account on a folder id"


def _credentials(context: CheckContext) -> str:
    if not context.remote.is_service_account:
        return "a user's OAuth token"
    if context.remote.key_file:
        source, path = context.remote.key_file, Path(context.remote.key_file)
        if not path.is_file():
            raise StoreError(
                f"The key file {path} does not exist; DVC takes it before the environment.",
                "Unset gdrive_service_account_json_file_path or put the file there.",
            )
        text = path.read_text(encoding="utf-8")
    else:
        source, text = "GDRIVE_CREDENTIALS_DATA", os.environ["GDRIVE_CREDENTIALS_DATA"]
    try:
        key = json.loads(text)
    except ValueError as error:
        raise StoreError(
            f"{source} is not JSON.", "Paste the whole key file unchanged, not base64-encoded."
        ) from error
    if not isinstance(key, dict) or key.get("type") != "service_account":
        raise StoreError(
            f"{source} is not the key of a service account.",
            f'Give one whose "type" is "service_account" ({GUIDE}, step 4).',
        )
    if missing := [name for name in _KEY_FIELDS if not key.get(name)]:
        raise StoreError(f"{source} lacks {', '.join(missing)}.", NEW_KEY)
    if "\\n" in key["private_key"]:
        raise StoreError(
            f"The private key in {source} contains a literal \\n instead of line breaks.",
            "It was escaped twice: paste the key file unchanged.",
        )
    context.email = key["client_email"]
    return f"{source}: {context.email}"


def _signature(context: CheckContext) -> str:
    from training.store.drive import Drive

    context.drive = Drive(context.remote)
    if context.remote.is_service_account:
        context.drive.sign()
        return "the key can sign"
    return "not needed"


def _token(context: CheckContext) -> str:
    _drive(context).refresh_token()
    return "Google accepts the key"


def _api(context: CheckContext) -> str:
    about = _drive(context).about()
    context.email = about["user"]["emailAddress"]
    return f"reachable as {context.email}"


def _folder(context: CheckContext) -> str:
    from training.store.drive import FOLDER

    context.top = _drive(context).folder(context.remote.folder_id)
    title, may = context.top["title"], context.top["capabilities"]
    if context.top["mimeType"] != FOLDER:
        raise StoreError(f'"{title}" is a file, not a folder.', "Use the id of a folder.")
    if context.top["labels"]["trashed"]:
        raise StoreError(f'The folder "{title}" is in the trash.', "Restore it, or use another.")
    if not may.get("canAddChildren"):
        raise StoreError(
            f'{context.email} may read "{title}" but not write: pulling works, pushing will fail.',
            "Make it a content manager of the shared drive.",
        )
    return f'"{title}" can be read and written'


def _storage(context: CheckContext) -> str:
    drive_id = context.top.get("driveId")
    if drive_id:
        name = _drive(context).shared_drive(drive_id)["name"]
        if context.top["capabilities"].get("canTrashChildren"):
            return f'in the shared drive "{name}"'
        return CheckWarning(
            f'in the shared drive "{name}", where {context.email} may add but not delete: '
            "`store audit --repair` needs a content manager."
        )
    if context.delegates:
        return "in the Drive of a user, who owns what is pushed"
    raise StoreError(NO_STORAGE.sentence, NO_STORAGE.remedy)


def _path(context: CheckContext) -> str:
    context.base = {context.top["id"]}
    for title in context.remote.subpath:
        found = _drive(context).subfolders(context.base, context.top.get("driveId"), title)
        context.base = {item["id"] for item in found if not item["labels"]["trashed"]}
        if not context.base:
            raise StoreError(
                f'The folder "{title}" of {context.remote.url} does not exist in Drive, and DVC '
                "does not create it.",
                "Create it once in the browser, or use its own id as the remote's address.",
            )
    return "/".join(context.remote.subpath) or "the folder itself"


def _upload(context: CheckContext) -> str:
    names = audit.chosen(context.remote, None)
    size = sum(read_pointer(name).size for name in names)
    try:
        _drive(context).try_upload(min(context.base), size)
    except StoreError as error:
        raise failures.in_shared_drive(error, bool(context.top.get("driveId"))) from error
    return f"Google would accept {size / 1e6:.1f} MB (upload session opened and cancelled)"


def _duplicates(context: CheckContext) -> str:
    parents = context.base
    for title in ("files", "md5"):
        found = _drive(context).subfolders(parents, context.top.get("driveId"), title)
        parents = {item["id"] for item in found if not item["labels"]["trashed"]}
        if len(parents) > 1:
            return CheckWarning(
                f'{len(parents)} folders named "{title}": two first pushes ran at once. '
                "Harmless to DVC; let one push finish before the next."
            )
    if parents:
        return "none"
    pointers = [read_pointer(name) for name in audit.chosen(context.remote, None)]
    if any(each.meta.get("remote") == context.remote.digest for each in pointers):
        return CheckWarning(
            "the folder is empty, though the model that serves was pushed there. Restore it from "
            "Drive's trash, or run `python -m training store push` in a checkout that has it."
        )
    return "none; the folder holds no objects yet"


def _drive(context: CheckContext) -> Drive:
    if context.drive is None:
        raise StoreError("Drive was not reached.", "Run `python -m training store doctor` again.")
    return context.drive


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
