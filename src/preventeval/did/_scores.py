"""Influence values of regressions whose regressors are the same for all units of a group."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from preventeval.did._parts import parts_of, rows_of
from preventeval.did._sources import ClusterSums

__all__ = ["ScoreSource"]

Array = NDArray[np.float64]
Index = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class ScoreSource(ClusterSums):
    """Influence values that are a linear map of a few numbers per unit.

    A regression's score of a unit is Z'e with e its residuals by period and Z regressors that
    its whole group shares. So e and one map per group hold the influence values of all
    coefficients, whatever their number.

    Parameters
    ----------
    features
        Residuals of units by period, and what else the maps are applied to, shape (n, f).
    code
        Group of each unit, shape (n,).
    maps
        From features to influence values, by group, shape (G, f, k).
    clusters_of
        Cluster of each unit, as the design numbers them, shape (n,).
    """

    features: Array
    code: Index
    maps: Array
    clusters_of: Index

    @property
    def unit_clusters(self) -> Index:
        """Cluster of each unit, shape (n,)."""
        return self.clusters_of

    @property
    def size(self) -> int:
        """Number of quantities, k."""
        return int(self.maps.shape[2])

    def of_units(self, units: Index) -> Array:
        """Influence values of units, shape (len(units), k)."""
        values = np.empty((len(units), self.size))
        code = self.code[units]
        for group in np.unique(code):
            mine = code == group
            values[mine] = self.features[units[mine]] @ self.maps[group]
        return values

    @cached_property
    def cov(self) -> Array:
        """Sum over clusters of the outer product of their values, shape (k, k)."""
        if self.clusters < len(self.unit_clusters):
            return super().cov
        width, moments = self.features.shape[1], dict[int, Array]()
        total = np.zeros((self.size, self.size))
        for part in parts_of(self.code, len(self.maps), width):
            features = rows_of(self.features, part.rows)
            for group, at, last in part.groups:
                product = features[at].T @ features[at]
                moments[group] = moments[group] + product if group in moments else product
                if last:
                    total += self.maps[group].T @ moments.pop(group) @ self.maps[group]
        return total
