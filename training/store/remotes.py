"""Where the outputs live: the remotes that DVC's configuration names."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from training import config
from training.errors import StoreError
from training.store import addresses, failures, presence
from training.store.dvc import run_dvc

PLACEHOLDER: Final = "SET-YOUR-FOLDER-ID"
_COMMITTED, _LOCAL = Path(".dvc/config"), Path(".dvc/config.local")


@dataclass(frozen=True)
class Remote:
    """One remote: its name, its address (a local folder as an absolute path), its options."""

    name: str
    url: str
    options: Mapping[str, Any] = field(default_factory=dict, repr=False)
    """As DVC reads them. They may hold credentials: never print them."""

    @property
    def is_drive(self) -> bool:
        return self.url.startswith("gdrive://")

    @property
    def is_folder(self) -> bool:
        return "://" not in self.url

    @property
    def is_service_account(self) -> bool:
        return bool(self.options.get("gdrive_use_service_account"))

    @property
    def key_file(self) -> str | None:
        """File with the key; it takes precedence over the environment."""
        name = (
            "service_account_json_file_path" if self.is_service_account else "user_credentials_file"
        )
        value = self.options.get(f"gdrive_{name}")
        return str(value) if value else None

    @property
    def folder_id(self) -> str:
        """Id of the Drive folder the address begins with."""
        return self.url.removeprefix("gdrive://").partition("/")[0]

    @property
    def subpath(self) -> tuple[str, ...]:
        """Titles of the folders below it that the address names."""
        return tuple(part for part in self.url.removeprefix("gdrive://").split("/")[1:] if part)

    @property
    def digest(self) -> str:
        """Tells one address from another without naming it; of a folder, as seen from here."""
        address = os.path.relpath(self.url) if self.is_folder else self.url
        return hashlib.sha256(address.encode()).hexdigest()[:12]

    def environment(self) -> dict[str, str]:
        """Variables that a `dvc` command on this remote needs in addition."""
        # DVC initialises the default remote too, whichever is named, and would fail for lack of a
        # Drive key that it then never uses.
        unused = not self.is_drive and not config.has_drive_credentials()
        return {"GDRIVE_CREDENTIALS_DATA": "unused"} if unused else {}


def configuration() -> Any:
    """DVC's configuration as the current folder sees it, all its files merged."""
    from dvc.config import Config, ConfigError  # type: ignore[import-untyped]

    if not Path(".dvc").is_dir():
        raise StoreError("There is no .dvc folder here.", "Run at the top of a checkout.")
    try:
        return Config(str(Path(".dvc").resolve()))
    except ConfigError as error:
        raise StoreError(
            f"DVC cannot read its configuration: {error}.", "Put .dvc/config right."
        ) from error


def find_remote(name: str | None = None) -> Remote:
    """The remote of that name (default: DVC's default). Raises `StoreError`."""
    settings = configuration()
    chosen = name or settings["core"].get("remote")
    if not chosen:
        remedy = "Set one: `python -m training store use PATH-or-URL`."
        raise StoreError("No remote is configured.", remedy)
    options = settings["remote"].get(chosen)
    if options is None:
        known = ", ".join(sorted(settings["remote"])) or "none"
        raise StoreError(f"There is no remote {chosen}.", f"There are: {known}.")
    return Remote(chosen, str(options["url"]), dict(options))


def usable_remote(name: str | None = None) -> Remote:
    """The remote of that name, if its settings are complete. Raises `StoreError`."""
    remote = find_remote(name)
    if remote.folder_id == PLACEHOLDER:
        raise StoreError(
            f"The remote {remote.name} still has {PLACEHOLDER} where the id of your Drive folder "
            "belongs.",
            "Set it once: `python -m training store use gdrive://FOLDER-ID`.",
        )
    if (
        remote.is_drive
        and remote.is_service_account
        and not remote.key_file
        and not config.has_drive_credentials()
    ):
        raise StoreError(failures.NO_CREDENTIALS, failures.NO_CREDENTIALS_REMEDY)
    if remote.is_folder and remote.name != config.RELEASED_REMOTE:
        presence.require_same_folder(remote.name, Path(remote.url))
    return remote


def ready_remote() -> str | None:
    """Name of the default remote if its settings are complete."""
    try:
        return usable_remote().name
    except StoreError:
        return None


def objects(remote: Remote) -> tuple[Any, str]:
    """DVC's own file system for a remote, and the path of its objects there."""
    from dvc.fs import (  # type: ignore[import-untyped]
        ConfigError,
        RemoteMissingDepsError,
        get_cloud_fs,
    )

    try:
        kind, settings, path = get_cloud_fs(configuration(), name=remote.name)
        filesystem = kind(**settings)
    except (ConfigError, RemoteMissingDepsError) as error:
        raise failures.explain(str(error), "DVC") from error
    return filesystem, filesystem.join(path, "files", "md5")


def cache() -> Path:
    """Folder of the local cache's objects."""
    return Path(configuration()["cache"].get("dir") or ".dvc/cache", "files", "md5")


def use_remote(address: str) -> Remote:
    """Make a remote the default and return it.

    `address` is a Drive folder (`gdrive://ID`, its id, or its address in the browser) or another
    URL that DVC knows, both kept in `.dvc/config`, to be committed; a local folder, kept in
    `.dvc/config.local` and created if missing; or the name of an existing remote. Raises
    `StoreError`, and changes nothing, where it can't be a remote from here.
    """
    known = configuration()["remote"]
    address = addresses.normalise(address, sorted(known))
    if address == config.RELEASED_REMOTE:
        raise StoreError(
            f"The remote {address} is part of the repository and holds the released model only.",
            "Give a folder or a URL of your own.",
        )
    if address in known:
        _set_default(address, local=True)
    elif address.startswith("gdrive://"):
        name = config.DEFAULT_REMOTE
        verb = ["modify", name, "url"] if name in known else ["add", name]
        _dvc("remote", *verb, address)
        if name not in known:
            _dvc("remote", "modify", name, "gdrive_use_service_account", "true")
        _set_default(name, local=False)
    elif "://" in address:
        _dvc("remote", "add", "--force", "cloud", address)
        _set_default("cloud", local=False)
    else:
        folder = Path(address).expanduser().resolve()
        folder.mkdir(parents=True, exist_ok=True)
        presence.mark(folder)
        _dvc("remote", "add", "--local", "--force", "folder", os.fspath(folder))
        _set_default("folder", local=True)
    return find_remote()


def _set_default(name: str, *, local: bool) -> None:
    if local:
        _dvc("remote", "default", "--local", name)
        return
    _dvc("remote", "default", name)
    if default_file() == _LOCAL:
        _dvc("remote", "default", "--local", "--unset")


def default_file() -> Path:
    """The file of DVC's configuration that names the default remote of this checkout."""
    own = _LOCAL.is_file() and re.search(r"^\s*remote\s*=", _LOCAL.read_text("utf-8"), re.MULTILINE)
    return _LOCAL if own else _COMMITTED


def _dvc(*arguments: str) -> None:
    run_dvc(arguments, timeout=60)
