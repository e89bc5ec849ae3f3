"""Time axes: what a period is, which one a date falls in, how it is called.

A :class:`Periods` is a regular axis (every year, every third month, every 7 days).
Everything else in the package counts positions on it: 0 is the first period.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, Literal, NamedTuple, cast, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from preventeval.errors import DataError, some_of

__all__ = ["FREQUENCIES", "NEVER", "Frequency", "Periods", "distinct_whole", "read_periods", "to_ordinals"]

Frequency = Literal["year", "quarter", "month", "week", "day", "integer"]
FREQUENCIES: Final[tuple[str, ...]] = get_args(Frequency)

#: Position of the first treated period of a unit that is never treated. Larger than any
#: position, so that ``cohort > t`` reads as "not yet treated in period t".
NEVER: Final[int] = int(np.iinfo(np.int64).max)

_PERIOD_LENGTHS: Final[dict[str, Frequency]] = {"Y": "year", "Q": "quarter", "M": "month", "W": "week"}
#: An axis longer than this has to be used: one mistyped year must not fill the memory.
_MOST_PERIODS: Final[int] = 10_000
_EPOCH = dt.date(1970, 1, 1)
_MONDAY = 4  # 1970-01-05, so that a week starts on a Monday
_TEXT = re.compile(
    r"^\s*(?P<year>\d{4})(?:-?Q(?P<quarter>[1-4])|-(?P<month>\d{2})(?:-(?P<day>\d{2})"
    r"(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?)?)?)?\s*$"
)


@dataclass(frozen=True, slots=True)
class Periods:
    """A regular time axis.

    Parameters
    ----------
    freq
        ``"year"``, ``"quarter"``, ``"month"``, ``"week"``, ``"day"``, or ``"integer"``
        for periods that are only numbered.
    first
        Ordinal of the first period (see :func:`to_ordinals`).
    step
        Distance between neighbouring periods, in ordinals.
    length
        Number of periods.

    Examples
    --------
    >>> axis = Periods("month", first=2020 * 12, step=1, length=14)
    >>> axis.label(0), axis.label(13)
    ('2020-01', '2021-02')
    """

    freq: Frequency
    first: int
    step: int
    length: int

    def __len__(self) -> int:
        return self.length

    def __iter__(self) -> Iterator[str]:
        return (self.label(position) for position in range(self.length))

    @property
    def labels(self) -> tuple[str, ...]:
        """Names of the periods, first to last."""
        return tuple(self)

    @property
    def noun(self) -> Frequency:
        """What one period is called: its length, or ``"integer"`` where it spans several."""
        return self.freq if self.step == 1 else "integer"

    def ordinal(self, position: int) -> int:
        """Ordinal of the period at a position, which may lie outside the axis."""
        return self.first + self.step * int(position)

    def label(self, position: int) -> str:
        """Name of the period at a position, which may lie outside the axis.

        Parameters
        ----------
        position
            0 is the first period; negative positions lie before it.

        Returns
        -------
        str
            ISO form: ``2020``, ``2020-Q1``, ``2020-01`` or ``2020-01-06``.
        """
        ordinal = self.ordinal(position)
        match self.freq:
            case "quarter":
                return f"{ordinal // 4:04d}-Q{ordinal % 4 + 1}"
            case "month":
                return f"{ordinal // 12:04d}-{ordinal % 12 + 1:02d}"
            case "week":
                return (_EPOCH + dt.timedelta(days=ordinal * 7 + _MONDAY)).isoformat()
            case "day":
                return (_EPOCH + dt.timedelta(days=ordinal)).isoformat()
            case _:
                return str(ordinal)

    def values(self) -> NDArray[Any]:
        """Periods as a notebook wants them: timestamps at the start, or integers.

        Returns
        -------
        ndarray of datetime64[s] or int64, shape (length,)
        """
        if self.freq in ("year", "integer"):
            return np.array([self.ordinal(t) for t in range(self.length)], dtype=np.int64)
        labels = [self.label(t) for t in range(self.length)]
        if self.freq == "quarter":
            labels = [f"{text[:4]}-{3 * int(text[-1]) - 2:02d}" for text in labels]
        return np.array(labels, dtype="datetime64[s]")

    def slice(self, start: int, stop: int) -> Periods:
        """The periods from position ``start`` up to, not including, ``stop``."""
        return Periods(self.freq, self.ordinal(start), self.step, stop - start)

    def positions(self, values: object, *, column: str) -> NDArray[np.int64]:
        """Positions of many values on this axis.

        Parameters
        ----------
        values
            Array-like of dates, ISO texts or integers, none of them missing.
        column
            Where the values come from, for the error message.

        Returns
        -------
        ndarray of int64, shape (n,)
            May lie outside ``range(len(self))``.

        Raises
        ------
        DataError
            A value that is not a period of this axis.
        """
        positions, between = self.next_positions(values, column=column)
        if between.any():
            odd = np.asarray(values, dtype=object)[between]
            raise DataError(
                f"column '{column}': {some_of(odd)} lie between the periods of this panel, "
                f"which come every {self.step} {self.freq}s"
            )
        return positions

    def next_positions(self, values: object, *, column: str) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """Positions from which values are in force, on an axis that may leave time out.

        What starts between two periods is in force from the later one.

        Parameters
        ----------
        values
            Array-like of dates, ISO texts or integers, none of them missing.
        column
            Where the values come from, for the error message.

        Returns
        -------
        positions : ndarray of int64, shape (n,)
            May lie outside ``range(len(self))``.
        between : ndarray of bool, shape (n,)
            Values that lie between two periods.

        Raises
        ------
        DataError
            Values that are no dates or numbers (see :func:`to_ordinals`).

        Examples
        --------
        >>> fiscal_years = Periods("month", first=2015 * 12 + 6, step=12, length=3)
        >>> positions, between = fiscal_years.next_positions(["2016-07", "2016-09"], column="start")
        >>> positions.tolist(), between.tolist()
        ([1, 2], [False, True])
        """
        ordinals = to_ordinals(values, self.freq, column=column)
        positions, rest = np.divmod(ordinals - self.first, self.step)
        between = rest != 0
        return positions + between, between


def read_periods(
    values: object, *, column: str, freq: Frequency | None = None
) -> tuple[Periods, NDArray[np.int64]]:
    """Make the time axis that a column of periods lies on.

    Parameters
    ----------
    values
        Array-like of dates, ISO texts (``2020``, ``2020-Q1``, ``2020-01``, ``2020-01-31``),
        pandas Periods or integers; one per row, none missing.
    column
        Name of the column, for error messages.
    freq
        Length of a period; found from the values where it is not given.

    Returns
    -------
    periods : Periods
        From the earliest to the latest value; periods that no row mentions are on it too.
    positions : ndarray of int64, shape (n,)
        Position of each row on the axis.

    Raises
    ------
    DataError
        Values that are not periods, YYYYMM numbers, dates at irregular distances, or an axis
        on which hardly any period is mentioned.

    Examples
    --------
    >>> axis, at = read_periods(["2020-01", "2020-03"], column="month", freq="month")
    >>> axis.labels, at.tolist()
    (('2020-01', '2020-02', '2020-03'), [0, 2])
    """
    given = _distinct(values, column)
    if not given.codes.size:
        raise DataError(f"column '{column}' has no rows")
    found = freq if freq is not None else _infer(given)
    ordinals = _ordinals(given, found)
    known = np.unique(ordinals)
    step = 1 if freq is not None else int(np.gcd.reduce(np.diff(known))) or 1
    if freq is None and found == "month" and step in (3, 12) and _bound_calendar(given, step):
        # Other years and quarters (fiscal ones, say) stay months: in the calendar's, a start would be
        # dated up to a year wrong.
        found = "quarter" if step == 3 else "year"
        ordinals = ordinals // step
        known, step = np.unique(ordinals), 1
    length = (int(known[-1]) - int(known[0])) // step + 1
    if length > _MOST_PERIODS and length > 20 * len(known):
        raise DataError(
            f"column '{column}' runs from {some_of(known[[0, -1]])}: {length} periods, of which only "
            f"{len(known)} occur",
            hint="look for a mistyped period, or for a time of day where a period is expected",
        )
    axis = Periods(found, int(known[0]), step, length)
    return axis, ((ordinals - axis.first) // step)[given.codes]


def to_ordinals(values: object, freq: Frequency, *, column: str) -> NDArray[np.int64]:
    """Number the period that each value falls in.

    Parameters
    ----------
    values
        Dates, ISO texts, pandas Periods or integers, none missing.
    freq
        Length of a period. Months count from year 0 (2020-01 is ``2020 * 12``), quarters
        likewise, weeks and days from 1970; integers are taken as they are.
    column
        Name of the column, for error messages.

    Returns
    -------
    ndarray of int64, shape (n,)

    Raises
    ------
    DataError
        Values that are no dates, dates where numbered periods are expected, or values that
        name more than one period (2020 where months are expected).
    """
    given = _distinct(values, column)
    return _ordinals(given, freq)[given.codes]


def distinct_whole(values: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Distinct whole numbers, and which of them each value is.

    Parameters
    ----------
    values
        Shape (n,).

    Returns
    -------
    distinct : ndarray of int64
        In rising order.
    codes : ndarray of int64, shape (n,)

    Examples
    --------
    >>> distinct, codes = distinct_whole(np.array([2021, 2019, 2021]))
    >>> distinct.tolist(), codes.tolist()
    ([2019, 2021], [1, 0, 1])
    """
    if (values[1:] > values[:-1]).all():
        return values.copy(), np.arange(len(values))
    low = int(values.min())
    span = int(values.max()) - low + 1
    if span > 4 * len(values):
        codes, distinct = pd.factorize(values, sort=True)
        return distinct, codes
    # Numbers that lie close together are their own places in a short list: no sorting, no hashing.
    place = values - low
    seen = np.zeros(span, dtype=bool)
    seen[place] = True
    distinct = np.flatnonzero(seen)
    return distinct + low, place if len(distinct) == span else (np.cumsum(seen) - 1)[place]


