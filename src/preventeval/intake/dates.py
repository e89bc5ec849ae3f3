"""Dates of incidents: read where only one reading is possible, refused where it is not."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from preventeval.errors import DataError, some_of

__all__ = ["ReadDates", "read_dates", "span"]

#: Period lengths, coarse to fine: a date must be at least as fine as the periods it falls in.
_FINENESS: Final = {"year": 0, "quarter": 1, "month": 2, "week": 3, "day": 3}

_TIME: Final = re.compile(
    r"[T ]\d{2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?\s?(?P<zone>Z|[+-]\d{2}(?::?\d{2})?)?", re.ASCII
)
_ISO: Final = re.compile(
    r"(?P<year>\d{4})(?:-?Q(?P<quarter>[1-4])|-(?P<month>\d{2})(?P<day>-\d{2})?)?", re.ASCII
)
_PARTS: Final = re.compile(
    r"(?P<a>\d{1,4})(?P<mark>[./-])(?P<b>\d{1,2})(?P=mark)(?P<c>\d{2}|\d{4})"
    r"(?P<time>[ T]+\d{1,2}:\d{2}(?P<seconds>:\d{2})?(?P<half>\s?[AaPp][Mm])?)?"
)


@dataclass(frozen=True, eq=False)
class ReadDates:
    """The dates of a column.

    Parameters
    ----------
    days
        Days since 1970-01-01, 0 where there is none; shape (n_rows,). A date that names only
        its month, quarter or year stands at its first day.
    empty, unreadable
        Rows without a date; shape (n_rows,).
    swapped
        Unreadable rows that day and month swapped would make readable; shape (n_rows,).
    zoned
        Rows whose time carries a time zone; shape (n_rows,).
    """

    days: NDArray[np.int64]
    empty: NDArray[np.bool_]
    unreadable: NDArray[np.bool_]
    swapped: NDArray[np.bool_]
    zoned: NDArray[np.bool_]


def span(value: object) -> tuple[np.datetime64, np.datetime64] | None:
    """First and last day of what an ISO text or a date names; None where it names no date.

    Examples
    --------
    >>> [str(day) for day in span("2020-02")]
    ['2020-02-01', '2020-02-29']
    """
    text = str(value).strip()
    match = _ISO.fullmatch(text[:10])
    if match is None or (len(text) > 10 and not (match["day"] and _TIME.fullmatch(text[10:]))):
        return None
    try:
        if match["day"]:
            day = np.datetime64(text[:10], "D")
            return day, day
        month = 3 * int(match["quarter"]) - 2 if match["quarter"] else int(match["month"] or 1)
        first = np.datetime64(f"{match['year']}-{month:02d}", "M")
    except ValueError:
        return None
    after = first + np.timedelta64({"year": 12, "quarter": 3, "month": 1}[_fineness(match)], "M")
    return first.astype("datetime64[D]"), after.astype("datetime64[D]") - np.timedelta64(1, "D")


def _fineness(match: re.Match[str]) -> str:
    return next((part for part in ("day", "month", "quarter") if match[part]), "year")


def read_dates(series: pd.Series[Any], *, column: str, freq: str, date_format: str | None) -> ReadDates:
    """Read the dates of a column.

    Parameters
    ----------
    series
        One value per row: dates, times, ISO texts, or texts in ``date_format``.
    column
        Name of the column, for error messages.
    freq
        Length of a period; a date must say at least which one it falls in.
    date_format
        How the texts are written, in the manner of ``strptime``; ISO where it is None.

    Raises
    ------
    DataError
        More than half of the dates are empty or cannot be read, or ``date_format`` is none.
    """
    _check_format(date_format, freq)
    # Arrow's plain dates pass for timestamps, but are read like Python's.
    if pd.api.types.is_datetime64_any_dtype(series.dtype) and series.dtype.type is not dt.date:
        dates = _from_timestamps(series)
    else:
        dates = _from_values(series, column, freq, date_format)
    n_bad = int((dates.empty | dates.unreadable).sum())
    if 2 * n_bad > len(series):
        raise _too_few_dates(series, dates, column, freq, date_format)
    return dates


def _from_timestamps(series: pd.Series[Any]) -> ReadDates:
    empty = series.isna().to_numpy(dtype=np.bool_)
    zoned = series.dt.tz is not None
    if zoned:
        series = series.dt.tz_localize(None)
    stamps = series.fillna(pd.Timestamp(1970, 1, 1)).to_numpy(dtype="datetime64[s]")
    days = stamps.astype("datetime64[D]").astype(np.int64)
    none = np.zeros(len(series), dtype=np.bool_)
    return ReadDates(days, empty, none, none, ~empty if zoned else none)


def _from_values(series: pd.Series[Any], column: str, freq: str, date_format: str | None) -> ReadDates:
    """Texts, Python dates and numbers: each distinct value is read once."""
    try:
        codes, distinct = pd.factorize(series)
    except TypeError:
        raise DataError(f"column '{column}' holds lists or tables where dates are expected") from None
    texts = _as_texts(np.asarray(distinct, dtype=object))
    blank = (texts == "").to_numpy(dtype=np.bool_)
    if date_format is None:
        stamps, zoned = _parse_iso(texts, freq)
    else:
        stamps = _parse_as(texts, date_format, column)
        zoned = np.full(len(texts), "%z" in date_format)
    swapped = _reads_swapped(texts, stamps, date_format, column)

    def per_row(values: NDArray[Any], where_missing: object) -> NDArray[Any]:
        return np.append(values, np.array([where_missing], dtype=values.dtype))[codes]

    unread = np.isnat(stamps)
    days = np.where(unread, 0, stamps.astype(np.int64))
    return ReadDates(
        days=per_row(days, 0),
        empty=per_row(blank, True),
        unreadable=per_row(unread & ~blank, False),
        swapped=per_row(swapped & ~blank, False),
        zoned=per_row(zoned & ~unread, False),
    )


def _as_texts(values: NDArray[Any]) -> pd.Series[str]:
    if pd.api.types.infer_dtype(values) != "string":
        values = np.array([_as_text(value) for value in values], dtype=object)
    return pd.Series(values, dtype="str").str.strip()


def _as_text(value: object) -> str:
    if isinstance(value, float | np.floating) and float(value).is_integer():
        value = int(value)
    if isinstance(value, dt.date | np.datetime64):
        return str(value)[:10]
    return str(value)


def _parse_iso(texts: pd.Series[str], freq: str) -> tuple[NDArray[np.datetime64], NDArray[np.bool_]]:
    """Days of ISO texts, and which of them carry a time zone.

    Dates and times of day are read apart: there are few of each, even where hardly two texts agree.
    """
    head, heads = pd.factorize(texts.str.slice(0, 10))
    tail, tails = pd.factorize(texts.str.slice(10))
    days = np.array([_day(text, freq) for text in heads], dtype="datetime64[D]")
    times = [_TIME.fullmatch(text) for text in tails]
    whole = np.array([len(text) == 10 for text in heads], dtype=np.bool_)[head]
    bare = np.array([not text for text in tails], dtype=np.bool_)[tail]
    timed = np.array([time is not None for time in times], dtype=np.bool_)[tail]
    fits = bare | (whole & timed)
    zoned = np.array([bool(time and time["zone"]) for time in times], dtype=np.bool_)
    return np.where(fits, days[head], np.datetime64("NaT", "D")), zoned[tail]


def _day(text: str, freq: str) -> np.datetime64:
    """First day of what a text names, where that is no longer than a period; else NaT."""
    match, found = _ISO.fullmatch(text), span(text)
    if match is None or found is None or _FINENESS[_fineness(match)] < _FINENESS[freq]:
        return np.datetime64("NaT", "D")
    return found[0]


def _parse_as(texts: pd.Series[str], date_format: str, column: str) -> NDArray[np.datetime64]:
    try:
        return _to_days(texts, date_format)
    except ValueError as error:
        raise DataError(
            f"date_format={date_format!r} cannot be used on column '{column}': {error}",
            hint='for example "%d/%m/%Y" reads 31/12/2020 and "%m/%d/%Y %H:%M" reads 12/31/2020 23:59',
        ) from None


def _to_days(texts: pd.Series[str], date_format: str) -> NDArray[np.datetime64]:
    stamps = pd.to_datetime(texts, format=date_format, errors="coerce")
    if stamps.dt.tz is not None:
        stamps = stamps.dt.tz_localize(None)
    return stamps.to_numpy(dtype="datetime64[s]").astype("datetime64[D]")


def _reads_swapped(
    texts: pd.Series[str], stamps: NDArray[np.datetime64], date_format: str | None, column: str
) -> NDArray[np.bool_]:
    """Which unreadable texts could be read with day and month in the other order."""
    unread = np.isnat(stamps)
    if date_format is None or not unread.any() or not ("%d" in date_format and "%m" in date_format):
        return np.zeros(len(texts), dtype=np.bool_)
    swapped = date_format.replace("%d", "\0").replace("%m", "%d").replace("\0", "%m")
    return unread & ~np.isnat(_parse_as(texts, swapped, column))


def _check_format(date_format: str | None, freq: str) -> None:
    if date_format is None:
        return
    if not isinstance(date_format, str) or not re.search("%[yY]", date_format):
        raise DataError(
            f"date_format={date_format!r} names no year", hint='for example "%d/%m/%Y" reads 31/12/2020'
        )
    finest = "month" if re.search("%[mbB]", date_format) else "year"
    if re.search("%j", date_format) or (finest == "month" and "%d" in date_format):
        finest = "day"
    if _FINENESS[finest] < _FINENESS[freq]:
        raise DataError(
            f"date_format={date_format!r} says only the {finest} of an incident, and a period is one {freq}",
            hint="choose longer periods, or a column with full dates",
        )


def _too_few_dates(
    series: pd.Series[Any], dates: ReadDates, column: str, freq: str, date_format: str | None
) -> DataError:
    """The error for a column most of whose dates are empty or cannot be read."""
    n_rows, n_bad, n_empty = len(series), int(dates.unreadable.sum()), int(dates.empty.sum())
    if n_empty >= n_bad:
        return DataError(
            f"column '{column}' is empty in {n_empty:,} of {n_rows:,} rows",
            hint="is it the column that holds the date of the incident?",
        )
    distinct = [_as_text(value).strip() for value in series[dates.unreadable].unique()]
    manner = f" with date_format='{date_format}'" if date_format else ""
    message = (
        f"column '{column}': {n_bad:,} of {n_rows:,} dates cannot be read{manner} ({some_of(distinct, 3)})"
    )
    why, hint = _diagnose(distinct, column, freq)
    return DataError(f"{message}: {why}" if why else message, hint=hint)


def _diagnose(texts: list[str], column: str, freq: str) -> tuple[str, str]:
    """Why texts are no dates to us, and what to do."""
    matches = [match for match in map(_PARTS.fullmatch, texts) if match]
    if 2 * len(matches) > len(texts):
        return _diagnose_order(matches)
    if all(_ISO.fullmatch(text) and span(text) for text in texts):
        why = f"they do not say which {freq} an incident fell in"
        return why, "choose longer periods, or a column with full dates"
    for digits, example in ((8, "%Y%m%d"), (6, "%Y%m")):
        if all(text.isdigit() and len(text) == digits for text in texts):
            return "the parts of the date are written as one number", f'give date_format="{example}"'
    if all(re.fullmatch(r"[1-9]\d{4}(\.\d+)?", text) for text in texts):
        return "they look like a spreadsheet's day numbers", "save the column as dates written 2020-12-31"
    return "", (
        "write dates as 2020-12-31, or say how they are written, "
        f"for example date_format=\"%d/%m/%Y\"; is '{column}' the column with the date?"
    )


def _diagnose_order(matches: list[re.Match[str]]) -> tuple[str, str]:
    """What dates with day, month and year in an unknown order show about that order."""
    mark = matches[0]["mark"]
    year = "%Y" if len(matches[0]["c"]) == 4 else "%y"
    clock = ""
    if matches[0]["time"]:
        clock = " %I:%M" if matches[0]["half"] else " %H:%M"
        clock += (":%S" if matches[0]["seconds"] else "") + (" %p" if matches[0]["half"] else "")
    if len(matches[0]["a"]) == 4:
        order = mark.join(["%Y", "%m", "%d"]) + clock
        return "only dates written 2020-12-31 are read without a format", f'give date_format="{order}"'
    day_first, month_first = (mark.join([*order, year]) + clock for order in (("%d", "%m"), ("%m", "%d")))
    choice = f'"{day_first}" (day first) or "{month_first}" (month first)'
    beyond_a = [match[0] for match in matches if int(match["a"]) > 12]
    beyond_b = [match[0] for match in matches if int(match["b"]) > 12]
    if beyond_a and beyond_b:
        why = f"some have the day first ('{beyond_a[0]}') and some the month ('{beyond_b[0]}')"
        return why, f"bring them into one order, then give date_format={choice}"
    if beyond_a or beyond_b:
        which, shown = ("day", beyond_a[0]) if beyond_a else ("month", beyond_b[0])
        format_shown = day_first if beyond_a else month_first
        why = f"the data show the {which} first ('{shown}'), but the order must be said, not guessed"
        return why, f'give date_format="{format_shown}"; the choice is {choice}'
    return "day and month can't be told apart safely", f"give date_format={choice}"
