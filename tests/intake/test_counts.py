"""Records become counts, and every record is accounted for."""

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from preventeval import Panel
from preventeval.errors import DataError
from preventeval.intake import IncidentCounts, count_incidents

WINDOW = ("2020-01", "2020-04")


def records() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "area": ["North", "North", "South", "South", "North", "South"],
            "date": ["2020-01-05", "2020-01-31", "2020-02-01", "2020-04-30", "2020-04-01", "2020-04-02"],
            "offence": ["robbery", "mugging", "robbery", "theft", "theft", "arson"],
        }
    )


def count(frame: object, **options: object) -> IncidentCounts:
    settings: dict = {"unit": "area", "when": "date", "freq": "month"} | options
    return count_incidents(frame, **settings)


def note(counts: IncidentCounts, code: str):
    found = counts.statement.note(code)
    assert found is not None, [n.code for n in counts.statement.notes]
    return found


def assert_all_rows_accounted_for(counts: IncidentCounts) -> None:
    statement = counts.statement
    in_frame = counts.frame[list(counts.outcomes)].sum().sum()
    assert in_frame == statement.rows_counted
    assert in_frame + statement.rows_lost == statement.rows_read


# ------------------------------------------------------------------ zero and missing


def test_cells_without_incident_are_zero_inside_the_window() -> None:
    counts = count(records(), recorded=WINDOW)
    assert counts.frame["incidents"].tolist() == [2, 0, 0, 1, 0, 1, 0, 2]
    assert_all_rows_accounted_for(counts)


def test_cells_without_incident_are_missing_without_a_window() -> None:
    counts = count(records())
    expected = [2, np.nan, np.nan, 1, np.nan, 1, np.nan, 2]
    np.testing.assert_array_equal(counts.frame["incidents"], expected)
    unknown = note(counts, "recording_unknown")
    assert "Left missing: 4 of 8 counts" in unknown.sentence
    assert "recorded=('2020-01', '2020-04')" in unknown.sentence
    assert "a unit without any incident would be missing" in note(counts, "units_not_listed").sentence


def test_a_missing_month_stays_missing_where_a_unit_has_two_windows() -> None:
    windows = pd.DataFrame(
        {
            "area": ["North", "South", "South"],
            "first": ["2020-01", "2020-01", "2020-03"],
            "last": ["2020-04", "2020-01", "2020-04"],
        }
    )
    frame = records().iloc[[0, 1, 3, 4, 5]]
    counts = count(frame, recorded=windows)
    np.testing.assert_array_equal(counts.frame["incidents"], [2, 0, 0, 1, 0, np.nan, 0, 2])
    assert "1 of 8 unit-periods" in note(counts, "outside_cells").sentence
    assert_all_rows_accounted_for(counts)


def test_records_in_a_month_without_recording_are_reported_and_not_counted() -> None:
    windows = pd.DataFrame({"area": ["North", "South"], "first": ["2020-01", "2020-03"], "last": "2020-04"})
    counts = count(records(), recorded=windows)
    lost = note(counts, "outside_window")
    assert (lost.n_rows, lost.example_rows, lost.lost) == (1, (3,), True)
    assert_all_rows_accounted_for(counts)


def test_a_period_only_partly_inside_the_window_is_missing_and_said() -> None:
    windows = pd.DataFrame(
        {"area": ["North", "South"], "first": "2020-01-01", "last": ["2020-04-30", "2020-04-17"]}
    )
    counts = count(records(), recorded=windows)
    np.testing.assert_array_equal(counts.frame["incidents"], [2, 0, 0, 1, 0, 1, 0, np.nan])
    partial = note(counts, "partial_period")
    assert (partial.n_rows, partial.example_rows, partial.severity) == (2, (4, 6), "caution")
    assert "'2020-04'" in partial.sentence
    assert_all_rows_accounted_for(counts)


def test_a_partial_period_that_no_unit_knows_is_not_on_the_axis_but_is_said() -> None:
    counts = count(records(), recorded=("2020-01", "2020-04-17"))
    assert counts.periods.labels == ("2020-01", "2020-02", "2020-03")
    assert counts.frame["incidents"].notna().all()
    assert note(counts, "partial_period").n_rows == 3
    assert_all_rows_accounted_for(counts)


