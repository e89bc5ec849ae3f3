"""What each record says: its unit, its period, its kind of offence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from preventeval.errors import DataError, some_of
from preventeval.intake.dates import ReadDates, read_dates
from preventeval.intake.labels import clean, read_labels
from preventeval.intake.tables import Table
from preventeval.periods import Frequency, to_ordinals

__all__ = ["Columns", "Offences", "Rows", "read_rows"]

#: A column with more kinds of offence than this holds free text or numbers of cases.
MOST_OFFENCES: Final = 200


@dataclass(frozen=True)
class Columns:
    """Names of the columns to read.

    Parameters
    ----------
    unit, when
        Columns of the area and of the date.
    by, identifier
        Columns of the kind of offence and of the incident's name, where they are wanted.
    """

    unit: str
    when: str
    by: str | None = None
    identifier: str | None = None

    @property
    def needed(self) -> list[str]:
        """The columns that the records must have."""
        return [
            self.unit,
            self.when,
            *(column for column in (self.by, self.identifier) if column is not None),
        ]


@dataclass(frozen=True, eq=False)
class Offences:
    """Which outcome each row counts towards.

    Parameters
    ----------
    outcomes
        Names of the columns of counts.
    row_outcome
        Position of each row's outcome, -1 for none; shape (n_rows,).
    empty
        Rows that do not name an offence, shape (n_rows,).
    absent
        Values that were asked for and stand in no row.
    present
        Values that stand in the column.
    """

    outcomes: tuple[str, ...]
    row_outcome: NDArray[np.int64]
    empty: NDArray[np.bool_]
    absent: tuple[str, ...] = ()
    present: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Rows:
    """What each record says.

    Parameters
    ----------
    table, columns
        The records and the names of their columns.
    units
        Units to count in, keyed by their text.
    row_unit
        Position of each row's unit, -1 where it is empty, -2 where it is not one of them;
        shape (n_rows,).
    dates
        Date of each row.
    ordinals
        Number of each row's period, shape (n_rows,).
    offences
        Outcome of each row.
    """

    table: Table
    columns: Columns
    units: dict[str, object]
    row_unit: NDArray[np.int64]
    dates: ReadDates
    ordinals: NDArray[np.int64]
    offences: Offences

    def column(self, name: str) -> pd.Series[Any]:
        """One column of the records."""
        return self.table.columns[name]


def read_rows(
    table: Table,
    columns: Columns,
    *,
    freq: Frequency,
    date_format: str | None,
    units: Mapping[str, object],
    more_units: Mapping[str, object],
    outcome: str,
    offences: Mapping[str, Sequence[object]] | None,
) -> Rows:
    """Read what each record says.

    Parameters
    ----------
    table
        The records.
    columns
        Names of their columns.
    freq, date_format, outcome, offences
        As for ``count_incidents``.
    units
        All units, keyed by their text; empty where they are not listed.
    more_units
        Units that are counted in beside those in the records, where they are not listed.
    """
    dates = read_dates(table.columns[columns.when], column=columns.when, freq=freq, date_format=date_format)
    labels = read_labels(table.columns[columns.unit], column=columns.unit)
    names = dict(units)
    if not units:
        names = labels.merged_with(more_units)
    place = {text: number for number, text in enumerate(names)}
    lookup = np.array([*(place.get(text, -2) for text in labels.names), -1], dtype=np.int64)
    if columns.by is None:
        n_rows = len(table)
        kinds = Offences((outcome,), np.zeros(n_rows, dtype=np.int64), np.zeros(n_rows, dtype=np.bool_))
    else:
        kinds = _sort_offences(table.columns[columns.by], columns.by, offences)
    ordinals = to_ordinals(pd.Series(dates.days.astype("datetime64[D]")), freq, column=columns.when)
    return Rows(table, columns, names, lookup[labels.codes], dates, ordinals, kinds)


def _sort_offences(
    series: pd.Series[Any], by: str, offences: Mapping[str, Sequence[object]] | None
) -> Offences:
    labels = read_labels(series, column=by)
    if offences is None:
        if len(labels.names) > MOST_OFFENCES:
            raise DataError(
                f"column '{by}' has {len(labels.names):,} different values ({some_of(labels.names, 3)})",
                hint='say which of them to count, for example offences={"robbery": ["mugging"]}',
            )
        return Offences(tuple(labels.names), labels.codes, labels.codes < 0, present=tuple(labels.names))
    outcome_of = _read_mapping(offences)
    place = {name: number for number, name in enumerate(offences)}
    lookup = [place[outcome_of[text]] if text in outcome_of else -1 for text in labels.names]
    row_outcome = np.array([*lookup, -1], dtype=np.int64)[labels.codes]
    absent = tuple(text for text in outcome_of if text not in labels.names)
    return Offences(tuple(offences), row_outcome, labels.codes < 0, absent, tuple(labels.names))


def _read_mapping(offences: Mapping[str, Sequence[object]]) -> dict[str, str]:
    """Outcome of each value of the column of offences."""
    example = 'for example {"robbery": ["robbery", "street robbery"]}'
    if not isinstance(offences, Mapping) or not offences:
        raise DataError(f"offences={offences!r}: outcomes and their values are expected", hint=example)
    outcome_of: dict[str, str] = {}
    for name, values in offences.items():
        if not isinstance(name, str) or not name:
            raise DataError(f"offences: {name!r} is not a name for a column of counts: a text is expected")
        if not isinstance(values, list | tuple | set | frozenset) or not values:
            raise DataError(f"offences: '{name}' needs a list of one or more values", hint=example)
        for value in values:
            pair = clean(value)
            if pair is None:
                raise DataError(f"offences: '{name}' has an empty value")
            if outcome_of.get(pair[0], name) != name:
                raise DataError(
                    f"offences: '{pair[0]}' belongs to both '{outcome_of[pair[0]]}' and '{name}'",
                    hint="count each value once; add columns of counts afterwards where you need their sum",
                )
            outcome_of[pair[0]] = name
    return outcome_of
