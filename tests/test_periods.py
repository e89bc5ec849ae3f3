"""What a period is, and which one a date falls in."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from preventeval.errors import DataError
from preventeval.periods import FREQUENCIES, Frequency, Periods, distinct_whole, read_periods, to_ordinals

BERLIN = "Europe/Berlin"


@pytest.mark.parametrize(
    ("values", "freq", "labels"),
    [
        ([2000, 2001, 2003], "integer", ("2000", "2001", "2002", "2003")),
        ([0, 1, 2], "integer", ("0", "1", "2")),
        ([-2, -1, 0], "integer", ("-2", "-1", "0")),
        ([2000.0, 2001.0], "integer", ("2000", "2001")),
        (["2000", "2001"], "year", ("2000", "2001")),
        (["2000-12-31", "2001-12-31"], "year", ("2000", "2001")),
        (["2020-Q1", "2020-Q3", "2020Q4"], "quarter", ("2020-Q1", "2020-Q2", "2020-Q3", "2020-Q4")),
        (["2020-03-31", "2020-06-30"], "quarter", ("2020-Q1", "2020-Q2")),
        (["2019-11", "2019-12", "2020-02"], "month", ("2019-11", "2019-12", "2020-01", "2020-02")),
        (["2020-01-31", "2020-02-29", "2020-03-31"], "month", ("2020-01", "2020-02", "2020-03")),
        (["2020-01-15", "2020-02-15"], "month", ("2020-01", "2020-02")),
        (
            ["2019-12-30", "2020-01-06", "2020-01-20"],
            "week",
            ("2019-12-30", "2020-01-06", "2020-01-13", "2020-01-20"),
        ),
        (
            ["2020-01-01", "2020-01-08"],
            "week",
            ("2019-12-30", "2020-01-06"),
        ),  # weeks are called by their Monday
        (
            ["2020-02-28", "2020-02-29", "2020-03-02"],
            "day",
            ("2020-02-28", "2020-02-29", "2020-03-01", "2020-03-02"),
        ),
    ],
)
def test_axis_is_found_and_gaps_are_on_it(values: list[object], freq: str, labels: tuple[str, ...]) -> None:
    axis, _ = read_periods(values, column="when")
    assert (axis.freq, axis.labels) == (freq, labels)


def test_positions_follow_the_rows() -> None:
    months = ["2020-03", "2020-01", "2020-03", "2020-02"]
    axis, positions = read_periods(months, column="month")
    assert positions.tolist() == [2, 0, 2, 1]
    assert [axis.label(t) for t in positions] == months


MONTHS = ["2019-12-01", "2020-01-01", "2020-02-01"]


@pytest.mark.parametrize(
    "values",
    [
        MONTHS,
        [dt.date.fromisoformat(day) for day in MONTHS],
        [dt.datetime.fromisoformat(day) for day in MONTHS],
        pd.to_datetime(MONTHS),
        pd.Series(pd.to_datetime(MONTHS)).dt.tz_localize(BERLIN),
        list(pd.Series(pd.to_datetime(MONTHS)).dt.tz_localize(BERLIN)),
        # two offsets in one column, as a file with summer time gives them
        [pd.Timestamp("2019-12-01", tz="+01:00"), *pd.to_datetime(MONTHS[1:]).tz_localize("+02:00")],
        np.array(MONTHS, dtype="datetime64[D]"),
        pd.PeriodIndex(MONTHS, freq="M"),
        list(pd.PeriodIndex(MONTHS, freq="M")),
        pd.Series(MONTHS, dtype="string"),
        pd.Series(MONTHS, dtype="category"),
        pd.Series(pd.to_datetime(MONTHS)).astype("category"),
        ["2019-12-01T00:00:00", "2020-01-01 10:30", "2020-02-01"],
    ],
    ids=lambda values: f"{type(values).__name__} of {getattr(values, 'dtype', type(values[0]).__name__)}",
)
def test_every_way_to_write_months_gives_the_same_axis(values: object) -> None:
    axis, positions = read_periods(values, column="month")
    assert axis == Periods("month", first=2019 * 12 + 11, step=1, length=3)
    assert positions.tolist() == [0, 1, 2]


def test_time_zone_does_not_move_a_date() -> None:
    # Midnight in Berlin is still the day before in UTC.
    local = pd.Series(pd.to_datetime(["2020-01-01", "2020-02-01"])).dt.tz_localize(BERLIN)
    assert read_periods(local, column="month")[0].labels == ("2020-01", "2020-02")


@pytest.mark.parametrize(("freq", "label"), [("Q", "2020-Q1"), ("Y", "2020"), ("W", "2019-12-30")])
def test_pandas_periods_keep_their_length(freq: str, label: str) -> None:
    axis, _ = read_periods(pd.period_range("2020-01-01", periods=3, freq=freq), column="when")
    assert (axis.label(0), len(axis)) == (label, 3)


@pytest.mark.parametrize("freq", ["year", "quarter", "month", "week", "day", "integer"])
def test_labels_read_back_as_the_periods_they_name(freq: Frequency) -> None:
    first = {"year": 1999, "quarter": 1999 * 4 + 2, "month": 1999 * 12 + 10}.get(freq, 1_000)
    axis = Periods(freq, first=first, step=1, length=30)
    values = [int(label) for label in axis] if freq == "integer" else list(axis)
    again, positions = read_periods(values, column="when", freq=freq)
    assert again == axis
    assert positions.tolist() == list(range(30))


@pytest.mark.parametrize("freq", FREQUENCIES)
def test_values_for_notebooks_are_one_per_period_and_rise(freq: Frequency) -> None:
    first = {"year": 1999, "quarter": 1999 * 4 + 2, "month": 1999 * 12 + 10}.get(freq, 1_000)
    values = Periods(freq, first=first, step=1, length=8).values()
    assert values.shape == (8,)
    assert (values[1:] > values[:-1]).all()


def test_quarters_start_in_their_first_month() -> None:
    values = Periods("quarter", first=2020 * 4, step=1, length=4).values()
    assert values.astype("datetime64[M]").astype(str).tolist() == ["2020-01", "2020-04", "2020-07", "2020-10"]


def test_positions_may_lie_outside_the_axis() -> None:
    axis = Periods("month", first=2020 * 12, step=1, length=3)
    assert axis.positions(["2019-12", "2020-05"], column="start").tolist() == [-1, 4]
    assert (axis.label(-1), axis.label(4)) == ("2019-12", "2020-05")


@pytest.mark.parametrize(
    ("freq", "first", "day", "label"),
    [
        ("year", 2015, "2015-03-17", "2015"),
        ("quarter", 2015 * 4, "2015-03-17", "2015-Q1"),
        ("month", 2015 * 12, "2015-03-17", "2015-03"),
        ("month", 2015 * 12, "2015-03-31T23:59:59", "2015-03"),
        ("week", 2350, "2015-03-17", "2015-03-16"),
    ],
)
def test_a_date_within_a_period_belongs_to_it(freq: Frequency, first: int, day: str, label: str) -> None:
    axis = Periods(freq, first=first, step=1, length=20)
    assert axis.label(int(axis.positions([day], column="start")[0])) == label


def test_between_two_periods_of_a_thin_axis() -> None:
    axis, _ = read_periods([2000, 2002, 2004], column="year")
    assert axis.labels == ("2000", "2002", "2004")
    positions, between = axis.next_positions([2000, 2001, 2004, 2005], column="start")
    assert positions.tolist() == [0, 1, 2, 3]
    assert between.tolist() == [False, True, False, True]
    with pytest.raises(DataError, match=r"column 'start': '2001' lie between the periods.*every 2 integers"):
        axis.positions([2001], column="start")


@pytest.mark.parametrize(
    ("values", "labels"),
    [
        (["2015-07-01", "2016-07-01", "2017-07-01"], ("2015-07", "2016-07", "2017-07")),
        (["2015-06-30", "2016-06-30"], ("2015-06", "2016-06")),
        (["2015-04", "2016-04"], ("2015-04", "2016-04")),
        (["2015-01-15", "2016-01-15"], ("2015-01", "2016-01")),
        (["2015-02-01", "2015-05-01", "2015-08-01"], ("2015-02", "2015-05", "2015-08")),
        (["2015-02-28", "2015-05-31"], ("2015-02", "2015-05")),
        (pd.period_range("2015", periods=2, freq="Y-JUN"), ("2014-07", "2015-07")),
        (pd.period_range("2015-01", periods=2, freq="Q-NOV"), ("2014-12", "2015-03")),
    ],
)
def test_years_and_quarters_that_are_not_the_calendars_stay_months(
    values: object, labels: tuple[str, ...]
) -> None:
    axis, positions = read_periods(values, column="when")
    assert (axis.freq, axis.labels) == ("month", labels)
    assert positions.tolist() == list(range(len(labels)))


@pytest.mark.parametrize(
    ("values", "freq"),
    [
        (["2015-01-01", "2016-01-01"], "year"),
        (["2015-12-31", "2016-12-31"], "year"),
        (["2015-01", "2016-01"], "year"),
        (["2015-01-01", "2015-04-01", "2015-10-01"], "quarter"),
        (["2015-09-30", "2015-12-31"], "quarter"),
        (pd.period_range("2015", periods=2, freq="Y"), "year"),
        (pd.period_range("2015-01", periods=2, freq="Q"), "quarter"),
        (pd.period_range("2015-01", periods=2, freq="Q-MAR"), "quarter"),
    ],
)
def test_years_and_quarters_of_the_calendar(values: object, freq: str) -> None:
    assert read_periods(values, column="when")[0].freq == freq


def test_slice_keeps_the_names() -> None:
    axis = Periods("month", first=2020 * 12, step=1, length=6)
    assert axis.slice(2, 4).labels == ("2020-03", "2020-04")


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([202001, 202002, 202012], r"'202001', '202002', '202012': year and month written as one number"),
        ([2020.5, 2021.0], r"holds '2020.5': periods must be whole numbers or dates"),
        ([2020.0, np.inf], r"holds 'inf': periods must be whole numbers"),
        ([2.0**60, 1.0], r"periods must be whole numbers"),
        (
            ["13/05/2020", "14/05/2020"],
            r"'13/05/2020', '14/05/2020' cannot be read as a period \(first at row 1\)",
        ),
        (["2020-01", "2020-13"], r"'2020-13' cannot be read as a period \(first at row 2\)"),
        (["2020-02-30", "2020-01-01"], r"'2020-02-30' cannot be read"),
        (["0000", "0001"], r"'0000' cannot be read"),
        ([True, False], r"'True', 'False' cannot be read"),
        ([[2020], [2021]], r"holds a list where a period is expected"),
        ([None, "2020-01"], r"is empty in 1 rows \(first: row 1\)"),
        ([None, None], r"has no periods: every row is empty"),
        ([1, 2, 10**12], r"runs from '1', '1000000000000': 1000000000000 periods, of which only 3 occur"),
        ([2**62, -(2**62), 5], r"periods must be whole numbers"),
        (["2020-01-01", "2020-01-05", "2020-01-14"], r"dates at irregular distances"),
        (["2020", "2020-02-01"], r"'2020' does not say which month is meant: it is a whole year"),
    ],
)
def test_what_is_no_period_is_refused_and_named(values: list[object], message: str) -> None:
    with pytest.raises(DataError, match=message):
        read_periods(pd.Series(values), column="when")


@pytest.mark.parametrize(
    ("value", "freq", "message"),
    [
        ("2020", "month", "'2020' does not say which month is meant: it is a whole year"),
        ("2020-Q2", "month", "'2020-Q2' does not say which month is meant: it is a whole quarter"),
        ("2020", "quarter", "'2020' does not say which quarter"),
        ("2020-03", "week", "'2020-03' does not say which week"),
        (pd.Period("2020-03", "M"), "day", "'2020-03' does not say which day"),
        (2020, "month", r"holds numbers \(first: 2020\) where a month is expected"),
        (
            "2020-03-15",
            "integer",
            r"dates or texts where numbered periods are expected \(first: 2020-03-15\)",
        ),
    ],
)
def test_a_value_that_does_not_fit_the_length_of_a_period(
    value: object, freq: Frequency, message: str
) -> None:
    with pytest.raises(DataError, match=message) as caught:
        to_ordinals([value], freq, column="start")
    assert freq == "integer" or caught.value.hint


def test_unknown_length_names_the_known_ones() -> None:
    with pytest.raises(DataError, match=r"unknown period length 'fortnight'.*year, quarter, month"):
        to_ordinals(["2020-01"], "fortnight", column="when")  # type: ignore[arg-type]


def test_a_day_number_that_could_be_a_month_is_only_refused_where_all_could() -> None:
    # 202000 and 202013 name no month: these are numbers.
    assert len(read_periods([202011, 202012, 202013], column="when")[0]) == 3


@pytest.mark.parametrize("values", [[3], [1, 2, 5], [5, 5, 1, 2], [-7, 10**15, -7], [0, -1], [2, 1, 3, 1]])
def test_distinct_whole_numbers(values: list[int]) -> None:
    numbers = np.array(values)
    distinct, codes = distinct_whole(numbers)
    assert distinct.tolist() == sorted(set(values))
    assert distinct[codes].tolist() == values
    distinct[:] = codes[:] = 0
    assert numbers.tolist() == values


def test_row_numbers_in_messages_count_every_row() -> None:
    with pytest.raises(DataError, match=r"'soon' cannot be read as a period \(first at row 4\)"):
        read_periods(["2020-01", "2020-02", "2020-01", "soon", "2020-02", "soon"], column="when")
    with pytest.raises(DataError, match=r"is empty in 2 rows \(first: row 2\)"):
        read_periods(["2020-01", None, "2020-01", None], column="when")


def test_no_rows() -> None:
    with pytest.raises(DataError, match="'when'"):
        read_periods([], column="when", freq="month")
