"""Which rows are counted, and why the others are not: each row has one fate."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from preventeval.errors import DataError
from preventeval.intake.rows import Rows
from preventeval.intake.windows import Coverage

__all__ = ["Fates", "sort_out"]

Flags = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Fates:
    """What became of each row.

    Parameters
    ----------
    counted
        Rows that are counted, shape (n_rows,).
    lost
        Rows that are not, by the code of the reason; each row is lost once; shape (n_rows,).
    conflicting
        Rows lost as repeated that belong to another unit, period or outcome than the row that
        is counted; shape (n_rows,).
    unnamed
        Counted rows without an identifier where one was asked for, shape (n_rows,).
    """

    counted: Flags
    lost: dict[str, Flags]
    conflicting: Flags
    unnamed: Flags


def sort_out(rows: Rows, coverage: Coverage | None) -> Fates:
    """Decide which rows are counted.

    Parameters
    ----------
    rows
        What each record says.
    coverage
        Where recording is known to be complete, if it is.

    Raises
    ------
    DataError
        No row can be counted.
    """
    causes = {
        "date_empty": rows.dates.empty,
        "date_unreadable": rows.dates.unreadable,
        "unit_empty": rows.row_unit == -1,
        "unit_unknown": rows.row_unit == -2,
        "offence_empty": rows.offences.empty,
        "offence_unmapped": rows.offences.row_outcome < 0,
    }
    counted = np.ones(len(rows.table), dtype=np.bool_)
    lost: dict[str, Flags] = {}

    def lose(code: str, where: Flags) -> None:
        nonlocal counted
        lost[code] = counted & where
        counted = counted & ~where

    for code, where in causes.items():
        lose(code, where)
    if coverage is not None:
        complete, touched = _standing(rows, counted, coverage)
        lose("outside_window", ~touched)
        lose("partial_period", ~complete)
    conflicting = unnamed = np.zeros_like(counted)
    if rows.columns.identifier is not None:
        identifiers = _number(rows.column(rows.columns.identifier))
        repeated, conflicting = _find_repeated(identifiers, counted, rows)
        lose("duplicate", repeated)
        unnamed = counted & (identifiers < 0)
    if not counted.any():
        reasons = ", ".join(
            f"{code.replace('_', ' ')}: {int(n.sum()):,}" for code, n in lost.items() if n.any()
        )
        raise DataError(
            f"{rows.table.name}: none of its {len(counted):,} rows can be counted (by reason: {reasons})",
            hint="compare the columns, units, offences and the recorded window with the records",
        )
    return Fates(counted, lost, conflicting, unnamed)


def _standing(rows: Rows, counted: Flags, coverage: Coverage) -> tuple[Flags, Flags]:
    """Rows in a unit-period that is recorded wholly, and rows in one that is recorded at all."""
    position = rows.ordinals - coverage.periods.first
    on_axis = counted & (position >= 0) & (position < len(coverage.periods))
    at = (rows.row_unit[on_axis], position[on_axis])
    complete, touched = np.zeros_like(counted), np.zeros_like(counted)
    complete[on_axis] = coverage.complete[at]
    touched[on_axis] = coverage.touched[at]
    return complete, touched


def _number(series: pd.Series[Any]) -> NDArray[np.int64]:
    """A number for each row's identifier, -1 where it is empty."""
    if not pd.api.types.is_numeric_dtype(series.dtype):
        texts = series.astype("str").str.strip()
        series = texts.where(series.notna() & (texts != ""))
    return pd.factorize(series)[0].astype(np.int64)


def _find_repeated(identifiers: NDArray[np.int64], counted: Flags, rows: Rows) -> tuple[Flags, Flags]:
    """Rows that repeat the identifier of an earlier incident.

    Parameters
    ----------
    identifiers
        Number of each row's identifier; rows without one (-1) repeat nothing.
    counted
        Rows to look at, shape (n_rows,).
    rows
        What each record says. Of several rows the earliest is kept, then the first by unit and
        outcome, so that the order of the rows does not matter.

    Returns
    -------
    repeated : ndarray of bool, shape (n_rows,)
    conflicting : ndarray of bool, shape (n_rows,)
        Repeated rows of another unit, period or outcome than the row that is kept.
    """
    repeated, conflicting = np.zeros_like(counted), np.zeros_like(counted)
    at = np.flatnonzero(counted & (identifiers >= 0))
    at = at[np.bincount(identifiers[at])[identifiers[at]] > 1]
    if at.size:
        cell = (rows.offences.row_outcome, rows.row_unit, rows.ordinals)
        at = at[np.lexsort((cell[0][at], cell[1][at], rows.dates.days[at], identifiers[at]))]
        codes = identifiers[at]
        first = np.append(True, codes[1:] != codes[:-1])
        kept = at[first][np.cumsum(first) - 1]
        repeated[at] = ~first
        conflicting[at] = np.any([part[at] != part[kept] for part in cell], axis=0)
    return repeated, conflicting
