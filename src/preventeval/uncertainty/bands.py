"""Critical values of the largest of several |t| statistics, as pure array functions.

Shapes: k statistics, r the rank of their correlation, c clusters.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from preventeval.errors import EstimationError

__all__ = ["Multipliers", "bootstrap_critical_value", "critical_value", "directions", "exceedance"]

Array = NDArray[np.float64]
Multipliers = Literal["gaussian", "rademacher", "mammen", "webb"]
#: Directions behind a critical value: at 95 % its Monte Carlo standard error is about 0.01 for 16
#: effects and 0.015 for 45, less the more they are correlated, and none for one.
DIRECTIONS = 5_000
#: Draws of a multiplier bootstrap: at 95 % the standard error of the critical value is about 0.04.
BOOTSTRAP_DRAWS = 1_999
#: How many multipliers are held at a time (8 MB).
_HELD = 2_000_000
#: Means of neighbouring directions that stand for all of them where the length is integrated out.
_NODES = 64


def directions(correlation: Array, draws: int, seed: int) -> tuple[NDArray[np.float32], int]:
    """Where on the unit sphere normal vectors with this correlation point.

    A normal vector is its length times a direction. The distribution of the length is known,
    so only directions need to be drawn; with a single effect, or perfectly correlated ones,
    nothing is left to chance.

    Parameters
    ----------
    correlation
        Shape (k, k); may be singular.
    draws
        Number of directions.
    seed
        Of the random numbers.

    Returns
    -------
    projections : ndarray, shape (k, draws)
        Absolute value of each statistic per unit of length.
    rank : int
        r; the squared length follows a chi-squared distribution with r degrees of freedom.
    """
    values, vectors = np.linalg.eigh(correlation)
    kept = values > 1e-10 * values[-1]
    root = (vectors[:, kept] * np.sqrt(values[kept])).astype(np.float32)
    normal = np.random.default_rng(seed).standard_normal((root.shape[1], draws), dtype=np.float32)
    projections = root @ normal
    np.abs(projections, out=projections)
    projections /= np.sqrt(np.einsum("rd,rd->d", normal, normal))
    return projections, root.shape[1]


def exceedance(threshold: Array | float, projection: Array, rank: int, df: float | None = None) -> Array:
    """Probability that a statistic exceeds a threshold, given the direction.

    Parameters
    ----------
    threshold
        Broadcasts against the projections.
    projection
        Absolute statistic per unit of length.
    rank
        Rank of the correlation, r.
    df
        Degrees of freedom of a common t denominator; None for normal statistics.
    """
    from scipy import special

    length = np.square(threshold / projection)
    if df is None:
        return np.asarray(special.gammaincc(rank / 2, length / 2), dtype=np.float64)
    return np.asarray(special.fdtrc(rank, df, length / rank), dtype=np.float64)


def critical_value(
    correlation: Array,
    level: float,
    pointwise: Callable[[float], float],
    *,
    df: float | None,
    draws: int | None,
    seed: int,
) -> float:
    """Quantile of the largest |t| of jointly normal (or t) statistics.

    Gaussian multipliers on influence values are normal draws with their covariance, so this
    is the multiplier bootstrap with Gaussian multipliers in the limit of many draws.

    Parameters
    ----------
    correlation
        Shape (k, k).
    level
        Probability that no statistic exceeds the value.
    pointwise
        Quantile function of a single statistic.
    df
        Degrees of freedom of the t distribution; None for normal.
    draws
        Number of directions; None for 5,000.
    seed
        Of the random numbers.

    References
    ----------
    Montiel Olea, J. L. & Plagborg-Møller, M. (2019). Simultaneous confidence bands. Journal of
    Applied Econometrics 34, 1-17, algorithm 1. https://doi.org/10.1002/jae.2656
    """
    projections, rank = directions(correlation, DIRECTIONS if draws is None else draws, seed)
    largest = np.sort(projections.max(axis=0)).astype(np.float64)
    if len(largest) > _NODES:
        edges = np.linspace(0, len(largest), _NODES + 1).astype(np.int64)
        largest = np.add.reduceat(largest, edges[:-1]) / np.diff(edges)
    # No less than for one statistic, no more than by Bonferroni.
    low, high = pointwise(0.5 + level / 2), pointwise(1 - (1 - level) / (2 * len(correlation)))

    def covered(tried: Array) -> Array:
        return np.asarray(1 - exceedance(tried[:, None], largest, rank, df).mean(axis=1))

    tried = np.geomspace(low, high, 5)
    for _ in range(2):
        above = int(np.clip(np.searchsorted(covered(tried), level), 1, 4))
        tried = np.geomspace(tried[above - 1], tried[above], 5)
    return float(np.interp(level, covered(tried), tried))


def bootstrap_critical_value(
    rows: Callable[[int, int], Array],
    clusters: int,
    std_errors: Array,
    level: float,
    *,
    multipliers: Multipliers,
    df: float | None,
    draws: int | None,
    seed: int,
) -> float:
    """Quantile of the largest |t| over a multiplier bootstrap.

    Each draw multiplies the influence values of every cluster by a random number of mean 0
    and variance 1 and adds them up. Multipliers are made for some clusters at a time.

    Parameters
    ----------
    rows
        Influence values of clusters ``start`` to ``stop``, shape (stop - start, k).
    clusters
        Number of clusters, c.
    std_errors
        Shape (k,); effects whose standard error is NaN take no part.
    level
        Probability that no statistic exceeds the value.
    multipliers
        ``"rademacher"`` (-1 or 1), ``"mammen"`` (two points with third moment 1) or ``"webb"``
        (six points, for few clusters).
    df
        Degrees of freedom of the t distribution that intervals refer to; None for normal.
    draws
        Number of draws; None for 1,999.
    seed
        Of the random numbers.

    References
    ----------
    Mammen, E. (1993). Bootstrap and wild bootstrap for high dimensional linear models. Annals of
    Statistics 21, 255-285. https://doi.org/10.1214/aos/1176349025
    Webb, M. D. (2023). Reworking wild bootstrap-based inference for clustered errors. Canadian
    Journal of Economics 56, 839-858. https://doi.org/10.1111/caje.12661
    """
    if multipliers not in get_args(Multipliers):
        choices = ", ".join(repr(choice) for choice in get_args(Multipliers))
        raise EstimationError(f"multipliers={multipliers!r} is not known: choose one of {choices}")
    draws = BOOTSTRAP_DRAWS if draws is None else draws
    rng = np.random.default_rng(seed)
    known = np.isfinite(std_errors)
    totals = np.zeros((draws, int(known.sum())))
    step = max(8, _HELD // draws // 8 * 8)
    held = np.empty(draws * min(step, clusters), dtype=np.float32)
    for start in range(0, clusters, step):
        stop = min(start + step, clusters)
        values = (rows(start, stop)[:, known] / std_errors[known]).astype(np.float32)
        drawn = held[: draws * len(values)].reshape(draws, len(values))
        shift, factor = _fill(drawn, multipliers, rng)
        totals += factor * (drawn @ values) + shift * values.sum(axis=0)
    largest = np.abs(totals).max(axis=1)
    if df is not None:
        largest /= np.sqrt(rng.chisquare(df, draws) / df)
    return float(np.quantile(largest, level))


def _fill(
    held: NDArray[np.float32], multipliers: Multipliers, rng: np.random.Generator
) -> tuple[float, float]:
    """Fill an array, shape (draws, clusters), with what makes multipliers once shifted and scaled."""
    draws, clusters = held.shape
    if multipliers == "webb":
        points = np.sqrt(np.array([1.5, 1.0, 0.5, 0.5, 1.0, 1.5], dtype=np.float32))
        points[:3] *= -1
        np.take(points, rng.integers(0, 6, held.shape, dtype=np.uint8), out=held, mode="clip")
        return 0.0, 1.0
    if multipliers == "rademacher":
        low, high = -1.0, 1.0
        packed = rng.integers(0, 256, (draws, -(-clusters // 8)), dtype=np.uint8)
        np.copyto(held, np.unpackbits(packed, axis=1, count=clusters))
    else:
        low, high = (1 - 5**0.5) / 2, (1 + 5**0.5) / 2
        np.copyto(held, rng.random(held.shape, dtype=np.float32) < -low / (high - low))
    return low, high - low
