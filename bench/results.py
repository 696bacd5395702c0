"""What a run measured, as kept in build/bench.json and docs/bench.json."""

from __future__ import annotations

import json
import statistics
from dataclasses import asdict, dataclass, field
from math import log10
from pathlib import Path
from typing import Final

PEERS: Final = {
    "ours": "functions.api.handler",
    "naive": "bench.peers.naive",
    "floor": "bench.peers.floor",
}
"""The peers, and the modules that hold their Lambda handlers."""
SIZES: Final = (1, 10, 100, 1000)
"""Rows in a batch."""
Range = tuple[float, float, float]
"""Median, lowest, highest."""


@dataclass(frozen=True)
class Training:
    """One `make train` on simulated data."""

    rows: int
    seconds: float
    megabytes: float
    """Peak resident memory of all its processes together."""


@dataclass(frozen=True)
class Scored:
    """One CSV, scored by one process."""

    rows: int
    seconds: float
    """That the processor worked for it, start-up included."""
    megabytes: float
    """Peak resident memory."""


@dataclass(frozen=True)
class Quota:
    """Our image under the share of a CPU that Lambda gives to a memory size."""

    memory: int
    """MB."""
    cpus: float
    first: float
    """Milliseconds from the start of the container to the first response."""
    apart: float
    """Mean billed milliseconds of calls far enough apart for the CPU quota to refill."""
    single: float
    """Mean billed milliseconds of back-to-back calls."""
    batch: float
    """The same for batches of 1,000 rows."""


@dataclass
class Results:
    """Everything that one run of the bench found."""

    quick: bool = False
    seconds: float = 0.0
    """How long the run took."""
    machine: dict[str, str] = field(default_factory=dict)
    figures: dict[str, dict[str, list[float]]] = field(default_factory=dict)
    """By figure and peer, one value for each run."""
    imports: dict[str, dict[str, float]] = field(default_factory=dict)
    """Milliseconds of import by peer and package."""
    layers: dict[str, float] = field(default_factory=dict)
    """Share of a warm call by layer."""
    training: list[Training] = field(default_factory=list)
    batch: list[Scored] = field(default_factory=list)
    quotas: list[Quota] = field(default_factory=list)
    servers: list[list[str]] = field(default_factory=list)
    """Name, requests per second and version of other servers; from `make bench-servers`."""
    skipped: list[str] = field(default_factory=list)
    """What was not measured, and why."""

    def note(self, figure: str, peer: str, value: float) -> None:
        """Adds one measurement."""
        self.figures.setdefault(figure, {}).setdefault(peer, []).append(round(value, 6))

    def has(self, figure: str, peer: str = "ours") -> bool:
        """Whether a figure was measured for a peer."""
        return bool(self.figures.get(figure, {}).get(peer))

    def range(self, figure: str, peer: str) -> Range:
        """Median, lowest and highest over the runs; raises KeyError where there were none."""
        values = self.figures[figure][peer]
        return statistics.median(values), min(values), max(values)

    def median(self, figure: str, peer: str = "ours") -> float:
        """The median over the runs; raises KeyError where there were none."""
        return self.range(figure, peer)[0]

    def save(self, path: Path) -> None:
        """Writes the results as JSON."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(asdict(self), indent=1) + "\n")

    @classmethod
    def load(cls, path: Path) -> Results:
        """The results that `save` wrote."""
        read = json.loads(path.read_text())
        read["training"] = [Training(**each) for each in read["training"]]
        read["batch"] = [Scored(**each) for each in read.get("batch", [])]
        read["quotas"] = [Quota(**each) for each in read["quotas"]]
        return cls(**read)


def slope(x: list[float], y: list[float]) -> float:
    """Slope of the log-log regression of y on x."""
    return statistics.linear_regression(_logs(x), _logs(y)).slope


def _logs(values: list[float]) -> list[float]:
    return [log10(value) for value in values]
