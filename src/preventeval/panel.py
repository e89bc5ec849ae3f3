"""The panel: outcomes of every unit in every period, checked once and trusted afterwards."""

from __future__ import annotations

import difflib
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from types import MappingProxyType
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from preventeval.errors import DataError, DesignError, some_of
from preventeval.periods import Frequency, Periods, read_periods

__all__ = ["Panel"]

Array = NDArray[np.float64]


@dataclass(frozen=True, init=False, eq=False, repr=False)
class Panel:
    """Outcomes of every unit in every period.

    Parameters
    ----------
    frame
        One row per unit and period: a pandas or polars data frame, an Arrow table, or
        anything else that narwhals reads. It is never changed.
    unit
        Column that names the unit (a precinct, a state).
    period
        Column of the period: dates, ISO texts (``2020``, ``2020-Q1``, ``2020-03``), or
        integers.
    outcomes
        Numeric columns that programmes may have changed. A missing value stays missing.
    exposure
        Numeric column of person-time at risk (residents, say), above 0. Where it is missing,
        so is every rate.
    covariates
        Numeric columns that may explain the outcome and that programmes cannot change. Each
        has a value somewhere.
    weights
        Numeric column of sampling weights, 0 or more, the same in all periods of a unit.
    freq
        Length of a period, where it cannot be told from the values.

    Raises
    ------
    DataError
        The frame cannot be used as it is; the message names columns, rows and units.

    Examples
    --------
    >>> import pandas as pd
    >>> import preventeval as pe
    >>> frame = pd.DataFrame(
    ...     {"precinct": ["A", "A", "B", "B"], "month": ["2020-01", "2020-02"] * 2, "robbery": [3, 5, 4, 4]}
    ... )
    >>> pe.Panel(frame, unit="precinct", period="month", outcomes=["robbery"])
    Panel(2 units × 2 months, 2020-01 to 2020-02, outcomes: robbery)
    """

    unit: str
    period: str
    units: NDArray[Any]
    periods: Periods
    outcomes: Mapping[str, Array]
    covariates: Mapping[str, Array]
    exposure: Array | None
    weights: Array | None
    _columns: Mapping[str, NDArray[Any]] = field()
    _row_unit: NDArray[np.int64] = field()

    def __init__(
        self,
        frame: Any,
        *,
        unit: str,
        period: str,
        outcomes: Sequence[str],
        exposure: str | None = None,
        covariates: Sequence[str] = (),
        weights: str | None = None,
        freq: Frequency | None = None,
    ) -> None:
        table = _to_pandas(frame)
        for name, several in (("outcomes", outcomes), ("covariates", covariates)):
            if isinstance(several, str):
                raise DataError(f"{name}={several!r}: expected a list of column names")
        if not len(outcomes):
            raise DataError("outcomes is empty: expected a list of one or more column names")
        if len({unit, period, *outcomes}) < 2 + len(outcomes):
            raise DataError(
                f"unit='{unit}', period='{period}' and outcomes {some_of(outcomes)} must be different columns"
            )
        roles = [unit, period, *outcomes, *covariates, *(c for c in (exposure, weights) if c)]
        _require_columns(table, roles, getattr(getattr(frame, "index", None), "names", ()))
        if table.empty:
            raise DataError("the table has no rows")
        labels, row_unit = _factorize_units(table[unit], unit)
        periods, row_period = read_periods(table[period], column=period, freq=freq)
        _refuse_duplicates(row_unit, row_period, labels, periods, table[unit].name)

        def grid(column: str) -> Array:
            return _grid(_numeric(table, column), row_unit, row_period, (len(labels), len(periods)))

        # Copies: a frame that is changed afterwards must not change the panel with it.
        kept = {c: table[c].to_numpy(copy=True) for c in table.columns if c not in (period, *outcomes)}
        values: dict[str, Any] = {
            "unit": unit,
            "period": period,
            "units": _locked(labels),
            "periods": periods,
            "outcomes": MappingProxyType({name: grid(name) for name in outcomes}),
            "covariates": MappingProxyType({name: grid(name) for name in covariates}),
            "exposure": grid(exposure) if exposure else None,
            "weights": grid(weights) if weights else None,
            "_columns": _each(kept, lambda column: column),
            "_row_unit": row_unit,
        }
        for name, value in values.items():
            object.__setattr__(self, name, value)
        for name, covariate in self.covariates.items():
            if np.isnan(covariate).all():
                raise DataError(
                    f"column '{name}' has no value", hint="leave it out of the covariates, or fill it"
                )
        if self.exposure is not None and (self.exposure <= 0).any():
            bad = self.named(self.exposure <= 0)
            raise DataError(f"column '{exposure}' must be above 0, but is not in {bad}")
        if self.weights is not None and (self.weights < 0).any():
            bad = self.named(self.weights < 0)
            raise DataError(f"column '{weights}' must be 0 or more, but is not in {bad}")

    def __repr__(self) -> str:
        first, last = self.periods.label(0), self.periods.label(self.n_periods - 1)
        numbered = self.periods.noun == "integer"
        noun = "periods" if numbered else f"{self.periods.freq}s"
        return (
            f"Panel({self.n_units} units × {self.n_periods} {noun}, {first} to {last}, "
            f"outcomes: {', '.join(self.outcomes)})"
        )

    @property
    def n_units(self) -> int:
        """Number of units."""
        return len(self.units)

    @property
    def n_periods(self) -> int:
        """Number of periods, gaps included."""
        return len(self.periods)

    def outcome(self, name: str) -> Array:
        """One outcome, shape (n_units, n_periods); NaN where it is missing."""
        if name not in self.outcomes:
            raise DesignError(f"no outcome '{name}' in this panel: it has {some_of(self.outcomes)}")
        return self.outcomes[name]

    def by_unit(self, column: str) -> NDArray[Any]:
        """A column that has one value per unit, such as a district or a start date.

        Parameters
        ----------
        column
            Any column of the frame that was not a period or an outcome.

        Returns
        -------
        ndarray of object, shape (n_units,)
            None where the column is empty in every row of the unit.

        Raises
        ------
        DesignError
            No such column, or a value that varies within a unit.
        """
        codes, values = self.codes_by_unit(column)
        return np.append(values, [None])[codes]

    def codes_by_unit(self, column: str) -> tuple[NDArray[np.int64], NDArray[Any]]:
        """A column that has one value per unit, as codes into its distinct values.

        Parameters
        ----------
        column
            Any column of the frame that was not a period or an outcome.

        Returns
        -------
        codes : ndarray of int64, shape (n_units,)
            -1 where the column is empty in every row of the unit.
        values : ndarray of object
            Distinct values.

        Raises
        ------
        DesignError
            No such column, or a value that varies within a unit.
        """
        if column not in self._columns:
            raise DesignError(
                f"no column '{column}' in the table{_did_you_mean(column, list(self._columns))}"
            )
        try:
            codes, values = pd.factorize(pd.Series(self._columns[column]), use_na_sentinel=True)
        except TypeError:
            raise DesignError(
                f"column '{column}' holds lists or the like: one plain value is needed"
            ) from None
        low = np.full(self.n_units, len(values), dtype=np.int64)
        high = np.full(self.n_units, -1, dtype=np.int64)
        np.minimum.at(low, self._row_unit, codes)
        np.maximum.at(high, self._row_unit, codes)
        varying = low != high
        if varying.any():
            seen = pd.Series(self._columns[column])[self._row_unit == np.flatnonzero(varying)[0]]
            raise DesignError(
                f"column '{column}' varies within {int(varying.sum())} of {self.n_units} units "
                f"({some_of(self.units[varying])}; the first has {some_of(seen.unique(), 3)})",
                hint="each unit needs one value, the same in all its rows",
            )
        return high, np.asarray(values, dtype=object)

    def named(self, cells: NDArray[np.bool_]) -> str:
        """How many cells of shape (n_units, n_periods), and the first three, for a message."""
        where = np.argwhere(cells)
        first = some_of((f"{self.units[i]} {self.periods.label(int(t))}" for i, t in where), 3)
        return f"{len(where)} unit-periods ({first})"

    def select(self, keep: NDArray[np.bool_]) -> Panel:
        """The panel of some of its units.

        Parameters
        ----------
        keep
            True for each unit to keep, shape (n_units,).
        """
        rows = keep[self._row_unit]
        renumbered = np.cumsum(keep) - 1
        return self._changed(
            units=_locked(self.units[keep]),
            outcomes=_each(self.outcomes, lambda grid: grid[keep]),
            covariates=_each(self.covariates, lambda grid: grid[keep]),
            exposure=None if self.exposure is None else _locked(self.exposure[keep]),
            weights=None if self.weights is None else _locked(self.weights[keep]),
            _columns=_each(self._columns, lambda column: column[rows]),
            _row_unit=renumbered[self._row_unit[rows]],
        )

    def first_periods(self, length: int) -> Panel:
        """The panel of its first ``length`` periods; unit-level columns stay as they are."""
        return self._changed(
            periods=self.periods.slice(0, length),
            outcomes=_each(self.outcomes, lambda grid: grid[:, :length]),
            covariates=_each(self.covariates, lambda grid: grid[:, :length]),
            exposure=None if self.exposure is None else self.exposure[:, :length],
            weights=None if self.weights is None else self.weights[:, :length],
        )

    def without(self, hidden: NDArray[np.bool_]) -> Panel:
        """The panel with all outcomes missing in some cells, shape (n_units, n_periods)."""
        return self._changed(outcomes=_each(self.outcomes, lambda grid: np.where(hidden, np.nan, grid)))

    def weighing(self, weight: Array) -> Panel:
        """The panel with other sampling weights, one per unit, shape (n_units,)."""
        return self._changed(weights=_locked(np.repeat(weight[:, None], self.n_periods, axis=1)))

    @cached_property
    def fingerprint(self) -> str:
        """Hash of units, periods and all numbers, the same for the same data in any row order."""
        digest = hashlib.sha256(repr((self.unit, self.period, self.periods)).encode())
        digest.update("\x1f".join(str(label) for label in self.units).encode())
        grids = {("outcome", k): v for k, v in self.outcomes.items()}
        grids |= {("covariate", k): v for k, v in self.covariates.items()}
        single = (("exposure", self.exposure), ("weights", self.weights))
        grids |= {(k, ""): v for k, v in single if v is not None}
        for name in sorted(grids):
            # One pattern of bits for every NaN, and one for 0 and -0.
            plain = np.where(np.isnan(grids[name]), np.nan, grids[name] + 0.0)
            digest.update(repr(name).encode() + plain.tobytes())
        return digest.hexdigest()

    def _changed(self, **changes: Any) -> Panel:
        """A copy with some parts replaced, bypassing the checks that the parts have passed."""
        other = object.__new__(Panel)
        for name in self.__dataclass_fields__:
            object.__setattr__(other, name, changes.get(name, getattr(self, name)))
        return other