def test_a_listed_unit_without_incidents_is_zero_inside_the_window_and_missing_without() -> None:
    with_window = count(records(), units=["North", "South", "West"], recorded=WINDOW)
    west = with_window.frame.query("area == 'West'")["incidents"]
    assert west.tolist() == [0, 0, 0, 0]
    assert "'West'" in note(with_window, "units_without_incidents").sentence
    without = count(records(), units=["North", "South", "West"])
    assert without.frame.query("area == 'West'")["incidents"].isna().all()


def test_a_unit_named_only_in_the_windows_is_counted_as_zero() -> None:
    windows = {"area": ["North", "South", "West"], "first": ["2020"] * 3, "last": ["2020"] * 3}
    counts = count(records(), recorded=pd.DataFrame(windows))
    assert counts.frame.query("area == 'West'")["incidents"].tolist() == [0] * 12


def test_a_unit_without_a_window_is_missing_and_its_rows_are_reported() -> None:
    windows = pd.DataFrame({"area": ["North", "Nrth"], "first": "2020-01", "last": "2020-04"})
    counts = count(records(), units=["North", "South"], recorded=windows)
    assert counts.frame.query("area == 'South'")["incidents"].isna().all()
    assert "'South'" in note(counts, "units_without_window").sentence
    assert "'Nrth'" in note(counts, "windows_of_unknown_units").sentence
    assert note(counts, "outside_window").n_rows == 3
    assert_all_rows_accounted_for(counts)


@pytest.mark.parametrize(
    ("recorded", "message"),
    [
        (("2020-05", "2020-04"), r"ends \(2020-04-30\) before it begins \(2020-05-01\)"),
        (("2020-01", "soon"), "the last day of a window cannot be read: 'soon'"),
        (("2020-01",), r"recorded has 1 entries: \(first, last\) is expected"),
        (
            pd.DataFrame({"area": ["North"], "frist": ["2020"]}),
            "windows has no column 'first'; did you mean 'frist'",
        ),
        (("2020-01-10", "2020-01-20"), "no month lies wholly inside the recorded window"),
        (5, "a int was given where the table of recorded windows is expected"),
    ],
)
def test_windows_that_cannot_be_used(recorded: object, message: str) -> None:
    with pytest.raises(DataError, match=message):
        count(records(), recorded=recorded)


def test_more_counts_than_can_be_meant() -> None:
    frame = pd.DataFrame({"area": [f"a{i}" for i in range(50)], "date": "2020-01-01"})
    with pytest.raises(DataError, match=r"50 units × 3,652,059 days .* make too many counts"):
        count(frame, freq="day", recorded=("0001", "9999"))


def test_windows_of_other_units_only() -> None:
    windows = pd.DataFrame({"area": ["A"], "first": "2020-01", "last": "2020-04"})
    with pytest.raises(DataError, match="none of its units is one of the units counted"):
        count(records(), units=["North", "South"], recorded=windows)


# ------------------------------------------------------------------ periods


@pytest.mark.parametrize(
    ("freq", "recorded", "first", "expected"),
    [
        ("year", ("2020", "2020"), 2020, [3, 3]),
        ("quarter", ("2020-Q1", "2020-Q2"), pd.Timestamp("2020-01-01"), [2, 1, 1, 2]),
        ("month", WINDOW, pd.Timestamp("2020-01-01"), [2, 0, 0, 1, 0, 1, 0, 2]),
        ("week", ("2019-12-30", "2020-01-12"), pd.Timestamp("2019-12-30"), [1, 0, 0, 0]),
        ("day", ("2020-01-05", "2020-01-06"), pd.Timestamp("2020-01-05"), [1, 0, 0, 0]),
    ],
)
def test_period_lengths(freq: str, recorded: object, first: object, expected: list[float]) -> None:
    counts = count(records(), freq=freq, recorded=recorded)
    assert counts.frame["period"].iloc[0] == first
    assert counts.frame["incidents"].tolist() == expected
    assert_all_rows_accounted_for(counts)


