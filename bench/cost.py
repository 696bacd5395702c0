"""What a million predictions cost on Lambda, from the durations that a run measured."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from bench.results import Quota, Results

SECONDS_PER_MONTH: Final = 730 * 3600


@dataclass(frozen=True)
class Prices:
    """US dollars on one architecture: per GB-second, and per million requests."""

    compute: float
    requests: float
    provisioned: float
    """A GB-second of provisioned concurrency, used or not."""
    provisioned_compute: float
    """A GB-second of running in a provisioned environment."""


PRICES: Final = {
    "x86_64": Prices(0.0000166667, 0.20, 0.0000041667, 0.0000097222),
    "arm64": Prices(0.0000133334, 0.20, 0.0000033334, 0.0000077778),
}
"""us-east-1, first tier, list prices as publicly quoted in 2026."""
GATEWAY: Final = 3.50
"""Per million requests of a REST API, us-east-1, first tier, as publicly quoted in 2026."""
OBSERVABILITY: Final = 1.7 * 0.50 + 0.05 * 5.0
"""A million requests: 1.7 kB of log lines each at $0.50 a GB (the function's line is 0.8 kB, the
gateway's 0.5, Lambda's own three 0.4), and a trace of one in twenty at $5 a million. Metrics are
part of the lines; their own price is by the month (docs/operate.md)."""
COLD_SHARE: Final = 0.01
"""Share of calls that start cold; AWS says that most functions see fewer."""


@dataclass(frozen=True)
class Cost:
    """US dollars per million predictions."""

    memory: int
    architecture: str
    single: float
    """One prediction per request."""
    batch: float
    """A thousand predictions per request."""


def costs(results: Results, prices: dict[str, Prices], cold_share: float) -> list[Cost]:
    """By memory size and architecture.

    cost = calls x ((billed + cold share x first response) x GB x price of a GB-second + request).
    The durations were measured on x86_64; arm64 is priced with the same.
    """
    return [
        Cost(
            quota.memory,
            name,
            _million_calls(quota, quota.single, price, cold_share),
            _million_calls(quota, quota.batch, price, cold_share) / 1000,
        )
        for quota in results.quotas
        for name, price in prices.items()
    ]


def _million_calls(quota: Quota, billed: float, price: Prices, cold_share: float) -> float:
    seconds = 1000 * (billed + cold_share * quota.first)
    return seconds * quota.memory / 1024 * price.compute + price.requests


def break_even(price: Prices) -> float:
    """Share of the time an environment must be busy for provisioned concurrency to be cheaper.

    Provisioned and busy for a share u: provisioned + u x provisioned compute; on demand:
    u x compute. They meet at u = provisioned / (compute - provisioned compute).
    """
    saved = price.compute - price.provisioned_compute
    return price.provisioned / saved if saved > 0 else float("inf")


def explain_break_even(quota: Quota, name: str, price: Prices) -> str:
    """The break-even at one memory size, as a sentence with its arithmetic."""
    share = break_even(price)
    if share > 1:
        return f"{name}: never cheaper than on demand."
    month = quota.memory / 1024 * SECONDS_PER_MONTH * price.provisioned
    percent = f"{100 * share:.0f} %"
    return (
        f"{name}, {quota.memory:,} MB: u = {price.provisioned:.10f} / ({price.compute:.10f} - "
        f"{price.provisioned_compute:.10f}) = {percent}. At {quota.single:.1f} ms per call that is "
        f"{share * 1000 / quota.single:.0f} calls per second in each environment, day and night. "
        f"One provisioned environment costs ${month:.2f} per month before its first call."
    )
