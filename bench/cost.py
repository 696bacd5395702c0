"""What a million predictions cost on Lambda, from the durations that a run measured."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from bench.results import Quota, Results

SECONDS_A_MONTH: Final = 730 * 3600


@dataclass(frozen=True)
class Prices:
    """US dollars of one architecture: a GB-second, a million requests."""

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
"""A million requests of a REST API, us-east-1, first tier, as publicly quoted in 2026."""
COLD_SHARE: Final = 0.01
"""Calls that start cold; AWS says that most functions see fewer."""


@dataclass(frozen=True)
class Cost:
    """US dollars of a million predictions."""

    memory: int
    architecture: str
    single: float
    """Asked one by one."""
    batch: float
    """Asked a thousand at a time."""


def costs(results: Results, prices: dict[str, Prices], cold_share: float) -> list[Cost]:
    """By memory size and architecture.

    cost = calls x ((billed + cold share x first answer) x GB x price of a GB-second + request).
    The durations are those of x86_64: no other machine was measured.
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
    """Share of the time that an environment must be busy for provisioning it to be cheaper.

    Provisioned and busy for a share u: provisioned + u x provisioned compute; on demand:
    u x compute. They meet at u = provisioned / (compute - provisioned compute).
    """
    saved = price.compute - price.provisioned_compute
    return price.provisioned / saved if saved > 0 else float("inf")


def worked(quota: Quota, name: str, price: Prices) -> str:
    """The break-even of one memory size, in numbers."""
    share = break_even(price)
    if share > 1:
        return f"{name}: it is never cheaper than running on demand."
    month = quota.memory / 1024 * SECONDS_A_MONTH * price.provisioned
    percent = f"{100 * share:.0f} %"
    return (
        f"{name}, {quota.memory:,} MB: u = {price.provisioned:.10f} / ({price.compute:.10f} - "
        f"{price.provisioned_compute:.10f}) = {percent}. At {quota.single:.1f} ms a call that is "
        f"{share * 1000 / quota.single:.0f} calls a second in each environment, day and night. "
        f"One environment kept warm costs ${month:.2f} a month before its first call."
    )
