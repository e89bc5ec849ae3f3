"""Where the rows of a table belong: their units, their periods, and the grid that they fill.

Rows that come unit by unit, in order of time and without a gap, are a grid as they stand: nothing
is copied then. Rows in any other order are laid out cell by cell.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from preventeval.errors import DataError, some_of
from preventeval.periods import Frequency, Periods, distinct_whole, read_periods

__all__ = ["Layout", "Rows", "lay_out"]

Array = NDArray[np.float64]
Codes = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Rows:
    """The unit of each row.

    Parameters
    ----------
    shape
        ``(n_units, n_periods)`` where rows stand in order and none is missing, else ``(n_rows,)``.
    unit
        Unit of each row, counted from 0: of a shape that broadcasts to ``shape``.
    n_units
        Number of units.
    """

    shape: tuple[int, ...]
    unit: Codes
    n_units: int

    @cached_property
    def one_row(self) -> Codes:
        """A row of each unit, shape (n_units,)."""
        if len(self.shape) > 1:
            return np.arange(self.n_units) * self.shape[1]
        rows = np.empty(self.n_units, dtype=np.int64)
        rows[self.unit] = np.arange(len(self.unit))
        return rows

    def of_unit(self, unit: int) -> NDArray[np.bool_]:
        """Whether each row is one of a unit's, shape (n_rows,)."""
        return np.broadcast_to(self.unit == unit, self.shape).ravel()

    def varying(self, column: pd.Series[Any]) -> NDArray[np.bool_]:
        """Units in which a column does not have the same value, or none, in all rows; shape (n_units,).

        Raises
        ------
        TypeError
            The column holds lists or the like.
        """
        values = _comparable(column)
        here, one = values.reshape(self.shape), values[self.one_row]
        other = here != one[self.unit]
        if values.dtype.kind in "fmM" and other.any():
            other &= ~(np.isnan(here) & np.isnan(one)[self.unit])
        found = np.zeros(self.n_units, dtype=bool)
        if other.any():
            found[np.broadcast_to(self.unit, self.shape)[other]] = True
        return found


class Layout(NamedTuple):
    """Units, periods and rows of a table.

    ``cell`` is the cell of the grid, counted row by row of it, that each row of the table fills,
    shape (n_rows,); None where the rows are the grid.
    """

    labels: pd.Index[Any]
    periods: Periods
    rows: Rows
    cell: Codes | None

    def grid(self, values: Array) -> Array:
        """Values of rows, shape (n_rows,), by unit and period; NaN where no row is."""
        shape = (len(self.labels), len(self.periods))
        if self.cell is None:
            return values.reshape(shape)
        grid = np.full(shape, np.nan)
        grid.reshape(-1)[self.cell] = values
        return grid


def lay_out(table: pd.DataFrame, unit: str, period: str, freq: Frequency | None) -> Layout:
    """Find the units and periods of a table, and where its rows belong.

    Parameters
    ----------
    table
        One row per unit and period.
    unit, period
        Columns.
    freq
        Length of a period, where it is known.

    Returns
    -------
    Layout

    Raises
    ------
    DataError
        Units or periods that are missing or cannot be read, or two rows for one cell.
    """
    keys, names = _unit_keys(table[unit], unit)
    width = _rows_per_unit(keys, table[period])
    distinct, code = distinct_whole(keys[::width])
    labels = pd.Index(distinct) if names is None else names.take(distinct)
    if labels.dtype == object:
        _refuse_two_spellings(labels, unit)
    # Where all units have the same periods in the same order, the first unit's rows show them all.
    shown = table[period] if width == 1 else table[period].iloc[:width]
    periods, at = read_periods(shown, column=period, freq=freq)
    n, length = len(labels), len(periods)
    if width == length > 1 and _counts_up(at) and _counts_up(code):
        return Layout(labels, periods, Rows((n, length), code[:, None], n), None)
    if width > 1:
        code, at = np.repeat(code, width), np.tile(at, len(code))
    cell = code * length
    cell += at
    _refuse_duplicates(cell, labels, periods, unit)
    return Layout(labels, periods, Rows(code.shape, code, n), cell)


