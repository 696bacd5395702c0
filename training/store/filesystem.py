"""The objects at any remote that DVC reaches as a file system: a folder, S3, Google's storage."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Collection, Mapping
from typing import Any

from training.store import remotes
from training.store.objects import StoredObject
from training.store.pointer import object_path
from training.store.remotes import Remote


class FilesystemObjectStore:
    """Trusts the remote's own checksum where it agrees; reads the object where not."""

    def __init__(self, remote: Remote) -> None:
        self._files, self._root = remotes.objects(remote)
        self._files.fs.invalidate_cache()

    def copies(self, oids: Collection[str]) -> list[StoredObject]:
        return [copy for oid in sorted(oids) if (copy := self._copy(oid))]

    def _copy(self, oid: str) -> StoredObject | None:
        path = self._files.join(self._root, *object_path(oid))
        try:
            info = self._files.info(path)
        except FileNotFoundError:
            return None
        md5 = oid.removesuffix(".dir")
        if md5 not in _checksums(info):
            md5 = self._md5(path)
        return StoredObject(oid, md5, int(info.get("size") or 0), path)

    def _md5(self, path: str) -> str:
        digest = hashlib.md5(usedforsecurity=False)
        with self._files.open(path, "rb") as content:
            while block := content.read(1 << 20):
                digest.update(block)
        return digest.hexdigest()

    def read(self, copy: StoredObject) -> bytes:
        with self._files.open(copy.location, "rb") as content:
            return bytes(content.read())

    def discard(self, copy: StoredObject) -> None:
        self._files.remove(copy.location)


def _checksums(info: Mapping[str, Any]) -> set[str]:
    """MD5s in a remote's metadata of an object: S3's entity tag, Google's base64."""
    tags = {str(info.get(name, "")).strip('"') for name in ("ETag", "etag", "md5")}
    if coded := info.get("md5Hash"):
        tags.add(base64.b64decode(coded).hex())
    return tags