class _Column(NamedTuple):
    """Distinct values of a column of that name, none missing, and which of them each row has."""

    name: str
    distinct: pd.Series[Any]
    codes: NDArray[np.int64]


def _distinct(values: object, column: str) -> _Column:
    """What a column says: there are fewer periods than rows, and each is read once."""
    series = values if isinstance(values, pd.Series) else pd.Series(cast("Any", values))
    kind = series.dtype
    if isinstance(kind, np.dtype) and kind.kind in "iu" and np.can_cast(kind, np.int64):
        distinct, codes = distinct_whole(series.to_numpy().astype(np.int64, copy=False))
        return _Column(column, pd.Series(distinct), codes)
    try:
        codes, found = pd.factorize(series)
    except TypeError:
        odd = type(series.dropna().iloc[0]).__name__
        raise DataError(f"column '{column}' holds a {odd} where a period is expected") from None
    empty = np.flatnonzero(codes < 0)
    if empty.size and empty.size == codes.size:
        raise DataError(f"column '{column}' has no periods: every row is empty")
    if empty.size:
        raise DataError(f"column '{column}' is empty in {len(empty)} rows (first: row {empty[0] + 1})")
    known = pd.Series(found)
    if isinstance(known.dtype, pd.CategoricalDtype):
        known = known.astype(object)
    # The type that values have, where the table only says that they are objects.
    return _Column(column, known.infer_objects(), codes)


