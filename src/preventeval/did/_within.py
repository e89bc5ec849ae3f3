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

import numpy as np
from numpy.typing import NDArray

from preventeval.did._likelihoods import Family, Linear, NegativeBinomial, Poisson
from preventeval.errors import EstimationError

__all__ = ["Family", "Fit", "Linear", "NegativeBinomial", "Poisson", "Terms", "regress"]

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
        total = np.empty((len(self.code), self.shared.shape[1]))
        (_, plain), *others = self.blocks()
        for units, row in zip(self.members(), self.shared[:, :, plain] @ theta[plain], strict=True):
            total[units] = row
        for factor, columns in others:
            if factor is not None and len(columns):
                total += (self.shared[:, :, columns] @ theta[columns])[self.code] * factor[:, None]
        if self.own.shape[2]:
            total += self.own @ theta[self.shared.shape[2] :]
        return total

    def members(self) -> list[slice | Index]:
        """Units of each group: slices where groups lie together and in order."""
        groups = np.arange(len(self.shared))
        if (self.code[1:] < self.code[:-1]).any():
            return [np.flatnonzero(self.code == group) for group in groups]
        ends = np.searchsorted(self.code, groups, side="right")
        return [slice(begin, end) for begin, end in zip([0, *ends[:-1]], ends, strict=True)]

    def taken(self, units: Index) -> Terms:
        """The same of some units, or of all in another order."""
        return replace(self, code=self.code[units], factors=self.factors[units], own=self.own[units])

    def blocks(self) -> list[tuple[Array | None, Index]]:
        """Each factor, shape (n,) or None for 1, with the shared regressors that it multiplies."""
        at = [np.flatnonzero(self.factor_of == j) for j in range(-1, self.factors.shape[1])]
        return [(None, at[0]), *zip(self.factors.T, at[1:], strict=True)]

    def features(self, residual: Array) -> Array:
        """What scores are a linear map of, shape (n, (1 + q) T + p).

        Residuals by period, shape (n, T), the same times each factor, and the scores of own regressors.
        """
        if self.own.shape[2] + self.factors.shape[1] == 0:
            return residual
        own = np.where((residual != 0)[:, :, None], self.own, 0.0)  # NaN where nothing is used
        scores = np.einsum("it,itp->ip", residual, own)
        return np.hstack([residual, *(residual * f[:, None] for f in self.factors.T), scores])

    def maps(self, directions: Array) -> Array:
        """From :meth:`features` to scores times some directions, shape (G, (1 + q) T + p, k).

        Directions have shape (K + p, k).
        """
        k, p = self.shared.shape[2], self.own.shape[2]
        shared = [self.shared[:, :, at] @ directions[at] for _, at in self.blocks()]
        own = np.broadcast_to(directions[k:], (len(self.shared), p, directions.shape[1]))
        return np.concatenate([*shared, own], axis=1)

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
        return terms.maps(self.bread[:, columns])

    def features(self, terms: Terms) -> Array:
        """What influence values are a linear map of, shape (n, (1 + q) T + p).

        Residuals by period, the same times each factor, and the scores of own regressors.
        """
        return terms.features(self.residual)


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
    if (terms.code[1:] < terms.code[:-1]).any():  # groups that lie together need no copies in each step
        return _sorted(y, weights, offset, terms, family, what, start)
    used = weights > 0
    y, known_offset = np.where(used, y, 0.0), np.where(used, offset, 0.0)
    if terms.own.shape[2]:
        terms = replace(terms, own=np.where(used[:, :, None], terms.own, 0.0))
    problem = _Problem(y, weights, known_offset, terms, family)
    if start is None:
        start = known_offset if family.quadratic else _first_guess(problem, what)
    eta = np.where(used, start, 0.0)
    mean, height = family.mean(eta), -np.inf  # a first guess need not be of the model's form: no yardstick
    for _ in range(_MOST_STEPS):
        step = problem.step(eta, mean)
        if family.quadratic:
            eta, mean = step.eta, step.mean
            break
        moved, mean = step.eta, step.mean
        reached = problem.height(moved, mean)
        # A step too far: the likelihood is concave along it, so halving it helps in the end.
        while not reached >= height - 1e-9 * abs(height):
            moved = (eta + moved) / 2
            mean = family.mean(moved)
            reached = problem.height(moved, mean)
            if np.abs(moved - eta).max() < _SMALL_STEP:
                break
        change = np.subtract(moved, eta, out=eta)
        far = max(change.max(initial=0.0), -change.min(initial=0.0))
        eta, height = moved, reached
        if far < _SMALL_STEP:
            break
    else:
        raise EstimationError(
            f"{what}: the regression does not settle in {_MOST_STEPS} steps",
            hint="the usual cause is an effect without a finite best value: a group of areas or a period "
            "without any event, or covariates that separate events from none",
        )
    gradient, curvature = family.derivatives(y, mean)
    gradient *= weights
    curvature *= weights
    bread, known = _inverse(step.information, step.raw)
    everywhere = terms.predictor(step.theta) + terms.spread(step.levels)
    everywhere += offset
    return Fit(np.where(known, step.theta, np.nan), bread, step.levels, everywhere, gradient, curvature)


