"""Newton's equations of regressions with unit effects, and how they are solved.

With W the curvature and e the gradient of the log-likelihood in the linear predictor, and m the
sum of W over the periods of a unit (and season), eliminating the unit effects leaves the information

    Σ_g Z_g' [diag(Σ_i W_i) − Σ_i W_i W_i' / m_i] Z_g,

so that one T × T matrix per group stands for all its units (and one per pair of factors where
regressors are multiplied with them).

Shapes: c units, T periods, G groups, K shared and p own regressors, q factors, s seasons.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from preventeval.did._parts import Part, rows_of
from preventeval.did._terms import Terms

__all__ = ["Equations", "inverse", "solved"]

Array = NDArray[np.float64]
Index = NDArray[np.int64]
Flags = NDArray[np.bool_]
#: A column of which less than this share (of its sum of squares) is its own is determined by the others.
_COLLINEAR = 1e-10


@dataclass(frozen=True, eq=False, slots=True)
class _Moments:
    """What is added up over the units of a group, by factor.

    Parameters
    ----------
    gradient
        Sums, shape (1 + q, T).
    sums
        Of curvature, shape (1 + q, 1 + q, T).
    products
        Of curvature in two periods per sum of curvature, shape ((1 + q) T, (1 + q) T).
    flat
        Sums of curvature that is the same in all periods, shape (1 + q, 1 + q).
    cross
        Products of curvature with own regressors, shape (1 + q, T, p).
    """

    gradient: Array
    sums: Array
    products: Array
    flat: Array
    cross: Array

    @staticmethod
    def none(terms: Terms) -> _Moments:
        """Zeros."""
        q, n_periods = 1 + terms.factors.shape[1], terms.shared.shape[1]
        return _Moments(
            np.zeros((q, n_periods)),
            np.zeros((q, q, n_periods)),
            np.zeros((q * n_periods, q * n_periods)),
            np.zeros((q, q)),
            np.zeros((q, n_periods, terms.own.shape[2])),
        )

    def add(self, factors: Array, curvature: Array, root: Array | None) -> None:
        """Add the curvature of units; ``root`` is it per root of its sum, None without levels."""
        q = factors.shape[1]
        if q == 1:
            self.sums[0, 0] += curvature.sum(axis=0)
        else:
            pairs = (factors[:, :, None] * factors[:, None]).reshape(len(factors), -1)
            self.sums[...] += (pairs.T @ curvature).reshape(self.sums.shape)
        if root is not None:
            if q > 1:
                root = (factors[:, :, None] * root[:, None]).reshape(len(root), -1)
            self.products[...] += root.T @ root

    def within(self, season: Index | None) -> tuple[Array, Array]:
        """Information about the grid of the group, by factor, and its diagonal without levels.

        Returns
        -------
        within : ndarray, shape (1 + q, T, 1 + q, T)
        sums : ndarray, shape (1 + q, 1 + q, T)
        """
        q, n_periods = self.gradient.shape
        sums = self.sums + self.flat[:, :, None]
        within = -self.products.reshape(q, n_periods, q, n_periods)
        if season is not None and season.any():
            same = (season[:, None] == season).astype(np.float64)
            within -= self.flat[:, None, :, None] * (same / same.sum(axis=1))[:, None, :]
            within *= same[:, None, :]
        elif season is not None:
            within -= self.flat[:, None, :, None] / n_periods
        diagonal = np.arange(n_periods)
        within[:, diagonal, :, diagonal] += sums.transpose(2, 0, 1)
        return within, sums


class Equations:
    """Information and score of the coefficients, added up a part at a time.

    Parameters
    ----------
    terms
        What is regressed on.
    columns
        Its :meth:`Terms.columns`, where they are known.

    Attributes
    ----------
    information, raw, score
        Shapes (K + p, K + p), (K + p,) and (K + p,), complete with the last part; ``raw`` is the
        diagonal of the information had nothing been eliminated.
    """

    def __init__(self, terms: Terms, columns: list[list[Index]] | None = None) -> None:
        size = terms.size
        self.terms = terms
        self.information, self.raw, self.score = np.zeros((size, size)), np.zeros(size), np.zeros(size)
        self._columns = terms.columns() if columns is None else columns
        self._open = dict[int, _Moments]()

    def add(self, part: Part, used: Flags | None, gradient: Array, curvature: Array) -> None:
        """Add what some units say.

        Parameters
        ----------
        part
            The units.
        used
            Which of their observations are used, shape (c, T); None for all.
        gradient
            Shape (c, T).
        curvature
            Shape (c, T), or (c, 1) where it is the same in all periods.
        """
        terms, flat = self.terms, curvature.shape[1] < gradient.shape[1]
        factors = np.ones((len(gradient), 1))
        if terms.factors.shape[1]:
            factors = np.hstack([factors, rows_of(terms.factors, part.rows)])
        own, root = None, None
        if terms.own.shape[2]:
            own = self._add_own(part, used, gradient, np.broadcast_to(curvature, gradient.shape))
        if not flat and terms.season is not None:
            total = terms.sums(curvature)
            with np.errstate(divide="ignore"):
                root = curvature * terms.spread(np.where(total > 0, 1 / np.sqrt(total), 0.0))
        for group, at, last in part.groups:
            moments = self._open.get(group)
            if moments is None:
                moments = self._open[group] = _Moments.none(terms)
            moments.gradient[...] += factors[at].T @ gradient[at]
            if flat:
                moments.flat[...] += (factors[at] * curvature[at]).T @ factors[at]
            else:
                moments.add(factors[at], curvature[at], None if root is None else root[at])
            if own is not None:
                moments.cross[...] += np.einsum("cj,ctp->jtp", factors[at], own[at])
            if last:
                self._close(group, self._open.pop(group))

    def _close(self, group: int, moments: _Moments) -> None:
        """Put what has been added up for a group in its place."""
        shared, every = self.terms.shared[group], self._columns[group]
        left, k = [shared.take(columns, axis=1) for columns in every], shared.shape[1]
        within, sums = moments.within(self.terms.season)
        for j, (rows, mine) in enumerate(zip(every, left, strict=True)):
            self.score[rows] += moments.gradient[j] @ mine
            self.raw[rows] += sums[j, j] @ mine**2
            if self.terms.own.shape[2]:
                of_own = mine.T @ moments.cross[j]
                self.information[rows, k:] += of_own
                self.information[k:, rows] += of_own.T
            for other in range(j, len(every)):
                block = mine.T @ within[j, :, other] @ left[other]
                self.information[rows[:, None], every[other]] += block
                if other > j:
                    self.information[every[other][:, None], rows] += block.T

    def _add_own(self, part: Part, used: Flags | None, gradient: Array, curvature: Array) -> Array:
        """What own regressors say; given back less their means, times the curvature, shape (c, T, p)."""
        terms, k = self.terms, self.terms.shared.shape[2]
        own = rows_of(terms.own, part.rows)
        if used is not None:
            own = np.where(used[:, :, None], own, 0.0)
        self.score[k:] += np.einsum("it,itp->p", gradient, own)
        self.raw[k:] += np.einsum("it,itp->p", curvature, own**2)
        centred = own
        if terms.season is not None:
            total = terms.sums(curvature)
            with np.errstate(divide="ignore", invalid="ignore"):
                means = [terms.sums(curvature * grid) / total for grid in own.transpose(2, 0, 1)]
            spread = [np.where(np.isnan(level := terms.spread(mean)), 0.0, level) for mean in means]
            centred = np.stack(
                [grid - mean for grid, mean in zip(own.transpose(2, 0, 1), spread, strict=True)], 2
            )
        weighted = curvature[:, :, None] * centred
        self.information[k:, k:] += np.tensordot(weighted, centred, axes=([0, 1], [0, 1]))
        return np.asarray(weighted)


def solved(information: Array, raw: Array, score: Array) -> Array:
    """Coefficients, shape (K + p,), with the help of a generalised inverse where there is no other."""
    scale = np.sqrt(np.where(raw > 0, raw, 1.0))
    scaled = information / np.outer(scale, scale)
    if _determined(scaled):
        return np.asarray(np.linalg.solve(scaled, score / scale) / scale)
    return np.asarray(inverse(information, raw)[0] @ score)


def inverse(information: Array, raw: Array) -> tuple[Array, Flags]:
    """Inverse of an information matrix, and which coefficients it determines.

    Where columns depend on each other the inverse is a generalised one, and a coefficient that
    takes part in the dependence is not determined.
    """
    scale = np.sqrt(np.where(raw > 0, raw, 1.0))
    scaled = information / np.outer(scale, scale)
    if _determined(scaled):
        return np.linalg.inv(scaled) / np.outer(scale, scale), np.ones(len(raw), dtype=bool)
    values, vectors = np.linalg.eigh(scaled)
    empty = values <= _COLLINEAR
    turned = (vectors[:, ~empty] / values[~empty]) @ vectors[:, ~empty].T
    return turned / np.outer(scale, scale), (vectors[:, empty] ** 2).sum(axis=1) < _COLLINEAR


def _determined(scaled: Array) -> bool:
    """Whether no column of a scaled information matrix depends on the others."""
    try:
        pivots = np.diag(np.linalg.cholesky(scaled)) ** 2
    except np.linalg.LinAlgError:
        return False
    return bool(pivots.min(initial=1.0) > _COLLINEAR)
