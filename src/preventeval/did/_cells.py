"""Which differences in differences are taken: the cells of a group-time analysis."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

__all__ = ["BasePeriod", "Cell", "plan_cells"]

BasePeriod = Literal["varying", "universal"]


@dataclass(frozen=True, eq=False, slots=True)
class Cell:
    """One difference in differences: a cohort from its base period to a period.

    Parameters
    ----------
    cohort
        First treated period, as a position.
    period, base
        Positions between which the change in the outcome is taken; equal where the effect
        is 0 by definition.
    comparison
        Which of the start dates serve as comparison, shape (number of start dates,).
    """

    cohort: int
    period: int
    base: int
    comparison: NDArray[np.bool_]


def plan_cells(
    starts: NDArray[np.int64],
    n_periods: int,
    *,
    comparison: str,
    base_period: BasePeriod,
    anticipation: int,
) -> tuple[list[Cell], list[tuple[int, int]]]:
    """List the cells that a design allows.

    The comparison of cohort g in period t with base b are the start dates after
    max(t, b) + anticipation (``"not_yet_treated"``), or those after the last period +
    anticipation (otherwise); g itself is never among them.

    Parameters
    ----------
    starts
        Distinct start positions in order, those of untreated units among them, shape (c,).
    n_periods
        Number of periods, T.
    comparison
        ``"not_yet_treated"``, ``"never_treated"`` or ``"last_treated"``; the last two mean
        the same here, because the design has cut the periods for the last to start.
    base_period
        ``"universal"``: the last period before start and anticipation, for every cell.
        ``"varying"``: the same for periods from the start (less the anticipation) on, and the
        period just before for earlier ones.
    anticipation
        Number of periods before the start in which behaviour may already have changed.

    Returns
    -------
    cells : list of Cell
        By cohort, then by period.
    impossible : list of (cohort, period)
        Cells without a base period or without anyone to compare with.
    """
    cells: list[Cell] = []
    impossible: list[tuple[int, int]] = []
    later = {until: starts > until + anticipation for until in range(-1, n_periods)}
    for cohort in starts[starts < n_periods].tolist():
        before = cohort - anticipation - 1
        compared: dict[int, tuple[NDArray[np.bool_], bool]] = {}
        for period in range(0 if base_period == "universal" else 1, n_periods):
            long = base_period == "universal" or period > before
            base = before if long else period - 1
            until = max(period, base) if comparison == "not_yet_treated" else n_periods - 1
            if until not in compared:
                group = later[until] & (starts != cohort)
                compared[until] = (group, bool(group.any()))
            group, someone = compared[until]
            if base < 0 or (base != period and not someone):
                impossible.append((cohort, period))
            else:
                cells.append(Cell(cohort, period, base, group))
    return cells, impossible
