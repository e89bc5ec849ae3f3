"""What an outcome is regressed on, where most regressors are the same for all units of a group.

Shapes: n units, T periods, G groups, K shared and p own regressors, q factors, s seasons.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from preventeval.did._parts import Part, Rows, in_chunks, parts_of, rows_of

__all__ = ["Terms"]

Array = NDArray[np.float64]
Index = NDArray[np.int64]


@dataclass(frozen=True, eq=False, slots=True)
class Terms:
    """What an outcome is regressed on, and which effects are eliminated.

    Parameters
    ----------
    code
        Group of each unit, shape (n,).
    shared
        Regressors that all units of a group have in common, up to a factor, shape (G, T, K).
    factors
        What they may be multiplied with: numbers of each unit, shape (n, q).
    factor_of
        Which factor each shared regressor is multiplied with, shape (K,); -1 for none.
    own
        Regressors that differ between units of a group in another way, shape (n, T, p).
    season
        Season of each period, numbered from 0, shape (T,): each unit has an effect for each
        season. All 0: one effect per unit. None: no effects are eliminated.
    """

    code: Index
    shared: Array
    factors: Array
    factor_of: Index
    own: Array
    season: Index | None

    @property
    def size(self) -> int:
        """Number of coefficients, K + p."""
        return int(self.shared.shape[2] + self.own.shape[2])

    @property
    def seasons(self) -> int:
        """Number of effects that each unit has, s."""
        return 0 if self.season is None else int(self.season.max()) + 1

    def parts(self) -> list[Part]:
        """The units, a few at a time."""
        groups, n_periods = self.shared.shape[:2]
        width = n_periods * (1 + self.factors.shape[1] + self.own.shape[2])
        return parts_of(self.code, groups, width)

    def folded(self) -> Terms:
        """Regressors of the sums or means of groups: those that nothing multiplies."""
        groups, n_periods = self.shared.shape[:2]
        plain = np.flatnonzero(self.factor_of < 0)
        return Terms(
            np.arange(groups),
            self.shared[:, :, plain],
            np.zeros((groups, 0)),
            self.factor_of[plain],
            np.zeros((groups, n_periods, 0)),
            self.season,
        )

    def blocks(self) -> list[tuple[Array | None, Index]]:
        """Each factor, shape (n,) or None for 1, with the shared regressors that it multiplies."""
        at = [np.flatnonzero(self.factor_of == j) for j in range(-1, self.factors.shape[1])]
        return [(None, at[0]), *zip(self.factors.T, at[1:], strict=True)]

    def columns(self) -> list[list[Index]]:
        """Of each group, by factor, the shared regressors that concern it: few of them, mostly."""
        present = (self.shared != 0).any(axis=1)
        factors = np.arange(-1, self.factors.shape[1])
        return [[np.flatnonzero(here & (self.factor_of == j)) for j in factors] for here in present]

    def grids(self, theta: Array) -> Array:
        """What shared regressors say about each group, by factor, shape (1 + q, G, T)."""
        if not self.factors.shape[1]:
            return np.asarray(self.shared @ theta[: self.shared.shape[2]])[None]
        return np.stack([self.shared[:, :, columns] @ theta[columns] for _, columns in self.blocks()])

    def varying(self, grids: Array, theta: Array, rows: Rows) -> Array | None:
        """What differs between units of a group, of some units by period; None where nothing does."""
        total = None
        for factor, grid in zip(rows_of(self.factors, rows).T, grids[1:], strict=True):
            part = grid.take(self.code[rows], axis=0) * factor[:, None]
            total = part if total is None else total + part
        if self.own.shape[2]:
            part = rows_of(self.own, rows) @ theta[self.shared.shape[2] :]
            total = part if total is None else total + part
        return total

    def predictor(self, theta: Array) -> Array:
        """What the regressors say, shape (n, T)."""
        grids, total = self.grids(theta), np.empty((len(self.code), self.shared.shape[1]))
        for rows in in_chunks(*total.shape):
            np.take(grids[0], self.code[rows], axis=0, out=total[rows])
            varying = self.varying(grids, theta, rows)
            if varying is not None:
                total[rows] += varying
        return total

    def features(self, residual: Array) -> Array:
        """What scores are a linear map of, shape (n, (1 + q) T + p).

        Residuals by period, shape (n, T), the same times each factor, and the scores of own regressors.
        """
        q, p = self.factors.shape[1], self.own.shape[2]
        if p + q == 0:
            return residual
        n, n_periods = residual.shape
        made = np.empty((n, (1 + q) * n_periods + p))
        made[:, :n_periods] = residual
        for j, factor in enumerate(self.factors.T, start=1):
            np.multiply(residual, factor[:, None], out=made[:, j * n_periods : (j + 1) * n_periods])
        for rows in in_chunks(n, n_periods * p) if p else ():
            own = np.where((residual[rows] != 0)[:, :, None], self.own[rows], 0.0)  # NaN where not used
            np.einsum("it,itp->ip", residual[rows], own, out=made[rows, -p:])
        return made

    def maps(self, directions: Array) -> Array:
        """From :meth:`features` to scores times some directions, shape (G, (1 + q) T + p, k).

        Directions have shape (K + p, k).
        """
        k, p = self.shared.shape[2], self.own.shape[2]
        if not p + self.factors.shape[1]:
            return np.asarray(self.shared @ directions)
        shared = [self.shared[:, :, at] @ directions[at] for _, at in self.blocks()]
        own = np.broadcast_to(directions[k:], (len(self.shared), p, directions.shape[1]))
        return np.concatenate([*shared, own], axis=1)

    def sums(self, grid: Array) -> Array:
        """Sums over the periods of a season, shape (n, s)."""
        if self.season is None:
            return np.zeros((len(grid), 0))
        if self.seasons == 1:
            return np.asarray(grid @ np.ones((grid.shape[1], 1)))
        return np.asarray(grid @ (self.season[:, None] == np.arange(self.seasons)).astype(np.float64))

    def spread(self, levels: Array) -> Array:
        """Levels of units, shape (n, s), laid out by period, shape (n, T) or (n, 1); 0 without seasons."""
        if self.season is None:
            return np.zeros((1, 1))
        return levels[:, self.season] if levels.shape[1] > 1 else levels
