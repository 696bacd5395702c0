"""What a `.dvc` file pins: an output, and the checksum of every file in it."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from training.errors import StoreError


@dataclass(frozen=True)
class Pointer:
    """One tracked output."""

    file: str
    """The pointer's own name, such as `model.dvc`."""
    output: str
    oid: str
    """MD5 of the output; of a folder, that of its list of files, followed by `.dir`."""
    files: int
    size: int
    meta: Mapping[str, Any] = field(default_factory=dict)
    """Metadata kept beside it, such as why a model was made."""

    @property
    def is_folder(self) -> bool:
        return self.oid.endswith(".dir")

    def label(self, oid: str, members: dict[str, str]) -> str:
        """What a person calls the object `oid`: a path in the checkout."""
        if oid == self.oid:
            return f"{self.output}/ (its list of files)" if self.is_folder else self.output
        return f"{self.output}/{members[oid]}"


def read_pointer(file: str) -> Pointer:
    """The pointer in `file`. Raises `StoreError`."""
    if not Path(file).is_file():
        raise StoreError(f"There is no {file} here.", "Run at the top of a checkout.")
    return parse_pointer(Path(file).read_text(encoding="utf-8"), file)


def parse_pointer(text: str, file: str) -> Pointer:
    """The pointer that `text`, of a `file`, describes. Raises `StoreError`."""
    from dvc.utils.serialize import (  # type: ignore[import-untyped]
        YAMLFileCorruptedError,
        parse_yaml,
    )

    if re.search(r"^(<{7}|={7}|>{7})( |$)", text, re.MULTILINE):
        raise StoreError(
            f"{file} holds an unresolved merge conflict.",
            f"Take one side whole (`git checkout --ours {file}`, or `--theirs`), then commit it.",
        )
    try:
        parsed = parse_yaml(text, file)
        (out,) = parsed["outs"]
        oid, output = str(out["md5"]), str(out["path"])
        older = "hash" not in out
    except (YAMLFileCorruptedError, KeyError, TypeError, ValueError) as error:
        raise StoreError(
            f"{file} does not point to one output of DVC.",
            f"Restore it (`git restore {file}`), or track the output again (`dvc add`).",
        ) from error
    if older:
        raise StoreError(
            f"{file} was written by DVC 2, whose objects are kept elsewhere.",
            f"Get its output with DVC 2, then track it again: `dvc add {output}`.",
        )
    files, size = int(out.get("nfiles", 1)), int(out.get("size", 0))
    return Pointer(file, output, oid, files, size, parsed.get("meta") or {})


def members(listing: bytes) -> dict[str, str]:
    """From the content of a `.dir` object: hash of each file to its path in the folder."""
    return {entry["md5"]: entry["relpath"] for entry in json.loads(listing)}


def file_hashes(listing: bytes) -> dict[str, str]:
    """The same from each file's path to its hash: two files of one content share one."""
    return {entry["relpath"]: entry["md5"] for entry in json.loads(listing)}


def object_path(oid: str) -> tuple[str, str]:
    """Folder and file name under which DVC stores an object."""
    return oid[:2], oid[2:]


def cached(oid: str, cache: Path) -> Path:
    """Path of an object in the local cache."""
    return cache.joinpath(*object_path(oid))


def folder_oid(folder: Path) -> str:
    """The MD5 by which DVC knows the files of a folder, with its `.dir`."""
    entries = [
        {"md5": md5(path), "relpath": path.relative_to(folder).as_posix()}
        for path in folder.rglob("*")
        if path.is_file()
    ]
    listing = json.dumps(sorted(entries, key=lambda entry: entry["relpath"]), sort_keys=True)
    return hashlib.md5(listing.encode(), usedforsecurity=False).hexdigest() + ".dir"


def is_whole(oid: str, path: Path) -> bool:
    """Whether the file exists and matches its checksum."""
    return path.is_file() and md5(path) == oid.removesuffix(".dir")


def md5(path: Path) -> str:
    """The hash by which DVC knows a file, as hexadecimal digits."""
    with path.open("rb") as content:
        return hashlib.file_digest(content, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