def _counts_up(codes: Codes) -> bool:
    return bool((codes == np.arange(len(codes))).all())


def _unit_keys(series: pd.Series[Any], column: str) -> tuple[Codes, pd.Index[Any] | None]:
    """Whole numbers that sort like the unit labels; and the labels by number, where they are not the same."""
    kind = series.dtype
    if isinstance(kind, np.dtype) and kind.kind in "iu" and np.can_cast(kind, np.int64):
        return series.to_numpy().astype(np.int64, copy=False), None
    if isinstance(kind, pd.CategoricalDtype):
        # A categorical has an order of its own: the same labels must give the same units without it.
        codes, names = series.cat.codes.to_numpy(), series.cat.categories
    else:
        try:
            codes, names = pd.factorize(series)
        except TypeError:  # lists and the like are told apart by what they look like
            codes, names = pd.factorize(series.astype(str))
    empty = np.flatnonzero(codes < 0) + 1
    if empty.size:
        raise DataError(f"column '{column}' is empty in {len(empty)} rows (rows {some_of(empty)})")
    names = pd.Index(names).infer_objects()
    if names.inferred_type == "string":
        names = names.astype(str)  # sorts faster than Python's texts one by one
    try:
        rank, names = pd.factorize(names, sort=True)
    except TypeError:  # labels of several types have no order of their own
        rank, names = np.arange(len(names)), names.astype(str)
        _refuse_two_spellings(names, column)
        rank, names = pd.factorize(names, sort=True)
    return rank.astype(np.int64, copy=False)[codes], pd.Index(names)


def _rows_per_unit(keys: Codes, periods: pd.Series[Any]) -> int:
    """Rows that each unit has, one after the other and with the same periods; 1 where it is otherwise."""
    width = int(np.argmax(keys != keys[0])) or len(keys)
    if width == 1 or len(keys) % width:
        return 1
    units = keys.reshape(-1, width)
    if not (units == units[:, :1]).all():
        return 1
    try:
        when = _comparable(periods).reshape(-1, width)
    except TypeError:  # what is wrong with it is said where periods are read
        return 1
    if not _is_plain(periods) and when[0].min() < 0:  # an empty row: it is named where periods are read
        return 1
    return width if (when == when[0]).all() else 1


def _comparable(series: pd.Series[Any]) -> NDArray[Any]:
    """Numbers or dates that are equal where values are; all missing texts are equal as well."""
    return series.to_numpy() if _is_plain(series) else pd.factorize(series)[0]


def _is_plain(series: pd.Series[Any]) -> bool:
    """Whether numpy holds the values themselves: numbers or dates."""
    return isinstance(series.dtype, np.dtype) and series.dtype.kind in "biufmM"


def _refuse_two_spellings(labels: pd.Index[Any], column: str) -> None:
    names = pd.Index([str(label) for label in labels])
    if names.has_duplicates:
        twice = some_of(names[names.duplicated()])
        raise DataError(f"column '{column}' writes units {twice} in several types, as texts and as numbers")


def _refuse_duplicates(cell: Codes, labels: pd.Index[Any], periods: Periods, column: str) -> None:
    length = len(periods)
    seen = np.zeros(len(labels) * length, dtype=bool)
    seen[cell] = True
    if np.count_nonzero(seen) == len(cell):
        return
    twice = np.flatnonzero(np.bincount(cell) > 1)
    named = [f"{labels[c // length]} {periods.label(c % length)}" for c in twice.tolist()]
    raise DataError(
        f"the same unit and period stands in more than one row: {some_of(named)}",
        hint=f"one row per '{column}' and period is expected; one row per incident is for "
        "count_incidents (in a spec: records = …)",
    )
