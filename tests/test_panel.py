"""The panel: every frame gives the same arrays, and what cannot be used is named."""

from __future__ import annotations

import dataclasses
import datetime as dt
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from preventeval.errors import DataError, DesignError, PreventEvalError
from preventeval.panel import Panel

ROLES: dict[str, Any] = {
    "unit": "area",
    "period": "month",
    "outcomes": ["robbery", "score"],
    "exposure": "residents",
    "covariates": ["poverty"],
    "weights": "weight",
}


def table() -> pd.DataFrame:
    """Three areas and four months, of which one cell has no row and one no value."""
    months = ["2020-01-01", "2020-02-01", "2020-03-01", "2020-04-01"]
    frame = pd.DataFrame(
        [
            {
                "area": area,
                "month": pd.Timestamp(month),
                "robbery": 10 * i + t,
                "score": 0.5 * i - t,
                "residents": 1000 + i,
                "poverty": i / 7,
                "weight": 1.0 + i,
                "district": "north" if i < 2 else "south",
                "start": pd.Timestamp("2020-03-01") if i == 0 else pd.NaT,
            }
            for i, area in enumerate(["A", "B", "C"])
            for t, month in enumerate(months)
        ]
    )
    frame.loc[5, "score"] = np.nan
    return frame.drop(index=10).reset_index(drop=True)


def test_layout() -> None:
    panel = Panel(table(), **ROLES)
    assert panel.units.tolist() == ["A", "B", "C"]
    assert panel.periods.labels == ("2020-01", "2020-02", "2020-03", "2020-04")
    assert panel.outcome("robbery")[1].tolist() == [10, 11, 12, 13]
    assert repr(panel) == "Panel(3 units × 4 months, 2020-01 to 2020-04, outcomes: robbery, score)"


def test_missing_is_never_zero() -> None:
    panel = Panel(table(), **ROLES)
    assert np.argwhere(np.isnan(panel.outcome("robbery"))).tolist() == [[2, 2]]
    assert np.argwhere(np.isnan(panel.outcome("score"))).tolist() == [[1, 1], [2, 2]]
    assert panel.outcome("robbery")[0, 0] == 0
    assert panel.exposure is not None
    assert np.isnan(panel.exposure[2, 2])


def test_a_month_that_nobody_reports_is_a_column_of_missing_values() -> None:
    frame = table()
    panel = Panel(frame[frame["month"] != "2020-02-01"], **ROLES)
    assert panel.n_periods == 4
    assert np.isnan(panel.outcome("robbery")[:, 1]).all()


