"""Likelihoods of regressions, as functions of the linear predictor.

Shapes: n units, T periods; everything is of shape (n, T) where not said otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

__all__ = ["Family", "Linear", "NegativeBinomial", "Poisson"]

Array = NDArray[np.float64]


class Family(Protocol):
    """A log-likelihood as a function of the linear predictor."""

    @property
    def quadratic(self) -> bool:
        """Whether one Newton step arrives."""

    def mean(self, eta: Array) -> Array:
        """Expected outcome, of the shape of the linear predictor."""

    def loglik(self, weighted: Array, weights: Array, eta: Array, mean: Array) -> float:
        """Log-likelihood up to a constant, where ``weighted`` is the outcome times the weight."""

    def derivatives(self, y: Array, mean: Array) -> tuple[Array, Array]:
        """Gradient and expected curvature (its negative) in the linear predictor, shape (n, T) each."""


@dataclass(frozen=True, slots=True)
class Linear:
    """Least squares."""

    quadratic: bool = True

    def mean(self, eta: Array) -> Array:
        """The linear predictor itself."""
        return eta

    def loglik(self, weighted: Array, weights: Array, eta: Array, mean: Array) -> float:
        """Minus half the sum of squared residuals, without the part that the mean does not move."""
        return float(np.vdot(weighted, eta) - 0.5 * np.vdot(weights * eta, mean))

    def derivatives(self, y: Array, mean: Array) -> tuple[Array, Array]:
        """Residual, and 1."""
        return y - mean, np.ones_like(y)


@dataclass(frozen=True, slots=True)
class Poisson:
    """Poisson likelihood with logarithmic link."""

    quadratic: bool = False

    def mean(self, eta: Array) -> Array:
        """Expected count."""
        return np.exp(eta)

    def loglik(self, weighted: Array, weights: Array, eta: Array, mean: Array) -> float:
        """Log-likelihood without its factorials."""
        return float(np.vdot(weighted, eta) - np.vdot(weights, mean))

    def derivatives(self, y: Array, mean: Array) -> tuple[Array, Array]:
        """Residual, and the mean."""
        return y - mean, mean.copy()


@dataclass(frozen=True, slots=True)
class NegativeBinomial:
    """Negative binomial likelihood (variance μ + α μ²) with logarithmic link.

    Parameters
    ----------
    alpha
        Overdispersion α, above 0.
    """

    alpha: float
    quadratic: bool = False

    def mean(self, eta: Array) -> Array:
        """Expected count."""
        return np.exp(eta)

    def loglik(self, weighted: Array, weights: Array, eta: Array, mean: Array) -> float:
        """Log-likelihood without the terms that the mean does not move."""
        size = weighted + weights / self.alpha
        return float(np.vdot(weighted, eta) - np.vdot(size, np.log1p(self.alpha * mean)))

    def derivatives(self, y: Array, mean: Array) -> tuple[Array, Array]:
        """Weighted residual, and expected curvature."""
        shrunk = 1 + self.alpha * mean
        return (y - mean) / shrunk, mean / shrunk
