"""Spec files: what is read from them, and what is said of what is wrong."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable
from pathlib import Path

import jsonschema
import numpy as np
import pytest
from pydantic import ValidationError

from preventeval.errors import DataError, DesignError, SpecError
from preventeval.spec import Spec, load_spec, make_design, make_estimator, read_panel, spec_schema
from preventeval.spec.registry import estimator_classes

SPEC = """\
spec_version = 1

[programme]
name = "street lighting"

[data]
file = "monthly.csv"
unit = "area"
period = "month"

[design]
treated_from = "start"

[[outcomes]]
name = "thefts"
role = "primary"

[[outcomes]]
name = "assaults"
role = "secondary"

[estimation]
estimator = "CallawaySantAnna"
also = ["TwoWayFixedEffects"]

[estimation.options.CallawaySantAnna]
base_period = "universal"

[checks]
run = ["pre_trends"]
"""
CSV = """\
area,month,thefts,assaults,start
North,2020-01,9,1,2020-03
North,2020-02,8,2,2020-03
North,2020-03,5,1,2020-03
South,2020-01,7,3,
South,2020-02,7,2,
South,2020-03,8,4,
"""
INTAKE = """\
records = "incidents.csv"
unit = "area"
frequency = "month"
[data.intake]
when = "date"
by = "kind"
units = "areas.csv"
recorded = ["2020-01", "2020-03"]
"""

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write the spec above with some texts replaced, and its data; gives the path of the spec."""

    def written(*changes: tuple[str, str], csv: str | bytes = CSV, **files: str) -> Path:
        text = SPEC
        for old, new in changes:
            assert text.count(old) == 1, f"the spec holds {old!r} {text.count(old)} times"
            text = text.replace(old, new)
        path = tmp_path / "evaluation.toml"
        path.write_text(text, "utf-8")
        (tmp_path / "monthly.csv").write_bytes(csv if isinstance(csv, bytes) else csv.encode())
        for name, content in files.items():
            (tmp_path / f"{name}.csv").write_text(content, "utf-8")
        return path

    return written


def refused(path: Path) -> str:
    with pytest.raises(SpecError) as caught:
        load_spec(path)
    return str(caught.value)


def unreadable(path: Path) -> str:
    spec = load_spec(path)
    with pytest.raises((DataError, SpecError)) as caught:
        read_panel(spec)
    return str(caught.value)


# What a right spec gives -----------------------------------------------------------------------


def test_what_is_left_out_has_its_default(write: Write) -> None:
    spec = load_spec(write())
    assert (spec.design.comparison, spec.design.anticipation, spec.design.cluster) == (
        "not_yet_treated",
        0,
        "",
    )
    assert (spec.estimation.level, spec.estimation.seed) == (0.95, 20130419)
    assert spec.primary.name == "thefts"
    assert [outcome.role for outcome in spec.outcomes] == ["primary", "secondary"]
    assert spec.text == SPEC


def test_checks_that_are_not_named_all_run(write: Write) -> None:
    spec = load_spec(write(('[checks]\nrun = ["pre_trends"]\n', "")))
    assert spec.checks.run == ("pre_trends", "placebo_in_time", "leave_one_out")


def test_a_spec_cannot_be_changed(write: Write) -> None:
    spec = load_spec(write())
    with pytest.raises(ValidationError):
        spec.design.anticipation = 3  # type: ignore[misc]


def test_json_says_the_same_as_toml(write: Write, tmp_path: Path) -> None:
    same = tmp_path / "evaluation.json"
    same.write_text(json.dumps(tomllib.loads(SPEC)), "utf-8")
    from_toml, from_json = (load_spec(path).model_dump(exclude={"path", "text"}) for path in (write(), same))
    assert from_json == from_toml