@pytest.mark.parametrize("freq", ["year", "quarter", "month", "week", "day"])
def test_a_panel_takes_the_counts(freq: str) -> None:
    counts = count(
        records(), freq=freq, recorded=("2019-12-30", "2020-05-03") if freq != "year" else ("2020", "2020")
    )
    panel = Panel(counts.frame, unit="area", period="period", outcomes=["incidents"], freq=counts.freq)
    assert panel.periods == counts.periods
    assert np.nansum(panel.outcome("incidents")) == counts.statement.rows_counted


def test_wrong_period_length() -> None:
    with pytest.raises(
        DataError, match="freq='fortnight': one of year, quarter, month, week, day is expected"
    ):
        count(records(), freq="fortnight")


# ------------------------------------------------------------------ kinds of offence


def test_one_column_per_kind_of_offence() -> None:
    counts = count(records(), by="offence", recorded=WINDOW)
    assert counts.outcomes == ("arson", "mugging", "robbery", "theft")
    assert counts.frame["theft"].tolist() == [0, 0, 0, 1, 0, 0, 0, 1]
    assert_all_rows_accounted_for(counts)


def test_outcomes_made_of_several_kinds() -> None:
    offences = {"street": ["robbery", "mugging"], "theft": ["theft", "thefft"]}
    counts = count(records(), by="offence", offences=offences, recorded=WINDOW)
    assert counts.outcomes == ("street", "theft")
    assert counts.frame["street"].sum() == 3
    unmapped = note(counts, "offence_unmapped")
    assert (unmapped.n_rows, unmapped.example_rows, unmapped.severity) == (1, (6,), "info")
    assert "1× 'arson'" in unmapped.sentence
    assert (
        note(counts, "offence_absent").sentence
        == "No row has 'thefft' (did you mean 'theft'?) in column 'offence'."
    )
    assert_all_rows_accounted_for(counts)


def test_rows_without_a_kind_of_offence_are_reported() -> None:
    frame = records().assign(offence=["robbery", None, "", " ", "theft", "arson"])
    counts = count(frame, by="offence", recorded=WINDOW)
    assert note(counts, "offence_empty").example_rows == (2, 3, 4)
    assert_all_rows_accounted_for(counts)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"offences": {"a": ["b"]}}, "by= does not say in which column"),
        ({"by": "offence", "offences": {"a": "robbery"}}, "'a' needs a list of one or more values"),
        ({"by": "offence", "offences": {}}, "outcomes and their values are expected"),
        ({"by": "offence", "offences": {"a": ["x"], "b": ["x"]}}, "'x' belongs to both 'a' and 'b'"),
        ({"by": "offence", "offences": {"a": [None]}}, "'a' has an empty value"),
        (
            {"by": "offence", "offences": {"area": ["theft"]}},
            "two columns of the result would be called 'area'",
        ),
        ({"by": "offence", "outcome": "robbery"}, "outcome='robbery' names one column of counts"),
        ({"outcome": "period"}, "two columns of the result would be called 'period'"),
        ({"by": "ofence"}, "no column 'ofence'; did you mean 'offence'"),
        ({"by": "offence", "offences": {"a": ["zzz"]}}, "none of its 6 rows can be counted"),
    ],
)
def test_offences_that_cannot_be_used(options: dict, message: str) -> None:
    with pytest.raises(DataError, match=message):
        count(records(), **options)


def test_a_column_of_free_text_is_no_column_of_offences() -> None:
    frame = pd.DataFrame({"area": "A", "date": "2020-01-01", "offence": [f"case {i}" for i in range(201)]})
    with pytest.raises(DataError, match="201 different values"):
        count(frame, by="offence")


# ------------------------------------------------------------------ units


