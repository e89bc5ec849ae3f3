"""Group-time effects with covariates, or with units left out of cells, many cells at once.

Cells that share cohort, comparison units and covariates share their odds, their regression and
their rows: they are estimated as one block.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from preventeval.did._adjustment import Adjusted, Group, Method, Scores, adjust_changes, adjust_rows
from preventeval.did._cell_data import CellData, differences, runs_of
from preventeval.did._cells import Cell
from preventeval.did._group_time import GroupTime
from preventeval.did._influence import Block, BlockSource, Side
from preventeval.did._propensity import AdjustmentError

__all__ = ["Sample", "adjusted_effects"]

Array = NDArray[np.float64]
Index = NDArray[np.int64]
Sample = Literal["pairwise", "all_rows"]
#: Cells of one cohort with the same comparison units and covariates, sorted by who is observed.
Alike = dict[tuple[object, ...], list[int]]


@dataclass(frozen=True, eq=False, slots=True)
class _Terms:
    """What one side of some cells compares: outcomes of ``later``, less those of ``earlier``.

    Parameters
    ----------
    later, earlier
        Periods, shape (m,); ``earlier`` is None where rows are compared.
    x_periods
        Periods in which covariates are taken, shape (m,).
    """

    later: Index
    earlier: Index | None
    x_periods: Index

    @staticmethod
    def of(cells: list[Cell], sample: Sample) -> tuple[_Terms, ...]:
        """One for changes within units, two for rows."""
        period, base = (np.array([getattr(c, name) for c in cells]) for name in ("period", "base"))
        if sample == "pairwise":
            return (_Terms(period, base, np.minimum(period, base)),)
        return _Terms(period, None, period), _Terms(base, None, base)

    def known(self, data: CellData) -> NDArray[np.bool_]:
        """Who has what the first of the cells compares, shape (n,)."""
        known: NDArray[np.bool_] = data.seen[self.later[0]] & data.seen_x[self.x_periods[0]]
        return known if self.earlier is None else known & data.seen[self.earlier[0]]

    def group(self, data: CellData, units: Index) -> Group:
        """What these units have to say."""
        if len(self.later) > 1:
            z = differences(data.y.take(units, axis=0).T, runs_of(self.later, self.earlier))
        else:  # without a copy of all periods
            z = data.y[units, self.later[0]][None]
            if self.earlier is not None:
                z -= data.y[units, self.earlier[0]]
        return Group(z, data.x(units, int(self.x_periods[0])), data.shares.weights[units])


def adjusted_effects(
    data: CellData,
    cells: list[Cell],
    *,
    method: Method,
    sample: Sample,
    names: tuple[str, ...],
    describe: Callable[[list[Cell]], str],
) -> GroupTime:
    """Estimate cells with covariates, or with units left out of cells.

    ``"pairwise"``: a cell uses the units whose outcome is known in both of its periods and whose
    covariates are known in the earlier of them. ``"all_rows"``: it uses every unit and period
    in which outcome and covariates are known.

    Parameters
    ----------
    data
        Outcomes, covariates and units.
    cells
        The cells.
    method
        How covariates are used; all are the same without covariates.
    sample
        Which rows a cell uses.
    names
        Names of the covariates.
    describe
        Says which cells these are, for error messages.

    Returns
    -------
    GroupTime
    """
    method = method if names else "regression"
    effect, numbers = np.zeros(len(cells)), np.zeros((3, len(cells)), dtype=np.int64)
    kept, largest = np.zeros(len(cells), dtype=bool), [np.nan]
    empty: list[Cell] = []
    failed: list[tuple[list[Cell], AdjustmentError]] = []
    fits: list[list[tuple[list[int], Adjusted]]] = []
    for alike in _sorted(data, cells, sample).values():
        fits.append([])
        of_block = cells[next(iter(alike.values()))[0]]
        own = np.flatnonzero(data.shares.starts == of_block.cohort)[0]
        both = (data.shares.members[own], np.flatnonzero(of_block.comparison[data.shares.code]))
        for positions in alike.values():
            these = [cells[position] for position in positions]
            terms = _Terms.of(these, sample)
            groups = [_observed(data, side, both) for side in terms]
            by_definition = these[0].period == these[0].base
            treated, compared = (min(len(group[kind]) for group in groups) for kind in (0, 1))
            if not treated or not (compared or by_definition):
                empty += these
                continue
            numbers[:, positions] = np.array(
                [[treated], [compared], [sum(len(g) for pair in groups for g in pair) * (3 - len(groups))]]
            )
            kept[positions] = True
            if by_definition:
                continue
            try:
                fit = _adjust(data, terms, groups, method, names, describe(these))
            except AdjustmentError as problem:
                failed.append((these, problem))
                kept[positions] = False
                continue
            effect[positions] = fit.effect
            largest.append(fit.largest_propensity)
            fits[-1].append((positions, fit))
    place = np.cumsum(kept) - 1
    blocks = tuple(_block(data, cells, parts, place, sample) for parts in fits if parts)
    return GroupTime(
        tuple(cell for cell, keep in zip(cells, kept, strict=True) if keep),
        effect[kept],
        BlockSource(data, int(kept.sum()), blocks),
        treated=numbers[0, kept],
        comparison=numbers[1, kept],
        rows=numbers[2, kept],
        empty=tuple(empty),
        failed=tuple(failed),
        largest_propensity=float(np.fmax.reduce(largest)),
    )


def _sorted(data: CellData, cells: list[Cell], sample: Sample) -> dict[tuple[object, ...], Alike]:
    """Positions of cells, by what their influence has in common and by who is observed in them."""
    result: dict[tuple[object, ...], Alike] = defaultdict(lambda: defaultdict(list))
    for position, cell in enumerate(cells):
        period, base = cell.period, cell.base
        pairwise, early = sample == "pairwise", min(cell.period, cell.base)
        taken_in: object = None if data.fixed is not None else early if pairwise else (period, base)
        (y_later, x_later), (y_earlier, x_earlier) = data.patterns[period], data.patterns[base]
        observed: tuple[object, ...] = (y_later, x_later, y_earlier, x_earlier)
        if pairwise:
            observed = (*sorted((y_later, y_earlier)), data.patterns[early][1])
        alike = result[(cell.cohort, cell.comparison.tobytes(), taken_in)]
        alike[(period == base, *observed)].append(position)
    return result


def _observed(data: CellData, terms: _Terms, both: tuple[Index, Index]) -> tuple[Index, Index]:
    """The treated and the comparison units that are observed on one side of cells."""
    if data.complete:
        return both
    known = terms.known(data)
    treated, compared = both
    return treated[known[treated]], compared[known[compared]]


def _adjust(
    data: CellData,
    terms: tuple[_Terms, ...],
    units: list[tuple[Index, Index]],
    method: Method,
    names: tuple[str, ...],
    where: str,
) -> Adjusted:
    """Adjust cells that have their units in common."""
    groups = [
        (side.group(data, treated), side.group(data, compared))
        for side, (treated, compared) in zip(terms, units, strict=True)
    ]
    if len(groups) == 1:
        return adjust_changes(*groups[0], method=method, names=names, where=where)
    return adjust_rows(groups[0], groups[1], method=method, names=names, where=where)


def _block(
    data: CellData, cells: list[Cell], parts: list[tuple[list[int], Adjusted]], place: Index, sample: Sample
) -> Block:
    """Put the cells together that differ only in who is observed in them."""
    positions = [position for part, _ in parts for position in part]
    sides = []
    for side, terms in enumerate(_Terms.of([cells[position] for position in positions], sample)):
        scores = Scores.joined([(fit.scores[side], len(part)) for part, fit in parts])
        sides.append(Side(runs_of(terms.later, terms.earlier), terms.x_periods, scores))
    of_block = cells[positions[0]]
    own = int(np.searchsorted(data.shares.starts, of_block.cohort))
    return Block(own, of_block.comparison, place[positions], tuple(sides))