def _ordinals(column: _Column, freq: Frequency) -> NDArray[np.int64]:
    """Number the period that each distinct value falls in."""
    if freq not in FREQUENCIES:
        raise DataError(f"unknown period length {freq!r}: expected one of {', '.join(FREQUENCIES)}")
    if _is_numbers(column.distinct):
        return _from_numbers(column.distinct.to_numpy(), freq, column.name)
    if freq == "integer":
        raise DataError(
            f"column '{column.name}' holds dates or texts where numbered periods are expected "
            f"(first: {column.distinct.iloc[0]})"
        )
    _refuse_coarser(column, freq)
    year, month, day = _parts(column)
    if freq == "year":
        return year
    if freq == "quarter":
        return year * 4 + (month - 1) // 3
    if freq == "month":
        return year * 12 + month - 1
    days = _days(year, month, day)
    return (days - _MONDAY) // 7 if freq == "week" else days


def _from_numbers(values: NDArray[Any], freq: Frequency, column: str) -> NDArray[np.int64]:
    """Whole numbers are years or numbered periods, and never dates in disguise."""
    values = np.asarray(values)
    # 2**53: beyond it a float cannot tell neighbouring whole numbers apart.
    odd = values[~(np.isfinite(values) & (np.abs(values) <= 2.0**53) & (np.floor(values) == values))]
    if odd.size:
        raise DataError(f"column '{column}' holds {some_of(odd)}: periods must be whole numbers or dates")
    whole = values.astype(np.int64)
    if _looks_like_yyyymm(whole):
        raise DataError(
            f"column '{column}' holds {some_of(np.unique(whole), 3)}: year and month written as one number",
            hint=f"write real dates, for example {whole[0] // 100}-{whole[0] % 100:02d}: "
            "as numbers, December and January would lie 89 periods apart",
        )
    if freq in ("year", "integer"):
        return whole
    raise DataError(
        f"column '{column}' holds numbers (first: {whole[0]}) where a {freq} is expected",
        hint="write dates as 2020-03 or 2020-03-15",
    )


def _is_numbers(series: pd.Series[Any]) -> bool:
    return pd.api.types.is_integer_dtype(series) or pd.api.types.is_float_dtype(series)


def _named_length(value: object) -> Frequency:
    """Length of the period that a value names by the way it is written."""
    if isinstance(value, pd.Period):
        length = _PERIOD_LENGTHS.get(value.freqstr[0], "day")
        # Years and quarters that are not the calendar's have their first month for a name.
        in_months = {"year": 12, "quarter": 3}.get(length, 1)
        return length if value.start_time.month % in_months == 1 % in_months else "month"
    match = _TEXT.match(value) if isinstance(value, str) else None
    if match is None or match["day"]:
        return "day"
    return "quarter" if match["quarter"] else "month" if match["month"] else "year"


