"""Who was treated when, against whom: every trap has its answer."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from preventeval.design import StudyDesign
from preventeval.did import CallawaySantAnna, TwoWayFixedEffects
from preventeval.errors import DataError, DesignError, PreventEvalError
from preventeval.panel import Panel
from preventeval.periods import NEVER

YEARS = list(range(2000, 2006))


def frame(starts: dict[str, Any], periods: list[Any] | None = None, **columns: Any) -> pd.DataFrame:
    """Counts of every unit and period; ``starts`` by unit, further columns by unit or as one value."""
    periods = YEARS if periods is None else periods
    rows = [
        {"area": area, "time": time, "robbery": 10 + 3 * i + 2 * t, "residents": 1000.0 + i}
        for i, area in enumerate(starts)
        for t, time in enumerate(periods)
    ]
    table = pd.DataFrame(rows)
    table["start"] = table["area"].map(pd.Series(starts, dtype=object))
    for name, value in columns.items():
        table[name] = table["area"].map(value) if isinstance(value, dict) else value
    return table


def panel_of(table: Any, **roles: Any) -> Panel:
    return Panel(table, **{"unit": "area", "period": "time", "outcomes": ["robbery"]} | roles)


def design_of(table: Any, roles: dict[str, Any] | None = None, **options: Any) -> StudyDesign:
    return StudyDesign(panel_of(table, **(roles or {})), outcome="robbery", treated_from="start", **options)


def keys(design: StudyDesign) -> list[str]:
    return [note.key for note in design.notes if note.key != "note-measure-chosen"]


def test_two_units_and_two_periods_make_a_design() -> None:
    design = design_of(frame({"A": 2001, "B": None}, [2000, 2001]))
    assert (design.n_units, design.n_periods, design.cohort.tolist()) == (2, 2, [1, NEVER])


# Never treated ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "never",
    [
        np.nan,
        None,
        pd.NaT,
        pd.NA,
        np.inf,
        -np.inf,
        "never",
        "Never",
        " NEVER ",
        "none",
        "",
        "inf",
        "0",
        0,
        0.0,
    ],
    ids=repr,
)
@pytest.mark.parametrize("start", [2003, 2003.0, "2003", "2003.0"], ids=repr)
def test_every_spelling_of_never(never: object, start: object) -> None:
    design = design_of(frame({"A": start, "B": never, "C": never}))
    assert design.panel.units.tolist() == ["A", "B", "C"]
    assert design.cohort.tolist() == [3, NEVER, NEVER]
    assert design.ever_treated.tolist() == [True, False, False]


@pytest.mark.parametrize(
    "convert",
    [
        lambda f: f.astype({"start": "float64"}),
        lambda f: f.astype({"start": "Int64"}),
        lambda f: f.astype({"start": "Float64"}),
        lambda f: f.astype({"start": "category"}),
        lambda f: pl.from_pandas(f.astype({"start": "Int64"})),
        lambda f: pa.Table.from_pandas(f.astype({"start": "Int64"})),
    ],
    ids=["float", "Int64", "Float64", "category", "polars", "arrow"],
)
def test_missing_starts_of_every_kind_of_column(convert: Any) -> None:
    assert design_of(convert(frame({"A": 2003, "B": None}))).cohort.tolist() == [3, NEVER]


@pytest.mark.parametrize("zero", [0, 0.0, "0"])
def test_zero_means_never_and_that_is_noted(zero: object) -> None:
    design = design_of(frame({"A": 2003, "B": zero}))
    assert keys(design) == ["note-zero-as-never"]
    assert str(design.notes[-1]) == "0 in column 'start' means never treated (1 unit)."


def test_zero_means_never_for_years_that_are_dates_too() -> None:
    design = design_of(frame({"A": 2003, "B": 0}, [f"{year}-01-01" for year in YEARS]))
    assert design.cohort.tolist() == [3, NEVER]


def test_zero_is_a_period_where_there_is_a_period_0() -> None:
    design = design_of(frame({"A": 0, "B": None}, [-2, -1, 0, 1]))
    assert design.cohort.tolist() == [2, NEVER]
    assert keys(design) == []


@pytest.mark.parametrize("zero", [0, "0"])
def test_zero_means_never_beside_dates(zero: object) -> None:
    design = design_of(frame({"A": "2020-03", "B": zero}, ["2020-01", "2020-02", "2020-03", "2020-04"]))
    assert design.cohort.tolist() == [2, NEVER]
    assert keys(design) == ["note-zero-as-never"]


# Starts -----------------------------------------------------------------------------------

MONTHS = ["2015-01", "2015-02", "2015-03", "2015-04"]


@pytest.mark.parametrize(
    "start",
    [
        "2015-03",
        "2015-03-17",
        "2015-03-31",
        dt.date(2015, 3, 17),
        pd.Timestamp("2015-03-17 11:30"),
        pd.Timestamp("2015-03-01", tz="Europe/Berlin"),
        pd.Period("2015-03", "M"),
        np.datetime64("2015-03-17"),
    ],
    ids=str,
)
def test_a_start_within_a_month_counts_from_that_month(start: object) -> None:
    assert design_of(frame({"A": start, "B": None}, MONTHS)).cohort.tolist() == [2, NEVER]


@pytest.mark.parametrize(
    ("periods", "start", "position"),
    [
        (["2015-Q1", "2015-Q2", "2015-Q3"], "2015-05-09", 1),
        (["2015-Q1", "2015-Q2", "2015-Q3"], "2015-Q2", 1),
        (["2015-03-31", "2015-06-30", "2015-09-30"], "2015-06", 1),
        (["2015-01-05", "2015-01-12", "2015-01-19"], "2015-01-14", 1),
        (["2015-01-05", "2015-01-06", "2015-01-07"], "2015-01-06", 1),
        (["2014-01-01", "2015-01-01", "2016-01-01"], "2015-11-30", 1),
        (["2014", "2015", "2016"], 2015, 1),
        ([2014, 2015, 2016], 2015, 1),
        ([1, 2, 3], 2, 1),
        (pd.period_range("2014", periods=3, freq="Y").tolist(), pd.Period("2015", "Y"), 1),
        # Every second year: what starts in between is in force from the next.
        ([2010, 2012, 2014], 2011, 1),
    ],
)
def test_starts_on_every_kind_of_axis(periods: list[object], start: object, position: int) -> None:
    assert design_of(frame({"A": start, "B": None}, periods)).cohort.tolist() == [position, NEVER]


@pytest.mark.parametrize(
    ("periods", "start", "message"),
    [
        (
            MONTHS,
            2015,
            r"start of the programme: column 'start' holds numbers \(first: 2015\) where a month is",
        ),
        (MONTHS, "2015", r"'2015' does not say which month is meant: it is a whole year"),
        (MONTHS, "2015-Q1", r"'2015-Q1' does not say which month is meant: it is a whole quarter"),
        (MONTHS, 201503, r"'201503': year and month written as one number"),
        (MONTHS, "17/03/2015", r"'17/03/2015' cannot be read as a period"),
        (MONTHS, "soon", r"'soon' cannot be read as a period"),
        (MONTHS, True, r"'True' cannot be read as a period"),
        (YEARS, 2003.5, r"holds '2003.5': periods must be whole numbers or dates"),
        (YEARS, 200303, r"'200303': year and month written as one number"),
        (YEARS, "200303", r"'200303': year and month written as one number"),
        (YEARS, "2003-05-01", r"dates or texts where numbered periods are expected \(first: 2003-05-01\)"),
        (YEARS, [2003], r"holds lists or the like"),
    ],
)
def test_starts_that_are_no_period_of_the_panel(periods: list[object], start: object, message: str) -> None:
    table = frame({"A": None, "B": None}, periods)
    table.loc[table["area"] == "A", "start"] = pd.Series([start] * len(periods), dtype=object)
    with pytest.raises(DesignError, match=message):
        design_of(table)


def test_hint_shows_how_starts_are_written() -> None:
    with pytest.raises(DesignError, match="write it like the periods, for example 2000"):
        design_of(frame({"A": "2003-05-01", "B": None}))


@pytest.mark.parametrize("second", [2004, None])
def test_start_that_varies_within_a_unit(second: object) -> None:
    table = frame({"A": 2003, "B": None})
    table.loc[1, "start"] = second
    with pytest.raises(
        DesignError, match="the start of the programme 'start' varies within 1 of 2 units"
    ) as caught:
        design_of(table)
    assert caught.value.hint is not None
    assert caught.value.hint.startswith("write each unit's start into all its rows")


def test_a_treated_now_column_is_recognised() -> None:
    table = frame({"A": None, "B": None})
    table["start"] = ((table["area"] == "A") & (table["time"] >= 2003)).astype(int)
    with pytest.raises(DesignError, match="varies within"):
        design_of(table)


def test_an_ever_treated_column_is_not_taken_for_starts() -> None:
    message = (
        r"no unit starts within the panel's periods \(2000 to 2005\); units that start in or before the first"
    )
    with pytest.raises(DesignError, match=message):
        design_of(frame({"A": 1, "B": 0}))


def test_unknown_start_column() -> None:
    with pytest.raises(DesignError, match=r"no column 'strat' in the table; did you mean 'start'\?"):
        StudyDesign(panel_of(frame({"A": 2003, "B": None})), outcome="robbery", treated_from="strat")


FISCAL = ["2014-07-01", "2015-07-01", "2016-07-01", "2017-07-01"]


@pytest.mark.parametrize(
    ("start", "position", "between"),
    [
        ("2015-07-01", 1, []),
        ("2015-10-01", 2, ["note-starts-between"]),
        ("2016-03", 2, ["note-starts-between"]),
        ("2016-07", 2, []),
    ],
)
def test_starts_in_fiscal_years(start: str, position: int, between: list[str]) -> None:
    design = design_of(frame({"A": start, "B": None}, FISCAL))
    assert design.cohort.tolist() == [position, NEVER]
    assert design.panel.periods.label(position) == f"{2014 + position}-07"
    assert keys(design) == between


def test_starts_between_periods_are_counted_and_named() -> None:
    starts = {"A": 2011, "B": 2013, "C": 2012, "D": None, "E": 2009, "F": 2015}
    design = design_of(frame(starts, [2010, 2012, 2014]))
    # E is in the programme from the first period on and F not before the last: notes of their own say so.
    assert keys(design) == ["note-starts-between", "note-starts-after-end", "note-always-treated"]
    assert str(design.notes[1]) == (
        "2 units start between two periods of the table and count as treated from the later one: A, B."
    )


# Starts as positions --------------------------------------------------------------------------


def test_given_starts_are_copied_and_locked() -> None:
    panel = panel_of(frame({"A": None, "B": None, "C": None}))
    given_starts = np.array([3, NEVER, 8])
    design = StudyDesign(panel, outcome="robbery", treated_from="start", starts=given_starts)
    given_starts[:] = 1
    for same in (design, design.without_units([])):
        assert same.cohort.tolist() == [3, NEVER, 8]
    assert design.starts is not None
    for array in (design.cohort, design.starts, design.weights, design.clusters):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1


@pytest.mark.parametrize("dtype", ["int8", "uint64", "int64"])
def test_given_starts_of_every_whole_type(dtype: str) -> None:
    panel = panel_of(frame({"A": None, "B": None}))
    for starts in (np.array([2, 4], dtype=dtype), [2, 4]):
        design = StudyDesign(panel, outcome="robbery", treated_from="start", starts=starts)  # type: ignore[arg-type]
        assert (design.cohort.tolist(), design.cohort.dtype) == ([2, 4], np.int64)


@pytest.mark.parametrize(
    ("starts", "found"),
    [
        (np.array([3]), r"shape \(1,\) and type int64"),
        (np.array([[3, NEVER]]), r"shape \(1, 2\)"),
        (np.array([3.0, np.inf]), r"type float64"),
        (np.array([True, False]), r"type bool"),
        (["2003", None], r"type object"),
        ([[1, 2], [3]], r"shape \(\)"),
        ([], r"shape \(0,\)"),
        ("start", r"shape \(\)"),
    ],
    ids=str,
)
def test_given_starts_that_are_no_positions(starts: Any, found: str) -> None:
    panel = panel_of(frame({"A": None, "B": None}))
    with pytest.raises(DesignError, match=found + r".*expected one whole number.* each of the 2 units"):
        StudyDesign(panel, outcome="robbery", treated_from="start", starts=starts)


# Units that cannot be compared --------------------------------------------------------------


@pytest.mark.parametrize("start", [2000, 1999, 1900])
def test_always_treated_units_are_left_out_and_named(start: int) -> None:
    design = design_of(frame({"A": start, "B": 2003, "C": None}))
    assert design.panel.units.tolist() == ["B", "C"]
    assert keys(design) == ["note-always-treated"]
    assert str(design.notes[-1]).endswith(
        "1 unit was already in the programme in the first period and is left out: A."
    )


def test_a_cohort_after_the_sample_counts_as_untreated_and_is_named() -> None:
    design = design_of(frame({"A": 2003, "B": 2007, "C": None}), comparison="never_treated")
    assert design.ever_treated.tolist() == [True, False, False]
    assert design.cohorts.tolist() == [3]
    assert design.cohort[1] == 7  # known all the same: a design that moves the start can use it
    assert str(design.notes[-1]) == (
        "1 unit starts only after the last period (2005) and counts as untreated: B."
    )


def test_units_without_a_value_are_left_out_and_named() -> None:
    table = frame({"A": 2003, "B": None, "C": None}).astype({"robbery": float})
    table.loc[table["area"] == "C", "robbery"] = np.nan
    design = design_of(table)
    assert design.panel.units.tolist() == ["A", "B"]
    assert keys(design) == ["note-no-data"]


def test_missing_cells_stay_missing_and_are_counted() -> None:
    table = frame({"A": 2003, "B": None, "C": None}).astype({"robbery": float}).drop(index=7)
    table.loc[2, "robbery"] = np.nan
    design = design_of(table)
    assert np.argwhere(np.isnan(design.y)).tolist() == [[0, 2], [1, 1]]
    assert str(design.notes[-1]).startswith("2 of 18 unit-periods have no value. They stay missing")


def test_many_names_are_cut_short() -> None:
    starts = {f"a{i:02d}": 1999 for i in range(9)} | {"x": 2003, "y": None}
    assert str(design_of(frame(starts)).notes[-1]).endswith("a00, a01, a02, a03, a04, a05, … (9).")


@pytest.mark.parametrize(
    ("starts", "options", "message"),
    [
        ({"A": None, "B": None}, {}, r"no unit starts within the panel's periods \(2000 to 2005\)\n"),
        ({"A": 2010, "B": None}, {}, r"no unit starts within the panel's periods"),
        (
            {"A": 2000, "B": 1999},
            {},
            r"no unit starts within .*; units that start in or before the first are",
        ),
        (
            {"A": 2003, "B": 2003},
            {},
            r"every unit starts in the same period: there is no one to compare with",
        ),
        ({"A": 2003, "B": 2004}, {"comparison": "never_treated"}, r"but every unit is treated in the end"),
        (
            {"A": 2003, "B": None},
            {"comparison": "last_treated"},
            r"every unit is treated in the end, and 1 units here are not",
        ),
        ({"A": 2003, "B": 2003}, {"comparison": "last_treated"}, r"no unit starts within"),
    ],
)
def test_no_one_to_study_or_to_compare_with(
    starts: dict[str, Any], options: dict[str, Any], message: str
) -> None:
    with pytest.raises(DesignError, match=message):
        design_of(frame(starts), **options)


def test_everyone_treated_is_fine_while_some_have_not_started() -> None:
    assert design_of(frame({"A": 2002, "B": 2004})).cohorts.tolist() == [2, 4]


@pytest.mark.parametrize(("anticipation", "n_periods"), [(0, 4), (1, 3)])
def test_last_to_start_compare(anticipation: int, n_periods: int) -> None:
    starts = {"A": 2002, "B": 2004, "C": 2004}
    design = design_of(frame(starts), comparison="last_treated", anticipation=anticipation)
    assert design.n_periods == n_periods
    assert design.cohort.tolist() == [2, NEVER, NEVER]
    assert str(design.notes[-1]) == (
        "Every unit is treated in the end. The last to start (2004) serve as the comparison group, "
        f"and periods from {2004 - anticipation} on are left out."
    )


# What is measured ---------------------------------------------------------------------------

RATES = {"exposure": "residents"}


def test_counts_are_taken_for_counts_and_that_is_noted() -> None:
    design = design_of(frame({"A": 2003, "B": None}))
    assert design.measure == "count"
    assert design.scale.base == "incidents"
    assert str(design.notes[0]) == (
        "The outcome 'robbery' is analysed as the number of incidents, because its values are whole numbers."
    )
    assert design.incidents is not None
    assert np.array_equal(design.incidents, design.y)


def test_counts_with_an_exposure_are_taken_for_rates() -> None:
    design = design_of(frame({"A": 2003, "B": None}), RATES, per=1000)
    assert (design.measure, design.scale.base, design.scale.per) == ("rate", "rate", 1000)
    assert design.y[1, 0] == 1000 * 13 / 1001
    assert "incidents per 1,000 of exposure" in str(design.notes[0])


def test_logarithms() -> None:
    table = frame({"A": 2003, "B": None})
    rates = design_of(table, RATES, measure="log_rate")
    logs = design_of(table, measure="log", counts="robbery")
    assert rates.y[1, 0] == np.log(13 / 1001)
    assert logs.y[1, 0] == np.log(13)
    assert rates.scale.base == logs.scale.base == "log_points"
    assert logs.incidents is not None


@pytest.mark.parametrize(
    ("values", "roles", "options", "message"),
    [
        (
            {"robbery": 1.5},
            {},
            {},
            r"'robbery' is not a number of incidents .*: say what it is\n  hint: measure='value'",
        ),
        ({"robbery": -1}, {}, {}, r"'robbery' is not a number of incidents"),
        ({"robbery": -1}, {}, {"measure": "count"}, r"'robbery' is negative in 1 unit-periods \('A 2000'\)"),
        (
            {"robbery": 0},
            {},
            {"measure": "log"},
            r"is 0 or less in 1 unit-periods \(units 'A'\), and has no logarithm",
        ),
        ({"robbery": -3}, {}, {"measure": "log"}, r"is 0 or less in 1 unit-periods"),
        (
            {"robbery": 0},
            RATES,
            {"measure": "log_rate"},
            r"adding a small number to zeros would decide the result",
        ),
        ({}, {}, {"measure": "rate"}, r"a rate needs an exposure .* this panel has none"),
        ({}, {}, {"measure": "rates"}, r"measure='rates' is not known: choose one of 'count', 'rate'"),
        (
            {},
            {},
            {"comparison": "control"},
            r"comparison='control' is not known: choose one of 'never_treated'",
        ),
        ({}, {}, {"aim": "lower"}, r"aim='lower' is not known: choose one of 'reduce', 'increase'"),
        ({}, {}, {"anticipation": -1}, r"anticipation=-1: expected a whole number of periods, 0 or more"),
        ({}, {}, {"anticipation": 1.5}, r"anticipation=1.5"),
        ({}, {}, {"anticipation": True}, r"anticipation=True"),
        ({}, RATES, {"per": 0}, r"per=0: expected a number above 0"),
        ({}, {}, {"counts": "robbery"}, r"counts= goes with measure='value' or 'log'"),
        ({}, {}, {"measure": "log", "counts": "theft"}, r"no outcome 'theft' in this panel"),
        ({}, {}, {"cluster": "distrikt"}, r"no column 'distrikt' in the table"),
    ],
)
def test_refused_measures_and_options(
    values: dict[str, float], roles: dict[str, Any], options: dict[str, Any], message: str
) -> None:
    table = frame({"A": 2003, "B": None}).astype({"robbery": float})
    for column, value in values.items():
        table.loc[0, column] = value
    with pytest.raises(DesignError, match=message):
        design_of(table, roles, **options)


def test_an_outcome_without_any_value() -> None:
    table = frame({"A": 2003, "B": None}, robbery=np.nan)
    for measure in (None, "count", "value"):
        with pytest.raises(DesignError, match="outcome 'robbery' has no value in any unit and period"):
            design_of(table, measure=measure)


def test_negative_incidents_behind_a_number() -> None:
    table = frame({"A": 2003, "B": None}, theft=-1)
    with pytest.raises(
        DesignError,
        match=r"'theft' is negative in 12 unit-periods \('A 2000', 'A 2001', 'A 2002' and 9 more\)",
    ):
        design_of(table, {"outcomes": ["robbery", "theft"]}, measure="log", counts="theft")


@pytest.mark.parametrize("measure", ["count", "rate", "log_rate"])
def test_a_rate_given_as_a_count_is_refused(measure: Any) -> None:
    table = frame({"A": 2003, "B": None}).astype({"robbery": float})
    table.loc[7, "robbery"] = 12.5
    with pytest.raises(
        DesignError,
        match=r"'robbery' is not a whole number in 1 unit-periods \('B 2001'\), and "
        rf"measure='{measure}' expects numbers of incidents\n  hint: .*measure='value'.*counts='robbery'",
    ):
        design_of(table, RATES, measure=measure)
    # Incidents that are weighted or shared out between areas are incidents all the same, once that is said.
    assert design_of(table, RATES, measure=measure, counts="robbery").incidents is not None
    assert design_of(table, RATES, measure="value").incidents is None


def test_counts_of_another_outcome_go_with_no_count() -> None:
    table = frame({"A": 2003, "B": None}, theft=3)
    with pytest.raises(DesignError, match="counts= goes with measure='value' or 'log'"):
        design_of(table, {"outcomes": ["robbery", "theft"]}, measure="count", counts="theft")


def test_zeros_are_fine_as_a_rate() -> None:
    assert design_of(frame({"A": 2003, "B": None}, robbery=0), RATES).y.max() == 0


def test_rates_are_missing_where_the_exposure_is() -> None:
    table = frame({"A": 2003, "B": None})
    table.loc[2, "residents"] = np.nan
    design = design_of(table, RATES)
    assert np.argwhere(np.isnan(design.y)).tolist() == [[0, 2]]
    assert str(design.notes[-1]).startswith("1 of 12 unit-periods has no value. It stays missing")
    assert str(design.notes[-2]) == (
        "1 unit-period of 1 unit has an outcome but no exposure, and so no rate. It stays missing: A."
    )
    assert keys(design_of(table, RATES, measure="count")) == []


def test_units_without_any_exposure_are_named() -> None:
    table = frame({"A": 2003, "B": None, "C": None})
    table.loc[table["area"] == "C", "residents"] = np.nan
    design = design_of(table, RATES)
    assert keys(design) == ["note-missing-exposure", "note-no-data"]
    assert str(design.notes[1]) == (
        "6 unit-periods of 1 unit have an outcome but no exposure, and so no rate. They stay missing: C."
    )


@pytest.mark.parametrize("value", [0, -10])
def test_an_exposure_of_nothing_is_refused(value: float) -> None:
    table = frame({"A": 2003, "B": None})
    table.loc[2, "residents"] = value
    with pytest.raises(
        DataError, match=r"'residents' must be above 0, but is not in 1 unit-periods \('A 2002'\)"
    ):
        panel_of(table, **RATES)


# Weights and clusters -------------------------------------------------------------------------

WEIGHTED = {"weights": "weight"}


def test_weights_average_one() -> None:
    table = frame({"A": 2003, "B": None, "C": None}, weight={"A": 1, "B": 2, "C": 0})
    assert design_of(table, WEIGHTED).weights.tolist() == [1, 2, 0]
    assert design_of(table).weights.tolist() == [1, 1, 1]


def test_weights_of_units_with_missing_rows() -> None:
    table = frame({"A": 2003, "B": None}, weight={"A": 1.0, "B": 3.0}).drop(index=0)
    assert design_of(table, WEIGHTED).weights.tolist() == [0.5, 1.5]


@pytest.mark.parametrize(
    ("rows", "value", "message"),
    [
        ([0], 7.0, r"sampling weights vary within units 'A': one per unit is expected"),
        (list(range(6)), np.nan, r"sampling weights are missing for units 'A'"),
        (list(range(12)), 0.0, r"all sampling weights are 0"),
    ],
)
def test_weights_that_cannot_be_used(rows: list[int], value: float, message: str) -> None:
    table = frame({"A": 2003, "B": None}, weight=1.0)
    table.loc[rows, "weight"] = value
    with pytest.raises(DesignError, match=message):
        design_of(table, WEIGHTED)


@pytest.mark.parametrize(
    ("starts", "weight", "comparison", "message"),
    [
        ({"A": 2003, "B": None}, {"A": 0, "B": 1}, "not_yet_treated", r"all treated units are 0 \('A'\)"),
        ({"A": 2003, "B": None}, {"A": 1, "B": 0}, "never_treated", r"all comparison units are 0 \('B'\)"),
        ({"A": 2003, "B": None}, {"A": 1, "B": 0}, "not_yet_treated", r"all comparison units are 0 \('B'\)"),
        ({"A": 2002, "B": 2004}, {"A": 1, "B": 0}, "not_yet_treated", r"all comparison units are 0 \('B'\)"),
        ({"A": 2002, "B": 2004}, {"A": 1, "B": 0}, "last_treated", r"all comparison units are 0 \('B'\)"),
    ],
)
def test_groups_without_weight(
    starts: dict[str, Any], weight: dict[str, float], comparison: str, message: str
) -> None:
    with pytest.raises(DesignError, match=r"the sampling weights of " + message):
        design_of(frame(starts, weight=weight), WEIGHTED, comparison=comparison)


def test_later_starts_compare_where_the_never_treated_have_no_weight() -> None:
    table = frame({"A": 2002, "B": 2004, "C": None}, weight={"A": 1, "B": 1, "C": 0})
    assert design_of(table, WEIGHTED).weights.tolist() == [1.5, 1.5, 0]


@pytest.mark.parametrize(
    "labels", [{"A": "n", "B": "s", "C": "n"}, {"A": 1, "B": "x", "C": 1}, {"A": 5, "B": 9, "C": 5}]
)
def test_clusters_are_numbered(labels: dict[str, Any]) -> None:
    table = frame({"A": 2003, "B": None, "C": None}, district=labels)
    assert design_of(table, cluster="district").clusters.tolist() == [0, 1, 0]
    assert (
        design_of(table).clusters.tolist() == design_of(table, cluster="area").clusters.tolist() == [0, 1, 2]
    )


def test_clusters_have_labels() -> None:
    starts = {"A": 2003, "B": None, "C": None}
    table = frame(starts, district={"A": 10, "B": 9, "C": 10})
    design = design_of(table, cluster="district")
    assert design.cluster_labels[design.clusters].tolist() == ["10", "9", "10"]
    assert design_of(table).cluster_labels.tolist() == ["A", "B", "C"]
    fewer = design.without_units(["C"])
    assert fewer.cluster_labels[fewer.clusters].tolist() == ["10", "9"]
    with pytest.raises(ValueError, match="read-only"):
        design.cluster_labels[0] = "11"


def test_clusters_that_are_missing_or_vary() -> None:
    table = frame({"A": 2003, "B": None}, district={"A": "n", "B": None})
    with pytest.raises(DesignError, match="column 'district' is empty for units 'B'"):
        design_of(table, cluster="district")
    table.loc[0, "district"] = "m"
    with pytest.raises(DesignError, match="column 'district' varies within 1 of 2 units"):
        design_of(table, cluster="district")


def test_covariates() -> None:
    table = frame({"A": 2003, "B": None}, poverty={"A": 0.1, "B": 0.2}, youth=3.0)
    covariates = design_of(table, {"covariates": ["poverty", "youth"]}).covariates
    assert covariates.shape == (2, 6, 2)
    assert covariates[1, 0].tolist() == [0.2, 3.0]
    assert design_of(table).covariates.shape == (2, 6, 0)


def test_missing_covariates_are_counted_and_named() -> None:
    starts = {"A": 2003, "B": None, "C": None}
    table = frame(starts, poverty={"A": 0.1, "B": np.nan, "C": 0.2}, youth=3.0).astype({"robbery": float})
    assert keys(design_of(table, {"covariates": ["youth"]})) == []
    # Row 6 is the first of B, whose outcome is missing anyway; row 12 is the first of C.
    table.loc[6, "robbery"] = np.nan
    table.loc[12, "youth"] = np.nan
    design = design_of(table, {"covariates": ["poverty", "youth"]})
    assert keys(design) == ["note-missing-cells", "note-missing-covariates"]
    assert str(design.notes[-1]) == (
        "6 unit-periods of 2 units have an outcome but not every covariate (poverty, youth). "
        "Methods that use covariates leave them out: B, C."
    )
    one = design_of(table, {"covariates": ["youth"]})
    assert str(one.notes[-1]) == (
        "1 unit-period of 1 unit has an outcome but no value of youth. "
        "Methods that use covariates leave it out: C."
    )


# Subgroups ------------------------------------------------------------------------------------

FOUR = {"A": 2003, "B": None, "C": 2002, "D": None}


def test_split_by_a_declared_subgroup() -> None:
    kinds = {"A": 10, "B": 10, "C": 9, "D": 9}
    wards = {"A": "w", "B": "v", "C": "v", "D": "u"}
    table = frame(FOUR, kind=kinds, ward=wards, weight={"A": 1.0, "B": 2.0, "C": 3.0, "D": 1.0})
    options = {"cluster": "ward", "anticipation": 1, "aim": "increase", "measure": "rate", "per": 10}
    design = design_of(table, {**WEIGHTED, **RATES}, subgroups=["kind"], **options)
    parts = design.split("kind")
    assert list(parts) == ["9", "10"]
    assert [part.panel.units.tolist() for part in parts.values()] == [["C", "D"], ["A", "B"]]
    assert [part.cohort.tolist() for part in parts.values()] == [[2, NEVER], [3, NEVER]]
    for part in parts.values():
        whole = {unit: design.cluster_labels[c] for unit, c in zip("ABCD", design.clusters, strict=True)}
        here = part.cluster_labels[part.clusters].tolist()
        assert here == [whole[unit] for unit in part.panel.units]
        assert {name: getattr(part, name) for name in options} == options
        assert part.subgroups == ()
    assert parts["10"].weights.tolist() == [2 / 3, 4 / 3]
    assert np.array_equal(parts["9"].y, design.y[2:])


def test_split_where_the_last_to_start_compare() -> None:
    starts = {"A": 2002, "B": 2004, "C": 2003, "D": 2004}
    table = frame(starts, kind={"A": "x", "B": "x", "C": "y", "D": "y"})
    design = design_of(table, comparison="last_treated", subgroups=["kind"])
    for part in design.split("kind").values():
        assert (part.n_periods, part.comparison) == (4, "never_treated")
        assert part.cohort[1] == NEVER


def test_split_by_what_was_not_declared() -> None:
    design = design_of(frame(FOUR, kind={"A": 1, "B": 1, "C": 2, "D": 2}))
    with pytest.raises(
        DesignError,
        match=r"'kind' is not one of the declared subgroups .*\(none\)\n  hint: .*subgroups=\['kind'\]",
    ):
        design.split("kind")


@pytest.mark.parametrize(
    ("kinds", "options", "message"),
    [
        ({"A": "x", "B": "x", "C": "x", "D": "y"}, {}, r"subgroup 'y' of column 'kind' has no treated unit"),
        ({"A": "x", "B": "y", "C": "y", "D": "y"}, {}, r"subgroup 'x' of column 'kind' has no comparison"),
        ({"A": "x", "B": None, "C": "x", "D": "x"}, {}, r"column 'kind' is empty for units 'B'"),
        (
            {"A": "x", "B": "x", "C": "x", "D": "x"},
            {"subgroups": ["kinds"]},
            r"no column 'kinds' in the table",
        ),
        (
            {"A": "x", "B": "x", "C": "x", "D": "x"},
            {"subgroups": "kind"},
            r"subgroups='kind': expected a list",
        ),
        ({"A": "x", "B": "x", "C": "x", "D": "x"}, {"subgroups": ["time"]}, r"no column 'time' in the table"),
    ],
)
def test_subgroups_that_cannot_be_compared(
    kinds: dict[str, Any], options: dict[str, Any], message: str
) -> None:
    with pytest.raises(DesignError, match=message):
        design_of(frame(FOUR, kind=kinds), **{"subgroups": ["kind"], **options})


def test_subgroups_in_which_later_starts_compare() -> None:
    starts = {"A": 2002, "B": 2004, "C": 2003, "D": None}
    table = frame(starts, kind={"A": "x", "B": "x", "C": "y", "D": "y"})
    assert list(design_of(table, subgroups=["kind"]).split("kind")) == ["x", "y"]
    with pytest.raises(DesignError, match="subgroup 'x' of column 'kind' has no comparison unit"):
        design_of(table, subgroups=["kind"], comparison="never_treated")


def test_subgroups_of_units_without_weight() -> None:
    weight = {"A": 1, "B": 0, "C": 1, "D": 1}
    table = frame(FOUR, kind={"A": "x", "B": "x", "C": "y", "D": "y"}, weight=weight)
    with pytest.raises(DesignError, match="subgroup 'x' of column 'kind' has no comparison unit"):
        design_of(table, WEIGHTED, subgroups=["kind"])


def test_subgroups_do_not_matter_to_units_that_are_left_out() -> None:
    starts = {**FOUR, "E": 1999}
    table = frame(starts, kind={"A": "x", "B": "x", "C": "y", "D": "y", "E": "z"})
    assert list(design_of(table, subgroups=["kind"]).split("kind")) == ["x", "y"]


def test_derived_designs_have_no_subgroups() -> None:
    table = frame(FOUR, kind={"A": "x", "B": "x", "C": "y", "D": "y"})
    design = design_of(table, subgroups=["kind"])
    others = (design.without_units(["A"]), design.with_starts_moved(1), design.before_programme(1))
    assert [other.subgroups for other in (design, *others)] == [("kind",), (), (), ()]


# Nothing changes after it is made ---------------------------------------------------------------


def test_frozen() -> None:
    table = frame({"A": 2003, "B": None})
    before = table.copy(deep=True)
    design = design_of(table, RATES)
    pd.testing.assert_frame_equal(table, before)
    with pytest.raises(dataclasses.FrozenInstanceError):
        design.outcome = "theft"  # type: ignore[misc]
    for array in (design.cohort, design.y, design.incidents):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0  # type: ignore[index]


def test_a_frame_that_is_changed_later_does_not_reach_the_design() -> None:
    table = frame({"A": 2003, "B": None})
    panel = panel_of(table)
    table["start"] = 2001
    assert StudyDesign(panel, outcome="robbery", treated_from="start").cohort.tolist() == [3, NEVER]


def test_row_and_column_order_and_kind_of_frame_do_not_matter() -> None:
    table = frame({"A": 2003, "B": None, "C": 2004}).astype({"start": "Int64"})
    shuffled = table.sample(frac=1, random_state=1)[list(table.columns[::-1])]
    plain = design_of(table)
    for other in (shuffled, pl.from_pandas(table), pa.Table.from_pandas(table)):
        design = design_of(other)
        assert design.panel.fingerprint == plain.panel.fingerprint
        assert design.cohort.tolist() == plain.cohort.tolist()


@pytest.mark.parametrize("estimator", [CallawaySantAnna(), TwoWayFixedEffects()], ids=lambda e: e.name)
@pytest.mark.parametrize(("level", "factor"), [(1e9, 1.0), (-1e9, 1.0), (0.0, 1e-9), (0.0, 1e9)])
def test_the_level_and_unit_of_a_value_do_not_matter(estimator: Any, level: float, factor: float) -> None:
    rng = np.random.default_rng(5)
    starts = {f"a{i:02d}": 2003 if i < 10 else None for i in range(30)}
    table = frame(starts)
    table["robbery"] = rng.normal(50, 10, len(table))
    plain = estimator.fit(design_of(table, measure="value"))
    other = estimator.fit(design_of(table.assign(robbery=level + factor * table["robbery"]), measure="value"))
    # A value of 1e9 is known to 1e-7, which differences of about 10 feel in their eighth digit.
    assert np.isfinite(plain.std_errors).all()
    assert other.std_errors.to_numpy() == pytest.approx(factor * plain.std_errors.to_numpy(), rel=1e-6, abs=0)
    assert other.effect == pytest.approx(factor * plain.effect, rel=1e-6, abs=0)


def test_typical_size_is_that_of_differences() -> None:
    table = frame({"A": 2003, "B": None}, residents=1.0).astype({"robbery": float})
    # A and B are 3 apart in every period: 1.5 from its mean.
    assert design_of(table, measure="value").typical_size == 1.5
    table["robbery"] += 1e9
    # Rounding of numbers of 1e9: 1e-7 of their size, which is 1e9 to eight digits.
    assert design_of(table, measure="value").typical_size == pytest.approx(100, rel=1e-6)


@pytest.mark.parametrize("missing", [0.0, 0.3])
def test_typical_size_of_many_units_is_that_of_all_at_once(missing: float) -> None:
    rng = np.random.default_rng(11)
    units, periods = 30_000, 4  # more than are taken at a time
    y = 1e4 + 100 * np.arange(units)[:, None] / units + rng.normal(size=(units, periods))
    y[rng.random(y.shape) < missing] = np.nan
    table = pd.DataFrame({"area": np.repeat(np.arange(units), periods), "time": np.tile(range(4), units)})
    table["robbery"], table["start"] = y.ravel(), np.where(table["area"] % 2, 2.0, np.nan)
    expected = float(np.sqrt(np.nanmean((y - np.nanmean(y, axis=0)) ** 2)))
    # Sums over 120,000 cells in another order: rounding of 1e-16 each, about its square root in number.
    assert design_of(table, measure="value").typical_size == pytest.approx(expected, rel=1e-12)


def test_repr_and_parts() -> None:
    design = design_of(frame({"A": 2003, "B": None, "C": 2004}))
    assert repr(design) == (
        "StudyDesign(robbery as count, 2 treated and 1 never treated units, not_yet_treated comparison)"
    )
    assert design.treated.tolist()[0] == [False] * 3 + [True] * 3
    assert not design.treated[1].any()


# Designs that are derived from another ------------------------------------------------------------


def test_without_units() -> None:
    design = design_of(frame({"A": 2003, "B": None, "C": 2004, "D": 1999}))
    fewer = design.without_units(["C"])
    assert fewer.panel.units.tolist() == ["A", "B"]
    assert fewer.cohort.tolist() == [3, NEVER]
    assert keys(fewer) == ["note-always-treated"]
    with pytest.raises(DesignError, match=r"no units 'Z' in this panel: it has 'A', 'B', 'C', 'D'"):
        design.without_units(["A", "Z"])
    with pytest.raises(DesignError, match="no unit starts within"):
        design.without_units(["A", "C"])


def test_without_units_where_the_last_to_start_compare() -> None:
    table = frame({"A": 2002, "B": 2004, "C": 2004, "D": 2003})
    fewer = design_of(table, comparison="last_treated").without_units(["C"])
    assert fewer.panel.units.tolist() == ["A", "B", "D"]
    assert fewer.cohort.tolist() == [2, NEVER, 3]
    assert fewer.n_periods == 4


def test_starts_moved() -> None:
    table = frame({"A": 2002, "B": None, "C": 2007, "D": 2000, "E": 1999})
    design = design_of(table)
    later = design.with_starts_moved(1)
    assert later.panel.units.tolist() == ["A", "B", "C"]
    assert later.cohort.tolist() == [3, NEVER, 8]
    earlier = design.with_starts_moved(-2)
    assert earlier.panel.units.tolist() == ["B", "C"]  # A is left without a period before
    assert earlier.cohort.tolist() == [NEVER, 5]
    assert later.with_starts_moved(-1).cohort.tolist() == design.cohort.tolist()


def test_starts_moved_where_the_last_to_start_compare() -> None:
    design = design_of(frame({"A": 2002, "B": 2004}), comparison="last_treated").with_starts_moved(1)
    assert (design.n_periods, design.cohort.tolist()) == (5, [3, NEVER])


def test_starts_moved_later_bring_in_no_unit_that_was_always_treated() -> None:
    design = design_of(frame({"A": 2002, "B": None, "D": 2000, "E": 1999}))
    # Its first period, the base of every comparison, would be a treated one.
    later = design.with_starts_moved(1)
    assert later.panel.units.tolist() == ["A", "B"]
    assert keys(later) == []


def test_units_weigh_as_in_the_total() -> None:
    starts = {"A": 2002, "B": None}
    table = frame(starts, weight={"A": 5.0, "B": 1.0})
    table.loc[table["area"] == "B", "residents"] = 3000.0
    table.loc[0, "residents"] = np.nan
    roles = {**WEIGHTED, **RATES}
    count = design_of(table, roles, measure="count").weighing_as_in_total()
    assert count.weights.tolist() == [1, 1]
    rate = design_of(table, roles, measure="rate").weighing_as_in_total()
    assert rate.weights.tolist() == [0.5, 1.5]  # 1000 and 3000 residents, over their mean
    # Untreated incidents: 10 and 12 of A, and 13, 15, … 23 of B.
    expected = np.array([11, 18]) / 14.5
    for options in ({"measure": "log_rate"}, {"measure": "log", "counts": "robbery"}):
        weighed = design_of(table, roles, **options).weighing_as_in_total()
        assert weighed.weights == pytest.approx(expected, rel=1e-15)  # one division
        assert weighed.cohort.tolist() == [2, NEVER]
    value = design_of(table, roles, measure="value").weighing_as_in_total()
    assert value.weights.tolist() == [1, 1]


def test_placebo_uses_no_treated_observation() -> None:
    design = design_of(frame({"A": 2003, "B": 2004, "C": None}), anticipation=1)
    placebo = design.before_programme(1)
    assert placebo.anticipation == 0
    assert placebo.n_periods == 3
    assert placebo.cohort.tolist() == [1, 2, NEVER]
    real = np.array([2, 3, 99])[:, None]  # starts less the anticipation
    assert np.isnan(placebo.y).tolist() == (np.arange(3) >= real).tolist()
    assert not np.isnan(design.y).any()


def test_placebo_where_the_last_to_start_compare() -> None:
    design = design_of(frame({"A": 2003, "B": 2005}), comparison="last_treated")
    assert design.before_programme(1).cohort.tolist() == [2, NEVER]


def test_placebo_must_start_before() -> None:
    with pytest.raises(DesignError, match="pretend=0: a placebo starts at least one period before"):
        design_of(frame({"A": 2003, "B": None})).before_programme(0)


def test_derived_designs_keep_their_options() -> None:
    table = frame({"A": 2003, "B": None, "C": 2004}, district={"A": 1, "B": 2, "C": 2})
    design = design_of(table, RATES, cluster="district", aim="increase", measure="log_rate", per=10)
    for other in (design.without_units(["C"]), design.with_starts_moved(1), design.before_programme(1)):
        options = (other.cluster, other.aim, other.measure, other.per, other.comparison)
        assert options == ("district", "increase", "log_rate", 10, "not_yet_treated")


# Whatever stands in the table, the answer is a design or an error of ours -------------------------

STARTS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=6),
    st.dates(),
    st.datetimes(),
    st.sampled_from([2001, 2002, 2003, "2002", "never", 0, np.inf, pd.NaT, pd.NA, (1,), [1], 1 + 2j, b"x"]),
    st.sampled_from([pd.Timestamp("2002-01-01", tz="UTC"), pd.Period("2002", "Y"), "2002-05-01", "9" * 30]),
)


@settings(max_examples=200, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(
    starts=st.lists(STARTS, min_size=3, max_size=3),
    periods=st.sampled_from(
        [[2000, 2001, 2002, 2003], [-1, 0, 1], ["2001-12", "2002-01"], [f"{y}" for y in YEARS]]
    ),
    comparison=st.sampled_from(["never_treated", "not_yet_treated", "last_treated"]),
    anticipation=st.integers(min_value=0, max_value=3),
    cluster=st.one_of(st.none(), st.lists(STARTS, min_size=3, max_size=3)),
)
def test_any_start_gives_a_design_or_an_error_of_ours(
    starts: list[Any], periods: list[Any], comparison: Any, anticipation: int, cluster: list[Any] | None
) -> None:
    table = frame({"A": None, "B": None, "C": None}, periods)
    for name, values in (("start", starts), ("district", cluster or [1, 2, 3])):
        repeated = [value for value in values for _ in periods]
        table[name] = pd.Series(repeated, dtype=object)
    named = None if cluster is None else "district"
    try:
        design = design_of(table, comparison=comparison, anticipation=anticipation, cluster=named)
    except PreventEvalError:
        return
    assert design.ever_treated.any()
    assert design.cohort.min() > 0
    assert all(str(note) for note in design.notes)


def test_fingerprint_knows_starts_and_not_row_order() -> None:
    table = frame({"A": 2003, "B": None}, [2001, 2002, 2003, 2004])
    same = design_of(table.sample(frac=1, random_state=1))
    moved = design_of(frame({"A": 2004, "B": None}, [2001, 2002, 2003, 2004]))
    assert design_of(table).fingerprint == same.fingerprint
    assert design_of(table).fingerprint != moved.fingerprint


def test_a_cohort_that_anticipates_before_the_cut_does_not_serve_as_comparison() -> None:
    starts = {"A": 4, "B": 7, "C": 8, "D": 8}
    table = frame(starts, list(range(1, 11)))
    design = design_of(table, comparison="last_treated", anticipation=1)
    # The cut is period 7 (position 6): B starts there, and anticipates in the last period kept.
    assert design.n_periods == 6
    assert design.cohort.tolist() == [3, 6, NEVER, NEVER]
