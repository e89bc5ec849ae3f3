"""What the cells of a group-time analysis compare: outcomes, covariates and where they are known.

Shapes: n units, u some of them, T periods, m cells, p covariates with the intercept first. What is
made of some units has them in its last axis: that is how a processor reads them fastest.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

__all__ = ["CellData", "Run", "Shares", "differences", "runs_of"]

Array = NDArray[np.float64]
Index = NDArray[np.int64]
Mask = NDArray[np.bool_]
#: Columns of cells that follow each other, and of the outcomes that they take the difference of.
Run = tuple[slice, slice, slice | None]


@dataclass(frozen=True, eq=False)
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

    @cached_property
    def sizes(self) -> Array:
        """Share of all units (weighted) that each estimated cohort makes up, shape (G,)."""
        totals = np.bincount(self.code, self.weights, minlength=len(self.starts))
        return np.asarray(totals[self.estimated] / len(self.code), dtype=np.float64)

    @cached_property
    def members(self) -> tuple[Index, ...]:
        """Units of each start date, in order."""
        order = np.argsort(self.code.astype(np.uint16), kind="stable")
        return tuple(np.split(order, np.cumsum(np.bincount(self.code))[:-1]))

    def map_of(self, start: int) -> Array:
        """From a unit's (weight, 1) to its influence on the shares, by start code, shape (2, G)."""
        return np.stack([self.estimated == start, -self.sizes]) / len(self.code)


@dataclass(frozen=True, eq=False)
class CellData:
    """Outcomes and covariates, with the units sorted by start.

    Parameters
    ----------
    y
        Outcomes, shape (n, T), a unit's side by side in memory; NaN where missing.
    covariates
        Covariates, shape (n, T) each; NaN where missing.
    shares
        Who the units are.
    """

    y: Array
    covariates: tuple[Array, ...]
    shares: Shares

    def by_period(self, units: Index) -> Array:
        """Outcomes of some units, shape (T, u)."""
        return np.ascontiguousarray(self.y.take(units, axis=0).T)

    @cached_property
    def complete(self) -> bool:
        """Whether every outcome and every covariate is known."""
        # A sum is missing where any part of it is.
        return all(np.isfinite(grid.sum()) for grid in (self.y, *self.covariates))

    @cached_property
    def seen(self) -> Mask:
        """Whether a unit's outcome is known in a period, shape (T, n)."""
        return np.ascontiguousarray(np.isfinite(self.y).T)

    @cached_property
    def counts(self) -> Index:
        """How many units of each start date are observed in each period, shape (c, T)."""
        if self.complete:
            sizes = np.array([len(members) for members in self.shares.members])
            return np.repeat(sizes[:, None], self.y.shape[1], axis=1)
        return np.stack([self.seen[:, members].sum(axis=1) for members in self.shares.members])

    @cached_property
    def seen_x(self) -> Mask:
        """Whether all covariates of a unit are known in a period, shape (T, n)."""
        if not self.covariates:
            return np.broadcast_to(np.bool_(True), self.seen.shape)
        known = np.ones(self.seen.shape, dtype=bool)
        for grid in self.covariates:
            known &= np.isfinite(grid).T
        return known

    @cached_property
    def patterns(self) -> tuple[tuple[int, int], ...]:
        """For each period, which outcomes and which covariates are known, as numbers of the patterns."""
        if self.complete:
            return tuple([(0, 0)] * len(self.seen))
        numbers: dict[bytes, int] = {}
        patterns: list[tuple[int, int]] = []
        for y, x in zip(self.seen, self.seen_x, strict=True):
            of_y = numbers.setdefault(np.packbits(y).tobytes(), len(numbers))
            of_x = numbers.setdefault(np.packbits(x).tobytes(), len(numbers))
            patterns.append((of_y, of_x))
        return tuple(patterns)

    @cached_property
    def fixed(self) -> Array | None:
        """Covariates that do not vary over time where they are known, as :meth:`x` gives them; else None."""
        n, values = len(self.y), []
        if not self.covariates:
            return np.broadcast_to(1.0, (1, n))
        for grid in self.covariates:
            if self.complete:
                low = high = grid[:, 0]
                varies = not (grid == low[:, None]).all()
            else:
                low, high = np.fmin.reduce(grid, axis=1), np.fmax.reduce(grid, axis=1)
                varies = bool((low < high).any())
            if varies:
                return None
            values.append(low)
        x = np.ones((1 + len(values), n))
        for row, value, (centre, spread) in zip(x[1:], values, self._scaling, strict=True):
            row[:] = (value - centre) / spread
        return x

    @cached_property
    def _scaling(self) -> tuple[tuple[float, float], ...]:
        """Centre and spread of each covariate; an intercept makes up for the change of scale."""
        first = [grid[np.isfinite(grid)] if not self.complete else grid[:, 0] for grid in self.covariates]
        return tuple((float(known.mean()), float(known.std()) or 1.0) for known in first)

    @cached_property
    def lacks_covariates(self) -> bool:
        """Whether a covariate is missing where the outcome is known."""
        return not self.complete and bool((self.seen & ~self.seen_x).any())

    def x(self, units: Index, period: int) -> Array:
        """Covariates of units in a period on comparable scales, the intercept first, shape (p, u)."""
        if self.fixed is not None:
            return self.fixed.take(units, axis=1)
        x = np.ones((1 + len(self.covariates), len(units)))
        for row, grid, (centre, spread) in zip(x[1:], self.covariates, self._scaling, strict=True):
            row[:] = (grid[units, period] - centre) / spread
        return x


def runs_of(later: Index, earlier: Index | None) -> tuple[Run, ...]:
    """Sort the periods of cells into runs that slices can take.

    Parameters
    ----------
    later
        Period of each cell, shape (m,).
    earlier
        What is taken off it, shape (m,); None for nothing.

    Returns
    -------
    tuple of Run
        In each the later periods follow each other or are one, and so do the earlier ones.
    """
    pairs = list(zip(later.tolist(), (later if earlier is None else earlier).tolist(), strict=True))
    runs: list[Run] = []
    begin = 0
    while begin < len(pairs):
        first, end = pairs[begin], begin + 1
        if end < len(pairs):
            step = (pairs[end][0] - first[0], pairs[end][1] - first[1])
            while (
                set(step) <= {0, 1}
                and end < len(pairs)
                and pairs[end] == (first[0] + step[0] * (end - begin), first[1] + step[1] * (end - begin))
            ):
                end += 1
        last = pairs[end - 1]
        off = None if earlier is None else slice(first[1], last[1] + 1)
        runs.append((slice(begin, end), slice(first[0], last[0] + 1), off))
        begin = end
    return tuple(runs)


def differences(by_period: Array, runs: tuple[Run, ...]) -> Array:
    """What cells compare.

    Parameters
    ----------
    by_period
        Outcomes of some units, shape (T, u).
    runs
        Of m cells, made by :func:`runs_of`.

    Returns
    -------
    ndarray, shape (m, u)
        Differences between periods, or the outcomes themselves.
    """
    values = np.empty((runs[-1][0].stop, by_period.shape[1]))
    for cells, taken, off in runs:
        if off is None:
            values[cells] = by_period[taken]
        else:
            np.subtract(by_period[taken], by_period[off], out=values[cells])
    return values
