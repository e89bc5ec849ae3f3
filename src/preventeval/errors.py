"""One family of errors, so that a caller can catch all of ours and nothing else.

::

    PreventEvalError
    ├── DataError         records or a table cannot be used as they are
    ├── DesignError       the data do not allow the comparison that was asked for
    ├── EstimationError   a method could not give a number it can stand behind
    ├── SpecError         a spec file says something that cannot be carried out
    └── OutputError       results could not be written or read

Every message says what was found and where, what was expected, and what to do.
"""

from __future__ import annotations

from collections.abc import Iterable

__all__ = [
    "DataError",
    "DesignError",
    "EstimationError",
    "OutputError",
    "PreventEvalError",
    "PreventEvalWarning",
    "SpecError",
    "some_of",
]


class PreventEvalError(Exception):
    """Base of every error that this package raises on purpose.

    Parameters
    ----------
    message
        What was found, where, and what was expected, in the user's words.
    hint
        What to do about it; printed on a line of its own.
    """

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}\n  hint: {self.hint}" if self.hint else self.message


class DataError(PreventEvalError):
    """Records or a table cannot be used as they are."""


class DesignError(PreventEvalError):
    """The data do not allow the comparison that was asked for."""


class EstimationError(PreventEvalError):
    """A method could not give a number it can stand behind."""


class SpecError(PreventEvalError):
    """A spec file says something that cannot be carried out."""


class OutputError(PreventEvalError):
    """Results could not be written or read."""


class PreventEvalWarning(UserWarning):
    """A result stands, but the reader should know something about it."""


def some_of(items: Iterable[object], most: int = 5) -> str:
    """Name the first few of many things, for an error message.

    Parameters
    ----------
    items
        Things to name, in the order in which they should be named.
    most
        How many to name before "and N more".

    Returns
    -------
    str

    Examples
    --------
    >>> some_of(["a", "b", "c"], most=2)
    "'a', 'b' and 1 more"
    """
    every = [repr(str(item)) for item in items]
    named = ", ".join(every[:most])
    return f"{named} and {len(every) - most} more" if len(every) > most else named
