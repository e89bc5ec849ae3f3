"""Dates and periods in words, to stand within a sentence of any language."""

from __future__ import annotations

import datetime as dt

from preventeval.words import Message, Value

__all__ = ["date_words", "period_words"]


def date_words(date: dt.date) -> Message:
    """A date in words: 22 November 2026."""
    month = Message("month-name", {"number": date.month})
    return Message("date", {"day": date.day, "month": month, "year": str(date.year)})


def period_words(label: str, frequency: str) -> Value:
    """A period in words, from its ISO label.

    Parameters
    ----------
    label
        Such as ``2020``, ``2020-Q1``, ``2020-01`` or ``2020-01-06``.
    frequency
        Length of a period, as Facts name it.

    Returns
    -------
    Message or str

    Examples
    --------
    >>> str(period_words("2020-01", "month")), str(period_words("2020-Q3", "quarter"))
    ('January 2020', 'quarter 3 of 2020')
    """
    match frequency:
        case "month":
            month = Message("month-name", {"number": int(label[5:7])})
            return Message("period-month", {"month": month, "year": label[:4]})
        case "quarter":
            return Message("period-quarter", {"quarter": label[-1], "year": label[:4]})
        case "week":
            return Message("period-week", {"date": date_words(dt.date.fromisoformat(label))})
        case "day":
            return date_words(dt.date.fromisoformat(label))
        case "integer":
            return Message("period-integer", {"number": label})
        case _:
            return label