def test_dates_without_quotes_are_read_like_those_in_quotes(write: Write) -> None:
    intake = INTAKE.replace('["2020-01", "2020-03"]', "[2020-01-01, 2020-03-31]")
    spec = load_spec(write(('file = "monthly.csv"\nunit = "area"\nperiod = "month"\n', intake)))
    assert spec.data.intake is not None
    assert spec.data.intake.recorded == ("2020-01-01", "2020-03-31")


def test_panel_and_design_are_those_of_the_file(write: Write) -> None:
    spec = load_spec(write())
    panel, statement = read_panel(spec)
    design = make_design(spec, panel, spec.primary)
    assert statement is None
    assert repr(panel) == "Panel(2 units × 3 months, 2020-01 to 2020-03, outcomes: thefts, assaults)"
    assert panel.outcome("thefts").tolist() == [[9, 8, 5], [7, 7, 8]]
    assert design.cohort[0] == 2
    assert design.ever_treated.tolist() == [True, False]


@pytest.mark.parametrize("separator", [";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
def test_separators_and_encodings_of_spreadsheets_are_read(
    write: Write, separator: str, encoding: str
) -> None:
    text = CSV.replace(",", separator).replace("North", "Çá-Nord")
    panel, _ = read_panel(load_spec(write(csv=text.encode(encoding))))
    assert panel.units.tolist() == ["South", "Çá-Nord"]


def test_missing_values_as_statistics_packages_write_them_stay_missing(write: Write) -> None:
    panel, _ = read_panel(load_spec(write(csv=CSV.replace(",8,2,", ",NA,n/a,").replace(",7,3,", ",.,,"))))
    assert np.isnan(panel.outcome("thefts")).tolist() == [[False, True, False], [True, False, False]]
    assert np.isnan(panel.outcome("assaults")).tolist() == [[False, True, False], [True, False, False]]


def test_an_absent_month_is_a_gap_and_said(write: Write) -> None:
    lines = [line for line in CSV.splitlines() if line != "North,2020-02,8,2,2020-03"]
    spec = load_spec(write(csv="\n".join(lines)))
    panel, _ = read_panel(spec)
    assert np.isnan(panel.outcome("thefts")).tolist() == [[False, True, False], [False, False, False]]
    notes = [str(note) for note in make_design(spec, panel, spec.primary).notes]
    assert "1 of 6 unit-periods has no value. It stays missing; it is not counted as zero." in notes


def test_numbered_periods_and_starts_are_numbers(write: Write) -> None:
    text = CSV
    for number in (1, 2, 3):
        text = text.replace(f"2020-0{number}", str(number))
    spec = load_spec(write(csv=text))
    panel, _ = read_panel(spec)
    assert panel.periods.freq == "integer"
    assert make_design(spec, panel, spec.primary).cohort[0] == 2


def test_dates_are_read_in_the_format_that_the_spec_gives(write: Write) -> None:
    text = CSV
    for number in (1, 2, 3):
        text = text.replace(f"2020-0{number}", f"01.0{number}.2020")
    spec = load_spec(write(('period = "month"', 'period = "month"\ndate_format = "%d.%m.%Y"'), csv=text))
    panel, _ = read_panel(spec)
    assert panel.periods.labels == ("2020-01", "2020-02", "2020-03")
    assert make_design(spec, panel, spec.primary).cohort[0] == 2


def records_spec(write: Write, start: str = "2020-03") -> Spec:
    dates = ["2020-01-05", "2020-01-07", "2020-03-09", "2020-02-30"]
    records = "\n".join(
        ["date,area,kind", *(f"{date},North,thefts" for date in dates), "2020-01-31,South,assaults"]
    )
    areas = f"area,residents,start\nNorth,100,{start}\nSouth,200,\n"
    change = ('file = "monthly.csv"\nunit = "area"\nperiod = "month"\n', 'exposure = "residents"\n' + INTAKE)
    return load_spec(write(change, incidents=records, areas=areas))


def test_records_are_counted_and_what_is_lost_is_said(write: Write) -> None:
    spec = records_spec(write)
    panel, statement = read_panel(spec)
    assert panel.outcome("thefts").tolist() == [[2, 0, 1], [0, 0, 0]]
    assert panel.outcome("assaults").tolist() == [[0, 0, 0], [1, 0, 0]]
    assert statement is not None
    assert (statement.rows_read, statement.rows_counted, statement.rows_lost) == (5, 4, 1)
    assert make_design(spec, panel, spec.primary).cohort[0] == 2


def test_the_schema_accepts_what_is_right_and_refuses_what_is_wrong() -> None:
    schema = spec_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    content = tomllib.loads(SPEC)
    jsonschema.validate(content, schema)
    for table, key, value in (
        ("estimation", "estimator", "CalawaySantAnna"),
        ("design", "estimater", "x"),
        ("checks", "run", ["pre_trend"]),
    ):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate({**content, table: {**content[table], key: value}}, schema)


def test_every_key_is_described_in_the_schema() -> None:
    schema = spec_schema()
    fields = {
        f"{name}.{key}": field
        for name, model in schema["$defs"].items()
        for key, field in model["properties"].items()
    }
    tables = {name for name, field in schema["properties"].items() if "$ref" in field}
    assert tables == {"programme", "data", "design", "estimation", "checks"}
    assert [name for name, field in fields.items() if "description" not in field] == []


# Estimators ------------------------------------------------------------------------------------


def test_estimators_take_their_options_and_the_seed(write: Write) -> None:
    spec = load_spec(write(('also = ["TwoWayFixedEffects"]', "seed = 7")))
    assert make_estimator("CallawaySantAnna", {"base_period": "universal"}, spec).base_period == "universal"  # type: ignore[attr-defined]
    assert make_estimator("HierarchicalCounts", {}, spec).seed == 7  # type: ignore[attr-defined]
    assert make_estimator("HierarchicalCounts", {"seed": 3}, spec).seed == 3  # type: ignore[attr-defined]


#: Options of every method, as TOML writes them.
OPTIONS = {
    "CallawaySantAnna": 'method = "regression"\nbase_period = "universal"\nsample = "all_rows"',
    "HierarchicalCounts": "draws = 500",
    "ImputationDiD": 'leads = 4\ntreated_residuals = "event_time"\nleave_out = false',
    "LinearDiD": 'levels = "cohort"\ncovariates = "by_period"\nleads = true',
    "PoissonDiD": 'season_effects = true\nregions = "district"\nlikelihood = "negative_binomial"',
    "SunAbraham": 'likelihood = "poisson"\nvcov = "two_way"\nsmall_sample = "none"',
    "TwoWayFixedEffects": "event_study = true\nreference = [-1, -3]\nwindow = [-8, 8]",
}


def test_every_method_takes_its_options_from_toml(write: Write) -> None:
    assert sorted(OPTIONS) == sorted(estimator_classes())
    for name, options in OPTIONS.items():
        methods = f'estimator = "{name}"\n\n[estimation.options.{name}]\n{options}\n'
        rest = SPEC[SPEC.index('estimator = "Call') : SPEC.index("[checks]")]
        spec = load_spec(write((rest, methods)))
        made = make_estimator(name, spec.estimation.options[name], spec)
        for option, value in tomllib.loads(options).items():
            assert getattr(made, option) == (tuple(value) if isinstance(value, list) else value)


def test_subgroups_reach_the_design(write: Write) -> None:
    data = CSV.replace("start\n", "start,kind\n").replace("2020-03\n", "2020-03,hill\n", 3)
    data = data.replace(",\n", ",,hill\n")
    spec = load_spec(
        write(('treated_from = "start"', 'treated_from = "start"\nsubgroups = ["kind"]'), csv=data)
    )
    panel, _ = read_panel(spec)
    design = make_design(spec, panel, spec.primary)
    assert design.subgroups == ("kind",)
    assert list(design.split("kind")) == ["hill"]


def test_incidents_that_are_shared_out_are_said_to_be(write: Write) -> None:
    shared = CSV.replace("2020-01,9,", "2020-01,9.5,")
    whole = ('name = "thefts"\nrole = "primary"', 'name = "thefts"\nrole = "primary"\nmeasure = "count"')
    spec = load_spec(write(whole, csv=shared))
    panel, _ = read_panel(spec)
    with pytest.raises(DesignError, match='counts = "thefts"'):
        make_design(spec, panel, spec.primary)
    spec = load_spec(write((whole[0], f'{whole[1]}\ncounts = "thefts"'), csv=shared))
    design = make_design(spec, read_panel(spec)[0], spec.primary)
    assert design.incidents is not None
    assert design.incidents[0, 0] == 9.5


def test_an_unknown_estimator_or_option_is_refused() -> None:
    with pytest.raises(
        SpecError, match=r"^unknown estimator 'TwoWayFixedEffect'; did you mean 'TwoWayFixedEffects'\?$"
    ):
        make_estimator("TwoWayFixedEffect")
    message = r"^CallawaySantAnna\.methode: unknown key; did you mean 'method'\?$"
    with pytest.raises(SpecError, match=message):
        make_estimator("CallawaySantAnna", {"methode": "regression"})


# What is said of a wrong spec ------------------------------------------------------------------

#: Changes to the spec, and what is said, each line without the name of the file.
WRONG = {
    "unknown key": (
        [('treated_from = "start"', 'treated_from = "start"\ntreated_form = "x"')],
        "13: design.treated_form: unknown key; did you mean 'treated_from'?",
    ),
    "key of another table": (
        [('treated_from = "start"', 'treated_from = "start"\nestimater = "x"')],
        "13: design.estimater: unknown key; did you mean 'estimator'? It belongs in [estimation]",
    ),
    "key without likeness": (
        [('run = ["pre_trends"]', "zzz = 1")],
        "30: checks.zzz: unknown key; expected one of: run",
    ),
    "missing key": (
        [('treated_from = "start"', "anticipation = 0")],
        "11: design.treated_from: missing: column with the first period in which each unit was "
        "in the programme; empty for units that never were",
    ),
    "missing table": (
        [('[programme]\nname = "street lighting"\n', "")],
        " programme: missing: expected a table [programme]",
    ),
    "missing list of tables": (
        [
            ('[[outcomes]]\nname = "thefts"\nrole = "primary"\n', ""),
            ('[[outcomes]]\nname = "assaults"\nrole = "secondary"\n', ""),
        ],
        " outcomes: missing: expected a table [[outcomes]]",
    ),
    "text for a number": (
        [('also = ["TwoWayFixedEffects"]', 'level = "high"')],
        "24: estimation.level: expected a number, found 'high'",
    ),
    "number for a text": (
        [('unit = "area"', "unit = 3")],
        "8: data.unit: expected a text in quotes, found 3",
    ),
    "text for a list": (
        [('run = ["pre_trends"]', 'run = "pre_trends"')],
        "30: checks.run: expected a list in square brackets, found 'pre_trends'",
    ),
    "value for a table": (
        [('\n[checks]\nrun = ["pre_trends"]\n', ""), ("spec_version = 1", "spec_version = 1\nchecks = true")],
        "2: checks: expected a table, found true",
    ),
    "percentage for a share": (
        [('also = ["TwoWayFixedEffects"]', "level = 95")],
        "24: estimation.level: expected a number below 1, found 95",
    ),
    "fraction for a whole number": (
        [('treated_from = "start"', 'treated_from = "start"\nanticipation = 0.5')],
        "13: design.anticipation: expected a whole number, found 0.5",
    ),
    "unknown comparison": (
        [('treated_from = "start"', 'treated_from = "start"\ncomparison = "never"')],
        "13: design.comparison: expected 'never_treated', 'not_yet_treated' or 'last_treated', found 'never'",
    ),
    "subgroup that stands twice": (
        [('treated_from = "start"', 'treated_from = "start"\nsubgroups = ["kind", "kind"]')],
        "13: design.subgroups: 'kind' stands twice: name each column once",
    ),
    "too short a list for an option": (
        [
            (
                'base_period = "universal"\n',
                'base_period = "universal"\n[estimation.options.TwoWayFixedEffects]\nwindow = [6]\n',
            )
        ],
        "29: estimation.options.TwoWayFixedEffects.window: expected a longer list, found a list of 1",
    ),
    "number for a list in an option": (
        [
            (
                'base_period = "universal"\n',
                'base_period = "universal"\n[estimation.options.TwoWayFixedEffects]\nreference = -1\n',
            )
        ],
        "29: estimation.options.TwoWayFixedEffects.reference: expected a list in square brackets, found -1",
    ),
    "options that do not go together": (
        [
            (
                'base_period = "universal"\n',
                'base_period = "universal"\n[estimation.options.TwoWayFixedEffects]\nwindow = [-6, 6]\n',
            )
        ],
        "28: estimation.options.TwoWayFixedEffects: TwoWayFixedEffects: window= goes with event_study=True",
    ),
    "unknown estimator": (
        [('estimator = "CallawaySantAnna"', 'estimator = "callaway_santanna"')],
        "23: estimation.estimator: unknown estimator 'callaway_santanna'; "
        "did you mean 'CallawaySantAnna'?\n"
        "26: estimation.options.CallawaySantAnna: options of a method that neither 'estimator' "
        "nor 'also' names",
    ),
    "unknown check": (
        [('run = ["pre_trends"]', 'run = ["pre_trends", "placebo_in_tim"]')],
        "30: checks.run[2]: unknown check 'placebo_in_tim'; did you mean 'placebo_in_time'?",
    ),
    "unknown option": (
        [('base_period = "universal"', 'base = "universal"')],
        "27: estimation.options.CallawaySantAnna.base: unknown key; did you mean 'base_period'?",
    ),
    "wrong value of an option": (
        [('base_period = "universal"', "base_period = 3")],
        "27: estimation.options.CallawaySantAnna.base_period: expected 'varying' or 'universal', found 3",
    ),
    "two primary outcomes": (
        [('role = "secondary"', 'role = "primary"')],
        "14: outcomes: 'thefts' and 'assaults' are primary: keep one, and say "
        'role = "secondary" for the others',
    ),
    "no primary outcome": (
        [('role = "primary"', 'role = "secondary"')],
        '14: outcomes: no outcome is primary: say role = "primary" for the one that the answer is about',
    ),
    "an outcome twice": (
        [('name = "assaults"', 'name = "thefts"')],
        "14: outcomes: 'thefts' stands twice: name each outcome once",
    ),
    "file and records": (
        [('file = "monthly.csv"', 'file = "monthly.csv"\nrecords = "incidents.csv"')],
        "6: data: 'file' (one row per unit and period) and 'records' (one row per incident) "
        "are both given: keep one",
    ),
    "neither file nor records": (
        [('file = "monthly.csv"\n', "")],
        "6: data: no data: give 'file' (one row per unit and period) or 'records' (one row per incident)",
    ),
    "records without intake": (
        [('file = "monthly.csv"', 'records = "incidents.csv"'), ('period = "month"', 'frequency = "month"')],
        "6: data: with 'records', a table [data.intake] must say 'when': the column of the date",
    ),
    "another version": (
        [("spec_version = 1", "spec_version = 2")],
        "1: spec_version: expected 1, found 2",
    ),
    "several problems at once": (
        [
            ("spec_version = 1", "spec_version = 2"),
            ('unit = "area"', "unit = true"),
            ('run = ["pre_trends"]', 'run = ["x"]'),
        ],
        "1: spec_version: expected 1, found 2\n"
        "8: data.unit: expected a text in quotes, found true\n"
        "30: checks.run[1]: unknown check 'x'; expected one of: pre_trends, placebo_in_time, "
        "leave_one_out, start_date, two_way_weights",
    ),
    "text without quotes": (
        [('unit = "area"', "unit = area")],
        "8: not valid TOML: invalid value\n"
        '  hint: texts stand in quotes, lists in square brackets: label = "robberies"',
    ),
    "a key twice": (
        [('unit = "area"', 'unit = "area"\nunit = "place"')],
        "9: not valid TOML: this key stands twice in its table\n  hint: keep one of the two",
    ),
    "a table twice": (
        [("[checks]", "[data]")],
        "29: not valid TOML: this table stands twice\n  hint: put all its keys under one heading",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_is_said_with_its_line(write: Write, case: str) -> None:
    changes, message = WRONG[case]
    lines = message.splitlines()
    expected = [line if line.startswith("  hint: ") else f"evaluation.toml:{line}" for line in lines]
    assert refused(write(*changes)).splitlines() == expected


def test_lines_are_those_of_keys_and_not_of_texts_that_look_like_them(write: Write) -> None:
    poem = 'name = "street lighting"\ndescription = """\n[design]\ntreated_from = 3\n"""'
    path = write(('name = "street lighting"', poem), ('treated_from = "start"', "treated_from = 3"))
    assert refused(path) == "evaluation.toml:16: design.treated_from: expected a text in quotes, found 3"


def test_no_jargon_and_no_addresses_reach_the_reader(write: Write) -> None:
    for changes, _ in WRONG.values():
        assert not {"pydantic", "http", "type=", "input_", "validation error"} & set(
            refused(write(*changes)).split()
        )


def test_a_spec_that_is_not_there_says_where_it_was_looked_for(tmp_path: Path) -> None:
    assert refused(tmp_path / "evaluation.toml") == (
        f"no spec file 'evaluation.toml' in {tmp_path}\n  hint: 'preventeval init' writes one to start from"
    )


def test_a_spec_in_another_encoding_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "evaluation.toml"
    path.write_bytes(SPEC.replace("street lighting", "éclairage").encode("cp1252"))
    assert refused(path) == "evaluation.toml:4: not UTF-8 text\n  hint: save the file with the encoding UTF-8"


def test_json_that_cannot_be_read_names_its_line(tmp_path: Path) -> None:
    path = tmp_path / "evaluation.json"
    path.write_text('{\n"spec_version": 1,\n}', "utf-8")
    assert refused(path).startswith("evaluation.json:2: not valid JSON: ") or refused(path).startswith(
        "evaluation.json:3: not valid JSON: "
    )  # Python 3.12 points behind the comma, later versions at it


# What is said of data that do not fit ----------------------------------------------------------


def test_a_file_that_is_not_there_says_where_it_was_looked_for(write: Write, tmp_path: Path) -> None:
    assert unreadable(write(('file = "monthly.csv"', 'file = "monthy.csv"'))) == (
        f"evaluation.toml:7: data.file: no file 'monthy.csv' in {tmp_path}; did you mean 'monthly.csv'?"
    )


def test_every_column_of_a_list_has_to_be_there(write: Write) -> None:
    text = unreadable(
        write(
            ('treated_from = "start"', 'treated_from = "start"\nsubgroups = ["kind", "mont", "area"]'),
            ('period = "month"', 'period = "month"\ncovariates = ["poverty", "thefts"]'),
            (
                "[estimation.options.CallawaySantAnna]\nbase_period",
                "[estimation.options.PoissonDiD]\nregions",
            ),
            ('also = ["TwoWayFixedEffects"]', 'also = ["PoissonDiD"]'),
        )
    )
    assert re.findall(r"toml:\d+: (\S+): monthly.csv has no column '(\w+)'", text) == [
        ("data.covariates[1]", "poverty"),
        ("design.subgroups[1]", "kind"),
        ("design.subgroups[2]", "mont"),
        ("estimation.options.PoissonDiD.regions", "universal"),
    ]


def test_columns_that_are_not_there_are_named_all_at_once(write: Write) -> None:
    path = write(('unit = "area"', 'unit = "Area"'), ('treated_from = "start"', 'treated_from = "begin"'))
    assert unreadable(path) == (
        "evaluation.toml:8: data.unit: monthly.csv has no column 'Area'; did you mean 'area'?\n"
        "evaluation.toml:12: design.treated_from: monthly.csv has no column 'begin'\n"
        "  hint: the columns of monthly.csv are 'area', 'month', 'thefts', 'assaults', 'start'"
    )


@pytest.mark.parametrize(
    ("written", "date_format"),
    [
        ("15/0{}/2020", "%d/%m/%Y"),
        ("0{}/15/2020", "%m/%d/%Y"),
        ("1.{}.20", "%d.%m.%y"),
        ("0{}-01-2020", "%d-%m-%Y"),
    ],
)
def test_day_or_month_first_is_asked_and_not_guessed(write: Write, written: str, date_format: str) -> None:
    text = CSV
    for number in (1, 2, 3):
        text = text.replace(f"2020-0{number}", written.format(number))
    message = unreadable(write(csv=text))
    assert message.startswith(f"evaluation.toml:9: data.period: column 'month' holds '{written.format(1)}', ")
    assert message.endswith(
        "whether the day or the month comes first can't be told safely\n"
        f'  hint: say it in [data]: date_format = "{date_format}"; or write 2020-03-15'
    )


def test_numbers_with_a_decimal_comma_are_not_misread(write: Write) -> None:
    text = CSV.replace(",", ";").replace(";8;2;", ";8,5;2;")
    assert unreadable(write(csv=text)) == (
        "monthly.csv: column 'thefts' must hold numbers, but holds '8,5' (1 row; first: row 3)\n"
        "  hint: write numbers without separators of thousands and with a decimal point: 1234.5"
    )


def test_words_among_numbers_are_named_with_their_row(write: Write) -> None:
    assert unreadable(write(csv=CSV.replace(",7,3,", ",seven,3,"))) == (
        "monthly.csv: column 'thefts' must hold numbers, but holds 'seven' (1 row; first: row 5)\n"
        "  hint: leave fields without a value empty"
    )


def test_an_empty_file_is_named(write: Write) -> None:
    assert unreadable(write(csv="")).startswith("monthly.csv is empty\n")


def test_year_and_month_as_one_number_are_refused(write: Write) -> None:
    assert "year and month written as one number" in unreadable(write(csv=CSV.replace("2020-0", "20200")))


def test_starts_in_the_table_of_units_must_be_dates_too(write: Write) -> None:
    spec = records_spec(write, start="01/03/2020")
    with pytest.raises(SpecError, match=r"design\.treated_from: column 'start' holds '01/03/2020'"):
        read_panel(spec)


# The page about it -----------------------------------------------------------------------------

PAGE = Path(__file__).parents[1] / "docs" / "spec.md"


def test_the_page_names_every_key() -> None:
    text = PAGE.read_text("utf-8")
    schema = spec_schema()
    keys = [key for model in (schema, *schema["$defs"].values()) for key in model["properties"]]
    assert [key for key in keys if not re.search(rf"`{key}`|[\[.]{key}\]", text)] == []


def test_the_examples_on_the_page_can_be_read(tmp_path: Path) -> None:
    first, records, options, counts = re.findall(
        r"```toml\n(.*?)```", PAGE.read_text("utf-8"), flags=re.DOTALL
    )
    path = tmp_path / "evaluation.toml"
    data = re.search(r"\[data\].*?(?=\[design\])", first, flags=re.DOTALL)
    assert data is not None
    path.write_text(first + options, "utf-8")
    assert load_spec(path).estimation.options["HierarchicalCounts"] == {"draws": 2000}
    path.write_text(first + counts, "utf-8")
    assert load_spec(path).estimation.options["TwoWayFixedEffects"]["window"] == [-12, 12]
    path.write_text(first.replace(data[0], records), "utf-8")
    assert load_spec(path).data.intake is not None
