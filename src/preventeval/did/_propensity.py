"""The odds of being treated, given covariates, and the checks that covariates must pass."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from preventeval.errors import EstimationError

__all__ = ["AdjustmentError", "Propensity", "Reason", "fit_propensity", "require_rank"]

Array = NDArray[np.float64]
Reason = Literal["separated", "collinear", "too_few"]
#: From this fitted probability on, a unit has no counterpart in the comparison group.
_NO_OVERLAP = 0.999
_MOST_STEPS = 50
#: Newton's error is squared by each step: after one this small it is rounding.
_SMALL_STEP = 1e-7
#: Where the smallest eigenvalue of the correlations is above this, nothing is near to collinear.
_CLEARLY_FULL_RANK = 1e-6


class AdjustmentError(EstimationError):
    """Covariates that some cells cannot be adjusted for.

    Parameters
    ----------
    message, hint
        As for every error.
    reason
        Which of the known reasons it is.
    covariates
        The covariates that it is about.
    """

    def __init__(self, message: str, *, hint: str, reason: Reason, covariates: tuple[str, ...]) -> None:
        super().__init__(message, hint=hint)
        self.reason: Reason = reason
        self.covariates = covariates

    def __reduce__(self) -> tuple[type[EstimationError], tuple[str]]:
        return EstimationError, (self.message,)


@dataclass(frozen=True, eq=False, slots=True)
class Propensity:
    """The logarithm of the odds of being in the cohort, linear in the covariates.

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


def fit_propensity(
    treated: tuple[Array, Array],
    compared: tuple[Array, Array],
    *,
    calibrated: bool,
    names: tuple[str, ...],
    where: str,
) -> Propensity:
    """Fit the odds of being treated by Newton's method.

    Parameters
    ----------
    treated, compared
        Covariates with the intercept first, on comparable scales, shape (p, n), and sampling
        weights, shape (n,), of the units of the cohort and of the comparison units.
    calibrated
        False: a logit by maximum likelihood. True: odds under which the comparison units,
        weighed with them, have the covariate sums of the treated (inverse probability
        tilting; Sant'Anna & Zhao 2020, section 3, https://doi.org/10.1016/j.jeconom.2020.06.003).
    names
        Names of the covariates, without the intercept.
    where
        Which cells these are, for error messages.

    Returns
    -------
    Propensity

    Raises
    ------
    AdjustmentError
        The covariates tell some treated units from all comparison units (no overlap).
    """
    n1, weights = len(treated[1]), np.concatenate([treated[1], compared[1]])
    x = np.concatenate([treated[0], compared[0]], axis=1)
    start = np.zeros(len(x))
    start[0] = np.log(treated[1].sum() / compared[1].sum())
    coefficients, settled = _climb(x, weights, n1, start, calibrated=False)
    if calibrated and settled:  # the likelihood's solution is near
        coefficients, settled = _climb(x, weights, n1, coefficients, calibrated=True)
    fitted = _odds(coefficients, x)
    fitted /= 1 + fitted
    largest = float(fitted.max())
    if not largest < _NO_OVERLAP or not settled:
        separating = _separating(treated[0], compared[0], names)
        named = ", ".join(f"'{name}'" for name in separating)
        raise AdjustmentError(
            f"{where}: covariates {named} separate treated from comparison units (a fitted probability "
            f"of being treated is {largest:.4f}), so that some treated units have no one to be compared with",
            hint="use fewer covariates, method='regression', or a comparison group that resembles them",
            reason="separated",
            covariates=separating,
        )
    fitted *= (1 - fitted) * weights
    return Propensity(coefficients, np.linalg.inv(x * fitted @ x.T), largest)


def _climb(x: Array, weights: Array, n1: int, coefficients: Array, *, calibrated: bool) -> tuple[Array, bool]:
    """Newton's method from some coefficients on; whether it settled. The first n1 units are treated."""
    for _ in range(_MOST_STEPS):
        curvature = _odds(coefficients, x)
        if calibrated:
            curvature *= weights
            curvature[:n1] = 0
            gradient = -curvature
        else:
            curvature /= 1 + curvature
            gradient = -weights * curvature
            curvature *= gradient + weights
        gradient[:n1] += weights[:n1]
        try:
            step = np.linalg.solve(x * curvature @ x.T, x @ gradient)
        except np.linalg.LinAlgError:  # all probabilities are 0 or 1 to rounding
            return coefficients, False
        coefficients = coefficients + step
        if np.abs(step).max() < _SMALL_STEP:
            return coefficients, True
    return coefficients, False


def _odds(coefficients: Array, x: Array) -> Array:
    """Odds of being treated: beyond exp(30) a probability is 1 to rounding."""
    return np.asarray(np.exp(np.minimum(coefficients @ x, 30)), dtype=np.float64)


def _separating(treated: Array, compared: Array, names: tuple[str, ...]) -> tuple[str, ...]:
    """Covariates of which one alone tells the two kinds of units apart; otherwise all."""
    apart = (treated.min(axis=1) > compared.max(axis=1)) | (treated.max(axis=1) < compared.min(axis=1))
    alone = tuple(name for name, separates in zip(names, apart[1:], strict=True) if separates)
    return alone or names


def require_rank(x: Array, names: tuple[str, ...], *, where: str, who: str) -> None:
    """Refuse too few units, and covariates that others determine.

    Parameters
    ----------
    x
        Covariates with the intercept first, on comparable scales, shape (p, n).
    names
        Names of the covariates, without the intercept.
    where
        Which cells these are, for error messages.
    who
        Whose covariates these are, for error messages.

    Raises
    ------
    AdjustmentError
        Too few units, or a covariate that the ones before it determine.
    """
    if x.shape[1] <= len(names):
        raise AdjustmentError(
            f"{where}: {x.shape[1]} {who} are too few to adjust for {len(names)} covariates",
            hint="use fewer covariates, or comparison='not_yet_treated' for a larger comparison group",
            reason="too_few",
            covariates=names,
        )
    gram = x @ x.T
    size = np.sqrt(np.diag(gram))
    if size.all() and np.linalg.eigvalsh(gram / np.outer(size, size))[0] > _CLEARLY_FULL_RANK:
        return
    orthogonal = np.linalg.qr(x.T, mode="r")
    for column in range(1, len(x)):
        own = np.linalg.norm(orthogonal[: column + 1, column])
        if abs(orthogonal[column, column]) <= 1e-9 * max(own, 1.0):
            name = names[column - 1]
            raise AdjustmentError(
                f"{where}: covariate '{name}' is the same for all {who}, or follows from the "
                "covariates before it",
                hint=f"leave '{name}' out",
                reason="collinear",
                covariates=(name,),
            )
