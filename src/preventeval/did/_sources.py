"""Influence values of units, summed within clusters a chunk at a time."""

from __future__ import annotations

from abc import ABC, abstractmethod
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

__all__ = ["ClusterSums", "per_chunk"]

Array = NDArray[np.float64]
Index = NDArray[np.int64]
#: How many influence values are made at a time (0.5 MB: they stay in the processor's cache).
_CHUNK = 65_536


def per_chunk(width: int) -> int:
    """How many rows of that many numbers are made at a time."""
    return max(1, _CHUNK // width)


class ClusterSums(ABC):
    """An influence source that says what each unit adds; sums over clusters are made here.

    Nothing of size units x effects is ever held.
    """

    @property
    @abstractmethod
    def unit_clusters(self) -> Index:
        """Cluster of each unit, as the design numbers them, shape (n,)."""

    @property
    @abstractmethod
    def size(self) -> int:
        """Number of quantities, k."""

    @abstractmethod
    def of_units(self, units: Index) -> Array:
        """Influence values of units, shape (len(units), k)."""

    @property
    def clusters(self) -> int:
        """Number of clusters, c."""
        return len(self.codes)

    @property
    def codes(self) -> Index:
        """Which clusters of the design these are, in order, shape (c,)."""
        return self._counted[0]

    def rows(self, start: int, stop: int) -> Array:
        """Values of clusters ``start`` to ``stop``, shape (stop - start, k)."""
        ends = self._counted[1]
        first = int(ends[start - 1]) if start else 0
        units = self._order[first : ends[stop - 1]]
        if self.clusters == len(self._order):
            return self.of_units(units)
        ends = ends[start:stop] - first
        step = per_chunk(self.size)
        # A cluster may be larger than what is made at a time: its parts are added up.
        total = np.zeros((stop - start, self.size))
        for begin in range(0, len(units), step):
            values = self.of_units(units[begin : begin + step])
            of = np.searchsorted(ends, np.arange(begin, begin + len(values)), side="right")
            begins = np.flatnonzero(np.diff(of, prepend=-1))
            total[of[begins]] += np.add.reduceat(values, begins, axis=0)
        return total

    @cached_property
    def cov(self) -> Array:
        """Sum over clusters of the outer product of their values, shape (k, k)."""
        step = per_chunk(self.size)
        total = np.zeros((self.size, self.size))
        for start in range(0, self.clusters, step):
            values = self.rows(start, min(start + step, self.clusters))
            total += values.T @ values
        return total

    @cached_property
    def _order(self) -> Index:
        return np.argsort(self.unit_clusters, kind="stable")

    @cached_property
    def _counted(self) -> tuple[Index, Index]:
        """Clusters that occur, and where each ends in the order of units by cluster."""
        counts = np.bincount(self.unit_clusters)
        codes = np.flatnonzero(counts)
        return codes, np.cumsum(counts[codes])