def test_unknown_and_empty_units_are_reported() -> None:
    frame = records().assign(area=["North", "north", "South ", None, "", "Mars"])
    counts = count(frame, units=["North", "South"], recorded=WINDOW)
    unknown = note(counts, "unit_unknown")
    assert (unknown.n_rows, unknown.example_rows) == (2, (2, 6))
    assert "1× 'north' (did you mean 'North'?)" in unknown.sentence
    assert note(counts, "unit_empty").example_rows == (4, 5)
    assert_all_rows_accounted_for(counts)


def test_units_alike_are_pointed_out() -> None:
    counts = count(records().assign(area=["North", "NORTH", "South", "South", "North", "South"]))
    assert "'NORTH', 'North'" in note(counts, "units_alike").sentence


def test_unit_level_columns_are_joined_on() -> None:
    table = pl.DataFrame(
        {"area": ["South", "North"], "residents": [100, 200], "programme_start": ["2020-03", None]}
    )
    counts = count(records(), units=table, recorded=WINDOW)
    assert counts.frame["residents"].tolist() == [200] * 4 + [100] * 4
    assert counts.frame["programme_start"].tolist()[4:] == ["2020-03"] * 4
    assert counts.frame["programme_start"].isna().sum() == 4


@pytest.mark.parametrize("spelling", [[1, 2], ["1", "2"], [1.0, 2.0], ["2", "1"]])
def test_numbers_and_texts_name_the_same_units(spelling: list[object]) -> None:
    frame = records().assign(area=[1, 1, 2, 2, 1, 2])
    counts = count(frame, units=spelling, recorded=WINDOW)
    assert counts.statement.rows_lost == 0
    assert counts.frame["incidents"].tolist() == [2, 0, 0, 1, 0, 1, 0, 2]


@pytest.mark.parametrize(
    ("units", "message"),
    [
        ([], "the list of units is empty"),
        (["North", ""], "a name in the list is empty"),
        (["North", "North "], "'North' stand in more than one row"),
        (7, "units=7: a list of names or a table"),
        (pd.DataFrame({"aera": ["North"]}), "the table of units has no column 'area'; did you mean 'aera'"),
        (pd.DataFrame({"area": ["North", "North"], "year": [1, 2]}), "join what changes over time"),
        (pd.DataFrame({"area": ["North"], "incidents": [1]}), "two columns of the result would be called"),
    ],
)
def test_lists_of_units_that_cannot_be_used(units: object, message: str) -> None:
    with pytest.raises(DataError, match=message):
        count(records(), units=units)


# ------------------------------------------------------------------ repeated rows


def test_repeated_rows_are_counted_once_and_reported() -> None:
    frame = records().assign(case=["1", "1", "2", None, "3", "2"])
    counts = count(frame, identifier="case", recorded=WINDOW)
    repeated = note(counts, "duplicate")
    assert (repeated.n_rows, repeated.example_rows, repeated.severity) == (2, (2, 6), "info")
    assert note(counts, "duplicate_conflict").example_rows == (6,)
    assert note(counts, "identifier_empty").example_rows == (4,)
    assert_all_rows_accounted_for(counts)


def test_of_repeated_rows_one_that_can_be_counted_is_kept() -> None:
    frame = records().assign(case=["1", "1", "2", "3", "4", "5"])
    frame.loc[0, "date"] = "never"
    counts = count(frame, identifier="case", recorded=WINDOW)
    assert counts.statement.rows_counted == 5
    assert counts.statement.note("duplicate") is None


# ------------------------------------------------------------------ invariances


def messy(seed: int, n_rows: int = 400) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    days = np.datetime64("2019-12-01") + rng.integers(0, 400, n_rows).astype("timedelta64[D]")
    frame = pd.DataFrame(
        {
            "area": rng.choice(["North", "South", "East", "Mars", ""], n_rows),
            "date": days.astype(str),
            "offence": rng.choice(["robbery", "mugging", "theft", ""], n_rows),
            "case": rng.integers(0, 300, n_rows).astype(str),
        }
    )
    frame.loc[rng.integers(0, n_rows, 20), "date"] = "31/12/2020"
    return frame


OPTIONS = {
    "units": ["North", "South", "East"],
    "recorded": ("2020-01-01", "2020-11-15"),
    "by": "offence",
    "offences": {"robbery": ["robbery", "mugging"]},
    "identifier": "case",
}