def _sorted(
    y: Array,
    weights: Array,
    offset: Array | float,
    terms: Terms,
    family: Family,
    what: str,
    start: Array | None,
) -> Fit:
    """Fit with units sorted by group, and give the results in the order of the units."""
    order = np.argsort(terms.code, kind="stable")
    fit = regress(
        y[order],
        weights=weights[order],
        offset=offset[order] if isinstance(offset, np.ndarray) else offset,
        terms=terms.taken(order),
        family=family,
        what=what,
        start=None if start is None else start[order],
    )
    back = np.argsort(order)
    return replace(
        fit,
        levels=fit.levels[back],
        eta=fit.eta[back],
        residual=fit.residual[back],
        curvature=fit.curvature[back],
    )


@dataclass(frozen=True, eq=False, slots=True)
class _Step:
    """Where a step leads: coefficients, levels, shape (n, s), and predictor and mean, shape (n, T).

    ``information`` and ``raw`` are as :func:`_information` gives them, where the step began.
    """

    theta: Array
    levels: Array
    eta: Array
    mean: Array
    information: Array
    raw: Array


@dataclass(frozen=True, eq=False, slots=True)
class _Problem:
    """Data and model of a regression; nothing missing where the weight is above 0."""

    y: Array
    weights: Array
    offset: Array
    terms: Terms
    family: Family

    def step(self, eta: Array, mean: Array) -> _Step:
        """One step of iterated weighted least squares from a linear predictor and its mean."""
        terms = self.terms
        target, curvature = self.family.derivatives(self.y, mean)
        target *= self.weights
        curvature *= self.weights
        # Curvature times the working response: where the linearised model would have eta be.
        beyond = eta - self.offset
        beyond *= curvature
        target += beyond
        total = terms.sums(curvature)
        with np.errstate(divide="ignore", invalid="ignore"):
            response = np.nan_to_num(terms.sums(target) / total)
        information, raw = _information(curvature, total, terms)
        reduced = np.multiply(curvature, terms.spread(response), out=beyond)
        theta = _solved(information, raw, _score(np.subtract(target, reduced, out=reduced), terms))
        partial = terms.predictor(theta)
        with np.errstate(divide="ignore", invalid="ignore"):
            if isinstance(self.family, Poisson) and terms.season is not None:
                # Given the rest, the levels of a Poisson regression are known exactly.
                partial += self.offset
                mean = np.exp(partial)
                levels = np.log(terms.sums(self.weights * self.y) / terms.sums(self.weights * mean))
                known = terms.spread(np.where(total > 0, levels, 0.0))
                partial += known
                mean *= np.exp(known)
                return _Step(theta, levels, partial, mean, information, raw)
            levels = terms.sums(target - curvature * partial) / total
        partial += self.offset
        partial += terms.spread(np.where(total > 0, levels, 0.0))
        return _Step(theta, levels, partial, self.family.mean(partial), information, raw)

    def height(self, eta: Array, mean: Array) -> float:
        """Log-likelihood up to a constant."""
        return self.family.loglik(self.weights * self.y, self.weights, eta, mean)


