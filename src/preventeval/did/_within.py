"""One regression core: unit effects eliminated exactly, everything else dense.

Least squares, Poisson and negative binomial regressions with an effect for every unit (or for
every unit and season of the year), and regressors of which most are the same for all units of
a group (period effects, cohort × period cells). All three are Newton's method on the same
reduced equations. With W the curvature and e the gradient of the log-likelihood in the linear
predictor, both of shape (n, T), and m the sum of W over the periods of a unit, eliminating
the unit effects leaves

- information: Σ_g Z_g' [diag(Σ_i W_i) − Σ_i W_i W_i' / m_i] Z_g,
- score: Σ_g Z_g' Σ_i [e_i − W_i (Σ_t e_it) / m_i],

so that one T × T matrix per group stands for all its units (and one per pair of covariates where
regressors are multiplied with covariates that do not vary over time). Least squares is a single step; in
a Poisson regression the unit effects given the rest have a closed form (the score is that of
the conditional multinomial likelihood: Hausman, Hall & Griliches 1984,
https://doi.org/10.2307/1911191).

Shapes: n units, T periods, G groups, K shared and p own regressors, q factors, s seasons.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from preventeval.errors import EstimationError

__all__ = ["Fit", "Linear", "NegativeBinomial", "Poisson", "Terms", "regress"]

Array = NDArray[np.float64]
Index = NDArray[np.int64]
#: A column of which less than this share (of its sum of squares) is its own is determined by the others.
_COLLINEAR = 1e-10
#: Newton's error is squared by each step: after one this small it is rounding.
_SMALL_STEP = 1e-8
_MOST_STEPS = 60


@dataclass(frozen=True, eq=False, slots=True)
class Terms:
    """What an outcome is regressed on, and which effects are eliminated.

    Parameters
    ----------
    code
        Group of each unit, shape (n,).
    shared
        Regressors that all units of a group have in common, up to a factor, shape (G, T, K).
    factors
        What they may be multiplied with: numbers of each unit, shape (n, q).
    factor_of
        Which factor each shared regressor is multiplied with, shape (K,); -1 for none.
    own
        Regressors that differ between units of a group in another way, shape (n, T, p).
    season
        Season of each period, numbered from 0, shape (T,): each unit has an effect for each
        season. All 0: one effect per unit. None: no effects are eliminated.
    """

    code: Index
    shared: Array
    factors: Array
    factor_of: Index
    own: Array
    season: Index | None

    @property
    def size(self) -> int:
        """Number of coefficients, K + p."""
        return int(self.shared.shape[2] + self.own.shape[2])

    @property
    def seasons(self) -> int:
        """Number of effects that each unit has, s."""
        return 0 if self.season is None else int(self.season.max()) + 1

    def predictor(self, theta: Array) -> Array:
        """What the regressors say, shape (n, T)."""
        total = self.own @ theta[self.shared.shape[2] :] if self.own.shape[2] else 0.0
        for factor, columns in self.blocks():
            part = (self.shared[:, :, columns] @ theta[columns])[self.code]
            total = total + (part if factor is None else part * factor[:, None])
        return np.asarray(total)

    def blocks(self) -> list[tuple[Array | None, Index]]:
        """Each factor, shape (n,) or None for 1, with the shared regressors that it multiplies."""
        at = [np.flatnonzero(self.factor_of == j) for j in range(-1, self.factors.shape[1])]
        return [(None, at[0]), *zip(self.factors.T, at[1:], strict=True)]

    def sums(self, grid: Array) -> Array:
        """Sums over the periods of a season, shape (n, s)."""
        if self.season is None:
            return np.zeros((len(grid), 0))
        return np.asarray(grid @ (self.season[:, None] == np.arange(self.seasons)).astype(np.float64))

    def spread(self, levels: Array) -> Array:
        """Levels of units, shape (n, s), laid out by period, shape (n, T); 0 without seasons."""
        if self.season is None:
            return np.zeros((1, 1))
        return levels[:, self.season] if self.seasons > 1 else levels


class Family(Protocol):
    """A log-likelihood as a function of the linear predictor."""

    @property
    def quadratic(self) -> bool:
        """Whether one Newton step arrives."""

    def loglik(self, y: Array, eta: Array) -> Array:
        """Log-likelihood up to a constant, shape (n, T)."""

    def derivatives(self, y: Array, eta: Array) -> tuple[Array, Array]:
        """Gradient and (minus) expected curvature in the linear predictor, shape (n, T) each."""


@dataclass(frozen=True, slots=True)
class Linear:
    """Least squares."""

    quadratic: bool = True

    def loglik(self, y: Array, eta: Array) -> Array:
        """Minus half the squared residual."""
        return np.asarray(-0.5 * (y - eta) ** 2)

    def derivatives(self, y: Array, eta: Array) -> tuple[Array, Array]:
        """Residual, and 1."""
        return y - eta, np.ones_like(y)


@dataclass(frozen=True, slots=True)
class Poisson:
    """Poisson likelihood with logarithmic link."""

    quadratic: bool = False

    def loglik(self, y: Array, eta: Array) -> Array:
        """Log-likelihood without its factorials."""
        return np.asarray(y * eta - np.exp(eta))

    def derivatives(self, y: Array, eta: Array) -> tuple[Array, Array]:
        """Residual, and the mean."""
        mean = np.exp(eta)
        return y - mean, mean


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

    def loglik(self, y: Array, eta: Array) -> Array:
        """Log-likelihood without the terms that the mean does not move."""
        return np.asarray(y * eta - (y + 1 / self.alpha) * np.log1p(self.alpha * np.exp(eta)))

    def derivatives(self, y: Array, eta: Array) -> tuple[Array, Array]:
        """Weighted residual, and expected curvature."""
        mean = np.exp(eta)
        shrunk = 1 + self.alpha * mean
        return (y - mean) / shrunk, mean / shrunk


@dataclass(frozen=True, eq=False, slots=True)
class Fit:
    """A fitted regression.

    Parameters
    ----------
    coefficients
        Shared ones first, shape (K + p,); NaN where the data do not tell a coefficient apart
        from the others.
    bread
        Inverse of the information, shape (K + p, K + p).
    levels
        Effect of each unit in each season, shape (n, s); NaN where it has no observation.
    eta
        Linear predictor, shape (n, T): of every unit-period whose unit has a level, used or not.
    residual
        Gradient of the log-likelihood in the linear predictor times the weight, shape (n, T); 0
        where nothing is used.
    curvature
        Expected curvature times the weight, shape (n, T); 0 where nothing is used.
    """

    coefficients: Array
    bread: Array
    levels: Array
    eta: Array
    residual: Array
    curvature: Array

    def maps(self, terms: Terms, columns: Index) -> Array:
        """From the features of a unit to its influence on some coefficients.

        Parameters
        ----------
        terms
            What was regressed on.
        columns
            Which coefficients, shape (k,).

        Returns
        -------
        ndarray, shape (G, (1 + q) T + p, k)
            To be applied to :meth:`features`.
        """
        k, p = terms.shared.shape[2], terms.own.shape[2]
        shared = [terms.shared[:, :, at] @ self.bread[np.ix_(at, columns)] for _, at in terms.blocks()]
        own = np.broadcast_to(self.bread[k:, columns], (len(terms.shared), p, len(columns)))
        return np.concatenate([*shared, own], axis=1)

    def features(self, terms: Terms) -> Array:
        """What influence values are a linear map of, shape (n, (1 + q) T + p).

        Residuals by period, the same times each factor, and the scores of own regressors.
        """
        if terms.own.shape[2] + terms.factors.shape[1] == 0:
            return self.residual
        own = np.where((self.curvature > 0)[:, :, None], terms.own, 0.0)  # NaN where nothing is used
        scores = np.einsum("it,itp->ip", self.residual, own)
        return np.hstack([self.residual, *(self.residual * f[:, None] for f in terms.factors.T), scores])


def regress(
    y: Array,
    *,
    weights: Array,
    offset: Array | float,
    terms: Terms,
    family: Family,
    what: str,
    start: Array | None = None,
) -> Fit:
    """Fit a regression.

    Parameters
    ----------
    y
        Outcomes, shape (n, T).
    weights
        Weight of each observation, shape (n, T); 0 for those that are not used, whose outcome,
        offset and own regressors may be anything, NaN included.
    offset
        Added to the linear predictor, shape (n, T) or a number.
    terms
        Regressors, and the effects to eliminate.
    family
        The likelihood.
    what
        What is being fitted, for error messages.
    start
        First guess at the linear predictor, shape (n, T), where one is known.

    Returns
    -------
    Fit

    Raises
    ------
    EstimationError
        Newton's method does not arrive: some coefficient has no finite best value.
    """
    used = weights > 0
    y, known_offset = np.where(used, y, 0.0), np.where(used, offset, 0.0)
    if terms.own.shape[2]:
        terms = replace(terms, own=np.where(used[:, :, None], terms.own, 0.0))
    problem = _Problem(y, weights, known_offset, terms, family)
    if start is None:
        start = known_offset if family.quadratic else _first_guess(problem, what)
    eta = np.where(used, start, 0.0)
    height = -np.inf  # the first guess need not be of the model's form, so it is no yardstick
    for _ in range(_MOST_STEPS):
        theta, levels, bread, known = problem.step(eta)
        moved = problem.predictor(theta, levels)
        reached = problem.height(moved)
        # A step too far: the likelihood is concave along it, so halving it helps in the end.
        while not reached >= height - 1e-9 * abs(height):
            moved = (eta + moved) / 2
            reached = problem.height(moved)
            if np.abs(moved - eta).max() < _SMALL_STEP:
                break
        change = float(np.abs(moved - eta).max(initial=0.0))
        eta, height = moved, reached
        if family.quadratic or change < _SMALL_STEP:
            break
    else:
        raise EstimationError(
            f"{what}: the regression does not settle in {_MOST_STEPS} steps",
            hint="the usual cause is an effect without a finite best value: a group of areas or a period "
            "without any event, or covariates that separate events from none",
        )
    gradient, curvature = (weights * part for part in family.derivatives(y, eta))
    everywhere = np.asarray(offset + terms.predictor(theta) + terms.spread(levels))
    return Fit(np.where(known, theta, np.nan), bread, levels, everywhere, gradient, curvature)


@dataclass(frozen=True, eq=False, slots=True)
class _Problem:
    """Data and model of a regression; nothing missing where the weight is above 0."""

    y: Array
    weights: Array
    offset: Array
    terms: Terms
    family: Family

    def step(self, eta: Array) -> tuple[Array, Array, Array, NDArray[np.bool_]]:
        """One step of iterated weighted least squares from a linear predictor.

        Returns
        -------
        theta : ndarray, shape (K + p,)
        levels : ndarray, shape (n, s)
        bread : ndarray, shape (K + p, K + p)
        known : ndarray of bool, shape (K + p,)
        """
        terms = self.terms
        gradient, curvature = self.family.derivatives(self.y, eta)
        curvature *= self.weights
        # Curvature times the working response: where the linearised model would have eta be.
        target = self.weights * gradient + curvature * (eta - self.offset)
        total = terms.sums(curvature)
        with np.errstate(divide="ignore", invalid="ignore"):
            mean = np.nan_to_num(terms.sums(target) / total)
        information, raw = _information(curvature, total, terms)
        bread, known = _inverse(information, raw)
        theta = bread @ _score(target - curvature * terms.spread(mean), terms)
        partial = terms.predictor(theta)
        with np.errstate(divide="ignore", invalid="ignore"):
            if isinstance(self.family, Poisson) and terms.season is not None:
                # Given the rest, the levels of a Poisson regression are known exactly.
                means = self.weights * np.exp(self.offset + partial)
                levels = np.log(terms.sums(self.weights * self.y) / terms.sums(means))
            else:
                levels = terms.sums(target - curvature * partial) / total
        return theta, levels, bread, known

    def predictor(self, theta: Array, levels: Array) -> Array:
        """Linear predictor where observations are used, shape (n, T); elsewhere 0."""
        eta = self.offset + self.terms.predictor(theta) + self.terms.spread(levels)
        return np.where(self.weights > 0, eta, 0.0)

    def height(self, eta: Array) -> float:
        """Log-likelihood up to a constant."""
        return float((self.weights * self.family.loglik(self.y, eta)).sum())


def _first_guess(problem: _Problem, what: str) -> Array:
    """Linear predictor to start from, shape (n, T).

    Of the Poisson regression on the sums of each group: exact where units of a group differ in
    level only, and near enough elsewhere.
    """
    y, weights, offset, terms = problem.y, problem.weights, problem.offset, problem.terms
    groups = len(terms.shared)
    if len(y) > groups:
        member = [np.flatnonzero(terms.code == group) for group in range(groups)]
        counts = np.stack([(weights[m] * y[m]).sum(axis=0) for m in member])
        at_risk = np.stack([(weights[m] * np.exp(offset[m])).sum(axis=0) for m in member])
        seen = at_risk > 0
        plain = terms.factor_of < 0
        summed = Terms(
            np.arange(groups),
            terms.shared[:, :, plain],
            np.zeros((groups, 0)),
            terms.factor_of[plain],
            np.zeros((*counts.shape, 0)),
            terms.season,
        )
        if terms.season is not None:  # a group without an event in a season says nothing about its periods
            seen = seen & np.broadcast_to(summed.spread(summed.sums(counts)) > 0, seen.shape)
        fitted = regress(
            counts,
            weights=seen.astype(np.float64),
            offset=np.log(np.where(seen, at_risk, 1.0)),
            terms=summed,
            family=Poisson(),
            what=what,
        )
        theta = np.zeros(terms.size)
        theta[np.flatnonzero(plain)] = np.nan_to_num(fitted.coefficients)
        partial = offset + terms.predictor(theta)
        if terms.season is None:
            return partial
        with np.errstate(divide="ignore", invalid="ignore"):
            levels = np.log(terms.sums(weights * y) / terms.sums(weights * np.exp(partial)))
        return np.asarray(partial + terms.spread(levels))
    used = weights > 0
    rate = y[used].sum() / np.exp(offset[used]).sum()
    # Half way between each count and the average rate: no logarithm is of 0.
    return np.asarray(np.log((y + rate * np.exp(offset)) / 2))


def _information(curvature: Array, total: Array, terms: Terms) -> tuple[Array, Array]:
    """Information of the coefficients once the levels are eliminated.

    Returns
    -------
    information : ndarray, shape (K + p, K + p)
    raw : ndarray, shape (K + p,)
        Its diagonal had nothing been eliminated.
    """
    k, p = terms.shared.shape[2], terms.own.shape[2]
    information, raw = np.zeros((k + p, k + p)), np.zeros(k + p)
    with np.errstate(divide="ignore", invalid="ignore"):
        per_total = np.where(total > 0, 1 / total, 0.0)
    centred = terms.own
    if p and terms.season is not None:
        means = [terms.sums(curvature * terms.own[:, :, j]) * per_total for j in range(p)]
        centred = terms.own - np.stack([np.broadcast_to(terms.spread(m), curvature.shape) for m in means], 2)
    weighted = curvature[:, :, None] * centred
    blocks = terms.blocks()
    for group, shared in enumerate(terms.shared):
        mine = np.flatnonzero(terms.code == group)
        for first, (one, rows) in enumerate(blocks):
            scaled = curvature[mine] if one is None else curvature[mine] * one[mine, None]
            information[rows, k:] += shared[:, rows].T @ _sum_of(weighted[mine], one, mine)
            for other, columns in blocks[first:]:
                twice = scaled if other is None else scaled * other[mine, None]
                sums = twice.sum(axis=0)
                within = np.diag(sums)
                for season in range(terms.seasons):
                    at = np.flatnonzero(terms.season == season)
                    block = twice[:, at] * per_total[mine, season, None]
                    within[np.ix_(at, at)] -= block.T @ curvature[mine][:, at]
                part = shared[:, rows].T @ within @ shared[:, columns]
                information[np.ix_(rows, columns)] += part
                if other is one:
                    raw[rows] += sums @ shared[:, rows] ** 2
                else:
                    information[np.ix_(columns, rows)] += part.T
    information[k:, :k] = information[:k, k:].T
    information[k:, k:] = np.tensordot(weighted, centred, axes=([0, 1], [0, 1]))
    raw[k:] = np.einsum("it,itp->p", curvature, terms.own**2)
    return information, raw


def _sum_of(grid: Array, factor: Array | None, units: Index) -> Array:
    """Sum over units of a grid of theirs times their factor."""
    return np.asarray(grid.sum(axis=0) if factor is None else np.tensordot(factor[units], grid, axes=1))


def _score(reduced: Array, terms: Terms) -> Array:
    """Products of regressors and a grid, summed over everything, shape (K + p,)."""
    score = np.zeros(terms.size)
    score[terms.shared.shape[2] :] = np.einsum("it,itp->p", reduced, terms.own)
    for group, shared in enumerate(terms.shared):
        mine = np.flatnonzero(terms.code == group)
        for factor, columns in terms.blocks():
            score[columns] += _sum_of(reduced[mine], factor, mine) @ shared[:, columns]
    return score


def _inverse(information: Array, raw: Array) -> tuple[Array, NDArray[np.bool_]]:
    """Inverse of an information matrix, and which coefficients it determines.

    Where columns depend on each other the inverse is a generalised one, and a coefficient that
    takes part in the dependence is not determined.
    """
    scale = np.sqrt(np.where(raw > 0, raw, 1.0))
    scaled = information / np.outer(scale, scale)
    try:
        pivots = np.diag(np.linalg.cholesky(scaled)) ** 2
    except np.linalg.LinAlgError:
        pivots = np.zeros(1)
    if pivots.min(initial=1.0) > _COLLINEAR:
        return np.linalg.inv(scaled) / np.outer(scale, scale), np.ones(len(raw), dtype=bool)
    values, vectors = np.linalg.eigh(scaled)
    empty = values <= _COLLINEAR
    inverse = (vectors[:, ~empty] / values[~empty]) @ vectors[:, ~empty].T
    return inverse / np.outer(scale, scale), (vectors[:, empty] ** 2).sum(axis=1) < _COLLINEAR