@pytest.mark.parametrize("seed", range(5))
def test_the_order_of_rows_does_not_matter(seed: int) -> None:
    frame = messy(seed)
    shuffled = frame.sample(frac=1, random_state=seed).reset_index(drop=True)
    one, other = count(frame, **OPTIONS), count(shuffled, **OPTIONS)
    pd.testing.assert_frame_equal(one.frame, other.frame)
    assert [(n.code, n.n_rows, n.sentence) for n in one.statement.notes] == [
        (n.code, n.n_rows, n.sentence) for n in other.statement.notes
    ]
    assert_all_rows_accounted_for(one)


def test_pandas_polars_and_arrow_agree_and_are_not_changed() -> None:
    frame = messy(11)
    before = frame.copy(deep=True)
    expected = count(frame, **OPTIONS)
    pd.testing.assert_frame_equal(frame, before)
    for other in (
        pl.DataFrame(frame.to_dict("list")),
        pl.LazyFrame(frame.to_dict("list")),
        pa.Table.from_pandas(frame),
    ):
        found = count(other, **OPTIONS)
        pd.testing.assert_frame_equal(found.frame, expected.frame)
        assert found.statement == expected.statement


def test_the_counts_are_those_of_a_plain_loop() -> None:
    frame = messy(3)
    expected: dict[tuple[str, str], int] = {}
    for area, date in zip(frame["area"], frame["date"], strict=True):
        if area and date.startswith("2020-"):
            expected[area, date[:7]] = expected.get((area, date[:7]), 0) + 1
    counts = count(frame, recorded=("2020", "2020")).frame
    found = {(row.area, f"{row.period:%Y-%m}"): row.incidents for row in counts.itertuples() if row.incidents}
    assert found == expected


# ------------------------------------------------------------------ what is said


def test_the_summary_and_the_short_form() -> None:
    frame = records().assign(date=["2020-01-05", "x", "2020-02-01", "2020-04-30", "2020-04-01", "2020-04-02"])
    counts = count(frame, units=["North", "South"], recorded=WINDOW)
    assert repr(counts) == "IncidentCounts(2 units × 4 months, 2020-01 to 2020-04, 5 of 6 rows counted)"
    assert counts.summary().splitlines() == [
        repr(counts),
        "  incidents: 5 incidents, 0 of 8 counts missing",
        "the table of incidents: 6 rows read, 5 counted, 1 not counted.",
        "  stop    1 row could not be counted: the date in column 'date' cannot be read (1× 'x'). Row 2.",
    ]
    assert counts.statement.severity == "stop"
    assert note(counts, "date_unreadable").message.key == "intake-date-unreadable"


def test_losing_few_rows_is_a_caution_and_many_a_stop() -> None:
    dates = ["2020-01-05"] * 19
    few = count(pd.DataFrame({"area": "A", "date": [*dates, ""]}))
    many = count(pd.DataFrame({"area": "A", "date": [*dates, "", ""]}))
    assert note(few, "date_empty").severity == "caution"
    assert note(many, "date_empty").severity == "stop"


def test_dates_far_from_all_others_are_pointed_out() -> None:
    dates = ["1900-01-01"] + [f"20{year:02d}-05-01" for year in range(10, 20) for _ in range(20)]
    counts = count(pd.DataFrame({"area": "A", "date": dates}))
    apart = note(counts, "dates_far_apart")
    assert "(first 1900-01, last 2019-05, 98 in 100 between 2010-05 and 2019-05)" in apart.sentence


def test_results_cannot_be_reassigned() -> None:
    counts = count(records())
    with pytest.raises(AttributeError):
        counts.frame = None  # type: ignore[misc]
    with pytest.raises(TypeError):
        counts.statement.notes[0].values["x"] = 1  # type: ignore[index]  # noqa: PD011  (a note's values)


def test_nothing_to_count_says_why() -> None:
    with pytest.raises(DataError, match=r"none of its 6 rows can be counted \(by reason: unit unknown: 6\)"):
        count(records(), units=["Mars"])
