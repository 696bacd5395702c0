"""Scores a CSV file on this machine, chunk by chunk: memory does not grow with the file."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import BinaryIO, Final, TextIO

from functions.batch.layout import InvalidFileError, find_layout
from functions.batch.manifest import Manifest
from functions.batch.rows import Cells, RowScorer
from functions.scoring import Scorer

CHUNK: Final = 8192
"""Rows that are scored at once."""
FIRST_ROW: Final = 2
"""Number of the row below the header, as a spreadsheet counts; empty rows count."""


def score_csv(
    source: BinaryIO,
    target: TextIO,
    scorer: Scorer,
    *,
    name: str,
    time: float | None = None,
    progress: Callable[[int], object] = lambda _: None,
) -> Manifest:
    """Writes the rows of `source` with the columns that scoring adds; returns the manifest.

    `progress` is called with the number of rows after each chunk. Raises InvalidFileError.
    """
    manifest = Manifest(name, scorer.artefact, scorer.artefact.time.horizon)
    if time is not None:
        manifest.time = time
    rows = read_rows(io.TextIOWrapper(source, "utf-8-sig", newline=""))
    header = next(rows, None)
    if header is None:
        raise InvalidFileError("the file is empty")
    layout = find_layout(header, scorer.artefact)
    row_scorer = RowScorer(scorer, layout, time)
    writer = csv.writer(target, lineterminator="\n")
    writer.writerow(layout.header + layout.added)
    start = FIRST_ROW
    while chunk := list(islice(rows, CHUNK)):
        numbers, kept = fit_rows(range(start, start + len(chunk)), chunk, len(header))
        scored = row_scorer.score(numbers, kept)
        writer.writerows(scored.rows)
        manifest.add(scored.count, len(scored.faults), scored.faults)
        start += len(chunk)
        progress(manifest.rows)
    if not manifest.rows:
        raise InvalidFileError("no row below the header")
    return manifest


def read_rows(text: TextIO) -> Iterator[Sequence[str]]:
    """The rows of a CSV; raises InvalidFileError for what is no UTF-8 or no CSV."""
    reader = csv.reader(text, strict=True)
    try:
        yield from reader
    except UnicodeDecodeError as error:
        raise InvalidFileError(
            f"no text in UTF-8 after line {reader.line_num} ({error.reason})"
        ) from error
    except csv.Error as error:
        raise InvalidFileError(f"no CSV at line {reader.line_num}: {error}") from error


def fit_rows(
    numbers: Sequence[int], rows: Sequence[Sequence[str]], width: int
) -> tuple[Sequence[int], Sequence[Cells]]:
    """Rows as wide as the header, and their numbers, without the empty ones.

    As Step Functions reads a CSV: missing cells are empty, cells beyond the header are dropped.
    """
    kept = [(number, row) for number, row in zip(numbers, rows, strict=True) if any(row)]
    return [number for number, _ in kept], [
        tuple(row) if len(row) == width else (*row[:width], *[""] * (width - len(row)))
        for _, row in kept
    ]