def _each(grids: Mapping[str, Any], change: Any) -> Mapping[str, Any]:
    return MappingProxyType({name: _locked(change(grid)) for name, grid in grids.items()})


def _locked(values: NDArray[Any]) -> NDArray[Any]:
    """The array itself, made read-only."""
    values.flags.writeable = False
    return values


def _to_pandas(frame: Any) -> pd.DataFrame:
    """Any eager or lazy frame as pandas, with texts as column names, without changing it."""
    if isinstance(frame, pd.DataFrame):
        return frame.reset_index(drop=True).set_axis([str(column) for column in frame.columns], axis=1)
    try:
        native = nw.from_native(frame)
    except TypeError:
        raise DataError(
            f"a {type(frame).__name__} is not a table",
            hint="give a pandas or polars data frame, an Arrow table or a DuckDB relation",
        ) from None
    eager = native.collect() if isinstance(native, nw.LazyFrame) else native
    return eager.to_pandas()


def _did_you_mean(name: str, known: Sequence[str]) -> str:
    close = difflib.get_close_matches(name, known, n=1)
    return f"; did you mean '{close[0]}'?" if close else f" (columns: {some_of(known, 12)})"


def _require_columns(table: pd.DataFrame, names: Sequence[str], in_index: Sequence[str]) -> None:
    columns = list(table.columns)
    twice = {column for column in columns if columns.count(column) > 1}
    if twice:
        raise DataError(f"the table has several columns called {some_of(sorted(twice))}")
    for name in names:
        if not isinstance(name, str):
            raise DataError(f"{name!r} is not the name of a column: expected a text")
        if name not in columns:
            if name in in_index:
                raise DataError(f"'{name}' is in the frame's index", hint="give frame.reset_index()")
            raise DataError(f"the table has no column '{name}'{_did_you_mean(name, columns)}")


