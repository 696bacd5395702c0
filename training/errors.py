"""What can go wrong in training: one base, a subclass where a caller acts differently."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


class TrainingError(Exception):
    """Base of every error this package raises on purpose; its text is one clear line."""


@dataclass(frozen=True)
class Fault:
    """One thing wrong with one cell of the data."""

    row: int
    """As a spreadsheet counts, the header being row 1; 0 where no single row is at fault."""
    column: str
    value: str
    rule: str
    file: str = ""


class InvalidTableError(TrainingError):
    """The data break a rule of their study; `faults` names every cell that does."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = tuple(faults)
        number, first = len(self.faults), self.faults[0]
        which = f", the first in {first.file or 'them'}" + f", row {first.row}" * (first.row > 0)
        super().__init__(
            f"{number} fault{'s' * (number > 1)} in the data{which}: correct the file, then run "
            "`python -m training data check PATH`."
        )


class NoTableError(TrainingError):
    """There are no data where they were looked for."""


class ExportError(TrainingError):
    """The fitted model cannot be written as ONNX, or its file does not match it."""


class StoreError(TrainingError):
    """The remote refused, lost or damaged something; `remedy` says what to do."""

    def __init__(self, cause: str, remedy: str = "", code: str = "") -> None:
        self.cause, self.remedy = cause, remedy
        self.code = code
        """The remote's own code for it, where there is one."""
        super().__init__(f"{cause} {remedy}".strip())


@dataclass(frozen=True)
class StudyFault:
    """One thing wrong with one key of a study file."""

    key: str
    """Path of the key, such as `inputs[age].minimum`; empty where the file is no TOML."""
    value: str
    """What it holds, as TOML shows it; empty where there is no such key."""
    allowed: str

    def __str__(self) -> str:
        holds = f"holds {self.value}" if self.value else "is missing"
        return f"{self.key}: {holds}; allowed: {self.allowed}" if self.key else self.allowed


class InvalidStudyError(TrainingError):
    """A study file can't be used as it is; `faults` names every key that is wrong."""

    def __init__(self, faults: Sequence[StudyFault]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(map(str, self.faults)))
