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

_OTHER_DELIMITERS: Final = {";": "semicolons", "\t": "tabs", "|": "bars"}
_TITLE_LINES: Final = 10
"""How far down a header is looked for that is not on the first line."""
_QUOTES: Final = "quotes around whole cells only, doubled within"
_CELL: Final = r'(?:"(?:[^"]|"")*"|[^",\r\n]*)'
_RECORD: Final = re.compile(rf"{_CELL}(?:,{_CELL})*[\r\n]*")
_UTF_16: Final = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


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
    if content.startswith(_UTF_16) or content[:1000].count(0) > len(content[:1000]) // 4:
        raise invalid("text in UTF-8, not UTF-16: save it as CSV UTF-8")
    try:
        text = content.removesuffix(b"\x1a").decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise invalid(f"text in UTF-8; line {line} is not ({error.reason})") from error
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise invalid(f"text; line {line} holds a NUL character")

    records: list[tuple[int, tuple[str, ...]]] = []
    for number, line, record in _records(text):
        if isinstance(record, str):
            raise invalid(f"{record}, in the row that begins at line {line}", number)
        if any(record):
            records.append((number, record))
    if len(records) < 2:
        raise invalid("at least one row below a header")
    _check_header(records, expected, invalid)

    (_, header), *rest = records
    wrong = [
        Fault(number, "", f"{len(row)} cells", f"{len(header)} cells, as in the header", name)
        for number, row in rest
        if len(row) != len(header)
    ]
    if wrong:
        raise InvalidTableError(wrong)
    return CsvFile(name, header, tuple(row for _, row in rest), tuple(n for n, _ in rest))


def _check_header(
    records: Sequence[tuple[int, tuple[str, ...]]],
    expected: Sequence[str],
    invalid: Callable[..., InvalidTableError],
) -> None:
    """Raises where the first row is no header of the study's: another delimiter, a title."""
    number, header = records[0]
    if any(name in header for name in expected):
        return
    for delimiter, called in _OTHER_DELIMITERS.items():
        cells = [cell.strip(' "') for cell in delimiter.join(header).split(delimiter)]
        if any(name in cells for name in expected):
            raise invalid(f"commas between cells and points in decimals, not {called}", number)
    for below, row in records[1:_TITLE_LINES]:
        if any(name in row for name in expected):
            raise invalid(f"the header in the first row; it is in row {below}", number)


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
