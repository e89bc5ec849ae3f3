"""Uncertainty as draws from a posterior."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from preventeval.errors import EstimationError
from preventeval.uncertainty.bands import Multipliers
from preventeval.uncertainty.protocol import Kind, Uncertainty, check_level, known_std_errors

__all__ = ["Posterior"]

Array = NDArray[np.float64]


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
        return known_std_errors(self.cov)

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
        check_level(level)
        low, high = np.quantile(self.draws, [0.5 - level / 2, 0.5 + level / 2], axis=0)
        return low, high

    def band(
        self,
        values: Array,
        level: float,
        seed: int,
        *,
        multipliers: Multipliers = "gaussian",
        draws: int | None = None,
    ) -> tuple[Array, Array]:
        """Band that holds whole posterior paths with the given probability."""
        del seed
        check_level(level)
        if multipliers != "gaussian" or draws is not None:
            raise EstimationError(
                "a credible band holds the draws that the posterior has: multipliers= and draws= are "
                "for confidence bands"
            )
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


def _conforms(posterior: Posterior) -> Uncertainty:
    """Let the type checker hold draws against the protocol."""
    return posterior
