"""What the emulated Drive holds: accounts, files, rights, tokens and half-done uploads."""

from __future__ import annotations

import hashlib
import itertools
import secrets
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

FOLDER = "application/vnd.google-apps.folder"
BINARY = "application/octet-stream"
ROLES = ("reader", "commenter", "writer", "fileOrganizer", "organizer")
"""From the least right to the most: viewer, commenter, contributor, content manager, manager."""


@dataclass
class Account:
    """A service account and the half of its key that Google keeps."""

    email: str
    public_key: RSAPublicKey


@dataclass
class File:
    """A file or a folder; `parent` is None at the top of a drive."""

    id: str
    title: str
    mime_type: str
    parent: str | None
    drive_id: str | None
    number: int
    content: bytes | None = None
    trashed: bool = False
    above: File | None = field(default=None, repr=False)
    roles: dict[str, str] = field(default_factory=dict)
    shown_from: float = 0.0
    """Moment from which listings hold it; below: from which its checksum and its trash show."""
    checked_from: float = 0.0
    trashed_from: float = 0.0

    @property
    def is_folder(self) -> bool:
        return self.mime_type == FOLDER

    @property
    def is_trashed(self) -> bool:
        now = time.monotonic()
        return any(file.trashed and now >= file.trashed_from for file in self.lineage())

    def lineage(self) -> Iterator[File]:
        """This file, its folder, and so on to the top."""
        at: File | None = self
        while at:
            yield at
            at = at.above

    def rank(self, email: str) -> int:
        """How much `email` may do here: an index into ROLES, or -1."""
        given = (file.roles.get(email) for file in self.lineage())
        return max((ROLES.index(role) for role in given if role), default=-1)

    def may(self, email: str, role: str) -> bool:
        """Whether `email` has this role here, or one with more rights."""
        return self.rank(email) >= ROLES.index(role)

    def _capabilities(self, email: str) -> dict[str, bool]:
        """As the reference of API v2 describes them (`drive.v2.json` of Google's client)."""
        writer = self.may(email, "writer")
        shown = {
            "canListChildren": self.is_folder,
            "canAddChildren": self.is_folder and writer,
            "canEdit": writer,
        }
        if self.drive_id:  # "Only populated for items in shared drives."
            shown["canTrashChildren"] = self.is_folder and self.may(email, "fileOrganizer")
            shown["canDeleteChildren"] = self.is_folder and self.may(email, "organizer")
        return shown

    def resource(self, email: str) -> dict[str, Any]:
        """As the API shows it to `email`."""
        shown: dict[str, Any] = {
            "kind": "drive#file",
            "id": self.id,
            "title": self.title,
            "mimeType": self.mime_type,
            "parents": [{"id": self.parent}] if self.parent else [],
            "labels": {"trashed": self.is_trashed},
            "explicitlyTrashed": self.trashed,
            "capabilities": self._capabilities(email),
        }
        if self.drive_id:
            shown["driveId"] = self.drive_id
        if self.content is not None:
            shown["fileSize"] = str(len(self.content))
        if self.content is not None and time.monotonic() >= self.checked_from:
            shown["md5Checksum"] = hashlib.md5(self.content, usedforsecurity=False).hexdigest()
        return shown


@dataclass
class Upload:
    """A resumable upload under way."""

    email: str
    title: str
    mime_type: str
    parent: File
    received: bytearray = field(default_factory=bytearray)
    file: File | None = None


@dataclass
class Drive:
    """The whole state. The server holds one lock around each use."""

    accounts: dict[str, Account] = field(default_factory=dict)
    files: dict[str, File] = field(default_factory=dict)
    tokens: dict[str, tuple[str, float]] = field(default_factory=dict)
    uploads: dict[str, Upload] = field(default_factory=dict)
    numbers: Iterator[int] = field(default_factory=itertools.count)

    def add(
        self,
        title: str,
        above: File | None,
        *,
        mime_type: str = FOLDER,
        content: bytes | None = None,
        shared: bool = False,
    ) -> File:
        """A new file in the folder `above`, or a top folder (of a shared drive, if `shared`)."""
        id_ = ("0A" if shared else "1") + secrets.token_urlsafe(24).replace("-", "_")
        drive_id = id_ if shared else above.drive_id if above else None
        file = File(
            id_,
            title,
            mime_type,
            above.id if above else None,
            drive_id,
            next(self.numbers),
            content,
            above=above,
        )
        self.files[id_] = file
        return file

    def children(self, folder: File) -> list[File]:
        return [file for file in self.files.values() if file.above is folder]

    def account_of(self, token: str) -> str | None:
        """E-mail address of the account that a valid access token belongs to."""
        email, expiry = self.tokens.get(token, ("", 0.0))
        return email if expiry > time.time() else None
