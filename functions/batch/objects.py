"""The objects of one file in S3: what came in, its scored parts, and the file they become."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import PurePosixPath
from typing import Any, Final, Self

from functions.errors import ServingError

INCOMING: Final = "incoming/"
SCORED: Final = "scored/"
PARTS: Final = "parts/"

_PIECE: Final = 8 * 2**20
"""Bytes of one part of an upload: 10,000 of them are 80 GB."""
_AT_ONCE: Final = 32
"""Parts that are read at the same time, each smaller than a payload of Step Functions."""


class PartsMissingError(ServingError):
    """The parts of a file do not follow one another."""


@dataclass(frozen=True)
class File:
    """A file to score, as it is passed from step to step."""

    bucket: str
    key: str
    etag: str
    """Of the content that is scored."""
    header: tuple[str, ...]
    model: str
    """Version of the model that scores it."""
    parts: str
    """Prefix of its scored parts; each execution has one of its own."""

    @property
    def name(self) -> str:
        """The file's own name."""
        return PurePosixPath(self.key).name

    @property
    def scored(self) -> str:
        """Key of the scored file."""
        return SCORED + self.key.removeprefix(INCOMING)

    @property
    def manifest(self) -> str:
        """Key of the scored file's manifest."""
        return f"{self.scored}.manifest.json"

    @property
    def error(self) -> str:
        """Key of the object that says why there is no scored file."""
        return f"{self.scored}.error.json"

    def document(self) -> dict[str, Any]:
        """The file as JSON holds it, for the next step."""
        return asdict(self)

    @classmethod
    def read(cls, document: dict[str, Any]) -> File:
        """The file of such a document."""
        names = ("bucket", "key", "etag", "model", "parts")
        return cls(**{name: document[name] for name in names}, header=tuple(document["header"]))


@dataclass(frozen=True)
class Part:
    """The scored rows of one batch."""

    first: int
    """Position of its first row in the file, from 0."""
    items: int
    """Rows that the batch held, the empty ones too."""
    rows: int
    failed: int
    faults: tuple[tuple[int, str], ...]
    body: bytes
    """CSV without a header."""


def write_part(s3: Any, file: File, part: Part) -> None:
    """Writes a part under a key that only this batch has, so that a retry replaces it."""
    key = f"{file.parts}{part.first:012d}"
    if part.faults:  # before the part, which is counted with them
        body = json.dumps(part.faults, ensure_ascii=False).encode()
        s3.put_object(Bucket=file.bucket, Key=f"{key}.faults", Body=body)
    counts = {name: str(getattr(part, name)) for name in ("items", "rows", "failed")}
    s3.put_object(Bucket=file.bucket, Key=f"{key}.csv", Body=part.body, Metadata=counts)


def read_parts(s3: Any, file: File) -> Iterator[Part]:
    """The parts in the order of the file's rows; raises PartsMissingError where one is missing."""

    def read(key: str) -> Part:
        found = s3.get_object(Bucket=file.bucket, Key=key)
        counts = {name: int(value) for name, value in found["Metadata"].items()}
        faults: tuple[tuple[int, str], ...] = ()
        if counts["failed"]:
            listed = s3.get_object(Bucket=file.bucket, Key=f"{key.removesuffix('.csv')}.faults")
            faults = tuple((row, rule) for row, rule in json.load(listed["Body"]))
        first = int(PurePosixPath(key).stem)
        return Part(first=first, faults=faults, body=found["Body"].read(), **counts)

    following = 0
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=file.bucket, Prefix=file.parts)
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        for page in pages:
            listed = (each["Key"] for each in page.get("Contents", ()))
            keys = [key for key in listed if key.endswith(".csv")]
            for start in range(0, len(keys), _AT_ONCE):
                for part in pool.map(read, keys[start : start + _AT_ONCE]):
                    if part.first != following:
                        raise PartsMissingError(
                            f"{file.key}: after {following} rows the next part begins at "
                            f"{part.first}"
                        )
                    following += part.items
                    yield part
    if not following:
        raise PartsMissingError(f"{file.key}: there are no parts")


class Upload:
    """An object that is written piece by piece, and is there whole or not at all."""

    def __init__(self, s3: Any, bucket: str, key: str) -> None:
        self._s3, self._object = s3, {"Bucket": bucket, "Key": key}
        self._waiting = bytearray()
        self._id: str | None = None
        self._pieces: list[dict[str, Any]] = []

    def __enter__(self) -> Self:
        return self

    def write(self, content: bytes) -> None:
        """Adds content at the end."""
        self._waiting += content
        if len(self._waiting) >= _PIECE:
            self._send()

    def __exit__(self, failed: object, *_: object) -> None:
        if failed:
            if self._id:
                self._s3.abort_multipart_upload(**self._object, UploadId=self._id)
        elif self._id is None:
            self._s3.put_object(**self._object, Body=bytes(self._waiting), ContentType="text/csv")
        else:
            if self._waiting:
                self._send()
            self._s3.complete_multipart_upload(
                **self._object, UploadId=self._id, MultipartUpload={"Parts": self._pieces}
            )

    def _send(self) -> None:
        if self._id is None:
            begun = self._s3.create_multipart_upload(**self._object, ContentType="text/csv")
            self._id = begun["UploadId"]
        number = len(self._pieces) + 1
        sent = self._s3.upload_part(
            **self._object, UploadId=self._id, PartNumber=number, Body=bytes(self._waiting)
        )
        self._pieces.append({"PartNumber": number, "ETag": sent["ETag"]})
        self._waiting.clear()
