"""Incidents expected without the programme, cell by cell, behind effects that are log rate ratios.

An effect is the logarithm of what is expected in a cell with the programme over what would be
without, M. M is the sum over the cell's units of exposure × exp(level + the rest), where the rest
leaves out the effect of the cell, and covariates times it. Its derivative in the coefficients, with
levels following them, is the sum over these units of M_i (x_it − Σ_s p_is x_is), where x_it leaves
out the same and p_is is the share of period s in what is fitted of the unit.

Where the effect is one coefficient this gives that coefficient. Where it differs between the
units of a cell it does not give their mean: exp of a mean is no mean of exp. And where nothing was
counted the effect has no value, but M has (its cell is left out of the regression, which is what
an effect of minus infinity comes to): leaving such cells out of totals would keep only those
in which something happened.

Shapes: n units, T periods, G groups, K shared and p own regressors, q covariates, k or m cells.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from preventeval.design import StudyDesign
from preventeval.did._equations import inverse
from preventeval.did._parts import in_chunks
from preventeval.did._saturated import Saturated
from preventeval.did._scores import ScoreSource
from preventeval.did._within import Fit, Terms, Weights
from preventeval.uncertainty import Influence

__all__ = ["Empty", "determined", "log_ratios", "mean_effects", "with_empty", "with_expected"]

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]
Index = NDArray[np.int64]
#: Share of a combination of coefficients that may lie where the data say nothing: rounding.
_ROUNDING = 1e-6


@dataclass(frozen=True, eq=False, slots=True)
class Empty:
    """Cells in which nothing was counted.

    Parameters
    ----------
    cells
        Cohort and period of each, shape (m, 2).
    expected
        Incidents expected without the programme, shape (m,).
    maps
        From the features of units to their influence on it, shape (G, features, m).
    """

    cells: Index
    expected: Array
    maps: Array


def with_empty(
    fit: Fit, terms: Terms, design: StudyDesign, seen: Flags, cells: list[tuple[int, int]]
) -> Empty:
    """What was expected in cells without any event, where the regression says it.

    Parameters
    ----------
    fit, terms
        The regression, without these cells.
    design
        Whose units they are.
    seen
        Unit-periods that were observed, those of the empty cells among them, shape (n, T).
    cells
        Cohort and period of each.

    Returns
    -------
    Empty
    """
    at = np.array(sorted(cells), dtype=np.int64).reshape(-1, 2)
    if not len(at):
        return Empty(at, np.zeros(0), np.zeros((len(terms.shared), 0, 0)))
    expected, slopes = expected_in_empty(fit, terms, seen, design.cohort, at)
    known = np.isfinite(expected)
    return Empty(at[known], expected[known], terms.maps(fit.bread @ slopes[:, known]))


def expected_in_empty(
    fit: Fit, terms: Terms, seen: Flags, cohort: Index, cells: Index
) -> tuple[Array, Array]:
    """What was expected in cells that the regression left out, because nothing was counted in them.

    Parameters
    ----------
    fit, terms
        The regression.
    seen
        Unit-periods that were observed, those of the empty cells among them, shape (n, T).
    cohort
        First treated position of each unit, shape (n,).
    cells
        Cohort and period of each cell, shape (m, 2).

    Returns
    -------
    expected : ndarray, shape (m,)
        NaN where the regression does not say.
    slopes : ndarray, shape (K + p, m)
        Derivatives in the coefficients.
    """

    def mean(rows: Index) -> Array:
        # A unit without any event is expected to have none.
        return np.where(seen[rows], np.nan_to_num(np.exp(fit.predictor(rows))), 0.0)

    expected, slopes = _sums_in_cells(fit, terms, mean, cohort, cells)
    return np.where(determined(fit, slopes), expected, np.nan), slopes


def log_ratios(
    fit: Fit, plan: Saturated, weights: Weights, cohort: Index, cells: Index
) -> tuple[Array, Array]:
    """Effects of cells that differ between units with their covariates, as ratios of expected incidents.

    Parameters
    ----------
    fit, plan
        The regression, of counts.
    weights
        Weight of each unit-period, shape (n, T); 0 where not used.
    cohort
        First treated position of each unit, shape (n,).
    cells
        Cohort and period of each effect of the plan, shape (k, 2).

    Returns
    -------
    effect : ndarray, shape (k,)
        Logarithm of the weighted sum of what is expected with the programme over what is without.
    slopes : ndarray, shape (K + p, k)
        Derivatives in the coefficients.
    """
    terms = plan.terms
    columns = np.concatenate([plan.effects, plan.slopes.ravel()])
    programme = np.zeros(terms.size)
    programme[columns] = fit.theta[columns]
    grids = terms.grids(programme)

    def behind(rows: Index) -> Array:
        used = weights[rows] > 0
        return np.where(used, weights[rows] * np.exp(np.where(used, fit.predictor(rows), 0.0)), 0.0)

    def without(rows: Index) -> Array:
        own, varying = grids[0].take(terms.code[rows], axis=0), terms.varying(grids, programme, rows)
        made: Array = behind(rows) * np.exp(-own if varying is None else -own - varying)
        return made

    total, slopes = _sums_in_cells(fit, terms, behind, cohort, cells)
    rest, of_rest = _sums_in_cells(fit, terms, without, cohort, cells, leaving=columns)
    with np.errstate(divide="ignore", invalid="ignore"):  # cells without any observation
        return np.log(total) - np.log(rest), slopes / total - of_rest / rest


def mean_effects(
    fit: Fit, plan: Saturated, weights: Weights, cohort: Index, cells: Index
) -> tuple[Array, Array]:
    """Effects of cells that differ between units with their covariates, as means over unit-periods.

    Parameters
    ----------
    fit, plan
        The regression, by least squares.
    weights, cohort, cells
        As for :func:`log_ratios`.

    Returns
    -------
    effect : ndarray, shape (k,)
    slopes : ndarray, shape (K + p, k)
        Derivatives in the coefficients.
    """
    slopes = np.zeros((plan.terms.size, len(cells)))
    slopes[plan.effects, np.arange(len(cells))] = 1.0
    for start in np.unique(cells[:, 0]) if len(plan.slopes) else ():
        at, members = np.flatnonzero(cells[:, 0] == start), np.flatnonzero(cohort == start)
        behind = weights[members][:, cells[at, 1]].astype(np.float64)
        for columns in plan.slopes:
            factor = plan.terms.factors[members, plan.terms.factor_of[columns[0]]]
            with np.errstate(invalid="ignore"):  # cells without any observation
                slopes[columns[at], at] = factor @ behind / behind.sum(axis=0)
    return np.asarray(fit.theta @ slopes), slopes


def determined(fit: Fit, slopes: Array) -> Flags:
    """Which combinations of coefficients the data determine, whatever they say of each coefficient.

    Parameters
    ----------
    fit
        The regression.
    slopes
        The combinations, shape (K + p, m).

    Returns
    -------
    ndarray of bool, shape (m,)
    """
    known = np.isfinite(slopes).all(axis=0)
    unknown = np.isnan(fit.coefficients)
    asked = np.flatnonzero(known & (slopes[unknown] != 0).any(axis=0))
    if len(asked):
        problem = fit.problem
        made, _ = problem.equations(fit.theta, np.zeros(problem.terms.shared.shape[:2]))
        scale = np.sqrt(np.where(made.raw > 0, made.raw, 1.0))[:, None]
        of = slopes[:, asked]
        seen = made.information @ (inverse(made.information, made.raw)[0] @ of)
        outside, whole = (np.linalg.norm(part / scale, axis=0) for part in (of - seen, of))
        known[asked] = outside <= _ROUNDING * whole
    return np.asarray(known)


def _sums_in_cells(
    fit: Fit,
    terms: Terms,
    mean: Callable[[Index], Array],
    cohort: Index,
    cells: Index,
    *,
    leaving: Index | None = None,
) -> tuple[Array, Array]:
    """Sums over the units of cells of exp(level + the rest), and their derivatives in the coefficients.

    ``mean`` gives what is summed of some units, shape (c, T), and ``leaving`` the regressors that
    are no part of it.

    Returns
    -------
    total : ndarray, shape (m,)
    slopes : ndarray, shape (K + p, m)
    """
    k, n_periods = terms.shared.shape[2], terms.shared.shape[1]
    season = np.zeros(n_periods, dtype=np.int64) if terms.season is None else terms.season
    here, blocks = terms.shared, terms.blocks()
    if leaving is not None:
        here = here.copy()
        here[:, :, leaving] = 0.0
    total, slopes = np.zeros(len(cells)), np.zeros((terms.size, len(cells)))
    for group, start in enumerate(cohort[np.unique(terms.code, return_index=True)[1]].tolist()):
        at = np.flatnonzero(cells[:, 0] == start)
        periods, members = cells[at, 1], np.flatnonzero(terms.code == group) if len(at) else at
        sums, shared = np.zeros((len(blocks), len(at))), np.zeros((len(blocks), len(at), n_periods))
        for chunk in in_chunks(len(members), n_periods * (1 + terms.own.shape[2])):
            rows = members[chunk]
            of_units, share = mean(rows)[:, periods], _shares(fit.curvature(rows), terms)
            total[at] += of_units.sum(axis=0)
            for j, (factor, _) in enumerate(blocks):
                weighed = of_units if factor is None else of_units * factor[rows, None]
                sums[j] += weighed.sum(axis=0)
                shared[j] += weighed.T @ share
            if terms.own.shape[2]:
                own = np.nan_to_num(terms.own[rows])
                level = np.stack(
                    [
                        np.einsum("is,isp->ip", share * (season == s), own)
                        for s in range(int(season.max()) + 1)
                    ],
                    axis=1,
                )
                slopes[k:, at] += np.einsum(
                    "ic,icp->pc", of_units, own[:, periods] - level[:, season[periods]]
                )
        shared *= season[periods][:, None] == season
        for j, (_, columns) in enumerate(blocks):
            there = shared[j] @ terms.shared[group][:, columns]
            slopes[np.ix_(columns, at)] += (
                sums[j][:, None] * here[group][np.ix_(periods, columns)] - there
            ).T
    return total, slopes


def _shares(curvature: Array, terms: Terms) -> Array:
    """Share of each period in its unit's season, shape (c, T); 0 where no levels are eliminated."""
    whole = np.broadcast_to(terms.spread(terms.sums(curvature)), curvature.shape)
    return np.divide(curvature, whole, out=np.zeros(curvature.shape), where=whole > 0)


