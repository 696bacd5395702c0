"""The objects at a remote, one by one: which exist, and which are intact."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class StoredObject:
    """One file at the remote, stored under the path of the object `oid`."""

    oid: str
    md5: str
    """Of its content, in hexadecimal."""
    size: int
    location: str
    """Path or id by which the store finds it."""
    trashed: bool = False

    @property
    def is_whole(self) -> bool:
        return not self.trashed and self.md5 == self.oid.removesuffix(".dir")


class ObjectStore(Protocol):
    """What an audit needs of a remote. Every method raises `StoreError`."""

    def copies(self, oids: Collection[str]) -> list[StoredObject]:
        """Every file stored under the path of one of `oids`."""

    def read(self, copy: StoredObject) -> bytes:
        """The content of a copy."""

    def discard(self, copy: StoredObject) -> None:
        """Delete a copy, into the trash where the remote has one."""
