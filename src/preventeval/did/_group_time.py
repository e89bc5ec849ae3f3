"""Group-time average treatment effects of Callaway & Sant'Anna (2021), as array functions.

Reference: Callaway, B. & Sant'Anna, P. H. C. (2021). Difference-in-differences with
multiple time periods. Journal of Econometrics 225, 200–230.
https://doi.org/10.1016/j.jeconom.2020.12.001, equations 2.2 to 2.5 and section 4.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from preventeval.did._adjustment import (
    Adjustment,
    Method,
    Propensity,
    adjust,
    fit_propensity,
    require_rank,
)
from preventeval.did._cells import Cell
from preventeval.did._influence import CellSource, CohortSource, Shares, observed

__all__ = ["GroupTime", "adjusted_effects", "linear_effects", "shares_of"]

Array = NDArray[np.float64]
Index = NDArray[np.int64]


@dataclass(frozen=True, eq=False, slots=True)
class GroupTime:
    """Effects of cohorts in periods.

    Parameters
    ----------
    cells
        The k cells that could be estimated.
    effect
        ATT(g, t) of each, shape (k,).
    source
        Influence of units on the effects and, behind them, on the cohort shares.
    treated, comparison
        Number of treated and of comparison units in each cell, shape (k,).
    largest_propensity
        Largest fitted probability of being treated; NaN without a propensity.
    """

    cells: tuple[Cell, ...]
    effect: Array
    source: CohortSource | CellSource
    treated: Index
    comparison: Index
    largest_propensity: float

    @property
    def cohort(self) -> Index:
        """First treated period of each cell, as a position, shape (k,)."""
        return np.array([cell.cohort for cell in self.cells], dtype=np.int64)

    @property
    def period(self) -> Index:
        """Period of each cell, as a position, shape (k,)."""
        return np.array([cell.period for cell in self.cells], dtype=np.int64)


def shares_of(cohort: Index, cells: list[Cell], weights: Array, clusters: Index) -> Shares:
    """Sort units by their start.

    Parameters
    ----------
    cohort
        First treated position of each unit, shape (n,).
    cells
        The cells to be estimated; the cohorts among them get a share.
    weights
        Sampling weights, shape (n,).
    clusters
        Clusters, numbered from 0, shape (n,).

    Returns
    -------
    Shares
    """
    starts, code = np.unique(cohort, return_inverse=True)
    used = np.unique(np.array([cell.cohort for cell in cells], dtype=np.int64))
    estimated = np.searchsorted(starts, used).astype(np.int64)
    return Shares(starts, code.astype(np.int64), estimated, weights, clusters)


def linear_effects(y: Array, shares: Shares, cells: list[Cell]) -> GroupTime:
    """Estimate cells without covariates from outcomes without gaps.

    Parameters
    ----------
    y
        Outcomes, shape (n, T), none missing.
    shares
        Who the units are.
    cells
        The k cells.

    Returns
    -------
    GroupTime
    """
    n_starts, n_periods = len(shares.starts), y.shape[1]
    counts = np.bincount(shares.code, minlength=n_starts)
    totals = np.bincount(shares.code, shares.weights, minlength=n_starts)
    reference = y.mean(axis=0)
    sums = np.stack(
        [
            np.bincount(shares.code, shares.weights * (y[:, t] - reference[t]), n_starts)
            for t in range(n_periods)
        ]
    )
    with np.errstate(invalid="ignore"):  # a start date whose units all weigh 0 has no mean
        means = (sums / totals).T
    effect = np.zeros(len(cells))
    slopes = np.zeros((n_starts, n_periods + 1, len(cells)))
    for column, cell in enumerate(cells):
        if cell.period == cell.base:
            continue
        own = shares.starts == cell.cohort
        for sign, group in ((1.0, own), (-1.0, cell.comparison)):
            among = np.flatnonzero(group & (totals > 0))
            change = means[among, cell.period] - means[among, cell.base]
            mean = float(totals[among] @ change / totals[among].sum())
            effect[column] += sign * mean
            per_weight = sign / totals[among].sum()
            slopes[among, cell.period, column] = per_weight
            slopes[among, cell.base, column] = -per_weight
            slopes[among, -1, column] = -per_weight * mean
    return GroupTime(
        tuple(cells),
        effect,
        CohortSource(shares, y, reference, slopes),
        treated=np.array([counts[shares.starts == cell.cohort].sum() for cell in cells]),
        comparison=np.array([counts[cell.comparison].sum() for cell in cells]),
        largest_propensity=np.nan,
    )


def adjusted_effects(
    y: Array,
    x: Array,
    shares: Shares,
    cells: list[Cell],
    *,
    method: Method,
    names: tuple[str, ...],
    describe: Callable[[Cell], str],
) -> tuple[GroupTime, list[Cell]]:
    """Estimate cells with covariates, or from outcomes with gaps.

    A cell uses the units whose outcome is known in both of its periods and whose covariates
    are known in the earlier of them.

    Parameters
    ----------
    y
        Outcomes, shape (n, T); NaN where missing.
    x
        Covariates, shape (n, T, p); NaN where missing.
    shares
        Who the units are.
    cells
        The cells.
    method
        ``"regression"``, ``"inverse_probability"`` or ``"doubly_robust"``; the same without
        covariates.
    names
        Names of the covariates, for error messages.
    describe
        Says which cell this is, for error messages.

    Returns
    -------
    estimated : GroupTime
    empty : list of Cell
        Cells in which no treated or no comparison unit is observed in both periods.

    Raises
    ------
    EstimationError
        Covariates that cannot be adjusted for; the message names cell and covariate.
    """
    x = _comparable(x)
    method = method if names else "regression"
    # Where nothing varies over time, one logit serves all periods of a cohort.
    reuse = bool(np.isfinite(y).all() and (x == x[:, :1]).all())
    propensities: dict[tuple[int, bytes], Propensity | None] = {}
    fits: list[Adjustment | None] = []
    counts: list[tuple[int, int]] = []
    kept: list[Cell] = []
    empty: list[Cell] = []
    for cell in cells:
        own = shares.starts == cell.cohort
        units = np.flatnonzero((own | cell.comparison)[shares.code])
        change, design, seen = observed(y, x, cell, units)
        units, change, design = units[seen], change[seen], design[seen]
        treated = own[shares.code[units]]
        n1, n0 = int(treated.sum()), int((~treated).sum())
        if not n1 or (not n0 and cell.period != cell.base):
            empty.append(cell)
            continue
        fit = None
        if cell.period != cell.base:
            key = (cell.cohort, cell.comparison.tobytes())
            fit = _fit_cell(
                change,
                design,
                shares.weights[units],
                treated,
                method=method,
                names=names,
                where=describe(cell),
                known=propensities.get(key) if reuse else None,
            )
            propensities[key] = fit.propensity
        kept.append(cell)
        counts.append((n1, n0))
        fits.append(fit)
    numbers = np.array(counts, dtype=np.int64).reshape(-1, 2)
    estimated = GroupTime(
        tuple(kept),
        np.array([0.0 if fit is None else fit.effect for fit in fits]),
        CellSource(shares, y, x, tuple(kept), tuple(fits)),
        treated=numbers[:, 0],
        comparison=numbers[:, 1],
        largest_propensity=max(
            (fit.propensity.largest for fit in fits if fit and fit.propensity), default=np.nan
        ),
    )
    return estimated, empty


def _fit_cell(
    change: Array,
    design: Array,
    weights: Array,
    treated: NDArray[np.bool_],
    *,
    method: Method,
    names: tuple[str, ...],
    where: str,
    known: Propensity | None,
) -> Adjustment:
    """Adjust one cell, after checking that its covariates allow it."""
    require_rank(design[~treated], names, where=where, who="comparison units")
    propensity = known
    if propensity is None and method != "regression":
        propensity = fit_propensity(design, weights, treated, where=where)
    return adjust(change, design, weights, treated, method=method, propensity=propensity)


def _comparable(x: Array) -> Array:
    """Covariates with mean 0 and standard deviation 1; an intercept makes up for it."""
    if not x.shape[2]:
        return x
    center, spread = np.nanmean(x, axis=(0, 1)), np.nanstd(x, axis=(0, 1))
    return np.asarray((x - center) / np.where(spread > 0, spread, 1.0), dtype=np.float64)
