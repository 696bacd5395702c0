"""The three steps of the state machine in deploy/supervision.yaml: begin, score, finish.

Each may run again at any time: it writes what it wrote before, under the same keys.
"""

from __future__ import annotations

import codecs
import csv
import io
import json
from functools import cache
from typing import Any, Final

import boto3
from botocore.exceptions import ClientError

from functions.artefact import read_artefact
from functions.batch.csv_file import FIRST_ROW, fit_rows, read_rows
from functions.batch.layout import InvalidFileError, find_layout
from functions.batch.manifest import LISTED, Manifest
from functions.batch.objects import (
    INCOMING,
    PARTS,
    File,
    Part,
    Upload,
    read_parts,
    write_part,
)
from functions.batch.rows import RowScorer
from functions.errors import ServingError
from functions.scoring import Scorer
from functions.settings import read_settings

LONGEST_HEADER: Final = 10 * 2**10
"""Bytes: Step Functions' limit for the header of a CSV."""
_VIEW: Final = 4 * LONGEST_HEADER
"""Bytes of a file that are looked at before its rows are."""


class ModelChangedError(ServingError):
    """Another model was deployed while a file was scored."""


class FileChangedError(ServingError):
    """A file was replaced or removed while it was scored."""


@cache
def _scorer() -> Scorer:
    return Scorer(read_artefact(read_settings().model))


@cache
def _s3() -> Any:
    return boto3.client("s3")


def begin(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Looks at an object's header: what to score, or why it is refused, or that it is done.

    `event` has bucket, key and execution. The answer has `status`: score, done or refused, and
    then `reason`.
    """
    bucket, key = event["bucket"], event["key"]
    if not key.startswith(INCOMING):
        raise ValueError(f"{key}: expected a key that begins with {INCOMING}")
    version = _scorer().artefact.version
    found = _s3().head_object(Bucket=bucket, Key=key)
    parts = f"{PARTS}{event['execution']}/"
    file = File(bucket, key, found["ETag"].strip('"'), (), version, parts)
    if key.endswith("/") or _is_done(file):
        return file.document() | {"status": "done"}
    try:
        header = _header(file, found["ContentLength"])
        find_layout(header, _scorer().artefact)
    except InvalidFileError as error:
        return file.document() | {"status": "refused", "reason": str(error)}
    return file.document() | {"header": header, "status": "score"}


def score_batch(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Scores a batch of rows and writes them as a part; returns how many, and how many failed.

    `event` is what ItemBatcher makes: BatchInput, and Items with the position and cells of a row.
    """
    file = File.read(event["BatchInput"]["file"])
    scorer = _scorer()
    if file.model != scorer.artefact.version:
        raise ModelChangedError(
            f"{file.key}: scoring began with model {file.model}, this is {scorer.artefact.version}"
        )
    items = sorted(event["Items"], key=lambda item: int(item["index"]))
    positions = [int(item["index"]) for item in items]
    # A mark of the byte order would stand in the first name.
    names = [(name, f"\ufeff{name}") for name in file.header]
    cells = [
        [item["row"].get(name, item["row"].get(marked, "")) for name, marked in names]
        for item in items
    ]
    numbers, rows = fit_rows([FIRST_ROW + each for each in positions], cells, len(names))
    scored = RowScorer(scorer, find_layout(file.header, scorer.artefact)).score(numbers, rows)
    part = Part(
        first=positions[0],
        items=len(items),
        rows=scored.count,
        failed=len(scored.faults),
        faults=tuple(scored.faults[:LISTED]),
        body=_to_csv(scored.rows),
    )
    write_part(_s3(), file, part)
    return {"first": part.first, "rows": part.rows, "failed": part.failed}


def finish(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Joins the parts of a file in their order, then writes the manifest; returns its counts.

    `event` has the file that `begin` returned, and error where there is nothing to join: then an
    object with its Error and Cause is written instead.
    """
    file, artefact = File.read(event["file"]), _scorer().artefact
    if "error" in event:
        error, cause = event["error"]["Error"], event["error"]["Cause"]
        _write(file, file.error, {"file": file.key, "error": error, "cause": cause})
        return {"error": file.error}
    manifest = Manifest(file.name, artefact, artefact.time.horizon)
    layout = find_layout(file.header, artefact)
    with Upload(_s3(), file.bucket, file.scored) as upload:
        upload.write(_to_csv([layout.header + layout.added]))
        for part in read_parts(_s3(), file):
            upload.write(part.body)
            manifest.add(part.rows, part.failed, part.faults)
        if not manifest.rows:
            raise InvalidFileError("no row below the header")
        if file.model != artefact.version or _etag(file) != file.etag:
            raise FileChangedError(f"{file.key}: it, or the model, changed while it was scored")
    _write(file, file.manifest, manifest.document())
    _s3().delete_object(Bucket=file.bucket, Key=file.error)
    return {"scored": file.scored, "rows": manifest.rows, "failed": manifest.failed}


def _header(file: File, size: int) -> list[str]:
    """The columns of a file, and as much of a check as its beginning allows."""
    if not size:
        raise InvalidFileError("the file is empty")
    found = _s3().get_object(
        Bucket=file.bucket, Key=file.key, IfMatch=file.etag, Range=f"bytes=0-{_VIEW - 1}"
    )
    view, whole = found["Body"].read(), size <= _VIEW
    try:
        text = codecs.getincrementaldecoder("utf-8-sig")().decode(view, final=whole)
    except UnicodeDecodeError as error:
        line = view.count(b"\n", 0, error.start)
        raise InvalidFileError(f"no text in UTF-8 after line {line} ({error.reason})") from error
    rows = read_rows(io.StringIO(text, newline=""))
    header = list(next(rows, ()))
    if not text:
        raise InvalidFileError("the file is empty")
    if len(_to_csv([header])) > LONGEST_HEADER:
        raise InvalidFileError(f"the header is longer than {LONGEST_HEADER:,} bytes")
    if whole and not sum(any(row) for row in rows):
        raise InvalidFileError("no row below the header")
    return header


def _write(file: File, key: str, document: dict[str, Any]) -> None:
    body = f"{json.dumps(document | {'etag': file.etag}, ensure_ascii=False)}\n".encode()
    _s3().put_object(Bucket=file.bucket, Key=key, Body=body, ContentType="application/json")


def _etag(file: File) -> str | None:
    try:
        etag: str = _s3().head_object(Bucket=file.bucket, Key=file.key)["ETag"]
    except ClientError as error:
        if error.response["Error"]["Code"] == "404":
            return None
        raise
    return etag.strip('"')


def _is_done(file: File) -> bool:
    """Whether this content was scored by this model before."""
    try:
        found = _s3().get_object(Bucket=file.bucket, Key=file.manifest)
    except ClientError as error:
        if error.response["Error"]["Code"] == "NoSuchKey":
            return False
        raise
    manifest = json.load(found["Body"])
    return (manifest["etag"], manifest["model"]["version"]) == (file.etag, file.model)


def _to_csv(rows: Any) -> bytes:
    target = io.StringIO(newline="")
    csv.writer(target, lineterminator="\n").writerows(rows)
    return target.getvalue().encode()
