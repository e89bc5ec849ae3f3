"""When each unit started: reading a column of starts, or positions that came as numbers."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from preventeval.errors import DataError, DesignError
from preventeval.panel import Panel
from preventeval.periods import NEVER
from preventeval.words import Message, Values

_WHOLE = re.compile(r"^\s*-?\d{1,15}(\.0+)?\s*$")

_NEVER_WORDS = frozenset({"", "never", "none", "nan", "nat", "na", "inf", "never treated"})


def read_starts(panel: Panel, column: str) -> tuple[NDArray[np.int64], list[Message]]:
    """First treated position of each unit; NEVER where there is none."""
    try:
        codes, values = panel.codes_by_unit(column)
    except DesignError as error:
        if "varies within" not in error.message:
            raise
        raise DesignError(
            f"the start of the programme {error.message.removeprefix('column ')}",
            hint="write each unit's start into all its rows; units that enter, leave and enter again "
            "need a design of their own",
        ) from None
    notes: list[Message] = []
    numbered = panel.periods.freq in ("year", "integer")
    never = np.array([_means_never(value) for value in values], dtype=bool)
    zero = np.array([_is_number(whole := _whole(value)) and whole == 0 for value in values], dtype=bool)
    if zero.any() and (panel.periods.first > 0 or not numbered):
        count = int(np.append(zero, False)[codes].sum())  # the last place is that of code -1
        notes.append(Message("note-zero-as-never", {"column": column, "count": count}))
        never |= zero
    known = [_whole(value) if numbered else value for value in values[~never]]
    # One start per distinct value, and one more, NEVER, for units whose column is empty (code -1).
    start_of = np.full(len(values) + 1, NEVER, dtype=np.int64)
    between = np.zeros(len(values) + 1, dtype=bool)
    if known:
        try:
            start_of[:-1][~never], between[:-1][~never] = panel.periods.next_positions(known, column=column)
        except DataError as error:
            raise DesignError(
                f"the start of the programme: {error.message}",
                hint=error.hint or f"write it like the periods, for example {panel.periods.label(0)}",
            ) from None
    starts = start_of[codes]
    odd = between[codes] & (starts > 0) & (starts < panel.n_periods)
    if odd.any():
        named: Values = {"units": names_of(panel.units[odd]), "count": int(odd.sum())}
        notes.append(Message("note-starts-between", named))
    late = (starts >= panel.n_periods) & (starts != NEVER)
    if late.any():
        last = panel.periods.label(panel.n_periods - 1)
        named = {"units": names_of(panel.units[late]), "count": int(late.sum()), "last": last}
        notes.append(Message("note-starts-after-end", named))
    return starts, notes


def checked_starts(panel: Panel, given: object) -> NDArray[np.int64]:
    """Start positions that came as numbers, copied: what is done to them later stays outside."""
    try:
        starts = np.array(given)
    except ValueError:  # rows of different lengths
        starts = np.array(None)
    if starts.shape != (panel.n_units,) or starts.dtype.kind not in "iu":
        raise DesignError(
            f"starts= has shape {starts.shape} and type {starts.dtype}: expected one whole number, the "
            f"position of the first treated period, for each of the {panel.n_units} units",
            hint="preventeval.periods.NEVER stands for units that are never treated",
        )
    return starts.astype(np.int64)


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float, np.integer, np.floating)) and not isinstance(value, bool)


def _means_never(value: Any) -> bool:
    if value is None or (_is_number(value) and not np.isfinite(value)) or value is pd.NaT:
        return True
    return isinstance(value, str) and value.strip().lower() in _NEVER_WORDS


def _whole(value: Any) -> Any:
    """A start read as text because others say "never" is still a whole number."""
    return int(float(value)) if isinstance(value, str) and _WHOLE.match(value) else value


def names_of(units: NDArray[Any], most: int = 6) -> str:
    """Labels of the first few units, and of how many."""
    names = ", ".join(str(unit) for unit in units[:most])
    return f"{names}, … ({len(units)})" if len(units) > most else names
