"""Negative binomial regression with an effect for every unit and its overdispersion estimated.

Size parameter θ: the variance is μ + μ²/θ. Shapes: n units, T periods, K coefficients.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from preventeval.did._equations import Equations, inverse
from preventeval.did._terms import Terms
from preventeval.did._within import Fit, NegativeBinomial, Poisson, Weights, regress
from preventeval.errors import EstimationError

__all__ = ["fit_negative_binomial"]

Array = NDArray[np.float64]
Index = NDArray[np.int64]
#: Relative change of θ that counts as none.
_SETTLED = 1e-10
_MOST_ROUNDS = 100
#: A variance this little above the mean is none that a negative binomial can be told apart by.
_LARGEST_SIZE = 1e7


def fit_negative_binomial(
    y: Array, weights: Weights, exposure: Array | None, terms: Terms, columns: Index, *, what: str
) -> tuple[Fit, float, tuple[Array, Array]]:
    """Fit by maximum likelihood, coefficients and size parameter in turns.

    Parameters
    ----------
    y, weights, exposure, terms, what
        As for :func:`preventeval.did._within.regress`.
    columns
        Coefficients of interest, shape (k,).

    Returns
    -------
    fit : Fit
        Its bread is that of the observed information of coefficients and size parameter together.
    theta : float
        Size parameter.
    nuisance : tuple of ndarray
        Scores of units for θ, shape (n,), and what a score of 1 moves the coefficients of interest
        by, shape (k,).

    Raises
    ------
    EstimationError
        The counts scatter no more than Poisson ones.
    """
    used = weights > 0
    counts, at = np.where(used, y, 0.0), np.where(used, weights, 0.0)
    fit = regress(y, weights=weights, exposure=exposure, terms=terms, family=Poisson(), what=what)
    theta = 1.0
    for _ in range(_MOST_ROUNDS):
        known = theta
        theta = _best_size(counts[used], np.exp(fit.eta[used]), at[used], known, what)
        if abs(theta / known - 1) < _SETTLED:
            break
        family, start = NegativeBinomial(1 / theta), fit.theta
        fit = regress(
            y, weights=weights, exposure=exposure, terms=terms, family=family, what=what, start=start
        )
    else:
        raise EstimationError(f"{what}: the overdispersion does not settle in {_MOST_ROUNDS} rounds")
    mean = np.where(used, np.exp(np.where(used, fit.eta, 0.0)), 1.0)
    score = np.where(used, at * _size_derivatives(counts, mean, theta)[0], 0.0).sum(axis=1)
    bread = _joint_bread(counts, mean, at, theta, terms)
    inner = replace(fit, bread=bread[:-1, :-1])
    return inner, theta, (score, bread[-1, columns])


def _joint_bread(counts: Array, mean: Array, weights: Array, theta: float, terms: Terms) -> Array:
    """Inverse of the observed information of coefficients and θ, shape (K + 1, K + 1).

    The cross derivatives c in predictor and θ make θ a regressor of value c / W under the
    curvature W; what its own curvature exceeds Σ c² / W by is added.
    """
    curvature = weights * (counts + theta) * mean * theta / (mean + theta) ** 2
    cross = -weights * (counts - mean) * mean / (mean + theta) ** 2
    used = weights > 0
    regressor = np.where(used, cross / np.where(used, curvature, 1.0), 0.0)
    known = np.where(used[:, :, None], terms.own, 0.0)
    joint = replace(terms, own=np.concatenate([known, regressor[:, :, None]], axis=2))
    made = Equations(joint)
    for part in joint.parts():
        made.add(part, None, np.zeros((len(part.code), counts.shape[1])), curvature[part.rows])
    information, raw = made.information, made.raw
    own = -(weights * _size_derivatives(counts, mean, theta)[1]).sum()
    information[-1, -1] += own - (cross * regressor).sum()
    raw[-1] = own
    return inverse(information, raw)[0]


def _size_derivatives(counts: Array, mean: Array, theta: float) -> tuple[Array, Array]:
    """First and second derivative of the log-likelihood in θ, of the shape of the counts."""
    from scipy import special

    total = mean + theta
    first = special.digamma(counts + theta) - special.digamma(theta) + np.log(theta / total)
    first += 1 - (counts + theta) / total
    second = special.polygamma(1, counts + theta) - special.polygamma(1, theta)
    second += 1 / theta - 2 / total + (counts + theta) / total**2
    return first, second


def _best_size(counts: Array, mean: Array, weights: Array, start: float, what: str) -> float:
    """θ that maximises the likelihood given the means: Newton's method in log θ."""
    theta = start
    for _ in range(_MOST_ROUNDS):
        first, second = (float(weights @ part) for part in _size_derivatives(counts, mean, theta))
        slope, bend = theta * first, theta * first + theta**2 * second
        # Uphill by at most a factor of e where the likelihood is not concave.
        step = float(np.clip(-slope / bend if bend < 0 else np.sign(slope), -1, 1))
        theta *= float(np.exp(step))
        if theta > _LARGEST_SIZE:
            raise EstimationError(
                f"{what}: the counts scatter no more than a Poisson distribution lets them, and a negative "
                "binomial one has no best value of its overdispersion",
                hint="use likelihood='poisson'",
            )
        if abs(step) < _SETTLED:
            return theta
    raise EstimationError(f"{what}: the overdispersion does not settle in {_MOST_ROUNDS} steps")