def _factorize_units(series: pd.Series[Any], column: str) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """Unit labels in sorted order, and the code of each row."""
    if series.isna().any():
        rows = np.flatnonzero(series.isna().to_numpy()) + 1
        raise DataError(f"column '{column}' is empty in {len(rows)} rows (rows {some_of(rows)})")
    # A categorical has an order of its own: the same labels must give the same units without it.
    mixed = pd.api.types.is_object_dtype(series) or isinstance(series.dtype, pd.CategoricalDtype)
    plain = series.astype(object).infer_objects() if mixed else series
    try:
        codes, labels = pd.factorize(plain, sort=True)
    except TypeError:  # labels of several types have no order of their own
        codes, labels = pd.factorize(series.astype(str), sort=True)
    names = pd.Index([str(label) for label in labels])
    if names.has_duplicates:
        twice = some_of(names[names.duplicated()])
        raise DataError(f"column '{column}' writes units {twice} in several types, as texts and as numbers")
    return np.asarray(labels, dtype=object), codes.astype(np.int64)


def _refuse_duplicates(
    row_unit: NDArray[np.int64],
    row_period: NDArray[np.int64],
    labels: NDArray[Any],
    periods: Periods,
    column: object,
) -> None:
    cell = row_unit * len(periods) + row_period
    counts = np.bincount(cell)
    twice = np.flatnonzero(counts > 1)
    if twice.size:
        named = [f"{labels[c // len(periods)]} {periods.label(int(c % len(periods)))}" for c in twice[:5]]
        raise DataError(
            f"the same unit and period stands in more than one row: {some_of(named)}",
            hint=f"one row per '{column}' and period is expected; one row per incident is for "
            "count_incidents (in a spec: records = …)",
        )


def _numeric(table: pd.DataFrame, column: str) -> Array:
    series = table[column]
    if not pd.api.types.is_numeric_dtype(series) or pd.api.types.is_complex_dtype(series):
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
        series = series.astype(object)
    values = series.to_numpy(dtype=np.float64, na_value=np.nan)
    if np.isinf(values).any():
        raise DataError(
            f"column '{column}' is infinite in row {int(np.flatnonzero(np.isinf(values))[0]) + 1}"
        )
    return values


def _grid(
    values: Array, row_unit: NDArray[np.int64], row_period: NDArray[np.int64], shape: tuple[int, int]
) -> Array:
    """Values of rows laid out by unit and period, NaN where no row is."""
    grid = np.full(shape, np.nan)
    grid[row_unit, row_period] = values
    return _locked(grid)
