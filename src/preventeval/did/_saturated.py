"""The saturated design: an effect of its own for every cohort and period, as regressors.

Wooldridge's extended two-way regressions, the interaction-weighted regression of Sun & Abraham
and event studies are one design with other cells in it. What differs is which cells get an
effect, and how effects are averaged afterwards.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from preventeval.did._terms import Terms

__all__ = ["Saturated", "period_effects", "plan_effects", "saturate"]

Array = NDArray[np.float64]
Index = NDArray[np.int64]


@dataclass(frozen=True, eq=False, slots=True)
class Saturated:
    """Regressors of a saturated design.

    Parameters
    ----------
    terms
        All regressors.
    effects
        Column of the effect of each cell among the coefficients, shape (k,).
    slopes
        Columns of what each covariate, as deviation from the mean of the cohort, adds to these
        effects, shape (q, k); no rows where covariates do not multiply cells.
    """

    terms: Terms
    effects: Index
    slopes: Index


def plan_effects(
    starts: Index,
    n_periods: int,
    *,
    comparison: str,
    anticipation: int,
    leads: bool,
    season: Index | None = None,
) -> tuple[list[tuple[int, int]], int, list[tuple[int, int]]]:
    """Which cells get an effect of their own, and how many periods can be used.

    Without an effect of its own a cell serves as comparison. Where no unit is untreated at the
    end, the periods from the start of the last cohort (less the anticipation) on hold no one to
    compare with and are left out, and with them the cells there.

    Parameters
    ----------
    starts
        Distinct start positions, those of untreated units among them, shape (c,).
    n_periods
        Number of periods, T.
    comparison
        ``"not_yet_treated"``: periods before the start serve as comparison. Otherwise only
        untreated units do.
    anticipation
        Number of periods before the start in which behaviour may already have changed.
    leads
        Whether periods before the start get an effect as well, all but the last before the
        start and the anticipation. Always so where only untreated units serve as comparison.
    season
        Season of each period where units have a level for each, shape (T,): the last period
        before the start is then kept free in every season. None for one.

    Returns
    -------
    cells : list of (cohort, period)
        In order.
    usable : int
        Number of periods, from the first.
    impossible : list of (cohort, period)
        Treated cells without anyone to compare with, or without a period before.
    """
    treated = starts[starts < n_periods]
    usable = n_periods
    if len(treated) == len(starts) and len(treated):
        usable = max(int(treated.max()) - anticipation, 0)
    cells, impossible = [], []
    seasons = [0] * n_periods if season is None else season.tolist()
    for cohort in treated.tolist():
        before = cohort - anticipation  # number of periods
        base = {seasons[period]: period for period in range(before)}  # the last of each season
        for period in range(n_periods):
            free = base.get(seasons[period])
            if period < before and (period == free or not (leads or comparison != "not_yet_treated")):
                continue
            if free is None or period >= usable:
                impossible.append((cohort, period))
            elif usable == n_periods or cohort != int(treated.max()) or period >= before:
                cells.append((cohort, period))
    return cells, usable, impossible


def period_effects(n_periods: int, season: Index | None) -> Array:
    """Indicators of periods, less those that unit effects already determine, shape (T, columns)."""
    first = np.unique(season, return_index=True)[1] if season is not None else np.array([0])
    return np.delete(np.eye(n_periods), first, axis=1)


def saturate(
    cohort: Index,
    cells: list[tuple[int, int]],
    n_periods: int,
    *,
    season: Index | None,
    region: Index | None = None,
    covariates: Array | None = None,
    by_period: bool = True,
    by_cell: bool = False,
    own: Array | None = None,
) -> Saturated:
    """Write a design down as regressors.

    Parameters
    ----------
    cohort
        First treated position of each unit, shape (n,).
    cells
        Cohorts and periods with an effect of their own.
    n_periods
        Number of periods, T.
    season
        Season of each period if every unit has an effect for each, shape (T,); all 0 for one
        effect per unit; None for effects of cohorts (and regions) in place of units.
    region
        Units of the same region share their period effects, shape (n,); None for one region.
    covariates
        Numbers that do not vary over time, shape (n, q), used as deviations from the mean of the
        cohort where they multiply a cell.
    by_period, by_cell
        Whether the effect of a covariate differs between periods, and between cells.
    own
        Covariates that vary over time, shape (n, T, p).

    Returns
    -------
    Saturated
    """
    n = len(cohort)
    region = np.zeros(n, dtype=np.int64) if region is None else region
    (starts, of_start), (regions, of_region) = (np.unique(of, return_inverse=True) for of in (cohort, region))
    pair = of_start * len(regions) + of_region
    pairs = np.flatnonzero(np.bincount(pair))
    kinds = np.stack([starts[pairs // len(regions)], regions[pairs % len(regions)]])
    code = np.searchsorted(pairs, pair)
    base = period_effects(n_periods, season)
    in_region = (kinds[1][:, None] == regions).astype(np.float64)
    levels = [np.einsum("gr,tc->gtrc", in_region, base).reshape(len(kinds[0]), n_periods, -1)]
    in_cohort = (kinds[0][:, None] == starts).astype(np.float64)
    if season is None:
        constants = np.hstack([np.ones((len(kinds[0]), 1)), in_cohort[:, 1:], in_region[:, 1:]])
        levels.append(np.repeat(constants[:, None], n_periods, axis=1))
    effect = np.zeros((len(kinds[0]), n_periods, len(cells)))
    for column, (start, period) in enumerate(cells):
        effect[kinds[0] == start, period, column] = 1.0
    shared, factors = [*levels, effect], list[Array]()
    width = sum(block.shape[2] for block in levels)
    factor_of = [-1] * (width + len(cells))
    slopes = list[Index]()
    for values in np.empty((0, n)) if covariates is None else covariates.T:
        plain: list[Array] = []
        if by_period:
            plain.append(np.broadcast_to(base, (len(kinds[0]), *base.shape)))
        if season is None:
            plain.append(np.repeat(in_cohort[:, None], n_periods, axis=1))
        for block, factor in ((plain, values), ([effect] if by_cell else [], _centred(values, cohort))):
            if block:
                if block is not plain:
                    slopes.append(np.arange(len(factor_of), len(factor_of) + len(cells)))
                factor_of += [len(factors)] * sum(part.shape[2] for part in block)
                shared += block
                factors.append(factor)
    return Saturated(
        Terms(
            code=np.asarray(code, dtype=np.int64).ravel(),
            shared=np.concatenate(shared, axis=2),
            factors=np.stack(factors, axis=1) if factors else np.zeros((n, 0)),
            factor_of=np.array(factor_of, dtype=np.int64),
            own=np.zeros((n, n_periods, 0)) if own is None else own,
            season=season,
        ),
        effects=np.arange(width, width + len(cells)),
        slopes=np.array(slopes, dtype=np.int64).reshape(len(slopes), len(cells)),
    )


def _centred(values: Array, cohort: Index) -> Array:
    """Deviations from the mean of the cohort, shape (n,)."""
    _, code = np.unique(cohort, return_inverse=True)
    return np.asarray(values - (np.bincount(code, values) / np.bincount(code))[code])
