"""Influence values of units, summed within clusters a chunk at a time."""

from __future__ import annotations

from abc import ABC, abstractmethod
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

__all__ = ["ClusterSums"]

Array = NDArray[np.float64]
Index = NDArray[np.int64]
#: How many influence values may be held at a time (16 MB).
_CHUNK = 2_000_000


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
        values = self.of_units(self._order[first : ends[stop - 1]])
        if self.clusters == len(self._order):
            return values
        begins = np.concatenate([[first], ends[start : stop - 1]]) - first
        return np.asarray(np.add.reduceat(values, begins, axis=0), dtype=np.float64)

    @cached_property
    def cov(self) -> Array:
        """Sum over clusters of the outer product of their values, shape (k, k)."""
        per_chunk = max(1, _CHUNK * self.clusters // (self.size * len(self._order)))
        total = np.zeros((self.size, self.size))
        for start in range(0, self.clusters, per_chunk):
            values = self.rows(start, min(start + per_chunk, self.clusters))
            total += values.T @ values
        return total

    @cached_property
    def _order(self) -> Index:
        return np.argsort(self.unit_clusters, kind="stable")

    @cached_property
    def _counted(self) -> tuple[Index, Index]:
        """Clusters that occur, and where each ends in the order of units by cluster."""
        codes, counts = np.unique(self.unit_clusters, return_counts=True)
        return codes, np.cumsum(counts)
