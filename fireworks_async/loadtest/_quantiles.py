"""Quantiles with their uncertainty, free of any assumption about the distribution."""

import math
from typing import Any, Literal, TypeAlias, cast

import numpy as np
import numpy.typing as npt

__all__ = (
    "Floats",
    "cuts",
    "mean_interval",
    "order_interval",
    "places",
    "quantiles",
    "woodruff_interval",
)

Floats: TypeAlias = npt.NDArray[np.float64]

# For functions whose types are too much for the type checkers.
_numpy = cast("Any", np)

_Z = 1.959963984540054
# Two-sided 95 % points of Student's t for 1 to 30 degrees of freedom.
_T = (
    *(12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228),
    *(2.201, 2.179, 2.160, 2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086),
    *(2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042),
)


def cuts(start: float, end: float, count: int) -> Floats:
    """The edges of so many slices of equal length."""
    edges: Floats = _numpy.linspace(start, end, count + 1)
    return edges


def places(
    values: Floats, sought: Floats, side: Literal["left", "right"]
) -> npt.NDArray[np.int64]:
    """Where each of the sought would be put among sorted values."""
    found: npt.NDArray[np.int64] = _numpy.searchsorted(values, sought, side=side)
    return found


def quantiles(values: Floats, weights: Floats | None, shares: list[float]) -> Floats:
    """Quantiles of a sample whose values may count more than once.

    Args:
        values: Sorted.
        weights: How often each counts; None: once each.
        shares: Between 0 and 1.
    """
    if weights is None:
        return np.asarray(np.quantile(values, shares), dtype=np.float64)
    passed = np.cumsum(weights)
    at = places(passed, np.asarray(shares) * passed[-1], "left")
    found: Floats = values[np.minimum(at, len(values) - 1)]
    return found


def order_interval(values: Floats, share: float) -> tuple[float, float] | None:
    """A 95 % interval of a quantile, from order statistics of independent values.

    Args:
        values: Sorted.
        share: Between 0 and 1.

    Returns:
        None when the sample is too small to have one: when even its extremes lie on
        one side of the quantile with more than 2.5 % chance.
    """
    count = len(values)
    if count == 0:
        return None
    # How many values lie below the quantile is binomial, whatever their distribution.
    low = _binomial_quantile(count, share, 0.025)
    high = _binomial_quantile(count, share, 0.975) + 1
    if low < 1 or high > count:
        return None
    return float(values[low - 1]), float(values[high - 1])


def woodruff_interval(
    values: Floats, weights: Floats, groups: npt.NDArray[np.int64], share: float
) -> tuple[float, float] | None:
    """A 95 % interval of a quantile of values that come in groups.

    Gaps of one stream resemble each other, so they are not so many independent values:
    the error of the share below the quantile is taken from the groups, then turned into
    values (Woodruff's method).

    Args:
        values: Sorted.
        weights: How often each counts.
        groups: The group of each, from 0.
        share: Between 0 and 1.

    Returns:
        None when there are fewer than 5 groups, or too few values beyond the quantile.
    """
    count = int(groups.max(initial=-1)) + 1
    total = float(weights.sum())
    if count < 5 or total <= 0:
        return None
    point = quantiles(values, weights, [share])[0]
    if point in (values[0], values[-1]):
        return None
    # At an atom the share below is not `share` itself; what varies is around its own.
    is_below = values <= point
    actual = float((weights * is_below).sum()) / total
    sums = np.bincount(groups, weights * (is_below - actual), minlength=count)
    deviation = math.sqrt(float((sums**2).sum()) * count / (count - 1)) / total
    low, high = share - _Z * deviation, share + _Z * deviation
    if low <= 0 or high >= 1:
        return None
    below, above = quantiles(values, weights, [low, high])
    return float(below), float(above)


def mean_interval(values: Floats) -> tuple[float, float] | None:
    """A 95 % interval of the mean of independent values; None of fewer than 3."""
    count = len(values)
    if count < 3:
        return None
    factor = _T[count - 2] if count - 2 < len(_T) else _Z
    spread = factor * float(values.std(ddof=1)) / math.sqrt(count)
    middle = float(values.mean())
    low = middle - spread
    # What cannot be less than nothing is not said to be.
    return (low if values.min() < 0 else max(0.0, low)), middle + spread


def _binomial_quantile(count: int, share: float, chance: float) -> int:
    """The smallest number of successes that is exceeded with less than 1 - chance."""
    if count > 2_000:
        middle, spread = count * share, math.sqrt(count * share * (1 - share))
        return math.floor(middle + (_Z if chance > 0.5 else -_Z) * spread)
    ways = np.arange(count + 1)
    logs = np.array([math.lgamma(each + 1) for each in range(count + 1)])
    log_chances = logs[-1] - logs - logs[::-1]
    log_chances += ways * math.log(share) + (count - ways) * math.log1p(-share)
    return int(np.searchsorted(np.cumsum(np.exp(log_chances)), chance))
