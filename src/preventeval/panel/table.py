"""Reading a table: any data frame as pandas, and its columns as numbers."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Final

import narwhals as nw
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from preventeval.errors import DataError, some_of

__all__ = ["did_you_mean", "numbers", "read_table", "require_columns"]

#: From pandas 3 on, frames share their columns until one of them is changed (copy on write).
_SHARES: Final[bool] = int(pd.__version__.split(".")[0]) >= 3


def read_table(frame: Any) -> pd.DataFrame:
    """Any eager or lazy frame as pandas, with texts as column names.

    Later changes of the frame do not reach the table. Columns are copied only where pandas
    would let such a change through.

    Parameters
    ----------
    frame
        A pandas or polars data frame, an Arrow table, or anything else that narwhals reads.

    Returns
    -------
    DataFrame

    Raises
    ------
    DataError
        No table, or one with several columns of the same name.
    """
    if isinstance(frame, pd.DataFrame):
        table = frame.copy(deep=not _SHARES)
        table.index = pd.RangeIndex(len(table))
    else:
        table = _from_others(frame)
    columns = table.columns.tolist()
    if not all(isinstance(column, str) for column in columns):
        columns = [str(column) for column in columns]
        table.columns = pd.Index(columns)
    if len(set(columns)) < len(columns):
        twice = sorted({column for column in columns if columns.count(column) > 1})
        raise DataError(f"the table has several columns called {some_of(twice)}")
    for column, kind in zip(columns, table.dtypes, strict=True) if _SHARES else ():
        if not isinstance(kind, np.dtype):  # extension arrays can be written to behind pandas' back
            table[column] = table[column].copy()
    return table


def _from_others(frame: Any) -> pd.DataFrame:
    try:
        native = nw.from_native(frame)
    except TypeError:
        raise DataError(
            f"a {type(frame).__name__} is not a table",
            hint="give a pandas or polars data frame, an Arrow table or a DuckDB relation",
        ) from None
    eager = native.collect() if isinstance(native, nw.LazyFrame) else native
    return eager.to_pandas()


def did_you_mean(name: str, known: Sequence[str]) -> str:
    """The end of a message about a column that is not there: a close name, or the names there are."""
    close = difflib.get_close_matches(name, known, n=1)
    return f"; did you mean '{close[0]}'?" if close else f" (columns: {some_of(known, 12)})"


def require_columns(table: pd.DataFrame, names: Sequence[str], in_index: Sequence[str]) -> None:
    """Refuse names of columns that the table does not have; some may have been in the frame's index."""
    for name in names:
        if not isinstance(name, str):
            raise DataError(f"{name!r} is not the name of a column: expected a text")
        if name not in table.columns:
            if name in in_index:
                raise DataError(f"'{name}' is in the frame's index", hint="give frame.reset_index()")
            raise DataError(f"the table has no column '{name}'{did_you_mean(name, list(table.columns))}")


def numbers(table: pd.DataFrame, column: str) -> NDArray[np.float64]:
    """A column as numbers.

    Parameters
    ----------
    table
        From :func:`read_table`.
    column
        One of its columns.

    Returns
    -------
    ndarray, shape (n_rows,)
        NaN where the column is empty. The column's own memory, where that holds such numbers.

    Raises
    ------
    DataError
        Something that is not a number, or an infinite one; the message names the row.
    """
    series = table[column]
    if series.dtype == np.float64:
        values = series.to_numpy()
    else:
        if not pd.api.types.is_numeric_dtype(series) or pd.api.types.is_complex_dtype(series):
            series = _numbers_of_objects(series, column)
        values = series.to_numpy(dtype=np.float64, na_value=np.nan)
    if not np.isfinite(values).all() and np.isinf(values).any():
        raise DataError(
            f"column '{column}' is infinite in row {int(np.flatnonzero(np.isinf(values))[0]) + 1}"
        )
    return values


def _numbers_of_objects(series: pd.Series[Any], column: str) -> pd.Series[Any]:
    known = series.dropna().astype(object)
    odd = known[[not isinstance(value, (int, float, Decimal, np.number)) for value in known]]
    if len(odd):
        texts = all(isinstance(value, str) for value in odd)
        raise DataError(
            f"column '{column}' must hold numbers, but holds {some_of(odd.map(str).unique())} "
            f"{'as text ' if texts else ''}(first in row {odd.index[0] + 1})",
            hint="read the file again with its thousands and decimal separators and its words "
            "for 'missing' named, so that numbers are read as numbers",
        )
    return series.astype(object)
