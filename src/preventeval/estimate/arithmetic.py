"""Averages and sums of effects, as pure array functions.

Shapes: k effects, m groups, s sizes (cohort shares) behind the effects.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

__all__ = ["averted", "cell_sums", "group_averages"]

Array = NDArray[np.float64]
Indices = NDArray[np.int64]


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
    total = (member * size).sum(axis=1, keepdims=True)
    weights = member * size / total
    average = weights @ known
    distance = np.where(member, known - average[:, None], 0.0) / total
    in_sizes = [(distance * (size_of == column)).sum(axis=1) for column in range(n_estimated)]
    return average, weights, np.column_stack([weights, *in_sizes])


def averted(observed: Array, at_risk: Array, *, log: bool) -> Callable[[Array], Array]:
    """How many incidents each cell's effect took away.

    Parameters
    ----------
    observed
        Incidents seen in each cell, shape (k,): what a logarithmic effect is a share of.
    at_risk
        Exposure (for rates) or number of units (for counts) in each cell, shape (k,).
    log
        Whether effects are differences of logarithms.

    Returns
    -------
    callable
        Takes effects of shape (..., k) to incidents averted of the same shape.
    """
    if log:
        return lambda effect: observed * np.expm1(-effect)
    return lambda effect: -at_risk * effect


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
