"""Uncertainty as a covariance, or as influence values that have one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from preventeval.errors import EstimationError
from preventeval.uncertainty.bands import Multipliers, bootstrap_critical_value, critical_value
from preventeval.uncertainty.protocol import Kind, Uncertainty, check_level, known_std_errors

__all__ = ["Covariance", "Influence", "InfluenceRows", "InfluenceSource", "aligned"]

Array = NDArray[np.float64]
Index = NDArray[np.int64]
#: How many influence values are asked for at a time (16 MB).
_HELD = 2_000_000


class _Gaussian:
    """Intervals, bands and p-values out of a covariance."""

    df: float | Array | None
    rounding: float

    @property
    def cov(self) -> Array:
        raise NotImplementedError

    @property
    def std_errors(self) -> Array:
        """Standard errors, shape (k,); NaN where they are rounding."""
        return known_std_errors(self.cov, self.rounding)

    @property
    def kind(self) -> Kind:
        """Confidence."""
        return "confidence"

    def center(self, values: Array) -> Array:
        """Plug-in estimates, shape (k,), as they are."""
        return values

    def interval(self, values: Array, level: float) -> tuple[Array, Array]:
        """Lower and upper ends, each of shape (k,), of normal or t intervals."""
        check_level(level)
        half = _quantile(0.5 + level / 2, self.df) * self.std_errors
        return values - half, values + half

    def band(
        self,
        values: Array,
        level: float,
        seed: int,
        *,
        multipliers: Multipliers = "gaussian",
        draws: int | None = None,
    ) -> tuple[Array, Array]:
        """Sup-t band: the critical value is a quantile of the largest |t|.

        By default from the covariance, which is what Gaussian multipliers give; it is good to
        about 0.01 at 95 %. Other multipliers are drawn for each cluster.

        Parameters
        ----------
        values
            Estimates, shape (k,).
        level
            Probability that all are covered.
        seed
            Of the random numbers.
        multipliers
            What influence values are multiplied with.
        draws
            Number of draws: None for 5,000 directions, or 1,999 draws of multipliers.
        """
        check_level(level)
        if draws is not None and draws < 1:
            raise EstimationError(f"draws={draws!r}: expected a whole number above 0")
        se = np.where(_enough(self.df), self.std_errors, np.nan)
        if not np.isfinite(se).any():
            return values * np.nan, values * np.nan
        half = self._critical(se, level, multipliers, draws, seed) * se
        return values - half, values + half

    def pvalues(self, values: Array) -> Array:
        """Two-sided p-values against 0, shape (k,), by the normal or t distribution."""
        from scipy import special

        ratio = -np.abs(values / self.std_errors)
        tail = special.ndtr(ratio) if self.df is None else special.stdtr(self.df, ratio)
        return np.asarray(2 * tail, dtype=np.float64)

    def below(self, values: Array, threshold: float) -> Array:
        """NaN, shape (k,): without a prior an effect has no probability."""
        return np.full(len(values), np.nan)

    def _critical(
        self, se: Array, level: float, multipliers: Multipliers, draws: int | None, seed: int
    ) -> float:
        if multipliers != "gaussian":
            raise EstimationError(
                f"multipliers={multipliers!r}: this method gives a covariance only, and no influence values "
                "to multiply",
                hint="leave multipliers= out: draws from the covariance are what Gaussian multipliers give",
            )
        known = np.isfinite(se)
        correlation = self.cov[np.ix_(known, known)] / np.outer(se[known], se[known])
        if np.isnan(correlation).any():
            return np.nan  # how some of the effects go together is not known
        df = self._fewest(known)
        return critical_value(
            correlation,
            level,
            lambda probability: float(_quantile(probability, df)),
            df=df,
            draws=draws,
            seed=seed,
        )

    def _fewest(self, known: NDArray[np.bool_]) -> float | None:
        """The fewest degrees of freedom behind any of the known effects."""
        return None if self.df is None else float(np.broadcast_to(self.df, known.shape)[known].min())

    def _carried(self, jacobian: Array) -> float | Array | None:
        """Degrees of freedom of linear combinations, shape (m,), where effects have their own.

        Independent effects by Welch and Satterthwaite: (sum v)^2 / sum(v^2 / df), where v are the
        variances that they bring in. Effects that share clusters share degrees of freedom, and
        then the fewest of any count.
        """
        if self.df is None or np.ndim(self.df) == 0:
            return self.df
        involved = jacobian != 0
        linked = (self.cov != 0) & ~np.eye(self.cov.shape[0], dtype=bool)
        fewest = np.where(involved, self.df, np.inf).min(axis=1)
        brought = jacobian**2 * np.diag(self.cov)
        with np.errstate(divide="ignore", invalid="ignore"):
            charged = np.where(brought > 0, brought**2 / self.df, 0.0).sum(axis=1)
            apart = brought.sum(axis=1) ** 2 / charged
        sharing = ((involved @ linked) & involved).any(axis=1)
        return np.asarray(np.where(sharing, fewest, apart), dtype=np.float64)


def _quantile(probability: float, df: float | Array | None) -> Array:
    from scipy import special

    if df is None:
        return np.asarray(special.ndtri(probability), dtype=np.float64)
    return np.asarray(special.stdtrit(df, probability), dtype=np.float64)


def _enough(df: float | Array | None) -> NDArray[np.bool_]:
    """Where there are degrees of freedom for an interval."""
    return np.asarray(True if df is None else np.asarray(df) > 0)


@dataclass(frozen=True, eq=False)
class Covariance(_Gaussian):
    """A joint covariance, when that is all that a method gives.

    Parameters
    ----------
    matrix
        Covariance of the effects, shape (k, k); NaN where it is not known how two of them go
        together.
    df
        Degrees of freedom of the t distribution that intervals refer to, one for all or one
        for each effect, shape (k,); None for normal.
    rounding
        Standard errors up to this are not taken for knowledge.
    """

    matrix: Array
    df: float | Array | None = None
    rounding: float = 0.0

    @property
    def size(self) -> int:
        """Number of quantities, k."""
        return len(self.matrix)

    @property
    def cov(self) -> Array:
        """Joint covariance, shape (k, k)."""
        return self.matrix

    def through(self, function: Callable[[Array], Array], jacobian: Array) -> Covariance:
        """Covariance of a function of the effects, by the delta method."""
        del function  # a covariance sees the first order only
        return replace(self, matrix=jacobian @ self.matrix @ jacobian.T, df=self._carried(jacobian))

    def known_to(self, rounding: float) -> Covariance:
        """The same, with that rounding."""
        return replace(self, rounding=rounding)


class InfluenceSource(Protocol):
    """Where the influence function values of a method come from.

    Values are scaled so that the covariance of the estimates is the sum of their outer
    products over clusters; nothing of size units x effects need ever be held.
    """

    @property
    def clusters(self) -> int:
        """Number of clusters, c."""

    @property
    def codes(self) -> NDArray[np.int64]:
        """Which clusters of the design these are, in order, shape (c,)."""

    @property
    def size(self) -> int:
        """Number of quantities, k."""

    @property
    def cov(self) -> Array:
        """Sum over clusters of the outer product of their values, shape (k, k)."""

    def rows(self, start: int, stop: int) -> Array:
        """Values of clusters ``start`` to ``stop``, shape (stop - start, k)."""


@dataclass(frozen=True, eq=False)
class InfluenceRows:
    """Influence values of a few quantities, held as they are.

    Parameters
    ----------
    values
        Shape (c, k).
    codes
        Which clusters of the design these are, shape (c,).
    """

    values: Array
    codes: Index

    @property
    def clusters(self) -> int:
        """Number of clusters, c."""
        return len(self.values)

    @property
    def size(self) -> int:
        """Number of quantities, k."""
        return int(self.values.shape[1])

    @cached_property
    def cov(self) -> Array:
        """Sum over clusters of the outer product of their values, shape (k, k)."""
        return np.asarray(self.values.T @ self.values)

    def rows(self, start: int, stop: int) -> Array:
        """Values of clusters ``start`` to ``stop``, shape (stop - start, k)."""
        return self.values[start:stop]


@dataclass(frozen=True, eq=False)
class Influence(_Gaussian):
    """Influence function values of the effects, made on demand.

    Parameters
    ----------
    source
        Gives the values and their covariance.
    weights
        What the effects are of the source's quantities, shape (k, source.size).
    df
        Degrees of freedom of the t distribution that intervals refer to, one for all or one
        for each effect, shape (k,); None for normal.
    rounding
        Standard errors up to this are not taken for knowledge.
    """

    source: InfluenceSource
    weights: Array
    df: float | Array | None = None
    rounding: float = 0.0

    @property
    def size(self) -> int:
        """Number of quantities, k."""
        return len(self.weights)

    @property
    def clusters(self) -> int:
        """Number of clusters."""
        return self.source.clusters

    @cached_property
    def cov(self) -> Array:
        """Joint covariance, shape (k, k)."""
        return self.weights @ self.source.cov @ self.weights.T

    def through(self, function: Callable[[Array], Array], jacobian: Array) -> Influence:
        """Influence values of a function of the effects, to first order."""
        del function  # influence functions see the first order only
        return replace(self, weights=jacobian @ self.weights, df=self._carried(jacobian))

    def known_to(self, rounding: float) -> Influence:
        """The same, with that rounding."""
        return replace(self, rounding=rounding)

    def rows(self, start: int, stop: int) -> Array:
        """Influence values of clusters ``start`` to ``stop``, shape (stop - start, k)."""
        return self.source.rows(start, stop) @ self.weights.T

    def _critical(
        self, se: Array, level: float, multipliers: Multipliers, draws: int | None, seed: int
    ) -> float:
        if multipliers == "gaussian":
            return super()._critical(se, level, multipliers, draws, seed)
        return bootstrap_critical_value(
            self.rows,
            self.clusters,
            se,
            level,
            multipliers=multipliers,
            df=self._fewest(np.isfinite(se)),
            draws=draws,
            seed=seed,
        )


def aligned(
    parts: Sequence[Influence], labels: Sequence[NDArray[np.str_]]
) -> tuple[Array, NDArray[np.object_]]:
    """Influence values of several fits side by side, cluster by cluster.

    Fits on the same clusters get the correlation that their data have; a cluster that takes
    no part in a fit has no influence on it.

    Parameters
    ----------
    parts
        Influence of each fit; few quantities each, because values are held.
    labels
        Names of the clusters that the rows of each part are.

    Returns
    -------
    values : ndarray, shape (clusters of any part, quantities of all parts)
    names : ndarray, shape (clusters of any part,)
        Name of the cluster of each row.
    """
    codes, names = pd.factorize(np.concatenate([np.asarray(own, dtype=object) for own in labels]))
    values = np.zeros((len(names), sum(part.size for part in parts)))
    row = column = 0
    for part in parts:
        step = max(1, _HELD // part.source.size)
        for start in range(0, part.clusters, step):
            stop = min(start + step, part.clusters)
            at = codes[row + start : row + stop]
            values[at, column : column + part.size] = part.rows(start, stop)
        row, column = row + part.clusters, column + part.size
    return values, np.asarray(names, dtype=object)


def _conforms(influence: Influence, covariance: Covariance) -> tuple[Uncertainty, Uncertainty]:
    """Let the type checker hold both against the protocol."""
    return influence, covariance
