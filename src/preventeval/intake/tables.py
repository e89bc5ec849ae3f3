"""Reading a table: a CSV file, or any frame that narwhals understands."""

from __future__ import annotations

import csv
import difflib
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import narwhals as nw
import pandas as pd

from preventeval.errors import DataError, some_of

__all__ = ["Table", "close_match", "read_table"]

SEPARATORS: Final = {",": "commas", ";": "semicolons", "\t": "tabs"}


@dataclass(frozen=True, eq=False)
class Table:
    """Columns of a table, and where they came from.

    Parameters
    ----------
    name
        The file's name, or "the table of incidents".
    columns
        The columns, in the order of the table, each with the index 0, 1, 2, …
    first_row
        Number of the first row of data as the user sees it: 2 in a file with a header, else 1.
    encoding, separator
        How a file was read; None for a frame.
    """

    name: str
    columns: dict[str, pd.Series[Any]]
    first_row: int
    encoding: str | None = None
    separator: str | None = None

    def __len__(self) -> int:
        return len(next(iter(self.columns.values())))


def read_table(
    source: Any, needed: Sequence[str], *, only_needed: bool, name: str = "the table of incidents"
) -> Table:
    """Read the columns of a CSV file or a frame.

    Parameters
    ----------
    source
        Path of a CSV file, or a frame, which is not changed.
    needed
        Columns that must be there.
    only_needed
        Leave the other columns unread.
    name
        What to call a frame in messages; a file is called by its own name.

    Returns
    -------
    Table
        At least one row.

    Raises
    ------
    DataError
        No such file, not a table, no rows, or a column is missing.
    """
    is_file = isinstance(source, str | Path)
    if is_file:
        table = _read_csv(Path(source), needed, only_needed)
    else:
        table = _read_frame(source, needed, only_needed, name)
    if not len(table):
        raise DataError(
            f"{table.name} has column names ({some_of(table.columns, 12)}) but no rows below them"
            if is_file
            else f"{table.name} has no rows"
        )
    return table


def close_match(name: str, known: Sequence[str]) -> str | None:
    """The known name most like a name, also where only capitals differ; None if none is like it."""
    by_folded = {text.casefold().strip(): text for text in known}
    found = difflib.get_close_matches(name.casefold().strip(), list(by_folded), n=1)
    return by_folded[found[0]] if found else None


def _require(needed: Sequence[str], present: Sequence[str], name: str) -> None:
    for column in needed:
        if not isinstance(column, str) or not column:
            raise DataError(f"{column!r} is not a column name: a text is expected")
        if present.count(column) > 1:
            raise DataError(
                f"{name} has {present.count(column)} columns called '{column}': rename all but one"
            )
        if column not in present:
            close = close_match(column, present)
            question = f"; did you mean '{close}'?" if close else ""
            raise DataError(
                f"{name} has no column '{column}'{question}", hint=f"its columns are {some_of(present, 12)}"
            )


def _read_frame(source: Any, needed: Sequence[str], only_needed: bool, name: str) -> Table:
    if isinstance(source, pd.DataFrame):
        _require(needed, list(source.columns), name)
        chosen = [c for c in source.columns if c in needed or not only_needed]
        _require(chosen, list(source.columns), name)
        frame = source[chosen]
    else:
        try:
            native = nw.from_native(source)
        except TypeError:
            raise DataError(
                f"a {type(source).__name__} was given where {name} is expected",
                hint="give the path of a CSV file, a pandas or polars frame, an Arrow table "
                "or a DuckDB relation",
            ) from None
        present = native.collect_schema().names()
        _require(needed, present, name)
        chosen = [c for c in present if c in needed or not only_needed]
        picked = native.select(chosen)
        frame = (picked.collect() if isinstance(picked, nw.LazyFrame) else picked).to_pandas()
    frame = frame.reset_index(drop=True)
    return Table(name, {column: frame[column] for column in chosen}, first_row=1)


def _read_csv(path: Path, needed: Sequence[str], only_needed: bool) -> Table:
    try:
        raw = path.read_bytes()
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise DataError(f"cannot read {path}: {reason}") from error
    name = path.name
    text, encoding = _decode(raw, name)
    separator, header, body = _split_header(text, name)
    _require(needed, header, name)
    chosen = [c for c in header if c in needed] if only_needed else [c for c in header if c]
    _require(chosen, header, name)
    # The header is replaced by numbers and one column more, in which fields beyond the header show up.
    numbers = [str(i) for i in range(len(header) + 1)]
    wanted = [str(header.index(column)) for column in chosen]
    try:
        frame = pd.read_csv(
            io.StringIO(separator.join(numbers) + "\n" + body),
            sep=separator,
            usecols=[*wanted, numbers[-1]],
            dtype=str,
            keep_default_na=False,
            na_values=[""],
            skip_blank_lines=False,
            index_col=False,
        )
    except pd.errors.ParserError as error:
        raise DataError(f"{name} cannot be read as a table: {error}") from error
    _refuse_long_rows(frame[numbers[-1]], name, len(header), separator)
    columns = {column: frame[number] for column, number in zip(chosen, wanted, strict=True)}
    return Table(name, columns, first_row=2, encoding=encoding, separator=separator)


def _decode(raw: bytes, name: str) -> tuple[str, str]:
    if not raw.strip():
        raise DataError(
            f"{name} is empty",
            hint="a CSV file starts with one row of column names, and the data stand below it",
        )
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        encodings = ["utf-16"]
    elif raw.startswith(b"PK\x03\x04") or b"\0" in raw:
        raise DataError(f"{name} is not a text file", hint="if it is a workbook, save its sheet as CSV first")
    else:
        encodings = ["utf-8-sig", "cp1252", "latin-1"]
    for encoding in encodings:
        try:
            text = raw.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" in text:
            break
        return text, encoding
    raise DataError(f"{name} is not a text file", hint="save it as CSV in UTF-8")


def _split_header(text: str, name: str) -> tuple[str, list[str], str]:
    """The separator, the column names, and the text below them without blank lines at its end."""
    best: tuple[str, list[str], str] | None = None
    for separator in SEPARATORS:
        stream = io.StringIO(text, newline="")
        try:
            fields = next(csv.reader(iter(stream.readline, ""), delimiter=separator), [])
        except csv.Error as error:
            raise DataError(f"{name}: the row of column names cannot be read: {error}") from error
        if best is None or len(fields) > len(best[1]):
            best = (separator, [field.strip() for field in fields], text[stream.tell() :].rstrip("\r\n"))
    if best is None or not any(best[1]):
        raise DataError(f"{name}: the first row is empty where column names are expected")
    return best


def _refuse_long_rows(extra: pd.Series[Any], name: str, n_columns: int, separator: str) -> None:
    long = extra.index[extra.notna()]
    if len(long):
        raise DataError(
            f"{name}: {len(long)} rows have more fields than the {n_columns} column names "
            f"(rows {some_of((row + 2 for row in long[:6]), 5)})",
            hint=f"a text that holds '{separator}' must stand in double quotes",
        )
