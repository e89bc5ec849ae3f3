"""Group-time average treatment effects of Callaway & Sant'Anna (2021), as array functions.

Reference: Callaway, B. & Sant'Anna, P. H. C. (2021). Difference-in-differences with
multiple time periods. Journal of Econometrics 225, 200–230.
https://doi.org/10.1016/j.jeconom.2020.12.001, equations 2.2 to 2.5 and section 4.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from preventeval.did._cell_data import CellData
from preventeval.did._cells import Cell
from preventeval.did._influence import BlockSource, LinearSource, linear_features
from preventeval.did._propensity import AdjustmentError
from preventeval.did._sources import per_chunk

__all__ = ["GroupTime", "linear_effects", "sort_starts"]

Array = NDArray[np.float64]
Index = NDArray[np.int64]
Mask = NDArray[np.bool_]
#: Units whose mean outcome is taken off all: any number near them would do.
_ENOUGH = 1000


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
        Number of treated and of comparison units in each cell (of rows, the fewer of those in
        its two periods), shape (k,).
    rows
        Number of rows (units in a period) that each cell uses, shape (k,).
    empty
        Cells without a treated or a comparison unit (or row) where one is needed.
    failed
        Cells that could not be adjusted for covariates, and why.
    largest_propensity
        Largest fitted probability of being treated; NaN without a propensity.
    """

    cells: tuple[Cell, ...]
    effect: Array
    source: LinearSource | BlockSource
    treated: Index
    comparison: Index
    rows: Index
    empty: tuple[Cell, ...]
    failed: tuple[tuple[list[Cell], AdjustmentError], ...]
    largest_propensity: float

    @property
    def cohort(self) -> Index:
        """First treated period of each cell, as a position, shape (k,)."""
        return np.array([cell.cohort for cell in self.cells], dtype=np.int64)

    @property
    def period(self) -> Index:
        """Period of each cell, as a position, shape (k,)."""
        return np.array([cell.period for cell in self.cells], dtype=np.int64)


def sort_starts(cohort: Index, horizon: int) -> tuple[Index, Index]:
    """Number the start dates that occur.

    Parameters
    ----------
    cohort
        First treated position of each unit, shape (n,).
    horizon
        Starts from this position on are all the same: never, as far as can be seen.

    Returns
    -------
    starts : ndarray of int64, shape (c,)
        Distinct start positions, in order.
    code : ndarray of int64, shape (n,)
        Which of them each unit has.
    """
    position = np.minimum(cohort, horizon)
    starts = np.flatnonzero(np.bincount(position))
    return starts, (np.cumsum(np.bincount(starts)) - 1)[position]


def linear_effects(data: CellData, cells: list[Cell]) -> GroupTime:
    """Estimate cells without covariates that use all rows of their periods.

    Parameters
    ----------
    data
        Outcomes, without covariates, and units.
    cells
        The cells.

    Returns
    -------
    GroupTime
    """
    shares, n_periods = data.shares, data.y.shape[1]
    some = data.y[:_ENOUGH]
    known = np.isfinite(some)
    typical = some[known].mean() if known.any() else 0.0
    reference = np.where(known, some - typical, 0).sum(axis=0) / np.maximum(known.sum(axis=0), 1) + typical
    grams = np.stack([_gram_of(data, members, reference) for members in shares.members])
    # The last feature is 1: its products are sums over the units of a start date, shape (c, T).
    sums = grams[:, -1, :n_periods]
    totals = grams[:, -1, n_periods:-2] if not data.complete else np.repeat(grams[:, -1, -2:-1], n_periods, 1)
    wanted = np.array([(cell.cohort, cell.period, cell.base) for cell in cells]).T
    corners = _corners(shares.starts[:, None] == wanted[0], np.array([c.comparison for c in cells]).T, wanted)
    rows = np.array([(group * data.counts[:, period]).sum(axis=0) for _, group, period in corners])
    by_definition = wanted[1] == wanted[2]
    kept = (rows[:2] > 0).all(axis=0) & ((rows[2:] > 0).all(axis=0) | by_definition)
    place = np.cumsum(kept) - 1
    live = np.flatnonzero(kept & ~by_definition)
    k = int(kept.sum())
    effect, maps = np.zeros(k), np.zeros((len(grams), grams.shape[1], k + len(shares.estimated)))
    maps[:, -2:, k:] = [shares.map_of(start) for start in range(len(grams))]
    for sign, of_all, in_all in corners:
        group, period, columns = of_all[:, live], in_all[live], place[live]
        weight = (group * totals[:, period]).sum(axis=0)
        mean = (group * sums[:, period]).sum(axis=0) / weight
        effect[columns] += sign * mean
        slope = sign * group / weight
        maps[:, period, columns] += slope
        maps[:, -2 if data.complete else n_periods + period, columns] -= slope * mean
    return GroupTime(
        tuple(cell for cell, keep in zip(cells, kept, strict=True) if keep),
        effect,
        LinearSource(data, k, reference, grams, maps),
        treated=rows[:2].min(axis=0)[kept],
        comparison=rows[2:].min(axis=0)[kept],
        rows=rows.sum(axis=0)[kept],
        empty=tuple(cell for cell, keep in zip(cells, kept, strict=True) if not keep),
        failed=(),
        largest_propensity=np.nan,
    )


def _corners(own: Mask, others: Mask, wanted: Index) -> tuple[tuple[float, Mask, Index], ...]:
    """The four means of each difference in differences: sign, start dates (c, k) and period (k,)."""
    _, later, earlier = wanted
    return (1.0, own, later), (-1.0, own, earlier), (-1.0, others, later), (1.0, others, earlier)


def _gram_of(data: CellData, members: Index, reference: Array) -> Array:
    """Products of the features of some units, shape (f, f)."""
    width = (1 if data.complete else 2) * data.y.shape[1] + 2
    gram, step = np.zeros((width, width)), per_chunk(width)
    for begin in range(0, len(members), step):
        features = linear_features(data, members[begin : begin + step], reference)
        gram += features @ features.T
    return gram
