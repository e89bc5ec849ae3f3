"""Dates are read where one reading is possible, and refused with the remedy where it is not."""

import datetime as dt

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from preventeval.errors import DataError
from preventeval.intake import IncidentCounts, count_incidents
from preventeval.intake.dates import span


def count(dates: object, freq: str = "day", **options: object) -> IncidentCounts:
    frame = pd.DataFrame({"area": "A", "date": dates})
    return count_incidents(frame, unit="area", when="date", freq=freq, **options)


def days(counts: IncidentCounts) -> list[str]:
    known = counts.frame[counts.frame["incidents"] > 0]
    return [f"{day:%Y-%m-%d}" for day in known["period"]]


@pytest.mark.parametrize(
    "date",
    [
        "2020-03-15",
        " 2020-03-15 ",
        "2020-03-15 23:59",
        "2020-03-15T23:59:59.123",
        dt.date(2020, 3, 15),
        dt.datetime(2020, 3, 15, 23, 59),
        pd.Timestamp("2020-03-15 23:59"),
        np.datetime64("2020-03-15"),
        pd.Period("2020-03-15", "D"),
    ],
)
def test_iso_texts_and_real_dates(date: object) -> None:
    assert days(count([date])) == ["2020-03-15"]
    assert days(count(pd.Series([date, date, "2020-03-16"], dtype=object))) == ["2020-03-15", "2020-03-16"]


@pytest.mark.parametrize("values", [pl.Date, pl.Datetime("us")])
def test_polars_dates(values: object) -> None:
    frame = pl.DataFrame({"area": ["A"], "date": [dt.date(2020, 3, 15)]}).with_columns(
        pl.col("date").cast(values)
    )
    counts = count_incidents(frame, unit="area", when="date", freq="day")
    assert days(counts) == ["2020-03-15"]


@pytest.mark.parametrize("values", [pa.date32(), pa.timestamp("ns")])
def test_arrow_dates(values: pa.DataType) -> None:
    column = pa.array([dt.datetime(2020, 3, 15)]).cast(values)
    counts = count_incidents(pa.table({"area": ["A"], "date": column}), unit="area", when="date", freq="day")
    assert days(counts) == ["2020-03-15"]
    backed = pd.DataFrame({"area": ["A"], "date": pd.Series(column, dtype=pd.ArrowDtype(values))})
    assert days(count_incidents(backed, unit="area", when="date", freq="day")) == ["2020-03-15"]


def test_the_date_is_taken_as_written_whatever_the_time_zone() -> None:
    texts = count(["2020-03-15T23:30:00Z", "2020-03-15 23:30:00+05:30", "2020-03-15"])
    stamps = count(pd.to_datetime(["2020-03-15 23:30"]).tz_localize("America/Chicago"))
    for counts, n_rows in ((texts, 2), (stamps, 1)):
        assert days(counts) == ["2020-03-15"]
        zoned = counts.statement.note("date_zoned")
        assert zoned is not None
        assert zoned.n_rows == n_rows


@pytest.mark.parametrize(
    ("date", "freq", "first"),
    [
        ("2020", "year", 2020),
        (2020, "year", 2020),
        ("2020-Q2", "quarter", pd.Timestamp("2020-04-01")),
        (pd.Period("2020Q2", "Q"), "quarter", pd.Timestamp("2020-04-01")),
        ("2020-05", "quarter", pd.Timestamp("2020-04-01")),
        ("2020-05", "month", pd.Timestamp("2020-05-01")),
    ],
)
def test_coarser_dates_will_do_for_long_periods(date: object, freq: str, first: object) -> None:
    assert count([date], freq).frame["period"].tolist() == [first]


@pytest.mark.parametrize(
    ("date", "freq"), [("2020-05", "day"), ("2020-05", "week"), ("2020", "month"), ("2020-Q1", "month")]
)
def test_coarser_dates_are_refused_for_shorter_periods(date: str, freq: str) -> None:
    with pytest.raises(DataError, match=f"they do not say which {freq} an incident fell in"):
        count([date], freq)


