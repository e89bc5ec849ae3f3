"""Names in a column: cleaned, numbered, sorted."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from preventeval.errors import DataError

__all__ = ["Labels", "clean", "read_labels", "sorted_labels"]


@dataclass(frozen=True, eq=False)
class Labels:
    """The names of a column and the number of each row's name.

    Parameters
    ----------
    names
        Distinct names, keyed by their text (``1``, ``1.0`` and ``" 1"`` are one name), sorted.
    codes
        Position of each row's name in ``names``, -1 where it is empty; shape (n_rows,).
    """

    names: dict[str, object]
    codes: NDArray[np.int64]

    def merged_with(self, more: Mapping[str, object]) -> dict[str, object]:
        """These names and others, keyed by their text, sorted."""
        return sorted_labels([*self.names.items(), *more.items()])


def clean(value: object) -> tuple[str, object] | None:
    """The text by which a name is matched and the name to show; None for an empty one.

    Examples
    --------
    >>> clean(" North "), clean(3.0), clean("")
    (('North', 'North'), ('3', 3), None)
    """
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or value is pd.NaT or value is pd.NA or value != value:
        return None
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, str):
        value = unicodedata.normalize("NFC", value.strip())
    return (str(value), value) if str(value) else None


def read_labels(series: pd.Series[Any], *, column: str) -> Labels:
    """Clean and number the names in a column.

    Parameters
    ----------
    series
        One value per row: texts or whole numbers.
    column
        Name of the column, for the error message.

    Raises
    ------
    DataError
        The column holds lists or other things that are no names.
    """
    try:
        codes, distinct = pd.factorize(series)
    except TypeError:
        raise DataError(f"column '{column}' holds lists or tables: texts or numbers are expected") from None
    cleaned = [clean(value) for value in np.asarray(distinct, dtype=object)]
    names = sorted_labels(pair for pair in cleaned if pair)
    place = {text: number for number, text in enumerate(names)}
    lookup = np.array([place[pair[0]] if pair else -1 for pair in cleaned] + [-1], dtype=np.int64)
    return Labels(names, lookup[codes])


def sorted_labels(pairs: Iterable[tuple[str, object]]) -> dict[str, object]:
    """Names keyed by text, in the order of the names, or of the texts where types differ."""
    names: dict[str, object] = {}
    for text, name in pairs:
        # 1 and "1" are one name; which of the two is shown must not depend on the order of rows.
        if text not in names or isinstance(name, str):
            names[text] = name
    kinds = {type(name) for name in names.values()}
    by_name = kinds in ({int}, {str})
    return dict(sorted(names.items(), key=lambda item: item[1] if by_name else item[0]))  # type: ignore[arg-type,return-value]