def nullable(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.convert_dtypes()


def arrow_backed(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.convert_dtypes(dtype_backend="pyarrow")


def categorical(frame: pd.DataFrame) -> pd.DataFrame:
    # The order of the categories is not that of the alphabet, and one of them is not used.
    areas = pd.Categorical(frame["area"], categories=["C", "Z", "A", "B"])
    return frame.assign(area=areas, district=frame["district"].astype("category"))


def with_objects(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(
        robbery=[Decimal(int(value)) for value in frame["robbery"]],
        score=[None if pd.isna(value) else float(value) for value in frame["score"]],
    ).astype({"robbery": object, "score": object, "residents": object})


FRAMES = {
    "nullable": nullable,
    "arrow_backed": arrow_backed,
    "categorical": categorical,
    "objects": with_objects,
    "dates": lambda frame: frame.assign(month=frame["month"].dt.date),
    "texts": lambda frame: frame.assign(month=frame["month"].dt.strftime("%Y-%m")),
    "month_ends": lambda frame: frame.assign(month=frame["month"] + pd.offsets.MonthEnd(0)),
    "pandas_periods": lambda frame: frame.assign(month=frame["month"].dt.to_period("M")),
    "time_zone": lambda frame: frame.assign(month=frame["month"].dt.tz_localize("America/Chicago")),
    "float32": lambda frame: frame.astype({"robbery": "float32", "weight": "int8"}),
    "own_index": lambda frame: frame.set_axis([f"row {i}" for i in range(len(frame))]),
    "polars": pl.from_pandas,
    "polars_lazy": lambda frame: pl.from_pandas(frame).lazy(),
    "polars_categories": lambda frame: pl.from_pandas(frame).with_columns(
        pl.col("area").cast(pl.Categorical)
    ),
    "polars_dates": lambda frame: pl.from_pandas(frame).with_columns(pl.col("month").cast(pl.Date)),
    "arrow": pa.Table.from_pandas,
    "arrow_decimals": lambda frame: pa.Table.from_pandas(frame).set_column(
        2, "robbery", pa.array([Decimal(int(v)) for v in frame["robbery"]], type=pa.decimal128(38, 0))
    ),
}


@pytest.mark.parametrize("kind", FRAMES)
def test_every_kind_of_frame_gives_the_same_panel(kind: str) -> None:
    plain, other = Panel(table(), **ROLES), Panel(FRAMES[kind](table()), **ROLES)
    assert other.fingerprint == plain.fingerprint
    assert other.by_unit("district").tolist() == ["north", "north", "south"]
    assert [value is None for value in other.by_unit("start")] == [False, True, True]


def test_rows_and_columns_may_come_in_any_order() -> None:
    frame = table()
    shuffled = frame.sample(frac=1, random_state=3)[list(frame.columns[::-1])]
    assert Panel(shuffled, **ROLES).fingerprint == Panel(frame, **ROLES).fingerprint


@pytest.mark.parametrize("column", ["robbery", "score", "residents", "poverty"])
def test_fingerprint_sees_every_number(column: str) -> None:
    frame = table().astype({column: float})
    frame.loc[0, column] += 1e-9
    assert Panel(frame, **ROLES).fingerprint != Panel(table(), **ROLES).fingerprint


def test_fingerprint_sees_labels_and_roles() -> None:
    one = table()
    assert Panel(one.replace({"area": {"A": "A2"}}), **ROLES).fingerprint != Panel(one, **ROLES).fingerprint
    # An outcome that is called like a role is not that role.
    renamed = one.rename(columns={"robbery": "exposure"})
    panel = Panel(renamed, **{**ROLES, "outcomes": ["exposure", "score"]})
    assert panel.fingerprint != Panel(one, **ROLES).fingerprint


def test_minus_zero_is_zero() -> None:
    frame = table().astype({"robbery": float})
    other = frame.replace({"robbery": {0.0: -0.0}})
    assert Panel(other, **ROLES).fingerprint == Panel(frame, **ROLES).fingerprint


def test_the_frame_is_not_changed_and_later_changes_do_not_reach_the_panel() -> None:
    frame = table()
    before = frame.copy(deep=True)
    panel = Panel(frame, **ROLES)
    pd.testing.assert_frame_equal(frame, before)
    fingerprint = panel.fingerprint
    for column in ("robbery", "score", "residents"):
        frame[column] = -1
    frame.loc[:, "district"] = "east"
    frame["start"] = pd.NaT
    assert panel.outcome("robbery")[0, 1] == 1
    assert panel.by_unit("district").tolist() == ["north", "north", "south"]
    assert panel.by_unit("start")[0] == pd.Timestamp("2020-03-01")
    # A copy computes its fingerprint anew from the arrays.
    assert panel.select(np.ones(3, dtype=bool)).fingerprint == fingerprint


SHARED = int(pd.__version__.split(".")[0]) >= 3  # pandas copies on write


def write_cells(frame: pd.DataFrame) -> None:
    frame.loc[:, "score"] = -1.0
    frame.iloc[0, frame.columns.get_loc("poverty")] = 99.0
    frame.loc[frame["district"] == "north", "start"] = 9


def write_columns(frame: pd.DataFrame) -> None:
    for column in ("score", "poverty", "start", "district"):
        frame[column] = frame[column].iloc[::-1].to_numpy()


def write_in_place(frame: pd.DataFrame) -> None:
    frame["start"] += 1
    frame["score"] *= -1.0
    frame[["poverty"]] -= 0.5
    frame.update(pd.DataFrame({"score": [99.0]}))


def write_series(frame: pd.DataFrame) -> None:
    score, poverty = frame["score"], frame["poverty"]
    score += 1.0
    poverty *= -1.0


def write_arrays(frame: pd.DataFrame) -> None:
    # pandas 3 hands out its numbers read-only; what it lets be written must not reach the panel either.
    for column in ("score", "poverty", "start", "level", "kind"):
        values = frame[column].values  # noqa: PD011
        if not isinstance(values, np.ndarray) or values.flags.writeable:
            values[0] = values[-1]


@pytest.mark.parametrize("write", [write_cells, write_columns, write_in_place, write_series, write_arrays])
@pytest.mark.parametrize("order", [False, True], ids=["in_order", "shuffled"])
def test_nothing_done_to_the_frame_reaches_the_panel(write: Any, order: bool) -> None:
    def made() -> pd.DataFrame:
        frame = pd.DataFrame(
            {
                "area": np.repeat(["A", "B", "C"], 4),
                "month": np.tile([1, 2, 3, 4], 3),
                "score": np.arange(12.0),
                "poverty": np.arange(12.0) / 7,
                "start": np.repeat([3, 0, 0], 4),
                "level": pd.array(np.repeat([1, 2, 3], 4), dtype="Int64"),
                "kind": pd.Categorical(np.repeat(["x", "x", "y"], 4)),
                "district": np.repeat(["north", "north", "south"], 4),
            }
        )
        return frame.sample(frac=1, random_state=2) if order else frame

    def panel_of(frame: pd.DataFrame) -> Panel:
        return Panel(frame, unit="area", period="month", outcomes=["score"], covariates=["poverty"])

    frame = made()
    panel, expected = panel_of(frame), panel_of(made())
    write(frame)
    assert panel.fingerprint == expected.fingerprint
    for column in ("start", "level", "kind", "district"):
        assert panel.by_unit(column).tolist() == expected.by_unit(column).tolist()


def test_a_polars_frame_that_is_changed_does_not_reach_the_panel() -> None:
    frame = pl.DataFrame({"area": ["A", "A", "B", "B"], "year": [1, 2, 1, 2], "score": [1.0, 2.0, 3.0, 4.0]})
    panel = Panel(frame, unit="area", period="year", outcomes=["score"])
    frame[0, "score"] = 99.0
    assert panel.outcome("score").tolist() == [[1, 2], [3, 4]]


@pytest.mark.skipif(not SHARED, reason="earlier versions of pandas share no columns safely")
def test_rows_in_order_are_not_copied() -> None:
    frame = pd.DataFrame({"area": [1, 1, 2, 2], "year": [1, 2, 1, 2], "score": [1.0, 2.0, 3.0, 4.0]})
    panel = Panel(frame, unit="area", period="year", outcomes=["score"])
    assert np.shares_memory(panel.outcome("score"), frame["score"].to_numpy())


LABELS: dict[str, Any] = {
    "numbers": lambda codes: codes,
    "small_numbers": lambda codes: codes.astype("int8"),
    "far_apart": lambda codes: codes * 10**12 - 5,
    "floats": lambda codes: codes / 4,
    "texts": lambda codes: np.array([f"area {code}" for code in codes], dtype=object),
    "strings": lambda codes: pd.array([f"area {code}" for code in codes], dtype="string"),
    "categories": lambda codes: pd.Categorical(codes, categories=[7, 3, 0, 1, 2, 4, 5, 6]),
    "dates": lambda codes: pd.Timestamp("2020-01-01") + pd.to_timedelta(codes, unit="D"),
}
ORDERS: dict[str, Any] = {
    "in_order": lambda frame: frame,
    "shuffled": lambda frame: frame.sample(frac=1, random_state=4),
    "by_period": lambda frame: frame.sort_values(["year", "area"]),
    "units_backwards": lambda frame: frame.sort_values(["area", "year"], ascending=[False, True]),
    "periods_backwards": lambda frame: frame.sort_values(["area", "year"], ascending=[True, False]),
    "a_row_missing": lambda frame: frame.drop(index=4),
    "a_unit_short": lambda frame: frame.drop(index=[20, 21, 22, 23]),
    "a_year_missing": lambda frame: frame[frame["year"] != 2013],
    "last_year_of_one": lambda frame: frame[(frame["year"] > 2012) | (frame["area"] == frame["area"].max())],
}


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("labels", LABELS)
def test_grids_are_those_of_a_pivot_table_whatever_the_order_of_rows(labels: str, order: str) -> None:
    codes = np.repeat(np.arange(6), 4)
    frame = pd.DataFrame({"area": codes, "year": np.tile([2011, 2012, 2013, 2014], 6)})
    frame["score"] = np.random.default_rng(5).normal(size=24)
    frame["group"] = np.where(codes < 3, 1.5, np.nan)
    frame = ORDERS[order](frame)
    expected = frame.set_index(["area", "year"])["score"].unstack()  # noqa: PD010
    expected = expected.reindex(columns=range(int(frame["year"].min()), int(frame["year"].max()) + 1))
    named = frame.assign(area=LABELS[labels](frame["area"].to_numpy()))
    panel = Panel(named, unit="area", period="year", outcomes=["score"])
    assert np.array_equal(panel.outcome("score"), expected.to_numpy(), equal_nan=True)
    assert panel.by_unit("group").tolist() == [1.5 if code < 3 else None for code in expected.index]
    wanted = pd.Index(LABELS[labels](expected.index.to_numpy()))
    assert panel.units.tolist() == wanted.tolist()
    some = panel.select(np.arange(panel.n_units) % 2 == 1)
    assert some.by_unit("group").tolist() == panel.by_unit("group").tolist()[1::2]


def test_what_varies_in_units_that_were_left_out_does_not_matter() -> None:
    frame = table()
    frame.loc[1, "district"] = "west"
    panel = Panel(frame, **ROLES).select(np.array([False, True, True]))
    assert panel.by_unit("district").tolist() == ["north", "south"]
    with pytest.raises(DesignError, match=r"varies within 2 of 2 units \('B', 'C'; the first has '2020-01"):
        Panel(frame.assign(when=frame["month"]), **ROLES).select(np.array([False, True, True])).by_unit(
            "when"
        )


def test_an_empty_period_of_every_unit_is_counted_in_all_rows() -> None:
    frame = pd.DataFrame({"area": ["A", "A", "B", "B"], "when": ["2020", None] * 2, "score": 1.0})
    with pytest.raises(DataError, match=r"column 'when' is empty in 2 rows \(first: row 2\)"):
        Panel(frame, unit="area", period="when", outcomes=["score"])


def test_frozen_and_read_only() -> None:
    panel = Panel(table(), **ROLES)
    with pytest.raises(dataclasses.FrozenInstanceError):
        panel.unit = "other"  # type: ignore[misc]
    some = panel.select(np.array([True, False, True]))
    for each in (panel, some, some.first_periods(2), some.without(np.zeros((2, 4), dtype=bool))):
        with pytest.raises(ValueError, match="read-only"):
            each.outcome("robbery")[0, 0] = 99
        with pytest.raises(ValueError, match="read-only"):
            each.units[0] = "Z"
    with pytest.raises(TypeError):
        panel.outcomes["robbery"] = np.zeros((3, 4))  # type: ignore[index]


def test_other_weights_leave_the_first_panel_as_it_was() -> None:
    panel = Panel(table(), **ROLES)
    other = panel.weighing(np.array([3.0, 2.0, 1.0]))
    assert other.weights is not None
    assert panel.weights is not None
    assert other.weights.tolist() == [[3.0] * 4, [2.0] * 4, [1.0] * 4]
    assert panel.weights[:, 0].tolist() == [1, 2, 3]
    with pytest.raises(ValueError, match="read-only"):
        other.weights[0, 0] = 9


def test_an_axis_that_leaves_time_out_is_not_counted_in_months() -> None:
    frame = table().assign(month=[f"{2015 + t}-07-01" for t in [*range(4), *range(4), 0, 1, 3]])
    assert repr(Panel(frame, **ROLES)).startswith("Panel(3 units × 4 periods, 2015-07 to 2018-07")


def test_select_and_first_periods() -> None:
    panel = Panel(table(), **ROLES).select(np.array([True, False, True])).first_periods(2)
    assert (panel.units.tolist(), panel.periods.labels) == (["A", "C"], ("2020-01", "2020-02"))
    assert panel.outcome("robbery").tolist() == [[0, 1], [20, 21]]
    assert panel.by_unit("district").tolist() == ["north", "south"]
    assert panel.exposure is not None
    assert panel.weights is not None
    assert panel.exposure.tolist() == [[1000, 1000], [1002, 1002]]
    assert panel.weights.tolist() == [[1, 1], [3, 3]]
    assert panel.covariates["poverty"].shape == (2, 2)


def test_without_hides_all_outcomes_and_nothing_else() -> None:
    hidden = np.zeros((3, 4), dtype=bool)
    hidden[0, 3] = True
    panel = Panel(table(), **ROLES).without(hidden)
    assert np.isnan(panel.outcome("robbery")[0, 3])
    assert np.isnan(panel.outcome("score")[0, 3])
    assert panel.exposure is not None
    assert panel.exposure[0, 3] == 1000


def test_labels_of_several_types_and_numbers() -> None:
    frame = table()
    mixed = frame.assign(area=frame["area"].map({"A": 7, "B": "seven", "C": 7.5}))
    assert Panel(mixed, **ROLES).units.tolist() == [7, 7.5, "seven"]
    numbers = frame.assign(area=frame["area"].map({"A": 10, "B": 9, "C": 100}))
    assert Panel(numbers, **ROLES).units.tolist() == [9, 10, 100]


def test_column_names_may_be_numbers_in_the_frame() -> None:
    frame = table().rename(columns={"robbery": 2020})
    panel = Panel(frame, unit="area", period="month", outcomes=["2020"])
    assert panel.outcome("2020")[0].tolist() == [0, 1, 2, 3]
    with pytest.raises(DataError, match="2020 is not the name of a column"):
        Panel(frame, unit="area", period="month", outcomes=[2020])  # type: ignore[list-item]


def test_by_unit_finds_what_varies() -> None:
    frame = table()
    frame.loc[1, "district"] = "west"
    panel = Panel(frame, **ROLES)
    with pytest.raises(DesignError, match=r"'district' varies within 1 of 3 units \('A'; the first has"):
        panel.by_unit("district")
    with pytest.raises(DesignError, match=r"no column 'distrct' in the table; did you mean 'district'\?"):
        panel.by_unit("distrct")


def test_by_unit_half_empty_is_varying() -> None:
    frame = table().astype({"district": object})
    frame.loc[1, "district"] = None
    with pytest.raises(DesignError, match="'district' varies within 1 of 3 units"):
        Panel(frame, **ROLES).by_unit("district")


def changed(**columns: object) -> pd.DataFrame:
    """The table with the first value of some columns changed."""
    frame = table().astype(dict.fromkeys(columns, object))
    for column, value in columns.items():
        frame.loc[0, column] = value
    return frame


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (changed(robbery="3 "), r"'robbery' must hold numbers, but holds '3 ' as text \(first in row 1\)"),
        (changed(robbery="1,204"), r"'robbery' must hold numbers, but holds '1,204' as text"),
        (
            table().assign(robbery="12"),
            r"'robbery' must hold numbers, but holds '12' as text \(first in row 1\)",
        ),
        (changed(robbery=[1]), r"'robbery' must hold numbers, but holds '\[1\]' \(first in row 1\)"),
        (changed(score=np.inf), r"column 'score' is infinite in row 1"),
        (changed(residents=0), r"'residents' must be above 0, but is not in 1 unit-periods \('A 2020-01'\)"),
        (
            table().assign(residents=-5),
            r"'residents' must be above 0, but is not in 11 unit-periods "
            r"\('A 2020-01', 'A 2020-02', 'A 2020-03' and 8 more\)",
        ),
        (changed(weight=-0.1), r"'weight' must be 0 or more, but is not in 1 unit-periods \('A 2020-01'\)"),
        (table().assign(poverty=np.nan), r"column 'poverty' has no value\n  hint: leave it out"),
        (table().assign(area=[1] * 4 + ["1"] * 7), r"'area' writes units '1' in several types"),
        (changed(area=None), r"column 'area' is empty in 1 rows \(rows '1'\)"),
        (changed(month=None), r"column 'month' is empty in 1 rows \(first: row 1\)"),
        (table().iloc[:0], r"the table has no rows"),
        (table().drop(columns="robbery"), r"no column 'robbery' \(columns: 'area', 'month'"),
        (table().rename(columns={"robbery": "robery"}), r"no column 'robbery'; did you mean 'robery'\?"),
        (table().set_index("area"), r"'area' is in the frame's index\n.*reset_index"),
        (table().set_index(["area", "month"]), r"'area' is in the frame's index"),
        (
            pd.concat([table(), table().iloc[[0, 3]]]),
            r"same unit and period stands in more than one row: 'A 2020-01', 'A 2020-04'",
        ),
        (pd.concat([table(), table()["robbery"]], axis=1), r"several columns called 'robbery'"),
        (table().assign(month=202001), r"year and month written as one number"),
        ({"area": ["A"]}, r"a dict is not a table"),
        (table()["robbery"], r"a Series is not a table"),
        (None, r"a NoneType is not a table"),
        ("evaluation.csv", r"a str is not a table"),
    ],
)
def test_what_cannot_be_used_is_named(frame: object, message: str) -> None:
    with pytest.raises(DataError, match=message):
        Panel(frame, **ROLES)


def test_hint_of_duplicates_says_what_to_do() -> None:
    with pytest.raises(DataError, match="one row per incident is for count_incidents"):
        Panel(pd.concat([table(), table()]), **ROLES)


@pytest.mark.parametrize(
    ("roles", "message"),
    [
        ({"outcomes": "robbery"}, "outcomes='robbery': expected a list of column names"),
        ({"outcomes": []}, "outcomes is empty"),
        ({"covariates": "poverty"}, "covariates='poverty': expected a list"),
        ({"outcomes": ["robbery", "robbery"]}, "must be different columns"),
        ({"period": "area"}, "must be different columns"),
        ({"unit": 3}, "3 is not the name of a column"),
    ],
)
def test_wrong_roles(roles: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError, match=message):
        Panel(table(), **{**ROLES, **roles})


def test_unknown_option_is_refused() -> None:
    with pytest.raises(TypeError, match="unexpected keyword"):
        Panel(table(), **ROLES, population="residents")


def test_unknown_outcome() -> None:
    with pytest.raises(DesignError, match=r"no outcome 'theft' in this panel: it has 'robbery', 'score'"):
        Panel(table(), **ROLES).outcome("theft")


# Anything at all may stand in a table. Whatever it is, the answer is a panel or an error of ours.

ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=8),
    st.dates(),
    st.datetimes(),
    st.sampled_from(
        [pd.NaT, pd.NA, np.nan, np.inf, b"x", 1 + 2j, Decimal("1.5"), Decimal("NaN"), (1,), [1], {}]
    ),
    st.sampled_from([pd.Period("2020-01", "M"), pd.Timestamp("2020-01-01", tz="UTC"), pd.Timedelta(days=1)]),
    st.sampled_from(
        ["2020", "2020-01", "2020-Q1", "0000-00", "9999-12-31", "never", "", " 3", "1e5", "99999999"]
    ),
    st.sampled_from([dt.date(1, 1, 1), dt.date(9999, 12, 31), np.int8(3), np.uint64(2**63)]),
)
ROWS = st.integers(min_value=0, max_value=6)


@st.composite
def frames(draw: st.DrawFn, columns: tuple[str, ...]) -> pd.DataFrame:
    """A frame of a few rows whose columns hold odd things."""
    rows = draw(ROWS)
    data = {}
    for column in columns:
        if draw(st.booleans()):
            values = draw(st.lists(st.integers(0, 3), min_size=rows, max_size=rows))
        else:
            values = draw(st.lists(ODD, min_size=rows, max_size=rows))
        data[column] = pd.Series(values, dtype=draw(st.sampled_from([None, object])))
    return pd.DataFrame(data)


@settings(max_examples=200, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(frame=frames(("u", "t", "y", "x")), freq=st.sampled_from([None, "month", "year", "integer"]))
def test_any_table_gives_a_panel_or_an_error_of_ours(frame: pd.DataFrame, freq: Any) -> None:
    try:
        panel = Panel(frame, unit="u", period="t", outcomes=["y"], exposure="x", freq=freq)
    except PreventEvalError:
        return
    assert panel.outcome("y").shape == (panel.n_units, panel.n_periods)
    assert len(panel.fingerprint) == 64