def with_expected(
    spread: Influence, effect: Array, counted: Array, maps: Array, empty: Array
) -> tuple[Array, Array, Influence]:
    """Effects and, behind them, the incidents expected in their cells.

    Parameters
    ----------
    spread
        Of k effects and of what was counted in their cells.
    effect, counted
        Shape (k,) each; nothing is 0.
    maps
        From the features of units to their influence on what was expected in m more cells, in
        which nothing was counted, shape (G, features, m).
    empty
        What was expected in those, shape (m,).

    Returns
    -------
    effect, expected : ndarray, shape (k + m,) each
        The effects of the m cells are NaN.
    spread : Influence
        Of both, in this order.
    """
    k, m, source = len(effect), len(empty), spread.source
    assert isinstance(source, ScoreSource)
    expected = counted * np.exp(-effect)
    wide = np.zeros((len(maps), source.maps.shape[1], m))
    wide[:, : maps.shape[1]] = maps
    both = replace(source, maps=np.concatenate([source.maps, wide], axis=2))
    place = np.zeros((2 * (k + m), source.size + m))
    place[:k, : source.size] = spread.weights[:k]
    # log M = log counted − effect
    ratio = (expected / counted)[:, None]
    in_cells = ratio * spread.weights[k : 2 * k] - expected[:, None] * spread.weights[:k]
    place[k + m : 2 * k + m, : source.size] = in_cells
    place[2 * k + m :, source.size :] = np.eye(m)
    return (
        np.concatenate([effect, np.full(m, np.nan)]),
        np.concatenate([expected, empty]),
        replace(spread, source=both, weights=place),
    )
