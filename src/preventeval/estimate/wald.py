"""Joint tests that several effects are 0."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from preventeval.errors import EstimationError

__all__ = ["WaldTest", "wald_test"]

Array = NDArray[np.float64]
#: A correlation whose smallest eigenvalue is below this share of its largest is singular.
_SINGULAR = 1e-12


@dataclass(frozen=True, slots=True)
class WaldTest:
    """A Wald test that q effects are 0 together.

    Parameters
    ----------
    statistic
        W = a' V^-1 a, with the effects a and their joint covariance V.
    df
        Number of effects that are tested, q.
    df_residual
        Degrees of freedom behind the covariance, n; None where W is referred to chi-squared.
    p_value
        By chi-squared with q degrees of freedom; or, with n behind the covariance, by
        Hotelling's distribution: W (n - q + 1) / (n q) refers to F(q, n - q + 1), which for one
        effect is the t test. NaN where n is below q.
    """

    statistic: float
    df: int
    df_residual: float | None
    p_value: float

    def __str__(self) -> str:
        reference = f"chi2({self.df})"
        if self.df_residual is not None:
            reference = f"Hotelling T2({self.df}, {self.df_residual:.4g})"
        return f"W = {self.statistic:.4f}, {reference}, p = {self.p_value:.4f}"


def wald_test(effect: Array, cov: Array, df: float | None = None) -> WaldTest:
    """Test jointly that effects are 0.

    Parameters
    ----------
    effect
        Shape (q,).
    cov
        Joint covariance, shape (q, q).
    df
        Degrees of freedom behind the covariance; None to refer to chi-squared.

    Returns
    -------
    WaldTest

    Raises
    ------
    EstimationError
        The covariance is singular, or not known.

    References
    ----------
    Hotelling, H. (1931). The generalization of Student's ratio. Annals of Mathematical Statistics
    2, 360-378. https://doi.org/10.1214/aoms/1177732979
    """
    from scipy import special

    q = len(effect)
    if np.isnan(cov).any():
        raise EstimationError("a joint test needs to know how the effects go together, and that is not known")
    scale = np.sqrt(np.diag(cov))
    values, vectors = np.linalg.eigh(cov / np.outer(scale, scale))
    if values[0] <= _SINGULAR * values[-1]:
        raise EstimationError(
            f"a joint test of {q} effects is not possible: their covariance is singular, because there are "
            "more effects than clusters or some follow from the others",
            hint="test fewer effects or averages of them, such as by_event_time().within(-6, -1).pre_test()",
        )
    statistic = float(np.sum((vectors.T @ (effect / scale)) ** 2 / values))
    if df is None:
        return WaldTest(statistic, q, None, float(special.chdtrc(q, statistic)))
    p_value = np.nan
    if df >= q:
        p_value = float(special.fdtrc(q, df - q + 1, statistic * (df - q + 1) / (df * q)))
    return WaldTest(statistic, q, float(df), p_value)