def _first_guess(problem: _Problem, what: str) -> Array:
    """Linear predictor to start from, shape (n, T).

    Of the Poisson regression on the sums of each group: exact where units of a group differ in
    level only, and near enough elsewhere.
    """
    y, weights, offset, terms = problem.y, problem.weights, problem.offset, problem.terms
    groups = len(terms.shared)
    if len(y) > groups:
        counts, at_risk = (
            np.stack([grid[units].sum(axis=0) for units in terms.members()])
            for grid in (weights * y, weights * np.exp(offset))
        )
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
    periods = np.arange(curvature.shape[1])
    every, present = terms.blocks(), (terms.shared != 0).any(axis=1)  # most regressors concern few groups
    for mine, shared, here in zip(terms.members(), terms.shared, present, strict=True):
        blocks = [(one, rows[here[rows]]) for one, rows in every]
        for first, (one, rows) in enumerate(blocks):
            scaled, left = curvature[mine], shared[:, rows].T
            if one is not None:
                scaled = scaled * one[mine, None]
            information[rows, k:] += left @ _sum_of(weighted[mine], one, mine)
            for other, columns in blocks[first:]:
                twice = scaled if other is None else scaled * other[mine, None]
                sums = twice.sum(axis=0)
                within = np.diag(sums)
                for season in range(terms.seasons):
                    at = slice(None) if terms.seasons == 1 else np.flatnonzero(terms.season == season)
                    block = twice[:, at] * per_total[mine, season, None]
                    within[np.ix_(periods[at], periods[at])] -= block.T @ curvature[mine][:, at]
                part = left @ within @ shared[:, columns]
                information[np.ix_(rows, columns)] += part
                if other is one:
                    raw[rows] += left**2 @ sums
                else:
                    information[np.ix_(columns, rows)] += part.T
    information[k:, :k] = information[:k, k:].T
    information[k:, k:] = np.tensordot(weighted, centred, axes=([0, 1], [0, 1]))
    raw[k:] = np.einsum("it,itp->p", curvature, terms.own**2)
    return information, raw


def _sum_of(grid: Array, factor: Array | None, units: slice | Index) -> Array:
    """Sum over units of a grid of theirs times their factor."""
    return np.asarray(grid.sum(axis=0) if factor is None else np.tensordot(factor[units], grid, axes=1))


def _score(reduced: Array, terms: Terms) -> Array:
    """Products of regressors and a grid, summed over everything, shape (K + p,)."""
    score = np.zeros(terms.size)
    score[terms.shared.shape[2] :] = np.einsum("it,itp->p", reduced, terms.own)
    for mine, shared in zip(terms.members(), terms.shared, strict=True):
        for factor, columns in terms.blocks():
            score[columns] += _sum_of(reduced[mine], factor, mine) @ shared[:, columns]
    return score


def _solved(information: Array, raw: Array, score: Array) -> Array:
    """Coefficients, shape (K + p,), with the help of a generalised inverse where there is no other."""
    scale = np.sqrt(np.where(raw > 0, raw, 1.0))
    scaled = information / np.outer(scale, scale)
    if _determined(scaled):
        return np.asarray(np.linalg.solve(scaled, score / scale) / scale)
    return np.asarray(_inverse(information, raw)[0] @ score)


def _determined(scaled: Array) -> bool:
    """Whether no column of a scaled information matrix depends on the others."""
    try:
        pivots = np.diag(np.linalg.cholesky(scaled)) ** 2
    except np.linalg.LinAlgError:
        return False
    return bool(pivots.min(initial=1.0) > _COLLINEAR)


def _inverse(information: Array, raw: Array) -> tuple[Array, NDArray[np.bool_]]:
    """Inverse of an information matrix, and which coefficients it determines.

    Where columns depend on each other the inverse is a generalised one, and a coefficient that
    takes part in the dependence is not determined.
    """
    scale = np.sqrt(np.where(raw > 0, raw, 1.0))
    scaled = information / np.outer(scale, scale)
    if _determined(scaled):
        return np.linalg.inv(scaled) / np.outer(scale, scale), np.ones(len(raw), dtype=bool)
    values, vectors = np.linalg.eigh(scaled)
    empty = values <= _COLLINEAR
    inverse = (vectors[:, ~empty] / values[~empty]) @ vectors[:, ~empty].T
    return inverse / np.outer(scale, scale), (vectors[:, empty] ** 2).sum(axis=1) < _COLLINEAR
