"""The notes of a data statement: what the reader of the counts should know, and how grave it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from preventeval.errors import some_of
from preventeval.intake.losses import Fates
from preventeval.intake.rows import Rows
from preventeval.intake.statement import Note, Severity, Values, make_note
from preventeval.intake.tables import SEPARATORS, Table, close_match
from preventeval.intake.windows import Coverage
from preventeval.periods import Periods

__all__ = ["cell_notes", "row_notes", "unit_notes"]

#: Share of the rows beyond which rows that say too little call for a stop.
STOP_SHARE: Final = 0.05

#: Losses that follow from what the user asked for.
_EXPECTED: Final = frozenset({"offence_unmapped", "outside_window", "duplicate"})

#: Losses that call for a stop when they are many; the others stay at caution.
_ALARMING: Final = frozenset({"date_empty", "date_unreadable", "unit_empty", "offence_empty"})

_ENCODINGS: Final = {"utf-8-sig": "UTF-8", "utf-16": "UTF-16", "cp1252": "Windows-1252", "latin-1": "Latin-1"}


def row_notes(rows: Rows, fates: Fates, *, date_format: str | None) -> list[Note]:
    """Notes about rows: how they were read, and those that were not counted.

    Parameters
    ----------
    rows, fates
        What each record says and what became of it.
    date_format
        The format in which dates were read, if one was given.
    """
    columns, dates = rows.columns, rows.dates
    notes = _file_notes(rows.table)
    column_of = {
        "date": columns.when,
        "unit": columns.unit,
        "offence": columns.by,
        "duplicate": columns.identifier,
    }
    known = {"unit_unknown": list(rows.units), "date_unreadable": (), "duplicate": (), "offence_unmapped": ()}
    for code, lost in fates.lost.items():
        column = column_of.get(code.split("_")[0])
        if code == "partial_period" or not lost.any():
            continue  # told with the unit-periods that are left missing
        values: dict[str, str | int] = {} if column is None else {"column": column}
        if column is not None and code in known:
            values["examples"] = _commonest(rows.column(column)[lost], known[code])
        notes.append(_about(code, _severity(code, lost), rows.table, lost, values, lost=True))
    if dates.swapped.any():
        shown = _commonest(rows.column(columns.when)[dates.swapped])
        told = {"examples": shown, "date_format": str(date_format)}
        notes.append(_about("date_order_doubtful", "stop", rows.table, dates.swapped, told))
    if dates.zoned.any():
        notes.append(_about("date_zoned", "info", rows.table, dates.zoned, {}))
    if fates.conflicting.any():
        notes.append(_about("duplicate_conflict", "caution", rows.table, fates.conflicting, {}))
    if fates.unnamed.any():
        told = {"column": str(columns.identifier)}
        notes.append(_about("identifier_empty", "caution", rows.table, fates.unnamed, told))
    if rows.offences.absent:
        shown = _with_guesses(rows.offences.absent, rows.offences.present)
        notes.append(make_note("offence_absent", "caution", {"examples": shown, "column": str(columns.by)}))
    return notes


def unit_notes(
    rows: Rows, fates: Fates, *, listed: bool, window_units: Mapping[str, object] | None
) -> list[Note]:
    """Notes about units: those that may be missing, or spelt in two ways.

    Parameters
    ----------
    rows, fates
        What each record says and what became of it.
    listed
        Whether the user listed all units.
    window_units
        The units that have a recorded window; None where one window holds for all.
    """
    notes = []
    texts = list(rows.units)
    folded = pd.Series([" ".join(text.casefold().split()) for text in texts])
    alike = [text for text, twice in zip(texts, folded.duplicated(keep=False), strict=True) if twice]
    if alike:
        notes.append(make_note("units_alike", "caution", {"examples": some_of(alike)}))
    seen = np.bincount(rows.row_unit[fates.counted], minlength=len(texts)) > 0
    without = [text for text, found in zip(texts, seen, strict=True) if not found]
    if not listed and not window_units:
        notes.append(make_note("units_not_listed", "caution", {}))
    elif without:
        told: Values = {"n_units": len(without), "n_listed": len(texts), "examples": some_of(without)}
        notes.append(make_note("units_without_incidents", "caution", told))
    if window_units is not None:
        windowless = [text for text in texts if text not in window_units]
        strange = [text for text in window_units if text not in rows.units]
        for code, some in (("units_without_window", windowless), ("windows_of_unknown_units", strange)):
            if some:
                notes.append(make_note(code, "caution", {"n_units": len(some), "examples": some_of(some)}))
    return notes


def cell_notes(
    rows: Rows, fates: Fates, *, coverage: Coverage | None, periods: Periods, n_unknown: int, n_cells: int
) -> list[Note]:
    """Notes about unit-periods that are left missing, and about the ends of the time axis.

    Parameters
    ----------
    rows, fates
        What each record says and what became of it.
    coverage
        Where recording is known to be complete, if it is.
    periods
        The time axis of the counts.
    n_unknown, n_cells
        Counts that are left missing, and all counts.
    """
    if coverage is None:
        notes = _axis_notes(rows.ordinals[fates.counted], periods)
        if n_unknown:
            told: Values = {"n_cells": n_unknown, "n_all_cells": n_cells, "freq": periods.freq}
            notes.append(make_note("recording_unknown", "caution", {**told, **_ends(periods)}))
        return notes
    notes = []
    partial = coverage.touched & ~coverage.complete
    if partial.any():
        labels = [coverage.periods.label(int(place)) for place in np.flatnonzero(partial.any(axis=0))]
        told = {"n_cells": int(partial.sum()), "examples": some_of(labels)}
        lost = fates.lost["partial_period"]
        notes.append(_about("partial_period", "caution", rows.table, lost, told, lost=True))
    start = periods.first - coverage.periods.first
    untouched = ~coverage.touched[:, start : start + len(periods)]
    if untouched.any():
        told = {"n_cells": int(untouched.sum()), "n_all_cells": untouched.size}
        notes.append(make_note("outside_cells", "info", told))
    return notes


def _file_notes(table: Table) -> list[Note]:
    if table.encoding is None or table.separator is None:
        return []
    encoding = _ENCODINGS[table.encoding]
    told = {"file": table.name, "encoding": encoding}
    notes = [make_note("file_read", "info", told | {"separator": SEPARATORS[table.separator]})]
    if not encoding.startswith("UTF"):
        notes.append(make_note("encoding_assumed", "caution", told))
    return notes


def _axis_notes(ordinals: NDArray[np.int64], periods: Periods) -> list[Note]:
    """A warning where a few dates stretch the time axis to more than twice its usual length."""
    low, high = (int(edge) for edge in np.quantile(ordinals, (0.01, 0.99), method="nearest"))
    if len(periods) <= max(2 * (high - low + 1), 24):
        return []
    usual = {
        "usual_first": periods.label(low - periods.first),
        "usual_last": periods.label(high - periods.first),
    }
    return [make_note("dates_far_apart", "caution", {**_ends(periods), **usual})]


def _ends(periods: Periods) -> dict[str, str]:
    return {"first": periods.label(0), "last": periods.label(len(periods) - 1)}


def _about(
    code: str,
    severity: Severity,
    table: Table,
    rows: NDArray[np.bool_],
    values: Values,
    *,
    lost: bool = False,
) -> Note:
    """A note about some rows, with the numbers of the first five as the user counts them."""
    examples = tuple(int(row) + table.first_row for row in np.flatnonzero(rows)[:5])
    return make_note(code, severity, values, n_rows=int(rows.sum()), example_rows=examples, lost=lost)


def _severity(code: str, lost: NDArray[np.bool_]) -> Severity:
    if code in _ALARMING and lost.mean() > STOP_SHARE:
        return "stop"
    return "info" if code in _EXPECTED else "caution"


def _commonest(values: pd.Series[Any], known: Sequence[str] = ()) -> str:
    """The commonest values with how often they stand there, and what they may have meant."""
    counts = values.astype("str").str.strip().value_counts()
    # Equally common ones in alphabetical order, so that the order of the rows does not matter.
    ranked = sorted(
        ((str(text), int(number)) for text, number in counts.items()), key=lambda x: (-x[1], x[0])
    )
    shown = [f"{number:,}× {_with_guesses([text], known)}" for text, number in ranked[:3]]
    if len(ranked) > 3:
        shown.append(f"{len(ranked) - 3:,} other values")
    return "; ".join(shown)


def _with_guesses(texts: Sequence[str], known: Sequence[str]) -> str:
    """Names, each with the known name that may have been meant."""
    guesses = [close_match(text, known) for text in texts[:5]]
    named = [
        f"'{text}'" + (f" (did you mean '{guess}'?)" if guess else "")
        for text, guess in zip(texts[:5], guesses, strict=True)
    ]
    return ", ".join(named) + (f" and {len(texts) - 5} more" if len(texts) > 5 else "")
