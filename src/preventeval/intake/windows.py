"""When recording was complete: the only ground on which a missing count may become zero."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from preventeval.errors import DataError, some_of
from preventeval.intake.dates import span
from preventeval.intake.labels import read_labels
from preventeval.intake.tables import read_table
from preventeval.periods import Frequency, Periods, to_ordinals

__all__ = ["Coverage", "Windows", "cover", "read_windows", "refuse_too_many"]

#: More counts than this are a mistake (a wrong column, a date in the year 9999), not a study.
MOST_CELLS: Final = 50_000_000

Days = NDArray[np.datetime64]


@dataclass(frozen=True, eq=False)
class Windows:
    """Stretches of days over which recording is known to be complete.

    Parameters
    ----------
    first, last
        First and last day of each stretch, both included; shape (n_windows,).
    units
        Text of the unit of each stretch; None where the one stretch holds for all units.
    """

    first: Days
    last: Days
    units: tuple[str, ...] | None


@dataclass(frozen=True, eq=False)
class Coverage:
    """Which unit-periods the windows cover.

    Parameters
    ----------
    periods
        From the first to the last period that any window touches.
    complete
        Recorded from the first to the last day; shape (n_units, n_periods).
    touched
        Recorded on some day; shape (n_units, n_periods).
    """

    periods: Periods
    complete: NDArray[np.bool_]
    touched: NDArray[np.bool_]


def read_windows(recorded: Any, *, unit: str) -> tuple[Windows, dict[str, object]]:
    """Read the window or windows over which recording is known to be complete.

    Parameters
    ----------
    recorded
        ``(first, last)`` for all units, or a table with the columns ``unit``, ``first`` and
        ``last`` and one row per unit and window. A bound is a date or an ISO text;
        ``"2020-03"`` begins on the 1st and ends on the 31st.
    unit
        Column of the unit.

    Returns
    -------
    windows : Windows
    units : dict
        The units that the table names, keyed by their text; empty for ``(first, last)``.

    Raises
    ------
    DataError
        A bound is empty or no date, or a window ends before it begins.
    """
    if isinstance(recorded, tuple | list):
        if len(recorded) != 2:
            raise DataError(
                f"recorded has {len(recorded)} entries: (first, last) is expected",
                hint="for example recorded=('2019-01', '2021-12')",
            )
        windows = Windows(_bounds([recorded[0]], "first"), _bounds([recorded[1]], "last"), None)
        units: dict[str, object] = {}
    else:
        table = read_table(
            recorded, [unit, "first", "last"], only_needed=True, name="the table of recorded windows"
        )
        labels = read_labels(table.columns[unit], column=unit)
        if (labels.codes < 0).any():
            raise DataError(f"recorded: column '{unit}' is empty in {int((labels.codes < 0).sum())} rows")
        texts, units = list(labels.names), labels.names
        first, last = (_bounds(table.columns[name], name) for name in ("first", "last"))
        windows = Windows(first, last, tuple(texts[code] for code in labels.codes))
    backwards = np.flatnonzero(windows.first > windows.last)
    if backwards.size:
        at = int(backwards[0])
        whose = f" of unit '{windows.units[at]}'" if windows.units else ""
        raise DataError(
            f"the recorded window{whose} ends ({windows.last[at]}) before it begins ({windows.first[at]})"
        )
    return windows, units


def _bounds(values: Any, name: str) -> Days:
    spans = [span(value) for value in values]
    bad = [value for value, found in zip(values, spans, strict=True) if found is None]
    if bad:
        raise DataError(
            f"recorded: the {name} day of a window cannot be read: {some_of(bad)}",
            hint="write 2020, 2020-Q1, 2020-03 or 2020-03-15",
        )
    side = 0 if name == "first" else 1
    return np.array([found[side] for found in spans if found], dtype="datetime64[D]")


def cover(windows: Windows, freq: Frequency, units: list[str]) -> Coverage:
    """Find which unit-periods the windows cover.

    Parameters
    ----------
    windows
        From :func:`read_windows`.
    freq
        Length of a period.
    units
        Texts of the units; windows of other units are left out.

    Returns
    -------
    Coverage

    Raises
    ------
    DataError
        None of the units has a window.
    """
    first, last = windows.first, windows.last
    if windows.units is None:
        rows = np.arange(len(units))
        first, last = (np.repeat(days, len(units)) for days in (first, last))
    else:
        place = {text: row for row, text in enumerate(units)}
        rows = np.array([place.get(text, -1) for text in windows.units], dtype=np.int64)
        first, last, rows = first[rows >= 0], last[rows >= 0], rows[rows >= 0]
    if not rows.size:
        raise DataError(f"recorded: none of its units is one of the units counted ({some_of(units)})")
    edges = to_ordinals(pd.Series([first.min(), last.max()]), freq, column="recorded")
    axis = Periods(freq, int(edges[0]), 1, int(edges[1] - edges[0]) + 1)
    refuse_too_many(len(units), axis, 1)
    starts = _starts(axis)
    ends = starts[1:] - np.timedelta64(1, "D")
    starts = starts[:-1]
    shape = (len(units), len(axis))
    complete = _mark(shape, rows, np.searchsorted(starts, first), np.searchsorted(ends, last, side="right"))
    if not complete.any():
        raise DataError(
            f"recorded: no {freq} lies wholly inside the recorded window ({first.min()} to {last.max()})",
            hint="choose shorter periods, or a longer window if recording was complete for longer",
        )
    touched = _mark(shape, rows, np.searchsorted(ends, first), np.searchsorted(starts, last, side="right"))
    return Coverage(axis, complete, touched)


def _starts(axis: Periods) -> Days:
    """First days of the periods and of the one after the last; shape (n_periods + 1,)."""
    values = Periods(axis.freq, axis.first, axis.step, len(axis) + 1).values()
    if axis.freq == "year":
        values = (values - 1970).astype("datetime64[Y]")
    return values.astype("datetime64[D]")


def _mark(
    shape: tuple[int, int], rows: NDArray[np.int64], start: NDArray[np.int64], stop: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """True from ``start`` up to, not including, ``stop`` in each of some rows."""
    steps = np.zeros((shape[0], shape[1] + 1), dtype=np.int64)
    ahead = start < stop
    np.add.at(steps, (rows[ahead], start[ahead]), 1)
    np.add.at(steps, (rows[ahead], stop[ahead]), -1)
    return np.cumsum(steps, axis=1)[:, :-1] > 0


def refuse_too_many(n_units: int, periods: Periods, n_outcomes: int) -> None:
    """Refuse a grid of counts that could not be meant.

    Raises
    ------
    DataError
        More than 50 million counts.
    """
    if n_units * len(periods) * n_outcomes > MOST_CELLS:
        raise DataError(
            f"{n_units:,} units × {len(periods):,} {periods.freq}s ({periods.label(0)} to "
            f"{periods.label(len(periods) - 1)}) × {n_outcomes:,} outcomes make too many counts",
            hint="look for a date far from the others, choose longer periods, or give the recorded window",
        )