def _refuse_coarser(column: _Column, freq: Frequency) -> None:
    """A whole year does not say which month is meant."""
    wanted = FREQUENCIES.index(freq)
    coarse = [v for v in column.distinct if FREQUENCIES.index(_named_length(v)) < wanted]
    if coarse:
        raise DataError(
            f"column '{column.name}': {some_of(coarse)} does not say which {freq} is meant: "
            f"it is a whole {_named_length(coarse[0])}",
            hint="write dates as 2020-03-15" if freq in ("week", "day") else "write 2020-03 or 2020-03-15",
        )


def _looks_like_yyyymm(values: NDArray[np.int64]) -> bool:
    year, month = np.divmod(values, 100)
    return bool(values.size) and bool(((year >= 1800) & (year <= 2200) & (month >= 1) & (month <= 12)).all())


def _parts(column: _Column) -> tuple[NDArray[np.int64], ...]:
    """Year, month and day of dates, pandas Periods or ISO texts."""
    series = column.distinct
    if isinstance(series.dtype, pd.PeriodDtype):
        series = series.dt.start_time
    if not pd.api.types.is_datetime64_any_dtype(series):
        series = _parse_texts(column)
    when = series.dt
    return tuple(part.to_numpy(dtype=np.int64) for part in (when.year, when.month, when.day))


def _parse_texts(column: _Column) -> pd.Series[Any]:
    """ISO texts and Python dates as timestamps; anything else is refused, never guessed."""
    parsed: list[pd.Timestamp | None] = [_parse_one(value) for value in column.distinct]
    bad = [position for position, stamp in enumerate(parsed) if stamp is None]
    if bad:
        row = int(np.flatnonzero(np.isin(column.codes, bad))[0]) + 1
        raise DataError(
            f"column '{column.name}': {some_of(column.distinct.iloc[bad])} cannot be read as a period "
            f"(first at row {row})",
            hint="write 2020, 2020-Q1, 2020-03 or 2020-03-15; other orders of day and month "
            "can't be told apart safely",
        )
    return pd.Series(pd.to_datetime(pd.Series(parsed)))


def _parse_one(value: object) -> pd.Timestamp | None:
    if isinstance(value, (dt.date, np.datetime64)):
        # A period is named by the clock on the wall, wherever that wall stands.
        return pd.Timestamp(value).tz_localize(None)
    if isinstance(value, pd.Period):
        return value.start_time
    match = _TEXT.match(str(value))
    if match is None:
        return None
    quarter = match["quarter"]
    month = 3 * int(quarter) - 2 if quarter else int(match["month"] or 1)
    try:
        return pd.Timestamp(int(match["year"]), month, int(match["day"] or 1))
    except ValueError:
        return None


def _days(year: NDArray[np.int64], month: NDArray[np.int64], day: NDArray[np.int64]) -> NDArray[np.int64]:
    """Days since 1970-01-01 of calendar dates."""
    months = ((year - 1970) * 12 + month - 1).astype("datetime64[M]")
    return months.astype("datetime64[D]").astype(np.int64) + day - 1


def _infer(column: _Column) -> Frequency:
    """The length of a period, where the values leave only one reading."""
    if _is_numbers(column.distinct):
        return "integer"
    finest = max(map(_named_length, column.distinct), key=FREQUENCIES.index)
    if finest in ("year", "quarter", "month"):
        return finest
    year, month, day = _parts(column)
    distinct = np.unique(_days(year, month, day))
    if len(np.unique(day)) == 1 or _all_month_ends(year, month, day):
        return "month"
    gaps = np.unique(np.diff(distinct))
    if len(gaps) and (gaps % 7 == 0).all():
        return "week"
    if len(gaps) and gaps.min() == 1:
        return "day"
    raise DataError(
        f"column '{column.name}': dates at irregular distances ({some_of(column.distinct, 3)})",
        hint="say how long a period is, for example freq='month'",
    )


def _bound_calendar(column: _Column, months: int) -> bool:
    """Whether dates all begin, or all end, calendar years (12 months) or quarters (3 months)."""
    year, month, day = _parts(column)
    begin = bool(((month % months == 1) & (day == 1)).all())
    return begin or (bool((month % months == 0).all()) and _all_month_ends(year, month, day))


def _all_month_ends(year: NDArray[np.int64], month: NDArray[np.int64], day: NDArray[np.int64]) -> bool:
    following = _days(year + month // 12, month % 12 + 1, np.ones_like(day))
    return bool((_days(year, month, day) + 1 == following).all())
