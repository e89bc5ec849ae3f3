"""What every kind of uncertainty can say."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from preventeval.errors import EstimationError
from preventeval.uncertainty.bands import Multipliers

__all__ = ["Kind", "Uncertainty", "check_level", "known_std_errors"]

Array = NDArray[np.float64]
Kind = Literal["confidence", "credible"]
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

    def band(
        self,
        values: Array,
        level: float,
        seed: int,
        *,
        multipliers: Multipliers = "gaussian",
        draws: int | None = None,
    ) -> tuple[Array, Array]:
        """Lower and upper ends of a simultaneous band, each of shape (k,)."""

    def pvalues(self, values: Array) -> Array:
        """Two-sided p-values against 0, shape (k,); NaN where they have no meaning."""

    def below(self, values: Array, threshold: float) -> Array:
        """Probability that each effect lies below a threshold; NaN for confidence."""

    def known_to(self, rounding: float) -> Self:
        """The same, where standard errors up to ``rounding`` are not taken for knowledge."""


def known_std_errors(cov: Array, rounding: float = 0.0) -> Array:
    """Standard errors, shape (k,): NaN where a quantity has no variance but rounding.

    Parameters
    ----------
    cov
        Joint covariance, shape (k, k).
    rounding
        Standard errors up to this are not taken for knowledge.
    """
    variance = np.diag(cov)
    least = max(rounding**2, _NO_VARIANCE * np.fmax.reduce(variance, initial=0.0))
    return np.sqrt(np.where(variance > least, variance, np.nan))


def check_level(level: float) -> None:
    """Refuse what is no probability of an interval."""
    if not 0.5 <= level < 1:
        raise EstimationError(f"an interval of probability {level!r} was asked for: expected 0.5 to below 1")
