"""Counting incidents: one row per incident in, one row per unit and period out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from preventeval.errors import DataError, some_of
from preventeval.intake.losses import sort_out
from preventeval.intake.notes import cell_notes, row_notes, unit_notes
from preventeval.intake.rows import Columns, Rows, read_rows
from preventeval.intake.statement import DataStatement, in_order
from preventeval.intake.tables import read_table
from preventeval.intake.units import UnitList, read_units
from preventeval.intake.windows import Coverage, cover, read_windows, refuse_too_many
from preventeval.periods import FREQUENCIES, Frequency, Periods

__all__ = ["IncidentCounts", "count_incidents"]

#: Column of the period in the result.
PERIOD: Final = "period"


@dataclass(frozen=True, eq=False, repr=False)
class IncidentCounts:
    """Counts of incidents per unit and period, and what became of every record.

    Parameters
    ----------
    frame
        One row per unit and period: the unit, ``period`` (first day of the period; a whole
        number for years), one column per outcome (incidents; NaN where the number is not
        known), and the columns of ``units``.
    unit
        Column of the unit.
    outcomes
        Columns of counts.
    freq
        Length of a period.
    periods
        The time axis.
    statement
        What was read, what was counted, and what became of the rest.
    """

    frame: pd.DataFrame
    unit: str
    outcomes: tuple[str, ...]
    freq: Frequency
    periods: Periods
    statement: DataStatement

    def __repr__(self) -> str:
        return (
            f"IncidentCounts({len(self.frame) // len(self.periods)} units × "
            f"{len(self.periods)} {self.freq}s, "
            f"{self.periods.label(0)} to {self.periods.label(len(self.periods) - 1)}, "
            f"{self.statement.rows_counted:,} of {self.statement.rows_read:,} rows counted)"
        )

    def summary(self) -> str:
        """The counts and the data statement as text."""
        totals = [
            f"  {name}: {self.frame[name].sum():,.0f} incidents, "
            f"{int(self.frame[name].isna().sum()):,} of {len(self.frame):,} counts missing"
            for name in self.outcomes
        ]
        return "\n".join([repr(self), *totals, self.statement.summary()])


def count_incidents(
    records: Any,
    *,
    unit: str,
    when: str,
    freq: Frequency,
    outcome: str = "incidents",
    by: str | None = None,
    offences: Mapping[str, Sequence[object]] | None = None,
    units: Any = None,
    recorded: Any = None,
    date_format: str | None = None,
    identifier: str | None = None,
) -> IncidentCounts:
    """Count incidents per unit and period, and say what became of every record.

    Parameters
    ----------
    records
        One row per incident: path of a CSV file (commas, semicolons or tabs), a pandas or
        polars data frame, an Arrow table or a DuckDB relation. It is never changed.
    unit
        Column of the area, such as a precinct.
    when
        Column of the date: dates, times or ISO texts (``2020-03-15``), or texts in
        ``date_format``. ``2020-03`` will do where periods are months or longer.
    freq
        Length of a period: ``"year"``, ``"quarter"``, ``"month"``, ``"week"`` (from Monday)
        or ``"day"``.
    outcome
        Name of the column of counts, where all incidents are counted together.
    by
        Column of the kind of offence: each of its values then has a column of counts.
    offences
        Outcomes made of values of ``by``, for example
        ``{"robbery": ["robbery", "street robbery"]}``. Other values are not counted.
    units
        All units: their names, or a table (frame or CSV file) with one row per unit, the
        column ``unit``, and others (residents, start of the programme), which are joined on.
    recorded
        When recording is known to be complete: ``("2019-01", "2021-12")`` for all units, or a
        table with the columns ``unit``, ``first`` and ``last``, where a unit may have several
        rows. A unit-period without incidents is 0 only if it lies wholly inside.
    date_format
        How texts are dated, in the manner of ``strptime``, for example ``"%d/%m/%Y"``.
    identifier
        Column that names the incident: of rows with the same one, the earliest is counted.

    Returns
    -------
    IncidentCounts

    Raises
    ------
    DataError
        The records cannot be counted; the message names the column, the rows and the remedy.

    Examples
    --------
    >>> import pandas as pd
    >>> records = pd.DataFrame(
    ...     {"precinct": ["North", "North", "South"], "date": ["2020-01-05", "2020-03-09", "2020-01-31"]}
    ... )
    >>> counts = count_incidents(
    ...     records, unit="precinct", when="date", freq="month", recorded=("2020-01", "2020-03")
    ... )
    >>> counts
    IncidentCounts(2 units × 3 months, 2020-01 to 2020-03, 3 of 3 rows counted)
    >>> counts.frame["incidents"].tolist()
    [1.0, 0.0, 1.0, 1.0, 0.0, 0.0]
    """
    _check_arguments(freq, outcome, by, offences)
    columns = Columns(unit, when, by, identifier)
    table = read_table(records, columns.needed, only_needed=True)
    listed = read_units(units, unit=unit) if units is not None else UnitList({}, {})
    windows, window_units = read_windows(recorded, unit=unit) if recorded is not None else (None, {})
    rows = read_rows(
        table,
        columns,
        freq=freq,
        date_format=date_format,
        units=listed.names,
        more_units=window_units,
        outcome=outcome,
        offences=offences,
    )
    _refuse_clashes(unit, rows.offences.outcomes, listed)
    coverage = cover(windows, freq, list(rows.units)) if windows else None
    fates = sort_out(rows, coverage)
    periods = _axis(coverage, rows.ordinals[fates.counted], freq)
    counts = _count(rows, fates.counted, periods, coverage)
    notes = [
        *row_notes(rows, fates, date_format=date_format),
        *unit_notes(
            rows,
            fates,
            listed=units is not None,
            window_units=window_units if windows and windows.units else None,
        ),
        *cell_notes(
            rows,
            fates,
            coverage=coverage,
            periods=periods,
            n_unknown=int(np.isnan(counts).sum()),
            n_cells=counts.size,
        ),
    ]
    statement = DataStatement(table.name, len(table), int(fates.counted.sum()), in_order(notes))
    frame = _lay_out(counts, rows, periods, listed)
    return IncidentCounts(frame, unit, rows.offences.outcomes, freq, periods, statement)


def _check_arguments(
    freq: str, outcome: str, by: str | None, offences: Mapping[str, Sequence[object]] | None
) -> None:
    allowed = [name for name in FREQUENCIES if name != "integer"]
    if freq not in allowed:
        raise DataError(f"freq={freq!r}: one of {', '.join(allowed)} is expected")
    if offences is not None and by is None:
        raise DataError(
            "offences= says which values to count, but by= does not say in which column",
            hint='for example by="offence"',
        )
    if by is not None and outcome != "incidents":
        raise DataError(
            f"outcome='{outcome}' names one column of counts, but by='{by}' asks for one per kind of offence",
            hint="leave outcome out; offences= names outcomes and the values that belong to each",
        )
    if not isinstance(outcome, str) or not outcome:
        raise DataError(f"outcome={outcome!r}: a name for the column of counts is expected")


def _refuse_clashes(unit: str, outcomes: tuple[str, ...], listed: UnitList) -> None:
    """Each column of the result needs a name of its own."""
    names = [unit, PERIOD, *outcomes, *listed.columns]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise DataError(
            f"two columns of the result would be called {some_of(twice)}",
            hint=f"the result has the unit, '{PERIOD}', the outcomes and the columns of units: rename one",
        )


def _axis(coverage: Coverage | None, ordinals: NDArray[np.int64], freq: Frequency) -> Periods:
    """The periods to count in.

    With a recorded window, from the first to the last period that some unit has recorded
    wholly: a period at the edge that no unit knows would only be a column of missing counts.
    """
    if coverage is None:
        first, last = int(ordinals.min()), int(ordinals.max())
        return Periods(freq, first, 1, last - first + 1)
    known = np.flatnonzero(coverage.complete.any(axis=0))
    return coverage.periods.slice(int(known[0]), int(known[-1]) + 1)


def _count(
    rows: Rows, counted: NDArray[np.bool_], periods: Periods, coverage: Coverage | None
) -> NDArray[np.float64]:
    """Incidents per unit, period and outcome, NaN where unknown.

    Returns
    -------
    ndarray, shape (n_units, n_periods, n_outcomes)
    """
    shape = (len(rows.units), len(periods), len(rows.offences.outcomes))
    refuse_too_many(shape[0], periods, shape[2])
    position = rows.ordinals[counted] - periods.first
    cell = np.ravel_multi_index((rows.row_unit[counted], position, rows.offences.row_outcome[counted]), shape)
    counts = np.bincount(cell, minlength=int(np.prod(shape))).reshape(shape).astype(np.float64)
    if coverage is None:
        return np.where(counts > 0, counts, np.nan)
    start = periods.first - coverage.periods.first
    known = coverage.complete[:, start : start + len(periods)]
    return np.where(known[:, :, None], counts, np.nan)


def _lay_out(counts: NDArray[np.float64], rows: Rows, periods: Periods, listed: UnitList) -> pd.DataFrame:
    """Counts of shape (n_units, n_periods, n_outcomes) as one row per unit and period."""
    n_units, n_periods, _ = counts.shape
    repeat = np.repeat(np.arange(n_units), n_periods)
    names = pd.Series(list(rows.units.values()))
    columns: dict[str, Any] = {
        rows.columns.unit: names.iloc[repeat].reset_index(drop=True),
        PERIOD: np.tile(periods.values(), n_units),
    }
    for number, outcome in enumerate(rows.offences.outcomes):
        columns[outcome] = counts[:, :, number].ravel()
    for name, series in listed.columns.items():
        columns[name] = series.iloc[repeat].reset_index(drop=True)
    return pd.DataFrame(columns)
