"""Whether the header of a CSV has the columns of its study; what is spelled otherwise is named."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from training.errors import Fault, InvalidTableError
from training.study.columns import declared_columns
from training.study.csv_file import CsvFile
from training.study.declaration import Study
from training.study.unseen import unseen
from training.study.vocabulary import close_name

_SPELLED: Final = 3
"""Columns spelled otherwise than in the study that are named one by one."""


def required_columns(study: Study) -> Iterator[str]:
    """Columns that a CSV of the study must have."""
    return (name for name, required in declared_columns(study).items() if required)


def checked_header(file: CsvFile, study: Study) -> CsvFile:
    """The file, if its columns are the study's; else raises InvalidTableError."""
    known = declared_columns(study)

    def fault(column: str, rule: str) -> Fault:
        return Fault(1, column, "", rule, file.name)

    required, refuses = set(required_columns(study)), study.data.other_columns == "refuse"
    found = {_plain(name) for name in file.header} & {_plain(name) for name in known}
    numbers = any(re.fullmatch(r"[0-9.]+", cell) for cell in file.header)
    if not found or (numbers and 2 * len(found) < len(required)):
        names = ", ".join(required_columns(study))
        raise InvalidTableError([fault("", f"a header in the first row, with the columns {names}")])
    absent = [name for name in known if name not in file.header]
    spelled = {_plain(name): name for name in absent}
    otherwise = [name for name in file.header if name not in known and _plain(name) in spelled]
    if len(otherwise) > _SPELLED:
        name, rest = otherwise[0], len(otherwise) - 1
        rule = (
            f"{spelled[_plain(name)]!r}, as the study spells it; {rest} more are spelled otherwise"
        )
        raise InvalidTableError([fault(name, rule)])
    wrong = []
    for place, name in enumerate(file.header):
        if name in file.header[:place] and name in known:
            wrong.append(fault(name, "duplicate column"))
        elif name in known:
            continue
        elif not name and refuses:
            wrong.append(fault(name, f"a name for column {place + 1}, or no such column"))
        elif close := close_name(name, [each for each in absent if refuses or each in required]):
            wrong.append(fault(name, f"unknown column; did you mean {close}?{unseen(name)}"))
            absent.remove(close)
        elif refuses:
            wrong.append(fault(name, f"unknown column{unseen(name)}"))
    wrong += [fault(name, "missing column") for name in absent if name in required]
    if wrong:
        raise InvalidTableError(wrong)
    return file


def _plain(name: str) -> str:
    """A column's name without what people often spell otherwise."""
    return re.sub(r"[\W_]", "", name.casefold())