@pytest.mark.parametrize(
    ("dates", "message", "hint"),
    [
        (
            ["03/04/2021", "05/06/2021", "07/08/2021", "09/10/2021"],
            r"4 of 4 dates cannot be read \('03/04/2021', '05/06/2021', '07/08/2021' and 1 more\): "
            "day and month can't be told apart safely",
            r'date_format="%d/%m/%Y" \(day first\) or "%m/%d/%Y" \(month first\)',
        ),
        (
            ["03/04/2021", "25/04/2021"],
            r"the data show the day first \('25/04/2021'\)",
            '"%d/%m/%Y"; the choice',
        ),
        (["03/04/2021", "04/25/2021"], r"the data show the month first \('04/25/2021'\)", '"%m/%d/%Y"; the'),
        (["25/04/2021", "04/25/2021"], "some have the day first .* and some the month", "into one order"),
        (["03.04.21 10:30"], "can't be told apart", '"%d.%m.%y %H:%M"'),
        (["01/15/2020 11:30:00 PM"], "the month first", '"%m/%d/%Y %I:%M:%S %p"; the choice'),
        (["2021/04/03"], "only dates written 2020-12-31", '"%Y/%m/%d"'),
        (["20210403"], "one number", "%Y%m%d"),
        ([20210403], "one number", "%Y%m%d"),
        ([202104], "one number", "%Y%m"),
        ([43831, 43832.5], "spreadsheet's day numbers", "2020-12-31"),
        (["yesterday"], "1 of 1 dates cannot be read", "is 'date' the column with the date"),
        (["", None, "2020-01-01"], "column 'date' is empty in 2 of 3 rows", "is it the column"),
    ],
)
def test_columns_of_dates_that_cannot_be_read(dates: list, message: str, hint: str) -> None:
    with pytest.raises(DataError, match=message) as caught:
        count(dates)
    assert caught.match(hint)


@pytest.mark.parametrize(
    ("text", "date_format"),
    [
        ("03/04/2021", "%d/%m/%Y"),
        ("04/03/2021", "%m/%d/%Y"),
        ("04/03/2021 11:30:00 PM", "%m/%d/%Y %I:%M:%S %p"),
        ("3 Apr 2021", "%d %b %Y"),
        ("2021-093", "%Y-%j"),
        (20210403, "%Y%m%d"),
        ("2021-04-03 10:00 +0200", "%Y-%m-%d %H:%M %z"),
    ],
)
def test_a_format_says_how_to_read(text: object, date_format: str) -> None:
    assert days(count([text], date_format=date_format)) == ["2021-04-03"]


@pytest.mark.parametrize(
    ("date_format", "freq", "message"),
    [
        ("dd/mm/yyyy", "day", "names no year"),
        ("%d/%m", "day", "names no year"),
        (7, "day", "names no year"),
        ("%m/%Y", "day", "says only the month of an incident, and a period is one day"),
        ("%Y", "month", "says only the year"),
        ("%Y-%m-%d %Q", "day", "cannot be used on column 'date'"),
    ],
)
def test_formats_that_cannot_be_used(date_format: str, freq: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        count(["2020-01-01"], freq, date_format=date_format)


def test_a_format_with_day_and_month_in_the_wrong_order_is_a_stop() -> None:
    counts = count(["01/02/2021"] * 30 + ["25/02/2021"], date_format="%m/%d/%Y")
    doubtful = counts.statement.note("date_order_doubtful")
    assert doubtful is not None
    assert (doubtful.severity, doubtful.n_rows, doubtful.lost) == ("stop", 1, False)
    assert counts.statement.rows_lost == 1


def test_unreadable_dates_are_counted_and_shown() -> None:
    counts = count(["2020-01-01"] * 4 + ["2020-02-30", "31/12/2020", ""])
    unreadable, empty = counts.statement.note("date_unreadable"), counts.statement.note("date_empty")
    assert unreadable is not None
    assert empty is not None
    assert (unreadable.n_rows, unreadable.example_rows, unreadable.lost) == (2, (5, 6), True)
    assert "1× '2020-02-30'; 1× '31/12/2020'" in unreadable.sentence
    assert (empty.n_rows, empty.example_rows) == (1, (7,))


def test_a_bound_names_all_its_days() -> None:
    spans = {"2020": 366, "2020-Q1": 91, "2020-02": 29, "2020-02-03": 1}
    for text, length in spans.items():
        first, last = span(text) or (None, None)
        assert (last - first) / np.timedelta64(1, "D") + 1 == length
    assert span("2020-13") is None
    assert span("03/04/2020") is None
