"""The full list of units, with what is known about each."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import narwhals as nw
import pandas as pd

from preventeval.errors import DataError, some_of
from preventeval.intake.labels import clean, read_labels, sorted_labels
from preventeval.intake.tables import read_table

__all__ = ["UnitList", "read_units"]


@dataclass(frozen=True, eq=False)
class UnitList:
    """Units to count in.

    Parameters
    ----------
    names
        Names keyed by their text, sorted.
    columns
        Columns with one value per unit, in the order of ``names``.
    """

    names: dict[str, object]
    columns: dict[str, pd.Series[Any]]


def read_units(units: Any, *, unit: str) -> UnitList:
    """Read the list of units.

    Parameters
    ----------
    units
        Names, or a table (frame or CSV file) with one row per unit: the column ``unit`` and
        any others.
    unit
        Column of the unit.

    Raises
    ------
    DataError
        A name is empty or stands twice, or there is none.
    """
    if _is_table(units):
        table = read_table(units, [unit], only_needed=False, name="the table of units")
        labels = read_labels(table.columns[unit], column=unit)
        if (labels.codes < 0).any():
            raise DataError(f"units: column '{unit}' is empty in {int((labels.codes < 0).sum())} rows")
        texts = list(labels.names)
        _refuse_repeats([texts[code] for code in labels.codes])
        order = labels.codes.argsort()
        others = {name: series for name, series in table.columns.items() if name != unit}
        if table.separator:
            others = {name: _numbers_if_all(series) for name, series in others.items()}
        ordered = {name: series.iloc[order].reset_index(drop=True) for name, series in others.items()}
        return UnitList(labels.names, ordered)
    if not isinstance(units, Iterable):
        raise DataError(f"units={units!r}: a list of names or a table with one row per unit is expected")
    pairs = [clean(value) for value in units]
    named = [pair for pair in pairs if pair]
    if not named or len(named) < len(pairs):
        raise DataError(
            "units: the list of units is empty" if not pairs else "units: a name in the list is empty"
        )
    _refuse_repeats([text for text, _ in named])
    return UnitList(sorted_labels(named), {})


def _is_table(units: Any) -> bool:
    if isinstance(units, str | Path):
        return True
    try:
        nw.from_native(units)
    except TypeError:
        return False
    return True


def _refuse_repeats(texts: list[str]) -> None:
    repeats = pd.Series(texts)[pd.Series(texts).duplicated()].unique()
    if len(repeats):
        raise DataError(
            f"units: {some_of(repeats)} stand in more than one row",
            hint="one row per unit is expected; join what changes over time onto the counts instead",
        )


def _numbers_if_all(series: pd.Series[Any]) -> pd.Series[Any]:
    """A column of a file as numbers, where each value is one and none is a code such as 007."""
    texts = series.str.strip()
    known = texts.notna()
    if not known.any() or not texts[known].str.fullmatch(r"-?(?:0|[1-9][0-9]{0,14})(?:\.[0-9]+)?").all():
        return texts
    return pd.to_numeric(texts)
