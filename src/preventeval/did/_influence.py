"""Influence functions of group-time effects, made on demand.

Two sources answer the same questions. Without covariates and missing values every effect
is linear in the outcomes, and T × T Gram matrices of each cohort hold its whole covariance.
Otherwise the values are made from a few numbers per cell, some units at a time. Nothing of
size units × cells is held in either.

Behind the k effects both carry the shares of the cohorts, so that averages that weigh with
them are charged for having estimated them.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from preventeval.did._adjustment import Adjustment
from preventeval.did._cells import Cell
from preventeval.did._sources import ClusterSums

__all__ = ["CellSource", "CohortSource", "Shares"]

Array = NDArray[np.float64]
Index = NDArray[np.int64]


@dataclass(frozen=True, eq=False, slots=True)
class Shares:
    """Who the units are: their start dates, weights and clusters.

    Parameters
    ----------
    starts
        Distinct start positions, in order, shape (c,).
    code
        Which of them each unit has, shape (n,).
    estimated
        Which of them have effects, as codes, shape (G,).
    weights
        Sampling weight of each unit, mean 1, shape (n,).
    clusters
        Cluster of each unit, numbered from 0, shape (n,).
    """

    starts: Index
    code: Index
    estimated: Index
    weights: Array
    clusters: Index

    @property
    def sizes(self) -> Array:
        """Share of all units (weighted) that each estimated cohort makes up, shape (G,)."""
        totals = np.bincount(self.code, self.weights, minlength=len(self.starts))
        return np.asarray(totals[self.estimated] / len(self.code), dtype=np.float64)

    def influence(self, units: Index) -> Array:
        """Influence of units on the shares, shape (len(units), G)."""
        member = self.code[units][:, None] == self.estimated
        centred = self.weights[units][:, None] * member - self.sizes
        return np.asarray(centred / len(self.code), dtype=np.float64)


@dataclass(frozen=True, eq=False)
class _Source(ClusterSums):
    """Influence values of units with the shares of the cohorts behind them."""

    shares: Shares

    @property
    def unit_clusters(self) -> Index:
        return self.shares.clusters


@dataclass(frozen=True, eq=False)
class CohortSource(_Source):
    """Effects that are linear in complete outcomes.

    Parameters
    ----------
    y
        Outcomes, shape (n, T), none missing.
    reference
        Taken off the outcomes of each period before use, for accuracy, shape (T,).
    slopes
        Influence per unit of weight of (y − reference, 1), by start date,
        shape (c, T + 1, k).
    """

    y: Array
    reference: Array
    slopes: Array

    @property
    def size(self) -> int:
        return int(self.slopes.shape[2]) + len(self.shares.estimated)

    def of_units(self, units: Index) -> Array:
        features = self._features(units)[:, :-1]
        effects = np.empty((len(units), self.slopes.shape[2]))
        code = self.shares.code[units]
        for start in np.unique(code):
            effects[code == start] = features[code == start] @ self.slopes[start]
        return np.hstack([effects, self.shares.influence(units)])

    @cached_property
    def cov(self) -> Array:
        if self.clusters < len(self.unit_clusters):
            return super().cov
        total = np.zeros((self.size, self.size))
        for start in range(len(self.shares.starts)):
            features = self._features(np.flatnonzero(self.shares.code == start))
            root = self._map(start)
            total += root.T @ (features.T @ features) @ root
        return total

    def _features(self, units: Index) -> Array:
        """Columns w (y − reference), w and 1, shape (len(units), T + 2)."""
        weights = self.shares.weights[units]
        features = np.empty((len(units), self.y.shape[1] + 2))
        np.subtract(self.y[units], self.reference, out=features[:, :-2])
        features[:, :-2] *= weights[:, None]
        features[:, -2] = weights
        features[:, -1] = 1
        return features

    def _map(self, start: int) -> Array:
        """From the features of a start date's units to their influence, shape (T + 2, size)."""
        k, n = self.slopes.shape[2], len(self.shares.code)
        result = np.zeros((self.y.shape[1] + 2, self.size))
        result[:-1, :k] = self.slopes[start]
        result[-2, k:] = (self.shares.estimated == start) / n
        result[-1, k:] = -self.shares.sizes / n
        return result


@dataclass(frozen=True, eq=False)
class CellSource(_Source):
    """Effects with covariates or missing values: a few numbers per cell.

    Parameters
    ----------
    y
        Outcomes, shape (n, T); NaN where missing.
    x
        Covariates on comparable scales, shape (n, T, p); NaN where missing.
    cells
        The k cells.
    adjustments
        What was fitted in each cell; None where the effect is 0 by definition.
    """

    y: Array
    x: Array
    cells: tuple[Cell, ...]
    adjustments: tuple[Adjustment | None, ...]

    @property
    def size(self) -> int:
        return len(self.cells) + len(self.shares.estimated)

    def of_units(self, units: Index) -> Array:
        effects = np.zeros((len(units), len(self.cells)))
        code = self.shares.code[units]
        for column, (cell, fitted) in enumerate(zip(self.cells, self.adjustments, strict=True)):
            if fitted is None:
                continue
            own = self.shares.starts[code] == cell.cohort
            among = np.flatnonzero(own | cell.comparison[code])
            change, x, seen = observed(self.y, self.x, cell, units[among])
            among = among[seen]
            weights = self.shares.weights[units[among]]
            effects[among, column] = fitted.influence(change[seen], x[seen], weights, own[among])
        return np.hstack([effects, self.shares.influence(units)])


def observed(y: Array, x: Array, cell: Cell, units: Index) -> tuple[Array, Array, NDArray[np.bool_]]:
    """What a cell compares.

    Parameters
    ----------
    y
        Outcomes, shape (n, T).
    x
        Covariates, shape (n, T, p).
    cell
        The cell; covariates are those of the earlier of its two periods.
    units
        Positions of units, shape (m,).

    Returns
    -------
    change : ndarray, shape (m,)
        Change in the outcome from the base period to the period.
    design : ndarray, shape (m, p + 1)
        Covariates, the intercept first.
    seen : ndarray of bool, shape (m,)
        Units whose change and covariates are known.
    """
    change = y[:, cell.period][units] - y[:, cell.base][units]
    design = np.ones((len(units), x.shape[2] + 1))
    design[:, 1:] = x[:, min(cell.base, cell.period)][units]
    # A sum is missing where any part of it is: one pass in place of one per covariate.
    return change, design, np.isfinite(change + design @ np.ones(design.shape[1]))
