"""Influence functions of group-time effects, made on demand.

Two sources answer the same questions. Without covariates, and where no unit is left out of a
cell for being unknown in one of its periods, every effect is linear in the outcomes, and one
Gram matrix per start date holds its whole covariance. Otherwise the values are made from a few
numbers per cell, some units at a time. Nothing of size units × cells is held in either.

Behind the k effects both carry the shares of the cohorts, so that averages that weigh with
them are charged for having estimated them.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from preventeval.did._adjustment import Group, Scores
from preventeval.did._cell_data import CellData, Run, Shares, differences
from preventeval.did._sources import ClusterSums, per_chunk

__all__ = ["Block", "BlockSource", "LinearSource", "Side", "linear_features"]

Array = NDArray[np.float64]
Index = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class _ByStart(ClusterSums):
    """Influence values of units that, within a start date, are all made in the same way."""

    data: CellData
    cells: int

    @property
    def shares(self) -> Shares:
        """Who the units are."""
        return self.data.shares

    @property
    def unit_clusters(self) -> Index:
        """Cluster of each unit, shape (n,)."""
        return self.shares.clusters

    @property
    def size(self) -> int:
        """Number of effects and of shares."""
        return self.cells + len(self.shares.estimated)

    @abstractmethod
    def effects_of(self, units: Index, start: int) -> tuple[Array, Index]:
        """Influence of u units of a start date on m effects, shape (m, u), and which effects these are."""

    def of_units(self, units: Index) -> Array:
        """Influence values of units, shape (len(units), size)."""
        values = np.zeros((len(units), self.size))
        code = self.shares.code[units]
        for start in np.flatnonzero(np.bincount(code)).tolist():
            mine = np.flatnonzero(code == start)
            effects, columns = self.effects_of(units[mine], start)
            values[mine[:, None], columns] = effects.T
            weight, one = self.shares.map_of(start)
            values[mine, self.cells :] = self.shares.weights[units[mine], None] * weight + one
        return values


@dataclass(frozen=True, eq=False)
class LinearSource(_ByStart):
    """Effects that are linear in the outcomes.

    Parameters
    ----------
    data
        Outcomes and units.
    cells
        Number of effects, without the shares behind them.
    reference
        Taken off the outcomes of each period before use, for accuracy, shape (T,).
    grams
        Products of the features of all units of a start date, shape (c, f, f).
    maps
        From features to influence values, shares among them, by start date, shape (c, f, size).
    """

    reference: Array
    grams: Array
    maps: Array

    def effects_of(self, units: Index, start: int) -> tuple[Array, Index]:
        """Influence of units of a start date on all effects."""
        features = linear_features(self.data, units, self.reference)
        return self.maps[start, :, : self.cells].T @ features, np.arange(self.cells)

    @cached_property
    def cov(self) -> Array:
        """Sum over clusters of the outer product of their values, shape (size, size)."""
        if self.clusters < len(self.unit_clusters):
            return super().cov
        total = np.zeros((self.size, self.size))
        for gram, whole in zip(self.grams, self.maps, strict=True):
            touched = np.flatnonzero(whole.any(axis=0))
            root = whole[:, touched]
            _add(total, touched, root.T @ gram @ root)
        return total


def _add(total: Array, columns: Index, part: Array) -> None:
    """Add to some rows and columns of a matrix: as a slice, which is much faster, where that can be."""
    if len(columns) and (np.diff(columns) == 1).all():
        total[columns[0] : columns[-1] + 1, columns[0] : columns[-1] + 1] += part
    else:
        total[columns[:, None], columns] += part


def linear_features(data: CellData, units: Index, reference: Array) -> Array:
    """What the influence of a unit is linear in where there are no covariates.

    Parameters
    ----------
    data
        Outcomes and units.
    units
        Which units, shape (u,).
    reference
        Taken off the outcomes of each period, shape (T,).

    Returns
    -------
    ndarray, shape (T + 2, u) or (2 T + 2, u)
        Weight times (outcome − reference) and, where outcomes are missing, weight times
        whether it is known, by period; then the weight, and 1.
    """
    periods = data.y.shape[1]
    features = np.empty(((1 if data.complete else 2) * periods + 2, len(units)))
    np.subtract(data.y.take(units, axis=0).T, reference[:, None], out=features[:periods])
    if not data.complete:
        features[periods:-2] = data.seen[:, units]
        np.nan_to_num(features[:periods], copy=False)
    features[-2] = 1
    features[:-1] *= data.shares.weights[units]
    features[-1] = 1
    return features


@dataclass(frozen=True, eq=False, slots=True)
class Side:
    """What a block compares, within units or in one of its two periods.

    Parameters
    ----------
    runs
        Differences or outcomes of its m cells.
    x_periods
        Periods in which covariates must be known, shape (m,); where they vary, all are the same.
    scores
        What was fitted.
    """

    runs: tuple[Run, ...]
    x_periods: Index
    scores: Scores


@dataclass(frozen=True, eq=False, slots=True)
class Block:
    """Cells of one cohort that have their comparison units, and their covariates, in common.

    Parameters
    ----------
    own
        Start code of the cohort.
    comparison
        Which start codes serve as comparison, shape (c,).
    columns
        Positions of the m cells among all, shape (m,).
    sides
        One for changes within units; two for rows.
    """

    own: int
    comparison: NDArray[np.bool_]
    columns: Index
    sides: tuple[Side, ...]


@dataclass(frozen=True, eq=False)
class BlockSource(_ByStart):
    """Effects with covariates, or with units left out of cells: a few numbers per cell.

    Parameters
    ----------
    data
        Outcomes, covariates and units.
    cells
        Number of effects, without the shares behind them.
    blocks
        How they were made; effects that are 0 by definition are in none.
    """

    blocks: tuple[Block, ...]

    def effects_of(self, units: Index, start: int) -> tuple[Array, Index]:
        """Influence of units of a start date on the effects that they have a part in."""
        blocks, columns = self._blocks_of[start]
        by_period, weights = self.data.by_period(units), self.shares.weights[units]
        parts = [
            sum(self._of_side(side, units, by_period, weights, block.own == start) for side in block.sides)
            for block in blocks
        ]
        return np.concatenate([np.zeros((0, len(units))), *parts]), columns

    def _of_side(self, side: Side, units: Index, by_period: Array, weights: Array, treated: bool) -> Array:
        """Influence of units through one side of a block, shape (m, u)."""
        z = differences(by_period, side.runs)
        group = Group(z, self.data.x(units, int(side.x_periods[0])), weights)
        values = side.scores.of_treated(group) if treated else side.scores.of_compared(group)
        if not self.data.complete:
            known = np.isfinite(values)
            if self.data.lacks_covariates:
                known &= self.data.seen_x[side.x_periods[:, None], units]
            values[~known] = 0
        return values

    @cached_property
    def _blocks_of(self) -> tuple[tuple[tuple[Block, ...], Index], ...]:
        """For each start date, the blocks that its units have a part in, and their columns."""
        found = []
        for start in range(len(self.shares.starts)):
            blocks = tuple(b for b in self.blocks if b.own == start or b.comparison[start])
            columns = [block.columns for block in blocks]
            found.append((blocks, np.concatenate([np.zeros(0, dtype=np.int64), *columns])))
        return tuple(found)

    @cached_property
    def cov(self) -> Array:
        """Sum over clusters of the outer product of their values, shape (size, size)."""
        if self.clusters < len(self.unit_clusters):
            return super().cov
        total = np.zeros((self.size, self.size))
        for start, members in enumerate(self.shares.members):
            columns = self._blocks_of[start][1]
            k = len(columns)
            gram, step = np.zeros((k + 2, k + 2)), per_chunk(k + 2)
            for begin in range(0, len(members), step):
                units = members[begin : begin + step]
                values = np.empty((k + 2, len(units)))
                values[:k] = self.effects_of(units, start)[0]
                values[k] = self.shares.weights[units]
                values[k + 1] = 1
                gram += values @ values.T
            of_shares = self.shares.map_of(start)
            _add(total, columns, gram[:k, :k])
            crossed = gram[:k, k:] @ of_shares
            total[columns, self.cells :] += crossed
            total[self.cells :, columns] += crossed.T
            total[self.cells :, self.cells :] += of_shares.T @ gram[k:, k:] @ of_shares
        return total
