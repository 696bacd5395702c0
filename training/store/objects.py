"""The objects at a remote, seen one by one: what is there, and is it whole."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class StoredObject:
    """One file at the remote that claims, by its place, to be the object `oid`."""

    oid: str
    md5: str
    """Of its content, in hex."""
    size: int
    place: str
    """What the shelf knows it by."""
    trashed: bool = False

    @property
    def is_whole(self) -> bool:
        return not self.trashed and self.md5 == self.oid.removesuffix(".dir")


class ObjectStore(Protocol):
    """What an audit needs of a remote. Every method raises `StoreError`."""

    def copies(self, oids: Collection[str]) -> list[StoredObject]:
        """Every file that stands in the place of one of `oids`."""

    def read(self, copy: StoredObject) -> bytes:
        """The content of a copy."""

    def discard(self, copy: StoredObject) -> None:
        """Take a copy away, into the trash where there is one."""
