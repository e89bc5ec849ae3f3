"""One regression core: unit effects eliminated exactly, everything else dense.

Least squares, Poisson and negative binomial regressions with an effect for every unit (or for
every unit and season of the year), and regressors of which most are the same for all units of
a group (period effects, cohort × period cells). All three are Newton's method on the coefficients
alone: given these, the unit effects that fit best are known. Each step is a sum over units, made
a few thousand observations at a time, so that nothing of the size of the data is held but residuals
at the end. Least squares is a single step.

Shapes: n units, T periods, G groups, K shared and p own regressors, q factors, s seasons.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from preventeval.did._equations import Equations, inverse, solved
from preventeval.did._likelihoods import Family, Linear, NegativeBinomial, Observations, Poisson
from preventeval.did._parts import Part, Rows, rows_of
from preventeval.did._terms import Terms
from preventeval.errors import EstimationError

__all__ = [
    "Family",
    "Fit",
    "Linear",
    "NegativeBinomial",
    "Poisson",
    "Terms",
    "UnsettledError",
    "Weights",
    "regress",
]

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]
Index = NDArray[np.int64]
Weights = Array | Flags
_MOST_STEPS = 60
#: How far a step may move a predictor: beyond, a likelihood of counts is no parabola, and where a step
#: overshoots to means of all but 0 there is no curvature to find the way back.
_FARTHEST = 8.0
#: By how much (of itself) the likelihood may fall in a step: rounding.
_ROUNDING = 1e-9
#: With no more parts of data than that a step costs no more than one on the sums of groups.
_FEW_PARTS = 6


class UnsettledError(EstimationError):
    """Newton's method does not arrive.

    Parameters
    ----------
    what
        What was being fitted.
    columns
        Coefficients that were still moving, the fastest first.
    """

    def __init__(self, what: str, columns: Index) -> None:
        super().__init__(
            f"{what}: the regression does not settle",
            hint="the usual cause is an effect without a finite best value: a group of areas or a period "
            "without any event, or covariates that separate events from none",
        )
        self.columns = columns


@dataclass(frozen=True, eq=False, slots=True)
class Problem:
    """Data and model of a regression.

    Parameters
    ----------
    y, weights, terms, family
        As for :func:`regress`. Nothing is copied: what is not used is hidden a few units at a time.
    known
        Offset or, for counts, exposure, shape (n, T); a number where it is the same for all.
    parts, columns
        The units, a few at a time, and the regressors that concern each group.
    """

    y: Array
    weights: Weights
    known: Array | float
    terms: Terms
    family: Family
    parts: list[Part]
    columns: list[list[Index]]

    @staticmethod
    def of(y: Array, weights: Weights, known: Array | float, terms: Terms, family: Family) -> Problem:
        """Cut the units into parts."""
        return Problem(y, weights, known, terms, family, terms.parts(), terms.columns())

    def observations(self, rows: Rows) -> tuple[Observations, Flags | None]:
        """Outcomes of some units, and which of them are used, shape (c, T); None for all."""
        alike = self.weights.strides[1] == 0  # one weight per unit
        y, weights = (rows_of(of, rows) for of in (self.y, self.weights[:, :1] if alike else self.weights))
        known = rows_of(self.known, rows) if isinstance(self.known, np.ndarray) else self.known
        flags = weights.dtype == np.bool_
        used = weights if flags else weights > 0
        if used.all():
            ones = flags or bool((weights == 1).all())
            return Observations(y, None if ones else np.asarray(weights, dtype=np.float64), known), None
        used = np.broadcast_to(used, y.shape)
        by_known = flags and not isinstance(self.family, Linear)  # where nothing is expected
        return Observations(
            np.where(used, y, 0.0),
            None if by_known else np.asarray(weights, dtype=np.float64),
            np.where(used, known, 0.0),
        ), used

    def states(self, theta: Array) -> Iterator[State]:
        """What coefficients make of the units, a part at a time."""
        grids = self.terms.grids(theta)
        linked = self.family.link(grids[0])
        for part in self.parts:
            yield self.state(part, theta, grids, linked)

    def state(self, part: Part, theta: Array, grids: Array, linked: Array) -> State:
        """What coefficients make of some units, given :meth:`Terms.grids` and the link of the first."""
        data, used = self.observations(part.rows)
        base = self.family.joined(data.known, linked.take(part.code, axis=0))
        varying = self.terms.varying(grids, theta, part.rows)
        if varying is not None:
            if used is not None:
                varying = np.where(used, varying, 0.0)
            base = self.family.joined(base, self.family.link(varying))
        levels = self.family.levels(data, base, self.terms)
        mean = self.family.mean(base, self.terms.spread(levels))
        return State(part, data, used, varying, levels, mean)

    def equations(self, theta: Array, events: Array) -> tuple[Equations, float]:
        """Newton's equations, and the log-likelihood up to a constant.

        ``events`` are the weighted outcomes of groups, shape (G, T).
        """
        made, searched = Equations(self.terms, self.columns), not isinstance(self.family, Linear)
        height = float(np.vdot(events, self.terms.grids(theta)[0])) if searched else 0.0
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            for state in self.states(theta):
                data = state.data
                made.add(state.part, state.used, *self.family.derivatives(data, state.mean))
                if searched:
                    weighted = data.weighted(data.y)
                    of_level = self.terms.sums(weighted)
                    height += float(np.where(of_level > 0, of_level * state.levels, 0.0).sum())
                    height += self.family.height(data, state.mean)
                    height += 0.0 if state.varying is None else float(np.vdot(weighted, state.varying))
        return made, height

    @property
    def alike(self) -> bool:
        """Whether it is least squares, and units of a group differ in their level (and weight) only."""
        one_each = self.weights.strides[1] == 0 and bool((self.weights[:, 0] > 0).all())
        varying = self.terms.factors.shape[1] + self.terms.own.shape[2]
        return isinstance(self.family, Linear) and one_each and not varying

    def summed(self) -> Problem:
        """Least squares of the means of groups, which has the same equations where units are alike."""
        of = np.bincount(self.terms.code, self.weights[:, 0], len(self.terms.shared))[:, None]
        y, known = (total / np.where(of > 0, of, 1.0) for total in self.totals())
        weights = np.broadcast_to(of, y.shape)
        return Problem.of(y, weights, known, self.terms.folded(), self.family)

    def reach(self, step: Array) -> float:
        """The most that a step of the coefficients moves any predictor but for its level."""
        grids = self.terms.grids(step)
        if not self.terms.factors.shape[1] + self.terms.own.shape[2]:
            return float(np.abs(grids[0]).max(initial=0.0))
        far = 0.0
        for part in self.parts:
            moved = grids[0].take(part.code, axis=0)
            moved += self.terms.varying(grids, step, part.rows)
            far = max(far, float(np.abs(moved[rows_of(self.weights, part.rows) > 0]).max(initial=0.0)))
        return far

    def totals(self) -> tuple[Array, Array]:
        """Weighted outcomes and exposure of groups, shape (G, T) each."""
        total = np.zeros((2, *self.terms.shared.shape[:2]))
        for part in self.parts:
            data, _ = self.observations(part.rows)
            groups, starts = [group for group, _, _ in part.groups], [at.start for _, at, _ in part.groups]
            for sums, grid in zip(total, (data.y, np.broadcast_to(data.known, data.y.shape)), strict=True):
                sums[groups] += np.add.reduceat(data.weighted(grid), starts, axis=0)
        return total[0], total[1]


@dataclass(frozen=True, eq=False, slots=True)
class State:
    """What coefficients make of some units.

    Parameters
    ----------
    part, data, used
        The units and their outcomes; which are used, shape (c, T), or None for all.
    varying
        Part of the predictor that differs between units of a group, shape (c, T), if any.
    levels
        Shape (c, s).
    mean
        Expected outcomes, shape (c, T).
    """

    part: Part
    data: Observations
    used: Flags | None
    varying: Array | None
    levels: Array
    mean: Array


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
    residual
        Gradient of the log-likelihood in the linear predictor times the weight, shape (n, T); 0
        where nothing is used.
    scatter
        Weighted sum of squared differences to the fitted means; for counts each divided by the mean.
    theta, grids, problem
        What predictions are made of: coefficients (of which some may not be determined), what they say
        about groups, shape (1 + q, G, T), and the data.
    """

    coefficients: Array
    bread: Array
    levels: Array
    residual: Array
    scatter: float
    theta: Array
    grids: Array
    problem: Problem

    @property
    def eta(self) -> Array:
        """Linear predictor of every unit-period whose unit has a level, used or not, shape (n, T)."""
        return self.predictor(slice(None))

    def predictor(self, rows: Rows) -> Array:
        """The same of some units, shape (c, T)."""
        terms, known = self.problem.terms, self.problem.known
        eta: Array = self.grids[0].take(terms.code[rows], axis=0)
        varying = terms.varying(self.grids, self.theta, rows)
        if varying is not None:
            eta += varying
        eta += terms.spread(self.levels[rows])
        known = rows_of(known, rows) if isinstance(known, np.ndarray) else known
        eta += known if isinstance(self.problem.family, Linear) else np.log(known)
        return eta

    def curvature(self, rows: Rows) -> Array:
        """Expected curvature of some units times the weight, shape (c, T); 0 where nothing is used."""
        problem, family = self.problem, self.problem.family
        part = Part(rows, problem.terms.code[rows], [])
        with np.errstate(divide="ignore", invalid="ignore"):
            state = problem.state(part, self.theta, self.grids, family.link(self.grids[0]))
        return np.broadcast_to(family.derivatives(state.data, state.mean)[1], state.mean.shape)

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
    weights: Weights,
    offset: Array | float = 0.0,
    exposure: Array | None = None,
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
        Weight of each observation, shape (n, T), or flags where all that are used weigh 1; 0 for
        those that are not used, whose outcome, offset and own regressors may be anything, NaN included.
    offset
        Added to the linear predictor, shape (n, T) or a number.
    exposure
        For counts, in place of the offset: what it is the logarithm of, shape (n, T).
    terms
        Regressors, and the effects to eliminate.
    family
        The likelihood.
    what
        What is being fitted, for error messages.
    start
        Coefficients to start from, shape (K + p,), where some are known that are not far off.

    Returns
    -------
    Fit

    Raises
    ------
    UnsettledError
        Newton's method does not arrive: some coefficient has no finite best value.
    """
    known = offset if isinstance(family, Linear) else np.exp(offset) if exposure is None else exposure
    problem = Problem.of(y, weights, known, terms, family)
    theta, first, moving = _newton(problem, start)
    if moving is not None:
        raise UnsettledError(what, np.argsort(-np.abs(moving), kind="stable"))
    made = Equations(terms, problem.columns)
    residual, levels, scatter = np.empty(y.shape), np.empty((len(y), terms.seasons)), 0.0
    with np.errstate(divide="ignore", invalid="ignore"):
        for state in problem.states(theta):
            rows, (gradient, curvature) = state.part.rows, family.derivatives(state.data, state.mean)
            residual[rows], levels[rows] = gradient, state.levels
            scatter += family.scatter(state.data, state.mean)
            if not isinstance(family, Linear):  # whose information does not depend on where it is
                made.add(state.part, state.used, gradient, curvature)
    last = first if isinstance(family, Linear) else made
    bread, known_ones = _told_apart(first, last, what)
    coefficients = np.where(known_ones, theta, np.nan)
    return Fit(coefficients, bread, levels, residual, scatter, theta, terms.grids(theta), problem)


def _told_apart(first: Equations, last: Equations, what: str) -> tuple[Array, Flags]:
    """Inverse information, and which coefficients it determines, shape (K + p,).

    One that was determined where the search began, and is no longer, has gone where the observations
    that it concerns are all but certain, and say no more about it: it has no finite best value.
    """
    bread, determined = inverse(last.information, last.raw)
    if not determined.all():
        lost = inverse(first.information, first.raw)[1] & ~determined
        if lost.any():
            raise UnsettledError(what, np.flatnonzero(lost))
    return bread, determined


def _newton(problem: Problem, theta: Array | None) -> tuple[Array, Equations, Array | None]:
    """Coefficients that fit best.

    Returns
    -------
    theta : ndarray, shape (K + p,)
    first : Equations
        Where it began.
    moving : ndarray, shape (K + p,), or None
        The last step, where it was no small one.
    """
    family, events = problem.family, np.zeros(0)
    if not isinstance(family, Linear):
        events, at_risk = problem.totals()
        theta = _first_guess(problem, events, at_risk) if theta is None else theta
    elif problem.alike and len(problem.parts) > _FEW_PARTS:
        problem = problem.summed()
    theta = np.zeros(problem.terms.size) if theta is None else theta
    first, height = problem.equations(theta, events)
    if isinstance(family, Linear):
        return theta + solved(first.information, first.raw, first.score), first, None
    here, step = first, np.zeros(len(theta))
    for _ in range(_MOST_STEPS):
        step = solved(here.information, here.raw, here.score)
        far = problem.reach(step)
        if far <= family.settled:
            return theta + step, first, None
        step *= min(1.0, _FARTHEST / far)
        there, reached = problem.equations(theta + step, events)
        # A step too far: the likelihood is concave along it, so halving it helps in the end.
        while not reached >= height - _ROUNDING * abs(height) and problem.reach(step) > family.settled:
            step = step / 2
            there, reached = problem.equations(theta + step, events)
        theta, here, height = theta + step, there, reached
    return theta, first, step


def _first_guess(problem: Problem, events: Array, at_risk: Array) -> Array:
    """Coefficients to start from, shape (K + p,).

    Of the Poisson regression on the sums of each group: exact where units of a group differ in
    level only, and near enough elsewhere. Where there are few units, a single step towards it.
    """
    summed = problem.terms.folded()
    rate = events.sum() / max(at_risk.sum(), np.finfo(float).tiny)
    seen = rate * at_risk > 0
    # Half way between each count and the average rate: no logarithm is of 0.
    near = np.where(seen, (events + rate * at_risk) / 2, 1.0)
    response = np.log(near / np.where(seen, at_risk, 1.0)) + (events - near) / near
    guess = _newton(Problem.of(response, np.where(seen, near, 0.0), 0.0, summed, Linear()), None)[0]
    if len(problem.parts) > _FEW_PARTS:
        nearer, _, moving = _newton(Problem.of(events, seen, at_risk, summed, Poisson()), guess)
        guess = nearer if moving is None else guess
    theta = np.zeros(problem.terms.size)
    theta[np.flatnonzero(problem.terms.factor_of < 0)] = guess
    return theta
