"""Averages and sums of effects, as pure array functions.

Shapes: k effects, m groups, s sizes (cohort shares) behind the effects.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "Acting",
    "averted",
    "averted_slopes",
    "cell_sums",
    "group_averages",
    "total_ratio",
    "total_ratio_slopes",
]

Array = NDArray[np.float64]
Indices = NDArray[np.int64]
Acting = Literal["expected", "observed", "at_risk"]


def group_averages(
    effect: Array, groups: Indices, n_groups: int, sizes: Array, size_of: Indices, n_estimated: int
) -> tuple[Array, Array, Array]:
    """Average effects within groups, weighed by size.

    With sizes s, the average of a group is sum(s a) / sum(s). Its derivative in the sizes,
    (a - average) / sum(s), carries the sampling error of estimated cohort shares.

    Parameters
    ----------
    effect
        Shape (k,); NaN where there is no estimate, which then takes no part.
    groups
        Group of each effect, shape (k,); -1 for none.
    n_groups
        Number of groups, m.
    sizes, size_of
        Sizes, shape (s,), and which belongs to each effect, shape (k,); both empty where all
        effects weigh the same.
    n_estimated
        How many of the sizes are estimated: s, or 0 where they are known.

    Returns
    -------
    average : ndarray, shape (m,)
    weights : ndarray, shape (m, k)
    jacobian : ndarray, shape (m, k + n_estimated)
        Derivative of the averages in the effects and in the sizes.
    """
    known = np.nan_to_num(effect)
    size = sizes[size_of] if sizes.size else np.ones(len(effect))
    member = (groups == np.arange(n_groups)[:, None]) & np.isfinite(effect)
    weights = member * size
    total = weights.sum(axis=1, keepdims=True)
    weights /= total
    average = weights @ known
    if not n_estimated:
        return average, weights, weights
    distance = np.where(member, known - average[:, None], 0.0) / total
    in_sizes = distance @ (size_of[:, None] == np.arange(n_estimated))
    return average, weights, np.hstack([weights, in_sizes])


def averted(effect: Array, base: Array, acting: Acting) -> Array:
    """How many incidents effects took away.

    Parameters
    ----------
    effect
        Shape (..., k).
    base
        What effects act on, shape (..., k).
    acting
        What that is. ``"expected"``: incidents expected without the programme, of which the
        exponential of an effect is left (none, where an effect is minus infinity).
        ``"observed"``: incidents with it. ``"at_risk"``: exposure (for rates) or units (for
        counts), with effects that are differences.

    Returns
    -------
    ndarray, shape (..., k)
    """
    if acting == "expected":
        return -base * np.expm1(effect)
    return base * np.expm1(-effect) if acting == "observed" else -base * effect


def averted_slopes(effect: Array, base: Array, acting: Acting) -> tuple[Array, Array]:
    """Derivatives of :func:`averted` in the effects and in the base.

    Parameters
    ----------
    effect, base, acting
        As there; shape (k,).

    Returns
    -------
    in_effect, in_base : ndarray, each of shape (k,)
    """
    if acting == "expected":
        return -base * np.exp(effect), -np.expm1(effect)
    if acting == "observed":
        return -base * np.exp(-effect), np.expm1(-effect)
    return -base, -effect


def total_ratio(effect: Array, base: Array, acting: Acting, member: Array) -> Array:
    """Logarithm of all incidents over all that were expected, group by group.

    Parameters
    ----------
    effect
        Logarithms of rate ratios, shape (..., k).
    base, acting
        As for :func:`averted`, ``"expected"`` or ``"observed"``; shape (k,) or (..., k).
    member
        Which effects each group takes, shape (m, k).

    Returns
    -------
    ndarray, shape (..., m)
        Minus infinity where nothing was counted in a whole group.
    """
    if acting == "expected":
        with np.errstate(divide="ignore"):
            return np.asarray(np.log((base * np.exp(effect)) @ member.T) - np.log(base @ member.T))
    return np.asarray(np.log(base @ member.T) - np.log((base * np.exp(-effect)) @ member.T))


def total_ratio_slopes(effect: Array, base: Array, acting: Acting, member: Array) -> tuple[Array, Array]:
    """Derivatives of :func:`total_ratio` in the effects and in the base.

    Parameters
    ----------
    effect, base, acting, member
        As there; shapes (k,), (k,), one of two, and (m, k).

    Returns
    -------
    in_effect, in_base : ndarray, each of shape (m, k)
        0 where nothing was counted in a whole group.
    """
    sign = 1.0 if acting == "expected" else -1.0
    other = base * np.exp(sign * effect)
    whole = (member @ other)[:, None]
    share = np.divide(member, whole, out=np.zeros_like(member), where=whole > 0)
    in_base = share * np.exp(sign * effect) - member / (member @ base)[:, None]
    return share * other, sign * np.where(whole > 0, in_base, 0.0)


def cell_sums(grid: Array, cohort: Indices, of_cohort: Indices, period: Indices) -> Array:
    """Sum over the units of a cohort in a period, for many cells.

    Parameters
    ----------
    grid
        Shape (units, periods); NaN counts as nothing.
    cohort
        Cohort of each unit, shape (units,).
    of_cohort, period
        Cohort and period of each cell, shape (k,).

    Returns
    -------
    ndarray, shape (k,)
    """
    starts, row = np.unique(of_cohort, return_inverse=True)
    sums = np.stack([np.nansum(grid[cohort == start], axis=0) for start in starts])
    return np.asarray(sums[row, period])
