"""What became of a file: rows, failed rows with the rule each breaks, the model."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from functions.artefact import Artefact

LISTED: Final = 1000
"""Failed rows that a manifest lists; the scored file has the fault of every one."""


@dataclass
class Manifest:
    """Counts that grow with each batch of rows."""

    file: str
    artefact: Artefact
    time: float
    """What rows without a time of their own were predicted for."""
    rows: int = 0
    failed: int = 0
    failed_rows: list[tuple[int, str]] = field(default_factory=list)

    def add(self, rows: int, failed: int, faults: Iterable[tuple[int, str]]) -> None:
        """Counts rows, and lists faults as long as there is room."""
        self.rows += rows
        self.failed += failed
        if room := LISTED - len(self.failed_rows):
            self.failed_rows += list(faults)[:room]

    @property
    def is_full(self) -> bool:
        """Whether no further failed row is listed."""
        return len(self.failed_rows) >= LISTED

    def document(self) -> dict[str, Any]:
        """The manifest as JSON holds it."""
        return {
            "file": self.file,
            "rows": self.rows,
            "failed": self.failed,
            "failed_rows": [{"row": row, "rule": rule} for row, rule in self.failed_rows],
            self.artefact.time.name: self.time,
            "model": self.artefact.identity,
            "warnings": self.artefact.warnings,
        }
