"""The targets, as ratios within one run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from bench.results import SIZES, Results, slope


@dataclass(frozen=True)
class Target:
    """A claim about a run: its limit, and how the figure is computed."""

    claim: str
    limit: float
    value: Callable[[Results], float]
    """Raises KeyError where the run did not measure it."""
    at_least: bool = False

    def rule(self) -> str:
        """The limit as text."""
        shown = f"{self.limit:,.0f}" if self.limit >= 1000 else f"{self.limit:g}"
        return f"{'≥' if self.at_least else '≤'} {shown}"

    def met(self, value: float) -> bool:
        """Whether a figure is within the limit."""
        return value >= self.limit if self.at_least else value <= self.limit


def _over(figure: str, peer: str) -> Callable[[Results], float]:
    return lambda results: results.median(figure) / results.median(figure, peer)


def _row(results: Results, size: int, peer: str = "ours") -> float:
    return results.median(f"batch_{size}", peer) / size


def _growth(results: Results) -> float:
    steps = pairwise(SIZES)
    return max(_row(results, larger) / _row(results, smaller) for smaller, larger in steps)


def _training_slope(results: Results) -> float:
    if len(results.training) < 3:
        raise KeyError("training")
    return slope(
        [float(each.rows) for each in results.training],
        [each.seconds for each in results.training],
    )


def _largest_training(results: Results) -> float:
    if len(results.training) < 3:
        raise KeyError("training")
    return max(each.megabytes for each in results.training) / 1000


def _batch_rate(results: Results) -> float:
    if not results.batch:
        raise KeyError("batch")
    return max(each.rows / each.seconds for each in results.batch)


def _batch_memory(results: Results) -> float:
    if len(results.batch) < 3:
        raise KeyError("batch")
    return results.batch[-1].megabytes / results.batch[0].megabytes


TARGETS: Final = (
    Target("Cold start under the emulator, ratio to naive", 0.23, _over("cold_warm", "naive")),
    Target("Cold start under the emulator, ratio to floor", 1.05, _over("cold_warm", "floor")),
    Target("Warm call, p50, ratio to naive", 0.045, _over("p50", "naive")),
    Target("Warm call, p50, ratio to floor", 2.5, _over("p50", "floor")),
    Target("Warm call, p99 to p50", 3.0, lambda r: r.median("p99") / r.median("p50")),
    Target(
        "Speed-up per row, batch of 1,000 vs single naive calls",
        100,
        lambda r: r.median("p50", "naive") / _row(r, 1000),
        at_least=True,
    ),
    Target(
        "Batch of 1,000 with intervals, ratio to naive's vectorised batch without",
        1.5,
        lambda r: r.median("batch_1000") / r.median("batch_1000", "naive"),
    ),
    Target("Time per row, ratio to a batch ten times smaller, 1 to 1,000", 1.0, _growth),
    Target("Resident memory after warm calls, ratio to naive", 0.45, _over("memory", "naive")),
    Target("Image above its base, ratio to naive", 0.5, _over("image", "naive")),
    Target(
        "Requests per second on one uvicorn worker, ratio to naive",
        12,
        _over("http", "naive"),
        at_least=True,
    ),
    Target(
        "Growth of `make train` with rows, 1 to 100 times (log-log slope)", 1.1, _training_slope
    ),
    Target("Peak memory of `make train`, GB", 8.0, _largest_training),
    Target(
        "Rows of a CSV scored per second and vCPU, both intervals included",
        100_000,
        _batch_rate,
        at_least=True,
    ),
    Target("Memory of scoring the largest CSV, ratio to the smallest", 1.1, _batch_memory),
)
