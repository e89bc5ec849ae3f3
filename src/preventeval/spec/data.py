"""From a spec to a panel and to designs."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import pandas as pd

from preventeval.design import StudyDesign
from preventeval.errors import DataError, DesignError, SpecError, some_of
from preventeval.intake import DataStatement, count_incidents
from preventeval.intake.tables import close_match, read_table
from preventeval.panel import Panel
from preventeval.periods import Frequency
from preventeval.spec.blame import blamed
from preventeval.spec.columns import numeric_columns, unit_columns
from preventeval.spec.model import OutcomeSpec, Spec
from preventeval.spec.places import Key

__all__ = ["make_design", "read_panel"]

#: How spreadsheets and statistics packages write a number that is not there.
_MISSING: Final = frozenset({"", "na", "n/a", "nan", "null", "."})
#: 31/01/2020, 31.1.20 or 1-31-2020: first number, separator, second number, year.
_DAY_OR_MONTH_FIRST: Final = r"\s*([0-9]{1,2})([./-])([0-9]{1,2})\2([0-9]{4}|[0-9]{2})(?![0-9])"


def read_panel(spec: Spec) -> tuple[Panel, DataStatement | None]:
    """Read the data that a spec names.

    Parameters
    ----------
    spec
        From :func:`~preventeval.spec.load_spec`.

    Returns
    -------
    panel : Panel
    statement : DataStatement or None
        What became of the records; None where the data are one row per unit and period.

    Raises
    ------
    SpecError
        A file or a column that the spec names is not there.
    DataError
        The data cannot be used as they are.
    """
    return _from_records(spec) if spec.data.records else (_from_file(spec), None)


def make_design(spec: Spec, panel: Panel, outcome: OutcomeSpec) -> StudyDesign:
    """Make the design of one outcome.

    Parameters
    ----------
    spec
        From :func:`~preventeval.spec.load_spec`.
    panel
        From :func:`read_panel`.
    outcome
        One of ``spec.outcomes``.

    Returns
    -------
    StudyDesign

    Raises
    ------
    DesignError
        The data do not allow the comparison that the spec asks for; it says where in the spec.
    """
    try:
        return StudyDesign(
            panel,
            outcome=outcome.name,
            treated_from=spec.design.treated_from,
            comparison=spec.design.comparison,
            anticipation=spec.design.anticipation,
            cluster=spec.design.cluster or None,
            aim=outcome.aim,
            measure=outcome.measure,
            counts=outcome.counts or None,
            per=outcome.per,
            subgroups=spec.design.subgroups,
        )
    except DesignError as error:
        raise blamed(error, spec, outcome) from None


def _from_file(spec: Spec) -> Panel:
    data = spec.data
    path = _find(spec, ("data", "file"), data.file)
    table = read_table(path, [], only_needed=False)
    named = [
        (("data", "unit"), data.unit),
        (("data", "period"), data.period),
        *numeric_columns(spec),
        *unit_columns(spec),
    ]
    _require(spec, named, list(table.columns), path.name)
    frame = pd.DataFrame(table.columns)
    numeric = {column for _, column in numeric_columns(spec)}
    for column in numeric:
        frame[column] = _numbers(frame[column], path.name, table.first_row)
    numbered = _is_numbered(frame[data.period], data.frequency)
    for key, column in (
        (("data", "period"), data.period),
        (("design", "treated_from"), spec.design.treated_from),
    ):
        # Starts are written like the periods; a word such as "never" is left to the design.
        frame[column] = (
            _numbers_where_possible(frame[column]) if numbered else _dates(spec, key, frame[column])
        )
    return _panel(spec, frame, data.period, data.frequency)


def _from_records(spec: Spec) -> tuple[Panel, DataStatement]:
    data, intake = spec.data, spec.data.intake
    assert intake is not None, "a spec with records has an intake"
    assert data.frequency is not None, "a spec with records has a frequency"
    path = _find(spec, ("data", "records"), data.records)
    units = _find(spec, ("data", "intake", "units"), intake.units) if intake.units else None
    where = ("data", "intake", "recorded_file")
    recorded = _find(spec, where, intake.recorded_file) if intake.recorded_file else intake.recorded
    counts = count_incidents(
        path,
        unit=data.unit,
        when=intake.when,
        freq=data.frequency,
        outcome="incidents" if intake.by else spec.primary.name,
        by=intake.by or None,
        offences=intake.offences or None,
        units=units,
        recorded=recorded,
        date_format=data.date_format or None,
        identifier=intake.identifier or None,
    )
    frame = counts.frame
    source = "the counts of incidents" if units is None else f"the counts, with the columns of {units.name},"
    _require(spec, [*numeric_columns(spec), *unit_columns(spec)], [str(c) for c in frame.columns], source)
    start = spec.design.treated_from
    if not pd.api.types.is_numeric_dtype(frame[start]):
        frame = frame.assign(**{start: _dates(spec, ("design", "treated_from"), frame[start])})
    return _panel(spec, frame, "period", data.frequency), counts.statement


def _panel(spec: Spec, frame: pd.DataFrame, period: str, frequency: Frequency | None) -> Panel:
    names = [outcome.name for outcome in spec.outcomes]
    counts = [outcome.counts for outcome in spec.outcomes if outcome.counts]
    try:
        return Panel(
            frame,
            unit=spec.data.unit,
            period=period,
            outcomes=list(dict.fromkeys([*names, *counts])),
            exposure=spec.data.exposure or None,
            covariates=spec.data.covariates,
            weights=spec.data.weights or None,
            freq=frequency,
        )
    except DataError as error:
        raise blamed(error, spec) from None


def _find(spec: Spec, key: Key, name: str) -> Path:
    """The file that a spec names, or an error that says where it was looked for."""
    path = spec.folder / name
    if path.is_file():
        return path
    folder = path.parent.resolve()
    if not folder.is_dir():
        raise SpecError(f"{spec.at(*key)}: no file '{name}': there is no folder {folder}")
    near = sorted(
        other.name for other in folder.iterdir() if other.suffix.lower() in (".csv", ".tsv", ".txt")
    )
    close = difflib.get_close_matches(path.name, near, n=1)
    found = f"; did you mean '{close[0]}'?" if close else f" (tables there: {some_of(near) or 'none'})"
    raise SpecError(f"{spec.at(*key)}: no file '{path.name}' in {folder}{found}")


def _require(spec: Spec, named: Sequence[tuple[Key, str]], present: list[str], source: str) -> None:
    """Refuse column names that the data do not have, all at once."""
    lines = list(_absent(spec, named, present, source))
    if lines:
        raise SpecError("\n".join(lines), hint=f"the columns of {source} are {some_of(present, 20)}")


def _absent(spec: Spec, named: Sequence[tuple[Key, str]], present: list[str], source: str) -> Iterator[str]:
    for key, column in dict.fromkeys(named):
        if column not in present:
            close = close_match(column, present)
            yield f"{spec.at(*key)}: {source} has no column '{column}'" + (
                f"; did you mean '{close}'?" if close else ""
            )


def _numbers(texts: pd.Series[Any], file: str, first_row: int) -> pd.Series[Any]:
    """Texts of a file as numbers, missing where the field is empty or says so."""
    absent = texts.isna() | texts.str.strip().str.lower().isin(_MISSING)
    numbers = pd.to_numeric(texts.where(~absent), errors="coerce")
    bad = texts[numbers.isna() & ~absent]
    if len(bad):
        comma = bad.str.fullmatch(r"\s*-?[0-9.]*,[0-9,.]*\s*").all()
        raise DataError(
            f"{file}: column '{texts.name}' must hold numbers, but holds {some_of(bad.unique())} "
            f"({len(bad)} {'row' if len(bad) == 1 else 'rows'}; first: row {bad.index[0] + first_row})",
            hint="write numbers without separators of thousands and with a decimal point: 1234.5"
            if comma
            else "leave fields without a value empty",
        )
    return numbers


def _dates(spec: Spec, key: Key, texts: pd.Series[Any]) -> pd.Series[Any]:
    """Texts in the date format of the spec as ISO texts; other texts stay as they are."""
    if spec.data.date_format:
        dates = pd.to_datetime(texts, format=spec.data.date_format, errors="coerce")
        return texts.where(dates.isna(), dates.dt.strftime("%Y-%m-%d"))
    ambiguous = texts[texts.str.match(_DAY_OR_MONTH_FIRST, na=False)]
    if len(ambiguous):
        raise SpecError(
            f"{spec.at(*key)}: column '{texts.name}' holds {some_of(ambiguous.unique(), 3)}: "
            "whether the day or the month comes first can't be told safely",
            hint=f'say it in [data]: date_format = "{_guess(ambiguous)}"; or write 2020-03-15',
        )
    return texts


def _guess(texts: pd.Series[Any]) -> str:
    """The date format that texts such as 31/01/2020 are most likely in."""
    parts = texts.str.extract(_DAY_OR_MONTH_FIRST)
    month_first = bool((pd.to_numeric(parts[2]) > 12).any())
    year = "%Y" if parts[3].str.len().eq(4).all() else "%y"
    return str(parts[1].iloc[0]).join(["%m", "%d", year] if month_first else ["%d", "%m", year])


def _is_numbered(texts: pd.Series[Any], frequency: Frequency | None) -> bool:
    """Whether periods are only numbered: whole numbers that are not years."""
    if frequency is not None:
        return frequency == "integer"
    known = texts.dropna().str.strip()
    if known.empty or not known.str.fullmatch(r"-?[0-9]+").all():
        return False
    return not known.str.fullmatch(r"[12][0-9]{3}").all()


def _numbers_where_possible(texts: pd.Series[Any]) -> pd.Series[Any]:
    numbers = pd.to_numeric(texts.str.strip(), errors="coerce")
    return numbers if bool((numbers.notna() | texts.isna()).all()) else texts
