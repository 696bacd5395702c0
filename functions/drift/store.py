"""Where records and what is made of them are kept: a bucket, or a folder with the same names."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

from botocore.exceptions import ClientError

from functions.errors import ServingError


class RecordError(ServingError):
    """A stored object is not what was written there."""


class Store(Protocol):
    """Objects by name."""

    def names(self, prefix: str) -> list[str]:
        """Names that begin so, sorted."""
        ...

    def read(self, name: str) -> bytes | None:
        """The content; None where there is no such object."""
        ...

    def write(self, name: str, content: bytes) -> None:
        """Writes an object whole, in place of the one there."""
        ...


class Bucket:
    """A bucket in S3."""

    def __init__(self, client: Any, name: str) -> None:
        self._client, self._name = client, name

    def names(self, prefix: str) -> list[str]:
        """Names that begin so, sorted."""
        pages = self._client.get_paginator("list_objects_v2").paginate(
            Bucket=self._name, Prefix=prefix
        )
        return sorted(each["Key"] for page in pages for each in page.get("Contents", []))

    def read(self, name: str) -> bytes | None:
        """The content; None where there is no such object."""
        try:
            content: bytes = self._client.get_object(Bucket=self._name, Key=name)["Body"].read()
        except ClientError as error:
            if error.response["Error"]["Code"] == "NoSuchKey":
                return None
            raise
        return content

    def write(self, name: str, content: bytes) -> None:
        """Writes an object whole, in place of the one there."""
        kind = "text/html; charset=utf-8" if name.endswith(".html") else "application/json"
        self._client.put_object(Bucket=self._name, Key=name, Body=content, ContentType=kind)


class Folder:
    """A folder on this machine, for trying things without an account."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def names(self, prefix: str) -> list[str]:
        """Names that begin so, sorted."""
        files = (each for each in self._path.rglob("*") if each.is_file())
        names = (each.relative_to(self._path).as_posix() for each in files)
        return sorted(name for name in names if name.startswith(prefix))

    def read(self, name: str) -> bytes | None:
        """The content; None where there is no such file."""
        try:
            return (self._path / name).read_bytes()
        except FileNotFoundError:
            return None

    def write(self, name: str, content: bytes) -> None:
        """Writes a file whole, in place of the one there."""
        path = self._path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_name(f"{path.name}.partial")
        partial.write_bytes(content)
        partial.replace(path)


def read_records(store: Store, date: str) -> Iterator[dict[str, Any]]:
    """The records of a day, 2026-05-31; raises RecordError for a line that is no JSON object."""
    for name in store.names(f"records/{date.replace('-', '/')}/"):
        content = store.read(name) or b""
        if content[:2] == b"\x1f\x8b":
            content = gzip.decompress(content)
        for number, line in enumerate(content.splitlines(), start=1):
            if not line.strip():
                continue
            try:
                record = json.loads(line)
            except ValueError as error:
                raise RecordError(f"{name}, line {number}: not JSON") from error
            if not isinstance(record, dict):
                raise RecordError(f"{name}, line {number}: not an object")
            yield record
