"""What a regression of counts can learn from, and how counts scatter about their means.

A Poisson regression has no finite best value for an effect that stands for no events: the
level of a unit in which nothing ever happened, the effect of a cell in which nothing happened,
that of a period in which nothing happened to those who are compared with. Observations that
such an effect fits perfectly say nothing about the others (Correia, Guimarães & Zylkin 2020,
https://doi.org/10.1177/1536867X20909691).

Shapes: n units, T periods, R regions, C start dates, s seasons.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from preventeval.did._parts import in_chunks

__all__ = ["Counted", "dispersion", "informative", "scatter_of_counts"]

Array = NDArray[np.float64]
Index = NDArray[np.int64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, eq=False, slots=True)
class Counted:
    """What is left once everything is taken out that a Poisson regression learns nothing from.

    Cells that were asked for and are in none of the three lists have no observation.

    Parameters
    ----------
    weights
        Weight of each observation (or flags), shape (n, T); 0 for those that are left out.
    kept_cells
        Cells (cohort, period) that keep an effect of their own.
    empty_cells
        Cells without any event: the logarithm of their effect would be minus infinity.
    uncompared_cells
        Cells with events whose period, or whose cohort before it (in that season), holds no
        event to compare with: the logarithm of their effect would be plus infinity.
    silent_units
        Units with observations, but no event in those that can be used, as positions.
    empty_periods
        Periods in which the comparison rows (of some region) have no event, as positions.
    """

    weights: Array | Flags
    kept_cells: list[tuple[int, int]]
    empty_cells: list[tuple[int, int]]
    uncompared_cells: list[tuple[int, int]]
    silent_units: Index
    empty_periods: Index


def informative(
    y: Array,
    weights: Array | Flags,
    cohort: Index,
    cells: list[tuple[int, int]],
    season: Index | None,
    region: Index | None = None,
) -> Counted:
    """Take out what a Poisson regression learns nothing from, until nothing changes.

    Parameters
    ----------
    y
        Counts, shape (n, T); anything where the weight is 0.
    weights
        Weight of each observation (or flags), shape (n, T); 0 for those that are not used.
    cohort
        First treated position of each unit, shape (n,).
    cells
        Cohorts and periods with an effect of their own; all other observations serve as
        comparison.
    season
        Season of each period if every unit has an effect for each, shape (T,); all 0 for one
        effect per unit; None for effects of cohorts.
    region
        Units of the same region share their period effects, shape (n,); None for one region.

    Returns
    -------
    Counted
    """
    layout = _Layout.of(cohort, region, season, cells, y.shape[1])
    rows = (weights > 0)[layout.order]
    events = rows & (y > 0)[layout.order]
    held, held_cells = _held(rows, events, layout)
    used = held[np.argsort(layout.order)]
    happened = layout.own & layout.of_cells(events)
    kept = held_cells & layout.of_cells(held)
    empty = layout.own & layout.of_cells(rows) & ~happened
    compared, heard = (layout.of_columns(part & ~layout.of_own) for part in (rows, events))
    kept_cells, empty_cells, uncompared_cells = (
        [cell for cell in cells if of[layout.at(cell)]] for of in (kept, empty, happened & ~kept)
    )
    return Counted(
        weights if held.sum() == rows.sum() else weights * used,
        kept_cells,
        empty_cells,
        uncompared_cells,
        silent_units=np.sort(layout.order[rows.any(axis=1) & ~held.any(axis=1)]),
        empty_periods=np.flatnonzero((compared & ~heard).any(axis=0)),
    )


@dataclass(frozen=True, eq=False, slots=True)
class _Layout:
    """Who shares which effects, with units in an order in which groups lie together.

    ``order`` sorts the units by region and start date; ``start`` and ``region`` are codes of
    the sorted units, shape (n,), and ``of_own``, shape (n, T), tells their observations in
    cells with an effect of their own, which ``own`` lists, shape (C, T). ``kinds`` are the
    groups that occur, each as region and start date, and ``begins`` where each begins.
    """

    order: Index
    starts: Index
    start: Index
    region: Index
    season: Index | None
    own: Flags
    of_own: Flags
    kinds: tuple[Index, Index]
    begins: Index

    @staticmethod
    def of(
        cohort: Index,
        region: Index | None,
        season: Index | None,
        cells: list[tuple[int, int]],
        n_periods: int,
    ) -> _Layout:
        starts, start = np.unique(cohort, return_inverse=True)
        code = np.zeros_like(start) if region is None else np.unique(region, return_inverse=True)[1]
        order = np.lexsort((start, code))
        start, code = start[order], code[order]
        both, begins = np.unique(code * len(starts) + start, return_index=True)
        own = np.zeros((len(starts), n_periods), dtype=bool)
        for first, period in cells:
            own[np.searchsorted(starts, first), period] = True
        kinds = (both // len(starts), both % len(starts))
        return _Layout(order, starts, start, code, season, own, own[start], kinds, begins)

    def at(self, cell: tuple[int, int]) -> tuple[int, int]:
        """Place of a cell in arrays of shape (C, T)."""
        return int(np.searchsorted(self.starts, cell[0])), cell[1]

    def of_cells(self, flags: Flags) -> Flags:
        """Whether a start date has any flag in a period, shape (C, T)."""
        return self._any(flags, self.kinds[1], len(self.starts))

    def of_columns(self, flags: Flags) -> Flags:
        """Whether a region has any flag in a period, shape (R, T)."""
        return self._any(flags, self.kinds[0], int(self.region[-1]) + 1)

    def of_levels(self, flags: Flags) -> Flags:
        """Whether the observations that share a level have any flag, shape (n, s)."""
        if self.season is None:
            return self.of_cells(flags).any(axis=1)[self.start, None]
        return np.asarray(flags @ (self.season[:, None] == np.arange(int(self.season.max()) + 1)))

    def by_period(self, levels: Flags) -> Flags:
        """Flags of levels, shape (n, s), laid out by period, shape (n, T) or (n, 1)."""
        return levels if levels.shape[1] == 1 else levels[:, self.season]

    def of_region(self, flags: Flags) -> Flags:
        """Flags of regions, shape (R, T), laid out by unit, shape (n, T) or (1, T)."""
        return flags if len(flags) == 1 else flags[self.region]

    def _any(self, flags: Flags, kind: Index, number: int) -> Flags:
        groups = np.logical_or.reduceat(flags, self.begins, axis=0)
        total = np.zeros((number, flags.shape[1]), dtype=bool)
        np.logical_or.at(total, kind, groups)
        return total


def _hubs(events: Flags, layout: _Layout) -> Flags:
    """In each region and season the period with most events among those compared with, shape (R, T).

    Adding a number to all levels there and taking it from all periods changes nothing, so that
    one of them can be held in place.
    """
    counts = np.zeros((int(layout.region[-1]) + 1, events.shape[1]))
    np.add.at(counts, layout.kinds[0], np.add.reduceat(events & ~layout.of_own, layout.begins, axis=0))
    hubs = np.zeros(counts.shape, dtype=bool)
    if layout.season is None:  # levels of cohorts are the same in all regions
        hubs.flat[counts.argmax()] = True
        return hubs
    for season in range(int(layout.season.max()) + 1):
        at = np.flatnonzero(layout.season == season)
        hubs[np.arange(len(counts)), at[counts[:, at].argmax(axis=1)]] = True
    return hubs


def _held(rows: Flags, events: Flags, layout: _Layout) -> tuple[Flags, Flags]:
    """Observations and cells of which all effects are held in place by events, shapes (n, T) and (C, T).

    A direction in which the likelihood never falls lowers or keeps the predictor of every
    observation, and keeps it where there is an event. So an effect cannot rise where one
    observation has its other effects kept from falling, and cannot fall where one observation
    with an event has its other effects kept from rising.
    """
    columns = {up: _hubs(events, layout) for up in (True, False)}
    levels = {up: np.zeros((len(rows), 1), dtype=bool) for up in (True, False)}
    cells = {True: ~layout.own, False: ~layout.own}
    while True:
        before = _number_of(columns, levels, cells)
        for up in (True, False):  # kept from rising, kept from falling
            seen = rows if up else events
            column, cell = layout.of_region(columns[not up]), cells[not up][layout.start]
            levels[up] = levels[up] | layout.of_levels(seen & column & cell)
            level = layout.by_period(levels[not up])
            columns[up] |= layout.of_columns(seen & level & cell)
            cells[up] |= layout.of_cells(seen & level & layout.of_region(columns[not up]) & layout.of_own)
        if _number_of(columns, levels, cells) == before:
            break
    column, level, cell = (part[True] & part[False] for part in (columns, levels, cells))
    return rows & layout.of_region(column) & layout.by_period(level) & cell[layout.start], layout.own & cell


def _number_of(*flags: dict[bool, Flags]) -> int:
    return sum(int(part.sum()) for both in flags for part in both.values())


def dispersion(y: Array, mean: Array, weights: Array, n_coefficients: int) -> dict[str, float]:
    """How counts scatter about their means.

    Parameters
    ----------
    y
        Counts, shape (n, T); NaN where missing.
    mean
        Fitted means, shape (n, T); anything where the weight is 0.
    weights
        Weight of each observation in the fit, shape (n, T).
    n_coefficients
        Number of coefficients of the fit, the eliminated ones among them.

    Returns
    -------
    dict
        ``pearson_dispersion`` (1 for Poisson counts; NaN where there are no more observations
        than coefficients), and of all known counts, used or not, ``share_of_zeros`` and
        ``largest_count``.
    """
    pearson, n_used = 0.0, 0
    for rows in in_chunks(*y.shape):
        used = weights[rows] > 0
        counts, expected = y[rows][used], mean[rows][used]
        pearson += float((weights[rows][used] * (counts - expected) ** 2 / expected).sum())
        n_used += len(counts)
    return scatter_of_counts(y, pearson, n_used - n_coefficients)


def scatter_of_counts(y: Array, pearson: float, degrees: int) -> dict[str, float]:
    """How counts scatter about their means, given the sum of what they do.

    Parameters
    ----------
    y
        Counts, shape (n, T); NaN where missing.
    pearson
        Weighted sum of squared differences to the means, each divided by the mean.
    degrees
        Number of observations less that of coefficients.

    Returns
    -------
    dict
        As :func:`dispersion`.
    """
    known, zeros, largest = 0, 0, 0.0
    for rows in in_chunks(*y.shape):
        counts = y[rows]
        known += int(np.count_nonzero(counts >= 0))
        zeros += int(np.count_nonzero(counts == 0))
        largest = float(np.fmax.reduce(counts, axis=None, initial=largest))
    return {
        "pearson_dispersion": pearson / degrees if degrees > 0 else np.nan,
        "share_of_zeros": zeros / known,
        "largest_count": largest,
    }
