"""CSV files as they come out of offices, and frames of every make."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from preventeval.errors import DataError, PreventEvalError
from preventeval.intake import IncidentCounts, count_incidents

TEXT = "área,date,note\nSão João,2020-01-05,a\nSão João,2020-01-06,b\nNörd,2020-02-01,c\n"


def count(source: object, **options: object) -> IncidentCounts:
    settings_: dict = {"unit": "área", "when": "date", "freq": "month"} | options
    return count_incidents(source, **settings_)


def written(folder: Path, content: bytes) -> Path:
    path = folder / "incidents.csv"
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252", "latin-1"])
@pytest.mark.parametrize(("separator", "name"), [(",", "commas"), (";", "semicolons"), ("\t", "tabs")])
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_encodings_separators_and_line_ends(
    tmp_path: Path, encoding: str, separator: str, name: str, newline: str
) -> None:
    text = TEXT.replace(",", separator).replace("\n", newline)
    counts = count(written(tmp_path, text.encode(encoding)), recorded=("2020-01", "2020-02"))
    assert counts.frame["área"].tolist() == ["Nörd", "Nörd", "São João", "São João"]
    assert counts.frame["incidents"].tolist() == [0, 1, 2, 0]
    read = counts.statement.note("file_read")
    assert read is not None
    assert f"columns separated by {name}" in read.sentence
    assumed = counts.statement.note("encoding_assumed")
    assert (assumed is None) == encoding.startswith("utf")


def test_bytes_that_windows_1252_does_not_know_are_read_as_latin_1(tmp_path: Path) -> None:
    counts = count(written(tmp_path, TEXT.encode("latin-1").replace(b"S\xe3o", b"S\x81o")))
    assumed = counts.statement.note("encoding_assumed")
    assert assumed is not None
    assert "Latin-1" in assumed.sentence


def test_rows_are_numbered_as_in_the_file(tmp_path: Path) -> None:
    text = TEXT + "\n" + "Nörd,never,d\n" + '"Nörd, East",2020-02-02,"two\nlines"\n' + "Nörd\n\n\n"
    counts = count(written(tmp_path, text.encode()))
    assert counts.statement.rows_read == 7
    unreadable, empty = counts.statement.note("date_unreadable"), counts.statement.note("date_empty")
    assert unreadable is not None
    assert empty is not None
    assert unreadable.example_rows == (6,)
    # Row 5 is blank in the middle of the file, row 8 ends before its date.
    assert empty.example_rows == (5, 8)
    assert "Nörd, East" in set(counts.frame["área"])


def test_leading_zeros_of_units_are_kept(tmp_path: Path) -> None:
    units = tmp_path / "units.csv"
    units.write_text(
        "área;district;residents;programme_start\n007;01;1200;2020-02\n12;02;;\n", encoding="utf-8"
    )
    path = written(tmp_path, "área,date\n007,2020-01-05\n".encode())
    counts = count(path, units=units, recorded=("2020-01", "2020-01"))
    assert counts.frame["área"].tolist() == ["007", "12"]
    assert counts.frame["district"].tolist() == ["01", "02"]
    np.testing.assert_array_equal(counts.frame["residents"], [1200, np.nan])
    assert counts.frame["programme_start"].tolist()[0] == "2020-02"
    assert counts.frame["programme_start"].isna().tolist() == [False, True]


def test_na_is_a_name(tmp_path: Path) -> None:
    counts = count(written(tmp_path, "área,date\nNA,2020-01-05\n".encode()))
    assert counts.frame["área"].tolist() == ["NA"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "incidents.csv is empty"),
        (b"\xef\xbb\xbf", "incidents.csv: the first row is empty|incidents.csv is empty"),
        (b" \n\n", "incidents.csv is empty"),
        (b"\nx,date\n", "the first row is empty where column names are expected"),
        ("área,date\n".encode(), "incidents.csv has column names .'área', 'date'. but no rows below them"),
        (b"area,date\nA,2020-01-01\n", "incidents.csv has no column 'área'; did you mean 'area'"),
        (b"zone,date\nA,2020-01-01\n", "no column 'área'\n  hint: its columns are 'zone', 'date'"),
        ("área,date,date\nA,2020-01-01,x\n".encode(), "2 columns called 'date'"),
        (
            "área,date\nA,2020-01-01\nA,B,2020-01-01\n".encode(),
            r"1 rows have more fields than the 2 .*rows '3'",
        ),
        ('área,date\nA,"2020-01-01\n'.encode(), "cannot be read as a table"),
        (b"PK\x03\x04rest", "is not a text file\n  hint: if it is a workbook"),
        (b"a\0b", "is not a text file"),
    ],
)
def test_files_that_cannot_be_used(tmp_path: Path, content: bytes, message: str) -> None:
    with pytest.raises(DataError, match=message):
        count(written(tmp_path, content))


def test_paths_that_are_no_files(tmp_path: Path) -> None:
    for path in (tmp_path / "missing.csv", tmp_path, "a\0b"):
        with pytest.raises(DataError, match="cannot read"):
            count(path)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (None, "a NoneType was given where the table of incidents is expected"),
        ([1, 2], "a list was given where the table of incidents is expected"),
        (
            {"área": ["A"], "date": ["2020-01-01"]},
            "a dict was given where the table of incidents is expected",
        ),
        (pd.DataFrame({"área": [], "date": []}), "the table of incidents has no rows"),
        (pd.DataFrame({"area": ["A"], "date": ["2020-01-01"]}), "no column 'área'; did you mean 'area'"),
        (
            pd.DataFrame([["A", "B", "2020-01-01"]], columns=["área", "área", "date"]),
            "2 columns called 'área'",
        ),
        (pd.DataFrame({"área": [["A"]], "date": ["2020-01-01"]}), "column 'área' holds lists"),
        (pd.DataFrame({"área": ["A"], "date": [["2020"]]}), "column 'date' holds lists"),
    ],
)
def test_frames_that_cannot_be_used(source: object, message: str) -> None:
    with pytest.raises(DataError, match=message):
        count(source)


def test_an_index_of_any_kind_does_not_matter() -> None:
    frame = pd.DataFrame({"área": ["A", "B"], "date": ["2020-01-01", "x"]}, index=["z", "z"])
    note = count(frame).statement.note("date_unreadable")
    assert note is not None
    assert note.example_rows == (2,)


def test_categories_are_read_as_their_names() -> None:
    frame = pd.DataFrame({"área": ["A", "B", None], "date": ["2020-01-01"] * 3}).astype("category")
    counts = count(frame, recorded=("2020-01", "2020-01"))
    assert counts.frame["incidents"].tolist() == [1, 1]
    assert counts.statement.rows_lost == 1


# ------------------------------------------------------------------ whatever comes in

cells = st.one_of(
    st.text(alphabet='abAB01-/ :,;"\n\té\0', max_size=12),
    st.dates().map(str),
    st.sampled_from(
        ["2020-01-05", "2020-02-30", "03/04/2020", "2020", "2020-Q1", "A", "B", "", "9999-12-31"]
    ),
)
objects = st.one_of(
    cells,
    st.none(),
    st.integers(),
    st.floats(),
    st.booleans(),
    st.dates(),
    st.datetimes(),
    st.lists(st.integers(), max_size=1),
)
windows = st.one_of(
    st.none(), st.tuples(cells, cells), st.sampled_from([("2020-01", "2020-12"), ("2019", "2021")])
)
frequencies = st.sampled_from(["year", "quarter", "month", "week", "day"])
formats = st.sampled_from([None, None, "%d/%m/%Y", "%Y", "%Y-%m-%d", "%", "%Y%"])
quick = settings(
    max_examples=100,
    deadline=None,  # the first example pays for imports
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


def counts_or_refuses(source: object, **options: object) -> None:
    """Every input gives counts that add up, or an error of ours."""
    try:
        counts = count_incidents(source, **options)  # type: ignore[arg-type]
    except PreventEvalError:
        return
    statement = counts.statement
    total = counts.frame[list(counts.outcomes)].sum().sum()
    assert total == statement.rows_counted
    assert total + statement.rows_lost == statement.rows_read
    assert counts.summary()


@quick
@given(content=st.binary(max_size=60), freq=frequencies)
def test_any_bytes(tmp_path: Path, content: bytes, freq: str) -> None:
    counts_or_refuses(written(tmp_path, content), unit="a", when="b", freq=freq)
    counts_or_refuses(written(tmp_path, b"a,b\n" + content), unit="a", when="b", freq=freq)


@quick
@given(
    rows=st.lists(st.tuples(cells, cells, cells), min_size=1, max_size=12),
    freq=frequencies,
    recorded=windows,
    by=st.sampled_from([None, "c"]),
    identifier=st.sampled_from([None, "c"]),
    date_format=formats,
    quoted=st.booleans(),
)
def test_any_file(tmp_path: Path, rows: list, freq: str, quoted: bool, **options: object) -> None:
    lines = ["a,b,c"]
    for row in rows:
        lines.append(",".join('"' + cell.replace('"', '""') + '"' if quoted else cell for cell in row))
    path = written(tmp_path, "\n".join(lines).encode())
    counts_or_refuses(path, unit="a", when="b", freq=freq, **options)


@quick
@given(
    columns=st.integers(1, 10).flatmap(
        lambda n: st.tuples(*(st.lists(objects, min_size=n, max_size=n) for _ in range(3)))
    ),
    freq=frequencies,
    recorded=windows,
    units=st.one_of(st.none(), st.lists(objects, max_size=4)),
    by=st.sampled_from([None, "c"]),
    identifier=st.sampled_from([None, "c"]),
    date_format=formats,
)
def test_any_frame(columns: tuple[list, list, list], freq: str, **options: object) -> None:
    frame = pd.DataFrame(
        {name: pd.Series(values, dtype=object) for name, values in zip("abc", columns, strict=True)}
    )
    counts_or_refuses(frame, unit="a", when="b", freq=freq, **options)


def test_a_column_must_be_named() -> None:
    frame = pd.DataFrame({"área": ["A"], "date": ["2020-01-01"]})
    with pytest.raises(DataError, match="None is not a column name"):
        count(frame, unit=None)
