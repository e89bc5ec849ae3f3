"""How sure we are of a vector of effects, jointly.

Every kind of uncertainty answers the same questions (:class:`Uncertainty`), so that
aggregation, restating and reporting are written once. Whether an interval is a confidence
or a credible interval is a property of the object, never a question asked elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Literal, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from preventeval.errors import EstimationError

__all__ = ["Covariance", "Influence", "InfluenceSource", "Posterior", "Uncertainty"]

Array = NDArray[np.float64]
Kind = Literal["confidence", "credible"]
#: Draws behind a simultaneous band: enough for a critical value good to about 0.01.
_BAND_DRAWS = 20_000
#: A variance below this share of the largest is rounding: the effect is known by construction
#: (a base period). A share, so that the unit in which the outcome is measured does not matter.
_NO_VARIANCE = 1e-14


class Uncertainty(Protocol):
    """What every kind of uncertainty can say about k effects."""

    @property
    def kind(self) -> Kind:
        """Whether intervals are confidence or credible intervals."""

    @property
    def size(self) -> int:
        """Number of quantities that are covered, k."""

    @property
    def cov(self) -> Array:
        """Joint covariance, shape (k, k)."""

    @property
    def std_errors(self) -> Array:
        """Standard errors (or standard deviations), shape (k,); NaN where there are none."""

    def through(self, function: Callable[[Array], Array], jacobian: Array) -> Self:
        """Uncertainty of a function of the effects.

        Parameters
        ----------
        function
            Takes effects of shape (..., k) to shape (..., m).
        jacobian
            Its derivative at the estimate, shape (m, k).
        """

    def center(self, values: Array) -> Array:
        """Point estimates, shape (k,), where the plug-in ones are ``values``."""

    def interval(self, values: Array, level: float) -> tuple[Array, Array]:
        """Lower and upper ends of pointwise intervals, each of shape (k,)."""

    def band(self, values: Array, level: float, seed: int) -> tuple[Array, Array]:
        """Lower and upper ends of a simultaneous band, each of shape (k,)."""

    def pvalues(self, values: Array) -> Array:
        """Two-sided p-values against 0, shape (k,); NaN where they have no meaning."""

    def below(self, values: Array, threshold: float) -> Array:
        """Probability that each effect lies below a threshold; NaN for confidence."""

    def known_to(self, rounding: float) -> Self:
        """The same, where standard errors up to ``rounding`` are not taken for knowledge."""


def _std_errors(cov: Array, rounding: float = 0.0) -> Array:
    """Standard errors, shape (k,): NaN where a quantity has no variance but rounding."""
    variance = np.diag(cov)
    least = max(rounding**2, _NO_VARIANCE * np.fmax.reduce(variance, initial=0.0))
    return np.sqrt(np.where(variance > least, variance, np.nan))


def _check_level(level: float) -> None:
    if not 0.5 <= level < 1:
        raise EstimationError(f"an interval of probability {level!r} was asked for: expected 0.5 to below 1")


class _Gaussian:
    """Intervals, bands and p-values out of a covariance."""

    df: float | None
    rounding: float

    @property
    def cov(self) -> Array:
        raise NotImplementedError

    @property
    def std_errors(self) -> Array:
        """Standard errors, shape (k,); NaN where they are rounding."""
        return _std_errors(self.cov, self.rounding)

    @property
    def kind(self) -> Kind:
        """Confidence."""
        return "confidence"

    def center(self, values: Array) -> Array:
        """Plug-in estimates, shape (k,), as they are."""
        return values

    def interval(self, values: Array, level: float) -> tuple[Array, Array]:
        """Lower and upper ends, each of shape (k,), of normal or t intervals."""
        _check_level(level)
        half = self._quantile(0.5 + level / 2) * self.std_errors
        return values - half, values + half

    def band(self, values: Array, level: float, seed: int) -> tuple[Array, Array]:
        """Sup-t band: the critical value is a quantile of max |t| over draws from the covariance."""
        _check_level(level)
        se = self.std_errors
        known = np.isfinite(se)
        if not known.any() or (self.df is not None and self.df <= 0):
            return values * np.nan, values * np.nan
        correlation = self.cov[np.ix_(known, known)] / np.outer(se[known], se[known])
        largest = np.abs(_draw(correlation, _BAND_DRAWS, seed, self.df)).max(axis=1)
        half = np.quantile(largest, level) * se
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

    def _quantile(self, probability: float) -> float:
        from scipy import special

        if self.df is None:
            return float(special.ndtri(probability))
        return float(special.stdtrit(self.df, probability))


def _draw(correlation: Array, draws: int, seed: int, df: float | None) -> Array:
    """Draws of shape (draws, k) from a normal or t distribution with this correlation."""
    values, vectors = np.linalg.eigh(correlation)
    root = vectors * np.sqrt(np.clip(values, 0, None))
    rng = np.random.default_rng(seed)
    normal = rng.standard_normal((draws, len(values))) @ root.T
    return normal if df is None else normal / np.sqrt(rng.chisquare(df, (draws, 1)) / df)


@dataclass(frozen=True, eq=False)
class Covariance(_Gaussian):
    """A joint covariance, when that is all that a method gives.

    Parameters
    ----------
    matrix
        Covariance of the effects, shape (k, k).
    df
        Degrees of freedom of the t distribution that intervals refer to; None for normal.
    rounding
        Standard errors up to this are not taken for knowledge.
    """

    matrix: Array
    df: float | None = None
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
        return replace(self, matrix=jacobian @ self.matrix @ jacobian.T)

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
class Influence(_Gaussian):
    """Influence function values of the effects, made on demand.

    Parameters
    ----------
    source
        Gives the values and their covariance.
    weights
        What the effects are of the source's quantities, shape (k, source.size).
    df
        Degrees of freedom of the t distribution that intervals refer to; None for normal.
    rounding
        Standard errors up to this are not taken for knowledge.
    """

    source: InfluenceSource
    weights: Array
    df: float | None = None
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
        return replace(self, weights=jacobian @ self.weights)

    def known_to(self, rounding: float) -> Influence:
        """The same, with that rounding."""
        return replace(self, rounding=rounding)

    def rows(self, start: int, stop: int) -> Array:
        """Influence values of clusters ``start`` to ``stop``, shape (stop - start, k)."""
        return self.source.rows(start, stop) @ self.weights.T


@dataclass(frozen=True, eq=False)
class Posterior:
    """Draws from the joint posterior of the effects.

    Parameters
    ----------
    draws
        Shape (number of draws, k).
    """

    draws: Array
    kind: Kind = field(default="credible", init=False)

    @property
    def size(self) -> int:
        """Number of quantities, k."""
        return int(self.draws.shape[1])

    @cached_property
    def cov(self) -> Array:
        """Covariance of the draws, shape (k, k)."""
        return np.atleast_2d(np.cov(self.draws, rowvar=False))

    @property
    def std_errors(self) -> Array:
        """Standard deviations of the draws, shape (k,); NaN where all are the same."""
        return _std_errors(self.cov)

    def through(self, function: Callable[[Array], Array], jacobian: Array) -> Posterior:
        """Draws of a function of the effects."""
        del jacobian  # draws carry the function itself
        return Posterior(function(self.draws))

    def known_to(self, rounding: float) -> Posterior:
        """The same, with that rounding."""
        del rounding  # draws of what is known are all the same
        return self

    def center(self, values: Array) -> Array:
        """Posterior medians: they follow every monotone change of scale."""
        del values
        return np.median(self.draws, axis=0)

    def interval(self, values: Array, level: float) -> tuple[Array, Array]:
        """Lower and upper ends, each of shape (k,), of equal-tailed credible intervals."""
        del values
        _check_level(level)
        low, high = np.quantile(self.draws, [0.5 - level / 2, 0.5 + level / 2], axis=0)
        return low, high

    def band(self, values: Array, level: float, seed: int) -> tuple[Array, Array]:
        """Band that holds whole posterior paths with the given probability."""
        del seed
        _check_level(level)
        se = self.std_errors
        distance = np.abs(self.draws - values) / se
        half = np.quantile(np.fmax.reduce(distance, axis=1), level) * se
        return values - half, values + half

    def pvalues(self, values: Array) -> Array:
        """NaN, shape (k,): posteriors have no p-values."""
        return np.full(len(values), np.nan)

    def below(self, values: Array, threshold: float) -> Array:
        """Posterior probability that each effect lies below a threshold, shape (k,)."""
        del values
        below = np.where(np.isnan(self.draws), np.nan, self.draws < threshold)
        return np.asarray(below.mean(axis=0), dtype=np.float64)


def _conforms(influence: Influence, covariance: Covariance, posterior: Posterior) -> tuple[Any, ...]:
    """Let the type checker hold the three kinds against the protocol."""
    kinds: tuple[Uncertainty, Uncertainty, Uncertainty] = (influence, covariance, posterior)
    return kinds
