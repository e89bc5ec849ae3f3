"""Differences in differences, adjusted for covariates: many cells of one shape at once.

Outcome regression, inverse probability weighting and the doubly robust combination of the
two (Sant'Anna & Zhao 2020, https://doi.org/10.1016/j.jeconom.2020.06.003), for changes within
units and for rows of which each may be another unit's. The influence functions of all are
written in one form (:class:`Scores`), so that a few numbers per cell stand for them.

Shapes: n units (or rows), p covariates with the intercept first, m cells that share them. Units are
in the last axis: that is how a processor reads them fastest.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from preventeval.did._propensity import Propensity, fit_propensity, require_rank

__all__ = ["Adjusted", "Group", "Method", "Scores", "adjust_changes", "adjust_rows"]

Array = NDArray[np.float64]
Method = Literal[
    "doubly_robust", "regression", "inverse_probability", "doubly_robust_improved", "horvitz_thompson"
]


@dataclass(frozen=True, eq=False, slots=True)
class Group:
    """The treated or the comparison units of some cells.

    Parameters
    ----------
    z
        What is compared: changes in the outcome, or outcomes, shape (m, n).
    x
        Covariates with the intercept first, shape (p, n).
    weights
        Sampling weights, shape (n,).
    """

    z: Array
    x: Array
    weights: Array


@dataclass(frozen=True, eq=False, slots=True)
class Scores:
    """What the influence of a unit on an adjusted difference in differences is made of.

    With z what is compared, x the covariates and q the odds of being treated, the influence of
    a unit of weight w is

    - treated: w [(z − x'a₁) x'b₁ + x'c₁ − x'h / (1 + q)]
    - comparison: w [−(z − x'a₀) (q d₀ + x'b₀) + q (e₀ + x'h / (1 + q)) + c₀]

    Every part has one row per cell, or a single one where all cells have the same.

    Parameters
    ----------
    odds
        Coefficients of the logarithm of the odds, shape (m, p); no columns without weighting: q = 0.
    a1, b1, c1
        Shape (m, p).
    a0, b0
        Shape (m, p).
    c0, d0, e0
        Shape (m, 1).
    h
        Correction for the estimated odds, shape (m, p).
    """

    odds: Array
    a1: Array
    b1: Array
    c1: Array
    a0: Array
    b0: Array
    c0: Array
    d0: Array
    e0: Array
    h: Array

    def of_treated(self, group: Group) -> Array:
        """Influence of treated units, shape (m, n)."""
        x, w = group.x, group.weights
        values = self.a1 @ x
        np.subtract(group.z, values, out=values)
        values *= w * (self.b1 @ x)
        if self.c1.any():
            values += w * (self.c1 @ x)
        if self.odds.size:
            correction = self.h @ x
            correction *= w / (1 + np.exp(self.odds @ x))
            values -= correction
        return values

    def of_compared(self, group: Group) -> Array:
        """Influence of comparison units, shape (m, n)."""
        x, w = group.x, group.weights
        values = self.a0 @ x
        values -= group.z
        slope = self.b0 @ x
        if self.odds.size:
            odds = np.exp(self.odds @ x)
            slope = slope + odds * self.d0
            correction = self.h @ x
            correction /= 1 + odds
            correction += self.e0
            correction *= w * odds
            values *= w * slope
            values += correction
        else:
            values *= w * slope
        if self.c0.any():
            values += w * self.c0
        return values

    @staticmethod
    def joined(parts: Sequence[tuple[Scores, int]]) -> Scores:
        """The scores of several sets of cells as one; with each set the number of its cells."""
        if len(parts) == 1:
            return parts[0][0]

        def stacked(name: str) -> Array:
            each = [(getattr(scores, name), m) for scores, m in parts]
            return np.vstack([np.broadcast_to(part, (m, part.shape[1])) for part, m in each])

        return Scores(*(stacked(field.name) for field in fields(Scores)))


@dataclass(frozen=True, eq=False, slots=True)
class Adjusted:
    """Adjusted differences in differences of m cells.

    Parameters
    ----------
    effect
        The estimates, shape (m,).
    scores
        One for changes within units; for rows those of the later and of the earlier rows.
    largest_propensity
        Largest fitted probability of being treated; NaN without weighting.
    """

    effect: Array
    scores: tuple[Scores, ...]
    largest_propensity: float


def adjust_changes(
    treated: Group, compared: Group, *, method: Method, names: tuple[str, ...], where: str
) -> Adjusted:
    """Adjust changes within units.

    Sant'Anna & Zhao (2020), equations 3.1 and 2.4, with normalised (Hajek) weights, a logit
    propensity and a linear outcome regression fitted on the comparison units;
    ``"doubly_robust_improved"`` fits odds and regression so that their errors cancel;
    ``"horvitz_thompson"`` is Abadie's weighting (2005, https://doi.org/10.1111/0034-6527.00321), with
    weights that need not sum to one.

    Parameters
    ----------
    treated, compared
        Changes, covariates and weights of the two groups.
    method
        How covariates are used.
    names
        Names of the covariates, without the intercept.
    where
        Which cells these are, for error messages.

    Returns
    -------
    Adjusted

    Raises
    ------
    AdjustmentError
        Too few units, collinear covariates, or no overlap.
    """
    if names:
        require_rank(compared.x, names, where=where, who="comparison units")
    propensity = _propensity_for(method, treated, compared, names, where)
    total, x_mean, z_mean = _means(treated, treated.weights)
    own = _Comparison.of(compared, method, propensity, total)
    adjusted_mean = z_mean - own.fit @ x_mean
    effect = adjusted_mean - own.mean
    centre = effect if method == "horvitz_thompson" else adjusted_mean
    first = _intercept(len(x_mean))
    scores = Scores(
        odds=own.odds,
        a1=own.fit + centre[:, None] * first,
        b1=first / total,
        c1=0 * first,
        a0=own.fit,
        b0=own.correction(x_mean),
        c0=np.zeros((1, 1)),
        d0=np.full((1, 1), own.per_weight),
        e0=own.centre * own.per_weight,
        h=own.h,
    )
    return Adjusted(effect, (scores,), np.nan if propensity is None else propensity.largest)


def adjust_rows(
    later: tuple[Group, Group],
    earlier: tuple[Group, Group],
    *,
    method: Method,
    names: tuple[str, ...],
    where: str,
) -> Adjusted:
    """Adjust differences between the rows of two periods, of which each may be another unit's.

    Sant'Anna & Zhao's (2020) estimators for repeated cross-sections, of the doubly robust ones the
    locally efficient: outcome regressions for treated and comparison units in both periods,
    taken at the covariates of the treated rows of both. With covariates' means x̄ over
    those, regressions a₁ and a₀ and weighted mean residual r̄₀ of the comparison rows, a period
    contributes x̄'(a₁ − a₀) − r̄₀. The influence functions are exact derivatives in the
    weights, but for ``"doubly_robust_improved"``, which leaves out what vanishes in large samples.

    Parameters
    ----------
    later, earlier
        Outcomes, covariates and weights of the treated and of the comparison rows.
    method, names, where
        As for :func:`adjust_changes`.

    Returns
    -------
    Adjusted

    Raises
    ------
    AdjustmentError
        Too few rows, collinear covariates, or no overlap.
    """
    for treated, compared in (later, earlier) if names else ():
        require_rank(compared.x, names, where=where, who="comparison units")
        if method.startswith("doubly_robust"):
            require_rank(treated.x, names, where=where, who="treated units")
    everyone = [_stacked(later[kind], earlier[kind]) for kind in (0, 1)]
    propensity = _propensity_for(method, everyone[0], everyone[1], names, where)
    total, x_mean, _ = _means(everyone[0], everyone[0].weights)
    whole = total + everyone[1].weights.sum()
    sides = [
        _Side.of(treated, compared, method, propensity, total, x_mean, whole)
        for treated, compared in (later, earlier)
    ]
    difference = sides[0].at_treated - sides[1].at_treated
    effect = sides[0].effect - sides[1].effect
    h = sides[0].own.h - sides[1].own.h
    first = _intercept(len(x_mean))
    scores = []
    for side, sign in zip(sides, (1.0, -1.0), strict=True):
        # Normalised weights and means over rows centre themselves; unnormalised ones do not.
        shift = np.zeros((1, 1))
        spread = (difference - (difference @ x_mean)[:, None] * first) / total
        if method == "horvitz_thompson":
            shift = (effect / whole - sign * side.effect / side.weight)[:, None]
            spread = (shift - effect[:, None] / total) * first
        scores.append(
            Scores(
                odds=side.own.odds,
                a1=side.fit,
                b1=sign * side.slope,
                c1=spread,
                a0=side.own.fit,
                b0=sign * side.own.correction(x_mean),
                c0=shift,
                d0=np.full((1, 1), sign * side.own.per_weight),
                e0=sign * side.own.centre * side.own.per_weight,
                h=h,
            )
        )
    return Adjusted(effect, tuple(scores), np.nan if propensity is None else propensity.largest)


@dataclass(frozen=True, eq=False, slots=True)
class _Comparison:
    """What the comparison units say of m cells.

    Parameters
    ----------
    odds
        Coefficients of the logarithm of the odds, shape (1, p); no columns without weighting.
    fit
        Coefficients of the outcome regression, shape (m, p); 0 without one.
    mean
        Weighted mean of the residuals, shape (m,); 0 without weighting.
    centre
        What weighted residuals spread around, shape (m, 1).
    per_weight
        1 / Σ w q, by which weights are normalised; 0 without weighting.
    weighted_x
        Σ w q x / Σ w q, shape (p,); 0 without weighting.
    inverse
        Inverse of Σ w x x', shape (p, p); 0 without a regression whose own error counts.
    h
        Derivative of the weighted mean in the coefficients of the odds times their inverse
        Hessian, shape (m, p); no columns without weighting.
    """

    odds: Array
    fit: Array
    mean: Array
    centre: Array
    per_weight: float
    weighted_x: Array
    inverse: Array
    h: Array

    @staticmethod
    def of(group: Group, method: Method, propensity: Propensity | None, unnormalised: float) -> _Comparison:
        """Regress and weigh; ``unnormalised`` is what Horvitz-Thompson weights are divided by."""
        m, p = len(group.z), len(group.x)
        improved = method == "doubly_robust_improved"
        fit, inverse = np.zeros((m, p)), np.zeros((p, p))
        odds, weighted = np.zeros((1, 0)), np.zeros(0)
        if propensity is not None:
            odds = propensity.coefficients[None]
            weighted = group.weights * np.exp(propensity.coefficients @ group.x)
        if method in ("doubly_robust", "regression", "doubly_robust_improved"):
            fit, inverse = regress(group, weighted if improved else group.weights)
        if propensity is None:
            nothing = np.zeros(m)
            return _Comparison(odds, fit, nothing, nothing[:, None], 0.0, np.zeros(p), inverse, fit[:, :0])
        total = unnormalised if method == "horvitz_thompson" else float(weighted.sum())
        x = group.x * weighted
        # Sums of the residuals times x; the intercept's column holds those of the residuals.
        moments = group.z @ x.T - fit @ (group.x @ x.T)
        mean, weighted_x = moments[:, 0] / total, x.sum(axis=1) / total
        centre = np.zeros(m) if method == "horvitz_thompson" else mean
        h = (moments / total - np.outer(centre, weighted_x)) @ propensity.inverse_hessian
        if improved:  # odds and regression are fitted so that their errors cancel
            inverse, h = 0 * inverse, 0 * h
        return _Comparison(odds, fit, mean, centre[:, None], 1 / total, weighted_x, inverse, h)

    def correction(self, x_mean: Array) -> Array:
        """What the regression's own error contributes, shape (1, p)."""
        return np.asarray((x_mean - self.weighted_x)[None] @ self.inverse, dtype=np.float64)


@dataclass(frozen=True, eq=False, slots=True)
class _Side:
    """What the rows of one period contribute to m cells.

    Parameters
    ----------
    own
        The comparison rows.
    effect
        What is added to (or, for the earlier period, subtracted from) the effects, shape (m,).
    fit
        Coefficients of the outcome regression of the treated rows, shape (m, p).
    slope
        What x is multiplied with for the weight of a treated row's residual, shape (1, p).
    at_treated
        Coefficients of what is averaged over the treated rows of both periods, shape (m, p).
    weight
        Sum of the weights of all rows of the period.
    """

    own: _Comparison
    effect: Array
    fit: Array
    slope: Array
    at_treated: Array
    weight: float

    @staticmethod
    def of(
        treated: Group,
        compared: Group,
        method: Method,
        propensity: Propensity | None,
        total: float,
        x_mean: Array,
        whole: float,
    ) -> _Side:
        """Regress and weigh one period's rows, for treated rows of weight ``total`` in both periods."""
        weight = float(treated.weights.sum() + compared.weights.sum())
        own = _Comparison.of(compared, method, propensity, total * weight / whole)
        own_total, _, z_mean = _means(treated, treated.weights)
        first = _intercept(len(x_mean))
        fit, slope = z_mean[:, None] * first, first / own_total
        at_treated = 0 * fit
        if method == "horvitz_thompson":
            share = whole / (total * weight)
            return _Side(own, share * own_total * z_mean - own.mean, 0 * fit, first * share, 0 * fit, weight)
        if method == "regression":
            at_treated = -own.fit
            return _Side(own, z_mean - own.fit @ x_mean, fit, slope, at_treated, weight)
        if method == "inverse_probability":
            return _Side(own, z_mean - own.mean, fit, slope, at_treated, weight)
        fit, inverse = regress(treated, treated.weights)
        at_treated = fit - own.fit
        if method == "doubly_robust":
            slope = x_mean[None] @ inverse
        return _Side(own, at_treated @ x_mean - own.mean, fit, slope, at_treated, weight)


def regress(group: Group, weights: Array) -> tuple[Array, Array]:
    """Weighted least squares of z on x.

    Parameters
    ----------
    group
        What is regressed on what; its own weights are not used.
    weights
        Shape (n,).

    Returns
    -------
    coefficients : ndarray, shape (m, p)
    inverse : ndarray, shape (p, p)
        Inverse of Σ w x x'.
    """
    x = group.x * weights
    inverse = np.linalg.inv(x @ group.x.T)
    return group.z @ x.T @ inverse, inverse


def _propensity_for(
    method: Method, treated: Group, compared: Group, names: tuple[str, ...], where: str
) -> Propensity | None:
    """The odds of being treated; None where a method does without."""
    if method == "regression":
        return None
    return fit_propensity(
        (treated.x, treated.weights),
        (compared.x, compared.weights),
        calibrated=method == "doubly_robust_improved",
        names=names,
        where=where,
    )


def _means(group: Group, weights: Array) -> tuple[float, Array, Array]:
    """Sum of weights, and weighted means of x, shape (p,), and z, shape (m,)."""
    total = float(weights.sum())
    return total, group.x @ weights / total, group.z @ weights / total


def _intercept(p: int) -> Array:
    """Coefficients that pick the intercept, shape (1, p)."""
    return np.eye(1, p)


def _stacked(one: Group, other: Group) -> Group:
    """Covariates and weights of both; what is compared is not needed and left out."""
    x = np.concatenate([one.x, other.x], axis=1)
    return Group(np.zeros((0, x.shape[1])), x, np.concatenate([one.weights, other.weights]))
