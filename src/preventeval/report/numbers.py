"""Numbers as readers get them: rounded here, and nowhere else.

Counts and per cents in running text keep two or three digits that mean something; both
ends of an interval are rounded to the step of the number they belong to. Tables keep more.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, cast

from preventeval.errors import OutputError
from preventeval.words import Message, render

__all__ = [
    "Rounded",
    "Span",
    "decimals",
    "fixed",
    "round_count",
    "round_percent",
    "round_value",
    "rounded_to",
    "write_number",
]

#: Where an interval lies: below zero, above it, on both sides, or nowhere (no interval).
Span = Literal["below", "above", "across", "point"]
_MOST_PLACES = 6


@dataclass(frozen=True, slots=True)
class Rounded:
    """A number and its interval, rounded to one step.

    Parameters
    ----------
    value
        The number, with its sign.
    low, high
        Ends of the interval, with their signs; None where there is none.
    span
        Where the interval lay before it was rounded.
    places
        Decimals that were kept; negative for tens, hundreds, …
    """

    value: int | float
    low: int | float | None
    high: int | float | None
    span: Span
    places: int

    @property
    def size(self) -> int | float:
        """The number without its sign."""
        return abs(self.value)

    @property
    def ends(self) -> tuple[int | float, int | float]:
        """Ends of the interval; only where there is one."""
        if self.low is None or self.high is None:
            raise OutputError("a number without an interval has no ends")
        return self.low, self.high

    @property
    def nearer(self) -> int | float:
        """The end of a one-sided interval that is nearer to zero, without its sign."""
        return min(map(abs, self.ends))

    @property
    def farther(self) -> int | float:
        """The end of a one-sided interval that is farther from zero, without its sign."""
        return max(map(abs, self.ends))


def round_count(value: float, low: float | None = None, high: float | None = None) -> Rounded:
    """Round a count to two digits, or to what its interval can bear.

    Parameters
    ----------
    value, low, high
        Incidents, with their signs.

    Returns
    -------
    Rounded

    Examples
    --------
    >>> round_count(-45.2, -77.9, -12.4)
    Rounded(value=-45, low=-78, high=-12, span='below', places=0)
    >>> round_count(1894.3, 612, 3312)
    Rounded(value=1900, low=600, high=3300, span='above', places=-2)
    """
    exponent = max(_exponent(value) - 1, _exponent(_half_width(low, high)) - 2, 0)
    return _rounded(value, low, high, -exponent)


def round_percent(value: float, low: float | None = None, high: float | None = None) -> Rounded:
    """Round per cents to whole ones, or to one decimal where the interval is narrow.

    Parameters
    ----------
    value, low, high
        Per cent, with their signs.

    Returns
    -------
    Rounded

    Examples
    --------
    >>> round_percent(11.67, 3.61, 20.53).value, round_percent(-1.26, -2.3, -0.2).value
    (12, -1.3)

    An end that is not zero is not rounded to zero.

    >>> round_percent(5.1, 0.42, 10.2)
    Rounded(value=5.1, low=0.4, high=10.2, span='above', places=1)
    """
    whole = _half_width(low, high) >= 2.0 if low is not None else abs(value) >= 5.0
    return _rounded(value, low, high, 0 if whole else 1)


def round_value(value: float, low: float | None = None, high: float | None = None) -> Rounded:
    """Round a difference of any size to two digits of its interval (of itself without one).

    Parameters
    ----------
    value, low, high
        Differences in the outcome's own unit, with their signs.

    Returns
    -------
    Rounded
    """
    return _rounded(value, low, high, decimals([_half_width(low, high) or abs(value)]))


def decimals(sizes: Iterable[float | None], digits: int = 2) -> int:
    """Decimals that show the largest of some sizes with so many digits.

    Parameters
    ----------
    sizes
        Numbers of any sign; None and what is not finite is passed over.
    digits
        Digits that the largest is to show.

    Returns
    -------
    int
        Between 0 and 6.
    """
    finite = [abs(size) for size in sizes if size is not None and math.isfinite(size)]
    largest = max(finite, default=0.0)
    return min(_MOST_PLACES, max(0, digits - 1 - _exponent(largest))) if largest > 0 else 0


def rounded_to(value: float, places: int) -> int | float:
    """Round to decimals (to tens, hundreds, … if negative); whole numbers as int, never -0.

    Parameters
    ----------
    value
        A finite number.
    places
        Decimals to keep.

    Returns
    -------
    int or float
    """
    return int(round(value, places)) if places <= 0 else round(value, places) + 0.0


def fixed(value: float, places: int) -> int | float:
    """A rounded number that sentences write with all its decimals, zeros among them.

    Parameters
    ----------
    value
        A finite number.
    places
        Decimals to show; negative ones count as none.

    Returns
    -------
    int or float

    Examples
    --------
    >>> str(Message("number", {"value": fixed(5.0, 1)})), str(Message("number", {"value": fixed(5, 0)}))
    ('5.0', '5')
    """
    from fluent.runtime.types import fluent_number

    shown = max(places, 0)
    number = fluent_number(
        rounded_to(value, places), minimumFractionDigits=shown, maximumFractionDigits=shown
    )
    return cast("int | float", number)


def write_number(value: float | None, places: int, language: str) -> str:
    """Write a number for a table or an axis, with the marks of the language.

    Parameters
    ----------
    value
        The number; None and NaN give an en dash.
    places
        Decimals, shown even if they are zero.
    language
        Language of the catalogue.

    Returns
    -------
    str

    Examples
    --------
    >>> write_number(1234.5, 0, "en"), write_number(-0.001, 2, "en"), write_number(None, 2, "en")
    ('1,234', '0.00', '–')
    """
    if value is None or not math.isfinite(value):
        return "–"
    return render(Message("number", {"value": fixed(value, places)}), language).replace("-", "−")


def _exponent(size: float) -> int:
    """Power of ten of the first digit; 0 for zero."""
    return math.floor(math.log10(abs(size))) if size and math.isfinite(size) else 0


def _half_width(low: float | None, high: float | None) -> float:
    return (high - low) / 2 if low is not None and high is not None else 0.0


def _rounded(value: float, low: float | None, high: float | None, places: int) -> Rounded:
    if low is None or high is None:
        return Rounded(rounded_to(value, places), None, None, "point", places)
    span: Span = "below" if high < 0 else "above" if low > 0 else "across"
    while span != "across" and places < _MOST_PLACES and 0 in (round(low, places), round(high, places)):
        places += 1
    return Rounded(rounded_to(value, places), rounded_to(low, places), rounded_to(high, places), span, places)
