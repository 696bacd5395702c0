"""The cells of one CSV file as text, with the row of each; what is no such file is one fault."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from training.errors import Fault, InvalidTableError

_OTHER_DELIMITERS: Final = {
    ";": "semicolons",
    "\t": "tabs",
    "|": "bars",
    ":": "colons",
    "\N{FULLWIDTH COMMA}": "full-width commas",
    " ": "spaces",
}
_TITLE_LINES: Final = 10
"""How far down a header is looked for that is not on the first line."""
_QUOTES: Final = "quotes around whole cells only, doubled within"
_CELL: Final = r'(?:"(?:[^"]|"")*"|[^",\r\n]*)'
_RECORD: Final = re.compile(rf"{_CELL}(?:,{_CELL})*[\r\n]*")
_UTF_16: Final = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_WORKBOOK: Final = "a CSV, not a workbook of a spreadsheet: save it there as CSV UTF-8"
_COMPRESSED: Final = "a CSV, not a compressed file: unpack it first"
_WEB_PAGE: Final = "a CSV, not a web page: download the file itself"
_OTHER_FILES: Final = {
    b"PK\x03\x04": _WORKBOOK,
    b"\xd0\xcf\x11\xe0": _WORKBOOK,
    b"\x1f\x8b": _COMPRESSED,
    b"BZh9": _COMPRESSED,
    b"\xfd7zXZ": _COMPRESSED,
    b"\x28\xb5\x2f\xfd": _COMPRESSED,
    b"7z\xbc\xaf": _COMPRESSED,
    b"%PDF": "a CSV, not a PDF: ask for the table itself",
    b"PAR1\x15": "a CSV, not a Parquet file: export it as CSV",
    b"{\\rtf": "a CSV, not a formatted text: save it as plain text",
    b"<!doctype": _WEB_PAGE,
    b"<html": _WEB_PAGE,
    b"<?xml": "a CSV, not XML: export it as CSV",
    b"{": "a CSV, not JSON: export it as CSV",
    b"[{": "a CSV, not JSON: export it as CSV",
    b"version https://git-lfs": "a CSV, not a pointer of Git LFS: run `git lfs pull`",
    b"outs:": "a CSV, not a pointer of DVC: name the data that it points to",
}
"""How files begin that are often taken for a CSV."""


@dataclass(frozen=True)
class CsvFile:
    """A header, and the rows below it, all as wide as it is."""

    name: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numbers: tuple[int, ...]
    """Row of each as a spreadsheet counts them: the header is row 1, empty rows count."""


def read_csv(path: Path, name: str, expected: Sequence[str]) -> CsvFile:
    """The cells of a file; `expected` are columns that its header should hold.

    Raises InvalidTableError with one fault where the file as a whole can't be read, else with
    one for each row that is too wide or too narrow.
    """

    def invalid(rule: str, row: int = 0, value: str = "") -> InvalidTableError:
        return InvalidTableError([Fault(row, "", value, rule, name)])

    content = path.read_bytes()
    begin = content[:100].removeprefix(codecs.BOM_UTF8).lstrip()
    for other, rule in _OTHER_FILES.items():
        if other in (begin[: len(other)], begin[: len(other)].lower()):
            raise invalid(rule)
    if content and not content.strip(b"\0"):
        raise invalid("text, not NUL characters alone: its content is lost, so copy it again")
    if content.startswith(_UTF_16) or content[:1000].count(0) > len(content[:1000]) // 4:
        raise invalid("text in UTF-8, not UTF-16: save it as CSV UTF-8")
    try:
        text = content.removesuffix(b"\x1a").decode("utf-8-sig").lstrip("\ufeff")
    except UnicodeDecodeError as error:
        line = len(content[: error.start + 1].splitlines())
        raise invalid(f"text in UTF-8; line {line} is not: save it as CSV UTF-8") from error
    if "\0" in text:
        line = len(content[: content.index(0) + 1].splitlines())
        raise invalid(f"text; line {line} holds a NUL character: copy the file again")

    records: list[tuple[int, tuple[str, ...]]] = []
    for number, line, record in _records(text):
        if isinstance(record, str):
            raise invalid(f"{record}, in the row that begins at line {line}", number)
        if any(record):
            records.append((number, record))
    if records and records[0][1][0].startswith("sep="):  # a line for Excel alone
        del records[0]
    if len(records) < 2:
        raise invalid("at least one row below a header")
    _check_header(records, expected, invalid)

    # Cells that are empty and have no name are what a spreadsheet leaves of deleted columns.
    header = records[0][1]
    while not header[-1] and not any("".join(row[len(header) - 1 :]) for _, row in records[1:]):
        header = header[:-1]
    width, wrong, rows = len(header), list[Fault](), list[tuple[int, tuple[str, ...]]]()
    for number, row in records[1:]:
        if len(row) < width or any(row[width:]):
            rule = f"{width} cells, as in the header{_separated(row, width)}"
            wrong.append(Fault(number, "", _beginning(row), rule, name))
        elif row[:width] == header:
            wrong.append(Fault(number, "", "", "a row of data, not the header again", name))
        rows.append((number, row[:width]))
    if wrong:
        raise InvalidTableError(wrong)
    return CsvFile(name, header, tuple(row for _, row in rows), tuple(n for n, _ in rows))


def _beginning(row: tuple[str, ...]) -> str:
    """How wide a row is and, where it is no row at all, how it begins."""
    number = f"{len(row)} cell{'s' * (len(row) != 1)}"
    return number if len(row) > 3 else f"{number}: {row[0][:40]}"


def _separated(row: tuple[str, ...], width: int) -> str:
    """What separates the cells of a row that has none of the commas it needs."""
    if len(row) == 1 and row[0].count(",") == width - 1:
        return "; no quotes around a whole row"
    for delimiter, called in _OTHER_DELIMITERS.items():
        if ",".join(row).count(delimiter) == width - 1:
            return f"; commas between them, not {called}"
    return ""


def _check_header(
    records: Sequence[tuple[int, tuple[str, ...]]],
    expected: Sequence[str],
    invalid: Callable[..., InvalidTableError],
) -> None:
    """Raises where the first row is no header of the study's: another delimiter, a title, none."""

    def fits(row: Sequence[str]) -> bool:
        known = sum(name in row for name in expected)
        return 2 * known >= min(len(expected), len(row))

    number, header = records[0]
    if fits(header):
        return
    if fits([cell.strip() for cell in header]):
        raise invalid("no spaces before or after the commas", number)
    for delimiter, called in _OTHER_DELIMITERS.items():
        joined = delimiter.join(header)
        if fits([cell.strip(' "') for cell in joined.split(delimiter)]):
            raise invalid(f"commas between cells and points in decimals, not {called}", number)
    for below, row in records[1:_TITLE_LINES]:
        if fits(row):
            raise invalid(f"the header in the first row; it is in row {below}", number)
    if fits([row[0] for _, row in records]):
        raise invalid("a column for each name and a row for each subject, not turned round", number)


def _records(text: str) -> Iterator[tuple[int, int, tuple[str, ...] | str]]:
    """Number, first line and cells of each record; for the first that is broken, what is wrong."""
    lines = list(io.StringIO(text, newline=""))
    reader = csv.reader(iter(lines), strict=True)
    number = 0
    while True:
        number, line = number + 1, reader.line_num + 1
        try:
            record = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            # A row that never ends, or that only ends beyond the largest cell there can be.
            endless = "unexpected end" in str(error) or "field limit" in str(error)
            yield number, line, "each quote closed" if endless else _QUOTES
            return
        raw = "".join(lines[line - 1 : reader.line_num])
        if '"' in raw and not _RECORD.fullmatch(raw):
            yield number, line, _QUOTES
            return
        yield number, line, tuple(record)
