"""Whether two samples of counts come from one distribution, and how far apart they are."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from functions.intervals import Floats

LEAST_EXPECTED: Final = 5.0
"""Rows that a bin should hold in the smaller sample for chi-square's distribution to hold."""


@dataclass(frozen=True)
class SampleComparison:
    """A window's counts beside the reference's."""

    effective_rows: float
    """Independent rows that would tell as much."""
    stability_index: float
    """Population stability index less what chance alone adds to it on average, at least 0.

    Above .1 is usually called a shift, above .25 a large one.
    """
    p_value: float


def compare(reference: Floats, window: Floats, effective_rows: float) -> SampleComparison:
    """Compares counts [bins] of two samples by Pearson's chi-square for two samples.

    `effective_rows` takes the place of the window's number of rows where these depend on one
    another. Bins with few expected rows are put together.
    """
    total, rows = reference.sum(), window.sum()
    if not total or not rows:
        return SampleComparison(0.0, 0.0, 1.0)
    seen = reference + window > 0
    reference, window = reference[seen], window[seen]
    pooled = (reference + window / rows * effective_rows) / (total + effective_rows)
    rare = pooled * min(total, effective_rows) < LEAST_EXPECTED
    p, q, pooled = (_merged(shares, rare) for shares in (window / rows, reference / total, pooled))
    freedom = len(p) - 1
    scale = 1 / total + 1 / effective_rows
    statistic = float(((p - q) ** 2 / pooled).sum() / scale) if freedom else 0.0
    return SampleComparison(
        effective_rows,
        max(stability_index(q * total, p * effective_rows) - freedom * scale, 0.0),
        chi_square_tail(statistic, freedom),
    )


def stability_index(reference: Floats, window: Floats) -> float:
    """Population stability index of two samples of counts, half a row added to each bin."""
    p = (window + 0.5) / (window + 0.5).sum()
    q = (reference + 0.5) / (reference + 0.5).sum()
    return float(((p - q) * np.log(p / q)).sum())


def effective_rows(counts: Floats, squares: Floats, products: Floats, rows_squared: float) -> float:
    """How many independent rows tell as much as the rows of requests whose rows are alike.

    Of `counts` n_k = sum over requests of n_rk: `squares` are the sums of n_rk^2, `products`
    those of n_rk n_r, `rows_squared` that of n_r^2. The design effect is the mean one of Rao
    and Scott (1981), from the variance between requests; it is never taken to be below 1.
    """
    rows = counts.sum()
    seen = counts > 0
    if seen.sum() < 2:
        # All alike: whether the rows of a request depend on one another cannot be seen.
        return float(rows**2 / rows_squared) if rows else 0.0
    share = counts[seen] / rows
    between = squares[seen] - 2 * share * products[seen] + share**2 * rows_squared
    effect = float((between / (rows * share)).sum() / (seen.sum() - 1))
    return float(rows / max(effect, 1.0))


def chi_square_tail(statistic: float, freedom: int) -> float:
    """P(X > statistic) of chi-square with a whole number of degrees of freedom.

    By the finite sums of Abramowitz and Stegun, 26.4.4 and 26.4.5.
    """
    half = statistic / 2
    if freedom < 1 or half <= 0:
        return 1.0
    if freedom % 2:
        tail, power, terms = math.erfc(math.sqrt(half)), 0.5, (freedom - 1) // 2
    else:
        tail, power, terms = math.exp(-half), 1.0, freedom // 2 - 1
    for _ in range(terms):
        tail += math.exp(power * math.log(half) - half - math.lgamma(power + 1))
        power += 1
    return min(tail, 1.0)


def student_tail(statistic: float, freedom: int) -> float:
    """P(|T| > statistic) of Student's t, by the normal approximation of Wallace (1959).

    From four degrees of freedom on it is at most a third too high, and less within ten.
    """
    scale = (8 * freedom + 1) / (8 * freedom + 3)
    normal = scale * math.sqrt(freedom * math.log1p(statistic**2 / freedom))
    return math.erfc(normal / math.sqrt(2))


def _merged(shares: Floats, rare: np.typing.NDArray[np.bool_]) -> Floats:
    """The shares with those of rare bins put together into one."""
    kept = shares[~rare]
    merged: Floats = np.append(kept, shares[rare].sum()) if rare.any() else kept
    return merged
