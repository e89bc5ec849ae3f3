"""Likelihoods of regressions in which units have levels of their own.

The levels that fit best, given the other coefficients, are known exactly: in closed form for
least squares and Poisson regression, where the score of the rest is that of the conditional
multinomial likelihood (Hausman, Hall & Griliches 1984, https://doi.org/10.2307/1911191).

What the other coefficients say of an observation is its *base*: their sum and the offset, or for
counts the exponential of both. Shapes: c units, T periods, s seasons.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from preventeval.did._terms import Terms

__all__ = ["Family", "Linear", "NegativeBinomial", "Observations", "Poisson"]

Array = NDArray[np.float64]
#: Newton's method for one level: the largest last step, and the most steps.
_SMALL, _MOST = 1e-10, 100


@dataclass(frozen=True, eq=False, slots=True)
class Observations:
    """Outcomes of some units.

    Parameters
    ----------
    y
        Shape (c, T); 0 where not used.
    weights
        Shape (c, T), or (c, 1) where all of a unit weigh the same; None where all weigh 1. Counts
        that are not used weigh anything: their exposure is 0.
    known
        Offset or, for counts, exposure, shape (c, T) or a number; 0 where not used.
    """

    y: Array
    weights: Array | None
    known: Array | float

    def weighted(self, grid: Array) -> Array:
        """A grid times the weights."""
        return grid if self.weights is None else grid * self.weights


class Family(Protocol):
    """A log-likelihood as a function of the linear predictor."""

    @property
    def settled(self) -> float:
        """Coefficients are final after a step that moves no predictor by more than this."""

    def link(self, predictor: Array) -> Array:
        """What part of the linear predictor adds to a base, or multiplies it with."""

    def joined(self, known: Array | float, linked: Array) -> Array:
        """Base of what is known and what a part of the predictor is linked to, shape (c, T)."""

    def levels(self, data: Observations, base: Array, terms: Terms) -> Array:
        """Levels that fit best, shape (c, s); NaN without an observation."""

    def mean(self, base: Array, levels: Array) -> Array:
        """Expected outcome; levels are laid out by period, shape (c, T) or (c, 1)."""

    def derivatives(self, data: Observations, mean: Array) -> tuple[Array, Array]:
        """Gradient, shape (c, T), and expected curvature (its negative) in the linear predictor.

        Both times the weight. The curvature has shape (c, 1) where it is the same in all periods.
        """

    def height(self, data: Observations, mean: Array) -> float:
        """Log-likelihood, up to a constant and to outcomes times linear predictors."""

    def scatter(self, data: Observations, mean: Array) -> float:
        """Weighted sum of squared differences to the mean, per variance where it is that of Poisson."""


@dataclass(frozen=True, slots=True)
class Linear:
    """Least squares."""

    settled: float = 0.0  # one step arrives

    def link(self, predictor: Array) -> Array:
        """The part itself, to be added."""
        return predictor

    def joined(self, known: Array | float, linked: Array) -> Array:
        """The sum."""
        return known + linked

    def levels(self, data: Observations, base: Array, terms: Terms) -> Array:
        """Weighted means of what is left."""
        total = terms.sums(np.ones((1, base.shape[1])))
        if data.weights is not None:
            alike = data.weights.shape[1] == 1
            total = total * data.weights if alike else terms.sums(data.weights)
        return np.asarray(terms.sums(data.weighted(data.y - base)) / total)

    def mean(self, base: Array, levels: Array) -> Array:
        """Base and level; a season without an observation has level 0."""
        return np.asarray(base + np.where(np.isnan(levels), 0.0, levels))

    def derivatives(self, data: Observations, mean: Array) -> tuple[Array, Array]:
        """Weighted residual, and the weight."""
        weights = np.ones((len(mean), 1)) if data.weights is None else data.weights
        return data.weighted(data.y - mean), weights

    def height(self, data: Observations, mean: Array) -> float:
        """0: nothing is searched for."""
        del data, mean
        return 0.0

    def scatter(self, data: Observations, mean: Array) -> float:
        """Weighted sum of squared residuals."""
        gap = data.y - mean
        return float(np.vdot(gap, data.weighted(gap)))


class _Log:
    """What all likelihoods of counts share: a logarithmic link."""

    def link(self, predictor: Array) -> Array:
        """Exponential, to be multiplied with."""
        return np.exp(predictor)

    def joined(self, known: Array | float, linked: Array) -> Array:
        """The product."""
        return known * linked

    def mean(self, base: Array, levels: Array) -> Array:
        """Base times the exponential of the level; 0 in a season without an observation."""
        return base * np.where(np.isnan(levels), 0.0, np.exp(levels))

    def scatter(self, data: Observations, mean: Array) -> float:
        """Pearson's sum for a Poisson variance."""
        gap = data.weighted(data.y - mean)
        gap *= data.y - mean
        return float(np.divide(gap, mean, out=gap, where=mean > 0).sum())


@dataclass(frozen=True, slots=True)
class Poisson(_Log):
    """Poisson likelihood with logarithmic link."""

    settled: float = 1e-6  # the error that a step leaves is about its square

    def levels(self, data: Observations, base: Array, terms: Terms) -> Array:
        """Logarithm of events per expected event."""
        return np.asarray(np.log(terms.sums(data.weighted(data.y)) / terms.sums(data.weighted(base))))

    def derivatives(self, data: Observations, mean: Array) -> tuple[Array, Array]:
        """Residual and mean, times the weight."""
        return data.weighted(data.y - mean), data.weighted(mean)

    def height(self, data: Observations, mean: Array) -> float:
        """Less the expected events."""
        return -float(data.weighted(mean).sum())


@dataclass(frozen=True, slots=True)
class NegativeBinomial(_Log):
    """Negative binomial likelihood (variance μ + α μ²) with logarithmic link.

    Parameters
    ----------
    alpha
        Overdispersion α, above 0.
    """

    alpha: float
    settled: float = 1e-9  # expected curvature is not that of the data, and errors shrink by a factor only

    def levels(self, data: Observations, base: Array, terms: Terms) -> Array:
        """By Newton's method from the levels of a Poisson regression."""
        levels = Poisson().levels(data, base, terms)
        for _ in range(_MOST):
            mean = self.mean(base, terms.spread(levels))
            shrunk = 1 + self.alpha * mean
            slope = terms.sums(data.weighted((data.y - mean) / shrunk))
            bend = terms.sums(data.weighted((1 + self.alpha * data.y) * mean / shrunk**2))
            step = np.clip(np.divide(slope, bend, out=np.zeros_like(slope), where=bend > 0), -1, 1)
            levels = levels + step
            if not np.abs(step).max(initial=0.0) > _SMALL:
                break
        return levels

    def derivatives(self, data: Observations, mean: Array) -> tuple[Array, Array]:
        """Shrunken residual, and expected curvature, times the weight."""
        shrunk = 1 + self.alpha * mean
        return data.weighted((data.y - mean) / shrunk), data.weighted(mean / shrunk)

    def height(self, data: Observations, mean: Array) -> float:
        """Less what stands for the variance."""
        return -float(np.vdot(data.weighted(data.y + 1 / self.alpha), np.log1p(self.alpha * mean)))
