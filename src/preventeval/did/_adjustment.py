"""One difference in differences, adjusted for covariates.

Outcome regression, inverse probability weighting and the doubly robust combination of the
two (Sant'Anna & Zhao 2020, https://doi.org/10.1016/j.jeconom.2020.06.003), with their
influence functions written in one form, so that a few numbers per cell stand for them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from preventeval.errors import EstimationError

__all__ = ["Adjustment", "Method", "Propensity", "adjust", "fit_propensity", "require_rank"]

Array = NDArray[np.float64]
Method = Literal["regression", "inverse_probability", "doubly_robust"]
#: From this fitted probability on, a unit has no counterpart in the comparison group.
_NO_OVERLAP = 0.999
_MOST_STEPS = 50


@dataclass(frozen=True, eq=False, slots=True)
class Propensity:
    """A logit of being in the cohort.

    Parameters
    ----------
    coefficients
        Shape (p,), the intercept first.
    inverse_hessian
        Inverse of the sum of w π (1 − π) x x', shape (p, p).
    largest
        Largest fitted probability.
    """

    coefficients: Array
    inverse_hessian: Array
    largest: float

    def odds(self, x: Array) -> Array:
        """π / (1 − π), shape (n,)."""
        return np.asarray(np.exp(x @ self.coefficients), dtype=np.float64)


@dataclass(frozen=True, eq=False, slots=True)
class Adjustment:
    """An adjusted difference in differences, and what its influence function needs.

    With x the covariates (intercept first), Δ the change in the outcome, r = Δ − x'γ,
    π the propensity and q = π / (1 − π), the influence of a unit of weight w is

    - treated: w (r − r̄₁) / W₁ − w (1 − π) x'h
    - comparison: −w q (r − r̄₀) / W₀ + w π x'h − w r x'u

    Parameters
    ----------
    effect
        The estimate, r̄₁ − r̄₀.
    outcome
        γ of the outcome regression, shape (p,); 0 without one.
    propensity
        None without weighting: then q = 0 and h = 0.
    treated_mean, comparison_mean
        r̄₁ and r̄₀.
    treated_weight, comparison_weight
        W₁ = Σ w over the treated, W₀ = Σ w q over the comparison units.
    h, u
        Corrections for the estimated propensity and outcome regression, shape (p,).
    """

    effect: float
    outcome: Array
    propensity: Propensity | None
    treated_mean: float
    comparison_mean: float
    treated_weight: float
    comparison_weight: float
    h: Array
    u: Array

    def influence(self, change: Array, x: Array, weights: Array, treated: NDArray[np.bool_]) -> Array:
        """Influence of units on the effect, shape (n,); their squares sum to its variance.

        Parameters
        ----------
        change
            Change in the outcome, shape (n,).
        x
            Covariates with the intercept first, shape (n, p).
        weights
            Sampling weights, shape (n,).
        treated
            Units of the cohort; the others are comparison units, shape (n,).
        """
        residual = change - x @ self.outcome
        on_treated = (residual - self.treated_mean) / self.treated_weight
        on_comparison = -residual * (x @ self.u)
        if self.propensity is not None:
            odds = self.propensity.odds(x)
            slope = (x @ self.h) / (1 + odds)
            on_treated -= slope
            on_comparison += odds * (slope - (residual - self.comparison_mean) / self.comparison_weight)
        return weights * np.where(treated, on_treated, on_comparison)


def adjust(
    change: Array,
    x: Array,
    weights: Array,
    treated: NDArray[np.bool_],
    *,
    method: Method,
    propensity: Propensity | None,
) -> Adjustment:
    """Estimate one adjusted difference in differences.

    Sant'Anna & Zhao (2020), equations 3.1 and 2.4, with normalised (Hajek) weights, a logit
    propensity and a linear outcome regression fitted on the comparison units.

    Parameters
    ----------
    change
        Change in the outcome, shape (n,).
    x
        Covariates with the intercept first, shape (n, p).
    weights
        Sampling weights, shape (n,).
    treated
        Units of the cohort; the others are comparison units, shape (n,).
    method
        ``"regression"``, ``"inverse_probability"`` or ``"doubly_robust"``.
    propensity
        Fitted by :func:`fit_propensity`; None for ``"regression"``.

    Returns
    -------
    Adjustment
    """
    w1, w0 = weights * treated, weights * ~treated
    p = x.shape[1]
    gamma, inverse_gram = np.zeros(p), np.zeros((p, p))
    if method != "inverse_probability":
        inverse_gram = np.linalg.inv((w0[:, None] * x).T @ x)
        gamma = inverse_gram @ (x.T @ (w0 * change))
    residual = change - x @ gamma
    total1 = float(w1.sum())
    mean1 = float(w1 @ residual) / total1
    sensitivity = w1 @ x / total1
    mean0, total0, h = 0.0, np.nan, np.zeros(p)
    if propensity is not None:
        reweighted = w0 * propensity.odds(x)
        total0 = float(reweighted.sum())
        mean0 = float(reweighted @ residual) / total0
        h = propensity.inverse_hessian @ ((reweighted * (residual - mean0)) @ x) / total0
        sensitivity = sensitivity - reweighted @ x / total0
    return Adjustment(
        effect=mean1 - mean0,
        outcome=gamma,
        propensity=propensity,
        treated_mean=mean1,
        comparison_mean=mean0,
        treated_weight=total1,
        comparison_weight=total0,
        h=h,
        u=inverse_gram @ sensitivity,
    )


def fit_propensity(x: Array, weights: Array, treated: NDArray[np.bool_], *, where: str) -> Propensity:
    """Fit a logit of being treated by Newton's method.

    Parameters
    ----------
    x
        Covariates with the intercept first, on comparable scales, shape (n, p).
    weights
        Sampling weights, shape (n,).
    treated
        Units of the cohort, shape (n,).
    where
        Which cell this is, for error messages.

    Returns
    -------
    Propensity

    Raises
    ------
    EstimationError
        The covariates tell some treated units from all comparison units (no overlap).
    """
    coefficients = np.zeros(x.shape[1])
    inverse = np.zeros((x.shape[1], x.shape[1]))
    fitted, step = np.full(len(x), 0.5), np.full(x.shape[1], np.inf)
    for _ in range(_MOST_STEPS):
        inverse = np.linalg.pinv((x * (weights * fitted * (1 - fitted))[:, None]).T @ x, hermitian=True)
        step = inverse @ (x.T @ (weights * (treated - fitted)))
        coefficients = coefficients + step
        # Beyond ±30 a probability is 0 or 1 to rounding: nothing is left to fit.
        fitted = 1 / (1 + np.exp(-np.clip(x @ coefficients, -30, 30)))
        if np.abs(step).max() < 1e-10 or fitted.max() > 1 - 1e-9:
            break
    largest = float(fitted.max())
    if not largest < _NO_OVERLAP or not np.abs(step).max() < 1e-6:
        raise EstimationError(
            f"{where}: the covariates separate treated from comparison units (a fitted probability of "
            f"being treated is {largest:.4f}), so that some treated units have no one to be compared with",
            hint="use fewer covariates, method='regression', or a comparison group that resembles them",
        )
    inverse = np.linalg.inv((x * (weights * fitted * (1 - fitted))[:, None]).T @ x)
    return Propensity(coefficients, inverse, largest)


def require_rank(x: Array, names: tuple[str, ...], *, where: str, who: str) -> None:
    """Refuse too few units, and covariates that others determine.

    Parameters
    ----------
    x
        Covariates with the intercept first, on comparable scales, shape (n, p).
    names
        Names of the covariates, without the intercept.
    where
        Which cell this is, for error messages.
    who
        Whose covariates these are, for error messages.

    Raises
    ------
    EstimationError
        Too few units, or a covariate that the ones before it determine.
    """
    if len(x) <= len(names):
        raise EstimationError(
            f"{where}: {len(x)} {who} are too few to adjust for {len(names)} covariates",
            hint="use fewer covariates, or comparison='not_yet_treated' for a larger comparison group",
        )
    orthogonal = np.linalg.qr(x, mode="r")
    for column in range(1, x.shape[1]):
        own = np.linalg.norm(orthogonal[: column + 1, column])
        if abs(orthogonal[column, column]) <= 1e-9 * max(own, 1.0):
            raise EstimationError(
                f"{where}: covariate '{names[column - 1]}' is the same for all {who}, or follows from the "
                "covariates before it",
                hint=f"leave '{names[column - 1]}' out",
            )
