"""Outcomes of every unit in every period, in arrays."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from preventeval.errors import DataError, DesignError, some_of
from preventeval.panel.rows import Rows, lay_out
from preventeval.panel.table import did_you_mean, numbers, read_table, require_columns
from preventeval.periods import Frequency, Periods

__all__ = ["Panel"]

Array = NDArray[np.float64]


@dataclass(frozen=True, init=False, eq=False, repr=False)
class Panel:
    """Outcomes of every unit in every period.

    Parameters
    ----------
    frame
        One row per unit and period: a pandas or polars data frame, an Arrow table, or
        anything else that narwhals reads. It is never changed, and changes that are made to it
        later do not reach the panel. With pandas 3 or later columns are not copied: frame and
        panel share them, as frames do, until the frame is changed.
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
    periods: Periods
    outcomes: Mapping[str, Array]
    covariates: Mapping[str, Array]
    exposure: Array | None
    weights: Array | None
    _labels: pd.Index[Any]
    #: The table that the panel was made from, and where its rows belong. While the panel holds the table,
    #: pandas copies what it shares with the user's frame before that is changed.
    _table: pd.DataFrame
    _rows: Rows
    #: Units of the table that this panel has, in order; None for all.
    _kept: NDArray[np.int64] | None

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
        table = read_table(frame)
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
        require_columns(table, roles, getattr(getattr(frame, "index", None), "names", ()))
        if table.empty:
            raise DataError("the table has no rows")
        layout = lay_out(table, unit, period, freq)

        def grid(column: str) -> Array:
            return _locked(layout.grid(numbers(table, column)))

        values: dict[str, Any] = {
            "unit": unit,
            "period": period,
            "periods": layout.periods,
            "outcomes": MappingProxyType({name: grid(name) for name in outcomes}),
            "covariates": MappingProxyType({name: grid(name) for name in covariates}),
            "exposure": grid(exposure) if exposure else None,
            "weights": grid(weights) if weights else None,
            "_labels": layout.labels,
            "_table": table,
            "_rows": layout.rows,
            "_kept": None,
        }
        for name, value in values.items():
            object.__setattr__(self, name, value)
        _check_numbers(self, exposure, weights)

    def __repr__(self) -> str:
        first, last = self.periods.label(0), self.periods.label(self.n_periods - 1)
        numbered = self.periods.noun == "integer"
        noun = "periods" if numbered else f"{self.periods.freq}s"
        return (
            f"Panel({self.n_units} units × {self.n_periods} {noun}, {first} to {last}, "
            f"outcomes: {', '.join(self.outcomes)})"
        )

    def __getstate__(self) -> dict[str, Any]:
        # What is stored as a grid need not be stored a second time with the table.
        table = self._table.drop(columns=[self.period, *self.outcomes], errors="ignore")
        return {**self.__dict__, "_table": table}

    @cached_property
    def units(self) -> NDArray[Any]:
        """Labels of the units, in order, shape (n_units,)."""
        return _locked(np.array(self._labels, dtype=object))

    @property
    def n_units(self) -> int:
        """Number of units."""
        return len(self._labels)

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
        if column not in self._table or column == self.period or column in self.outcomes:
            known = [c for c in self._table.columns if c != self.period and c not in self.outcomes]
            raise DesignError(f"no column '{column}' in the table{did_you_mean(column, known)}")
        series, rows = self._table[column], self._rows
        try:
            varying, one = rows.varying(series), rows.one_row
        except TypeError:
            raise DesignError(
                f"column '{column}' holds lists or the like: one plain value is needed"
            ) from None
        kept = np.arange(rows.n_units) if self._kept is None else self._kept
        if varying[kept].any():
            wrong = kept[varying[kept]]
            seen = series[rows.of_unit(int(wrong[0]))]
            raise DesignError(
                f"column '{column}' varies within {len(wrong)} of {self.n_units} units "
                f"({some_of(self.units[varying[kept]])}; the first has {some_of(seen.unique(), 3)})",
                hint="each unit needs one value, the same in all its rows",
            )
        is_number = isinstance(series.dtype, np.dtype) and series.dtype.kind in "biuf"
        codes, values = pd.factorize(series.to_numpy()[one[kept]] if is_number else series.iloc[one[kept]])
        return codes.astype(np.int64, copy=False), np.asarray(values, dtype=object)

    def named(self, cells: NDArray[np.bool_]) -> str:
        """How many cells of shape (n_units, n_periods), and the first three, for a message."""
        where = np.argwhere(cells)
        first = some_of((f"{self.units[i]} {self.periods.label(int(t))}" for i, t in where), 3)
        return f"{len(where)} unit-periods ({first})"

    def select(self, keep: NDArray[np.bool_]) -> Panel:
        """The panel of some of its units; the panel itself, where that is all of them.

        Parameters
        ----------
        keep
            True for each unit to keep, shape (n_units,).
        """
        if keep.all():
            return self
        kept = np.flatnonzero(keep)
        return self._changed(
            outcomes=_each(self.outcomes, lambda grid: grid[keep]),
            covariates=_each(self.covariates, lambda grid: grid[keep]),
            exposure=None if self.exposure is None else _locked(self.exposure[keep]),
            weights=None if self.weights is None else _locked(self.weights[keep]),
            _labels=self._labels[keep],
            _kept=kept if self._kept is None else self._kept[kept],
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


def _check_numbers(panel: Panel, exposure: str | None, weights: str | None) -> None:
    """Refuse covariates without a value, an exposure of nothing, and weights below nothing."""
    for name, covariate in panel.covariates.items():
        if np.isnan(covariate).all():
            raise DataError(
                f"column '{name}' has no value", hint="leave it out of the covariates, or fill it"
            )
    if panel.exposure is not None and (panel.exposure <= 0).any():
        bad = panel.named(panel.exposure <= 0)
        raise DataError(f"column '{exposure}' must be above 0, but is not in {bad}")
    if panel.weights is not None and (panel.weights < 0).any():
        bad = panel.named(panel.weights < 0)
        raise DataError(f"column '{weights}' must be 0 or more, but is not in {bad}")


def _each(grids: Mapping[str, Array], change: Callable[[Array], Array]) -> Mapping[str, Array]:
    return MappingProxyType({name: _locked(change(grid)) for name, grid in grids.items()})


def _locked(values: NDArray[Any]) -> NDArray[Any]:
    """The array itself, made read-only."""
    values.flags.writeable = False
    return values
