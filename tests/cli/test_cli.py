"""The command line, as somebody uses it who has never seen the program."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

import jsonschema
import pandas as pd
import pytest

from preventeval.cli import main
from preventeval.cli.group import preventeval as group
from preventeval.errors import EstimationError
from preventeval.report import load_facts
from preventeval.spec.registry import estimator_classes


class Said(NamedTuple):
    code: int
    out: str
    err: str


Call = Callable[..., Said]
Evaluate = Callable[..., None]


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Call:
    """Call the command line; gives the exit code and what it said."""
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)  # put back after the test

    def called(*args: object) -> Said:
        with pytest.raises(SystemExit) as ended:
            main([str(arg) for arg in args])
        assert isinstance(ended.value.code, int)
        return Said(ended.value.code, *capsys.readouterr())

    return called


@pytest.fixture
def example(call: Call, tmp_path: Path) -> Path:
    """A folder with what ``preventeval init`` writes."""
    assert call("init", tmp_path / "example").code == 0
    return tmp_path / "example"


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Evaluate:
    """Replace the estimation by one that takes no time."""

    red = SimpleNamespace(method="HierarchicalCounts", gates=[SimpleNamespace(verdict="red")])
    main = SimpleNamespace(method="CallawaySantAnna", gates=[])
    failing = SimpleNamespace(label="burglaries", primary=main, others=[red])

    def set_up(*, passed: bool = True, report: Callable[[Path], None] | None = None) -> None:
        def write(folder: Path) -> None:
            assert list(folder.iterdir()) == []
            for name in ("brief.html", "technical.html", "facts.json"):
                (folder / name).write_text(name, "utf-8")

        def evaluate(spec: Path, *, progress: Callable[[str], None]) -> Any:
            progress("burglaries: CallawaySantAnna")
            facts = SimpleNamespace(gates_passed=passed, outcomes=[] if passed else [failing])
            return SimpleNamespace(facts=facts, answer="Burglaries fell.", report=report or write)

        monkeypatch.setattr("preventeval.evaluation.evaluate", evaluate)

    set_up()
    return set_up


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


# Help ------------------------------------------------------------------------------------------


def test_help_names_every_command_and_the_exit_codes(call: Call) -> None:
    said = call("--help")
    assert said.code == 0
    for command in ("init", "check", "run", "report", "models", "schema"):
        assert re.search(rf"^  {command} +\S", said.out, flags=re.MULTILINE)
    assert "Exit codes: 0 done" in said.out


def test_every_command_is_where_the_list_says() -> None:
    context = group.make_context("preventeval", ["--help"], resilient_parsing=True)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        assert command.name == name
        assert command.help


def test_an_unknown_command_is_bad_usage(call: Call) -> None:
    said = call("rnu")
    assert said.code == 2
    assert "No such command 'rnu'" in said.err


# init ------------------------------------------------------------------------------------------


def test_init_writes_what_check_accepts(call: Call, example: Path) -> None:
    assert names(example) == ["evaluation.schema.json", "evaluation.toml", "monthly.csv"]
    schema = json.loads((example / "evaluation.schema.json").read_text("utf-8"))
    jsonschema.validate(tomllib.loads((example / "evaluation.toml").read_text("utf-8")), schema)
    assert call("check", example / "evaluation.toml").code == 0


def test_init_never_overwrites(call: Call, tmp_path: Path) -> None:
    mine = tmp_path / "monthly.csv"
    mine.write_text("mine", "utf-8")
    said = call("init", tmp_path)
    assert said.code == 2
    assert said.err.startswith(f"{tmp_path} holds monthly.csv already; nothing was written")
    assert names(tmp_path) == ["monthly.csv"]
    assert mine.read_text("utf-8") == "mine"


# check -----------------------------------------------------------------------------------------


def test_check_tells_the_design_and_estimates_nothing(
    call: Call, example: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for estimator in estimator_classes().values():
        monkeypatch.setattr(estimator, "fit", None)
    said = call("check", example / "evaluation.toml")
    assert said.code == 0
    assert said.err == ""
    assert "monthly.csv: 30 units (area) × 36 months, 2019-01 to 2021-12" in said.out
    assert "12 units start, 18 do not" in said.out
    for start in ("2020-01", "2020-07", "2021-01"):
        assert re.search(rf"^ +{start}: 4 \(area \d\d, ", said.out, flags=re.MULTILINE)
    assert "Nothing was estimated." in said.out


def test_check_names_the_groups(call: Call, example: Path) -> None:
    change(example / "evaluation.toml", '# subgroups = ["kind"] ', 'subgroups = ["side"] ')
    lines = (example / "monthly.csv").read_text("utf-8").splitlines()
    sides = [f"{line},{'north' if line[5:7] <= '15' else 'south'}" for line in lines[1:]]
    (example / "monthly.csv").write_text("\n".join([f"{lines[0]},side", *sides]), "utf-8")
    said = call("check", example / "evaluation.toml")
    assert said.code == 0
    groups = re.search(
        r"^subgroups   side: north \((\d+) of 15 .*south \((\d+) of 15 ", said.out, re.MULTILINE
    )
    assert groups is not None
    assert int(groups[1]) + int(groups[2]) == 12


def test_check_of_records_says_what_became_of_them(call: Call, example: Path) -> None:
    use_records(example, bad=1)
    said = call("check", example / "evaluation.toml")
    assert said.code == 0
    assert "41 rows" in said.out
    assert "1 row could not be counted" in said.out


def test_check_stops_where_too_many_records_are_lost(call: Call, example: Path) -> None:
    use_records(example, bad=10)
    said = call("check", example / "evaluation.toml")
    assert said.code == 3
    assert "Settle what is marked 'stop' before you go on." in said.out


def use_records(example: Path, bad: int) -> None:
    """Turn the example into one of 40 dated records and some whose date cannot be read."""
    spec = example / "evaluation.toml"
    text = spec.read_text("utf-8")
    text = re.sub(r"^(file|period|exposure) = .*\n", "", text, flags=re.MULTILINE)
    text = text.replace("[design]", "[data.intake]\nwhen = 'date'\nrecorded = ['2020-01', '2020-10']\n"
                        "units = 'areas.csv'\n\n[design]", 1)  # fmt: skip
    text = text.replace('unit = "area"', 'unit = "area"\nrecords = "incidents.csv"\nfrequency = "month"')
    spec.write_text(text.replace('measure = "log_rate"', 'measure = "count"'), "utf-8")
    dates = [f"2020-{month:02d}-0{day}" for month in range(1, 11) for day in range(1, 5)]
    rows = [f"{date},{'North' if date.endswith(('1', '2')) else 'South'}" for date in dates]
    lines = ["date,area", *rows, *(f"2020-13-0{day % 9 + 1},North" for day in range(bad))]
    (example / "incidents.csv").write_text("\n".join(lines), "utf-8")
    (example / "areas.csv").write_text("area,programme_start\nNorth,2020-06\nSouth,\n", "utf-8")


# What a new evaluator runs into ----------------------------------------------------------------


def change(path: Path, old: str, new: str) -> None:
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")


def test_a_wrong_column_name(call: Call, example: Path) -> None:
    change(example / "evaluation.toml", 'treated_from = "programme_start"', 'treated_from = "program_start"')
    said = call("check", example / "evaluation.toml")
    assert said.code == 2
    assert re.match(
        r"evaluation\.toml:\d+: design\.treated_from: monthly\.csv has no column 'program_start'; "
        r"did you mean 'programme_start'\?\n",
        said.err,
    )


def test_an_unknown_key(call: Call, example: Path) -> None:
    change(example / "evaluation.toml", "anticipation = 0 ", "estimater = 0 ")
    said = call("run", example / "evaluation.toml", "--out", example / "results")
    assert said.code == 2
    assert re.match(
        r"evaluation\.toml:\d+: design\.estimater: unknown key; did you mean 'estimator'\?", said.err
    )
    assert not (example / "results").exists()


def test_dates_with_the_day_first(call: Call, example: Path) -> None:
    data = example / "monthly.csv"
    data.write_text(re.sub(r"\b(\d{4})-(\d{2})\b", r"01/\2/\1", data.read_text("utf-8")), "utf-8")
    said = call("check", example / "evaluation.toml")
    assert said.code == 2
    assert "whether the day or the month comes first can't be told safely" in said.err
    assert 'say it in [data]: date_format = "%d/%m/%Y"' in said.err
    change(example / "evaluation.toml", '# date_format = "%d/%m/%Y"', 'date_format = "%d/%m/%Y"')
    said = call("check", example / "evaluation.toml")
    assert said.code == 0
    assert "2019-01 to 2021-12" in said.out


def test_a_unit_that_starts_treated(call: Call, example: Path) -> None:
    data = example / "monthly.csv"
    rows = data.read_text("utf-8").splitlines()
    area = next(row for row in rows if row.endswith(",2020-01")).split(",")[0]
    early = [re.sub("2020-01$", "2018-05", row) if row.startswith(f"{area},") else row for row in rows]
    data.write_text("\n".join(early), "utf-8")
    said = call("check", example / "evaluation.toml")
    assert said.code == 0
    assert f"1 unit was already in the programme in the first period and is left out: {area}." in said.out
    assert "11 units start, 18 do not" in said.out


def test_a_missing_month(call: Call, example: Path) -> None:
    data = example / "monthly.csv"
    rows = [row for row in data.read_text("utf-8").splitlines() if ",2019-05," not in row]
    data.write_text("\n".join(rows), "utf-8")
    said = call("check", example / "evaluation.toml")
    assert said.code == 0
    assert "no unit has a value of burglaries in 2019-05" in said.out
    assert (
        "30 of 1,080 unit-periods have no value. They stay missing; they are not counted as zero." in said.out
    )


def using(spec: Path, method: str, options: str = "", **outcome: str) -> None:
    """Let a spec name one method, and say other things of its outcome."""
    text = spec.read_text("utf-8")
    text = re.sub(
        r"(?ms)^\[estimation\]$.*?^\[checks\]",
        f'[estimation]\nestimator = "{method}"\n{options}\n[checks]',
        text,
    )
    for key, value in outcome.items():
        text = re.sub(rf"(?m)^{key} = .*$", value and f'{key} = "{value}"', text)
    spec.write_text(text, "utf-8")


COUNTS = [
    ("ImputationDiD", '[estimation.options.ImputationDiD]\nlikelihood = "poisson"'),
    ("PoissonDiD", ""),
    ("HierarchicalCounts", ""),
]


@pytest.mark.parametrize("command", ["check", "run"])
@pytest.mark.parametrize(("method", "options"), COUNTS)
def test_a_method_for_counts_without_counts(
    call: Call, example: Path, method: str, options: str, command: str
) -> None:
    spec = example / "evaluation.toml"
    using(spec, method, options, measure="log")
    said = call(command, spec, *(["--out", example / "results", "--quiet"] if command == "run" else []))
    assert said.code == 2
    assert re.match(rf"evaluation\.toml:\d+: outcomes\[1\]\.measure: {method}, as it is set up", said.err)
    assert 'measure = "rate"' in said.err


@pytest.mark.parametrize(
    ("changes", "data", "place", "hint"),
    [
        ({"exposure": ""}, {}, "outcomes[1].measure", 'exposure = "residents"'),
        ({"measure": "log_rate"}, {"burglaries": 0}, "outcomes[1].measure", 'estimator = "PoissonDiD"'),
        ({}, {"burglaries": -1}, "outcomes[1].name", "negative"),
        ({"measure": "count"}, {"burglaries": 1.5}, "outcomes[1].measure", 'counts = "burglaries"'),
        ({}, {"residents": 0}, "data.exposure", "above 0"),
        (
            {"comparison": "never_treated"},
            {"programme_start": "2020-01"},
            "design.comparison",
            '"last_treated"',
        ),
    ],
)
def test_what_a_design_cannot_do_is_said_in_words_of_the_spec(
    call: Call, example: Path, changes: dict[str, str], data: dict[str, Any], place: str, hint: str
) -> None:
    spec, table = example / "evaluation.toml", example / "monthly.csv"
    using(spec, "CallawaySantAnna", **{"measure": "rate", **changes})
    frame = pd.read_csv(table, dtype=object)
    for column, value in data.items():
        # Starts are those of areas, the others are numbers of one month.
        frame.loc[: len(frame) if column == "programme_start" else 0, column] = str(value)
    frame.to_csv(table, index=False)
    said = call("check", spec)
    assert said.code == 2
    assert re.match(rf"evaluation\.toml:\d+: {re.escape(place)}: ", said.err), said.err
    assert hint in said.err
    # Nothing of how it would be written in Python.
    assert not re.search(r"\w='|\w=\W|Panel\(", said.err), said.err


def test_a_group_with_no_one_to_compare_with(call: Call, example: Path) -> None:
    spec, table = example / "evaluation.toml", example / "monthly.csv"
    text = spec.read_text("utf-8")
    spec.write_text(text.replace("anticipation = 0", 'subgroups = ["kind"]\nanticipation = 0'), "utf-8")
    frame = pd.read_csv(table)
    started = frame["programme_start"].notna()
    frame.assign(kind=started.map({True: "centre", False: "rest"})).to_csv(table, index=False)
    said = call("check", spec)
    assert said.code == 2
    line = next(n for n, line in enumerate(spec.read_text("utf-8").splitlines(), 1) if "subgroups =" in line)
    assert said.err.startswith(f"evaluation.toml:{line}: design.subgroups: subgroup 'rest'")
    assert "'subgroups'" in said.err


@pytest.mark.parametrize(
    ("method", "said_of"),
    [
        ("SunAbraham", "compares with units that are never treated"),
        ("TwoWayFixedEffects", "compares with every unit and period"),
        ("LinearDiD", "units that have not started by then"),
    ],
)
def test_check_says_whom_the_method_compares_with(
    call: Call, example: Path, method: str, said_of: str
) -> None:
    spec = example / "evaluation.toml"
    using(spec, method)
    said = call("check", spec)
    assert said.code == 0
    comparison = next(line for line in said.out.splitlines() if line.startswith("comparison"))
    assert said_of in comparison


@pytest.mark.parametrize(("method", "noted"), [("CallawaySantAnna", True), ("PoissonDiD", False)])
def test_check_notes_counts_of_areas_that_differ_in_size(
    call: Call, example: Path, method: str, noted: bool
) -> None:
    spec, table = example / "evaluation.toml", example / "monthly.csv"
    using(spec, method, measure="count", exposure="")
    frame = pd.read_csv(table)
    large = frame["area"].isin(frame["area"].unique()[:10])
    frame.loc[large, "burglaries"] *= 9
    frame.to_csv(table, index=False)
    said = call("check", spec)
    assert said.code == 0
    assert ("areas differ in size" in said.out) == noted


def test_an_empty_file(call: Call, example: Path) -> None:
    (example / "monthly.csv").write_bytes(b"")
    said = call("check", example / "evaluation.toml")
    assert said.code == 2
    assert said.err.startswith("monthly.csv is empty\n")


def test_a_file_that_is_not_there(call: Call, example: Path) -> None:
    (example / "monthly.csv").rename(example / "months.csv")
    said = call("check", example / "evaluation.toml")
    assert said.code == 2
    assert f"no file 'monthly.csv' in {example}; did you mean 'months.csv'?" in said.err


# run -------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("fake")
def test_run_answers_on_stdout_and_shows_progress_on_stderr(call: Call, tmp_path: Path) -> None:
    out = tmp_path / "deep" / "results"
    said = call("run", "evaluation.toml", "--out", out)
    assert said.code == 0
    pages = [f"brief             {out / 'brief.html'}", f"technical report  {out / 'technical.html'}"]
    assert said.out.splitlines() == ["Burglaries fell.", "", *pages]
    assert "burglaries: CallawaySantAnna" in said.err
    assert names(out) == ["brief.html", "facts.json", "technical.html"]
    assert names(out.parent) == ["results"]


@pytest.mark.usefixtures("fake")
def test_run_can_be_quiet_and_speak_json(call: Call, tmp_path: Path) -> None:
    out = tmp_path / "results"
    said = call("run", "evaluation.toml", "--out", out, "--json", "--quiet")
    assert said.err == ""
    assert json.loads(said.out) == {
        "answer": "Burglaries fell.",
        "brief": str(out / "brief.html"),
        "technical": str(out / "technical.html"),
        "facts": str(out / "facts.json"),
        "gates_passed": True,
    }


@pytest.mark.usefixtures("fake")
def test_run_replaces_earlier_results_only_when_forced(call: Call, tmp_path: Path) -> None:
    out = tmp_path / "results"
    assert call("run", "evaluation.toml", "--out", out).code == 0
    (out / "estimates").mkdir()
    (out / "estimates" / "old.csv").write_text("of the first run", "utf-8")
    said = call("run", "evaluation.toml", "--out", out)
    assert said.code == 2
    assert said.err == f"{out} holds results already\n  hint: give a new folder, or --force to replace them\n"
    assert call("run", "evaluation.toml", "--out", out, "--force").code == 0
    assert names(out) == ["brief.html", "facts.json", "technical.html"]
    assert names(tmp_path) == ["results"]


@pytest.mark.usefixtures("fake")
def test_run_never_removes_files_of_others(call: Call, tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine", "utf-8")
    said = call("run", "evaluation.toml", "--out", tmp_path, "--force")
    assert said.code == 2
    assert "holds files that are no results of this program (thesis.txt)" in said.err
    assert names(tmp_path) == ["thesis.txt"]


@pytest.mark.usefixtures("fake")
@pytest.mark.parametrize("name", ["thesis.txt", "estimates/thesis.txt", "drafts/brief.html"])
def test_run_never_removes_files_that_lie_among_results(call: Call, tmp_path: Path, name: str) -> None:
    out = tmp_path / "results"
    assert call("run", "evaluation.toml", "--out", out).code == 0
    (out / name).parent.mkdir(exist_ok=True)
    (out / name).write_text("mine", "utf-8")
    said = call("run", "evaluation.toml", "--out", out, "--force")
    assert said.code == 2
    assert name in said.err
    assert (out / name).read_text("utf-8") == "mine"


def test_a_place_that_cannot_be_written_to_is_found_before_the_work(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def evaluate(spec: Path, *, progress: Callable[[str], None]) -> None:
        raise AssertionError("estimated in vain")

    monkeypatch.setattr("preventeval.evaluation.evaluate", evaluate)
    (tmp_path / "file").write_text("mine", "utf-8")
    said = call("run", "evaluation.toml", "--out", tmp_path / "file" / "results")
    assert said.code == 2
    assert "cannot write to" in said.err


@pytest.mark.usefixtures("fake")
def test_run_takes_an_empty_folder_and_refuses_a_file(call: Call, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").write_text("mine", "utf-8")
    assert call("run", "evaluation.toml", "--out", tmp_path / "empty").code == 0
    said = call("run", "evaluation.toml", "--out", tmp_path / "file", "--force")
    assert said.code == 2
    assert "is a file" in said.err


@pytest.mark.parametrize("fault", [RuntimeError("full"), KeyboardInterrupt()])
def test_results_appear_whole_or_not_at_all(
    call: Call, fake: Evaluate, tmp_path: Path, fault: BaseException
) -> None:
    out = tmp_path / "results"
    assert call("run", "evaluation.toml", "--out", out).code == 0

    def half(folder: Path) -> None:
        (folder / "brief.html").write_text("half", "utf-8")
        raise fault

    fake(report=half)
    for target in (out, tmp_path / "new"):
        with pytest.raises((RuntimeError, SystemExit)):
            main(["run", "evaluation.toml", "--out", str(target), "--force"])
    assert names(tmp_path) == ["results"]
    assert (out / "brief.html").read_text("utf-8") == "brief.html"


def test_a_failed_gate_ends_with_3_and_keeps_the_results(call: Call, fake: Evaluate, tmp_path: Path) -> None:
    fake(passed=False)
    said = call("run", "evaluation.toml", "--out", tmp_path / "results", "--quiet")
    assert said.code == 3
    assert said.err == (
        "HierarchicalCounts, tried on burglaries beside the main method, did not pass the check of its own "
        "computation. The answer does not rest on it.\nSee the technical report.\n"
    )
    assert "brief.html" in names(tmp_path / "results")


def test_an_estimate_that_cannot_be_made_ends_with_2(
    call: Call, fake: Evaluate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def evaluate(spec: Path, *, progress: Callable[[str], None]) -> None:
        raise EstimationError("too few units", hint="add some")

    monkeypatch.setattr("preventeval.evaluation.evaluate", evaluate)
    said = call("run", "evaluation.toml", "--out", tmp_path / "results")
    assert (said.code, said.err) == (2, "too few units\n  hint: add some\n")
    assert names(tmp_path) == []


@pytest.mark.parametrize("debug", [True, False])
def test_an_unexpected_fault_is_called_ours(tmp_path: Path, debug: bool) -> None:
    code = """
import sys
import preventeval.evaluation
def evaluate(*args, **options): raise ZeroDivisionError("division by zero")
preventeval.evaluation.evaluate = evaluate
from preventeval.cli import main
main(sys.argv[1:])
"""
    args = [*(["--debug"] if debug else []), "run", "evaluation.toml", "--out", str(tmp_path / "results")]
    run = subprocess.run([sys.executable, "-c", code, *args], capture_output=True, text=True, check=False)
    assert run.returncode == 1
    assert ("Traceback" in run.stderr) == debug
    ours = "not of your data: ZeroDivisionError: division by zero" in run.stderr
    assert ours != debug


# From the example to the pages -----------------------------------------------------------------


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """What a real run on the example writes."""
    folder = tmp_path_factory.mktemp("real")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "excepthook", sys.excepthook)
        for args in (
            ["init", str(folder)],
            ["run", str(folder / "evaluation.toml"), "--out", str(folder / "out")],
        ):
            with pytest.raises(SystemExit) as ended:
                main(args)
            assert ended.value.code == 0
        yield folder / "out"


def test_the_effect_in_the_example_is_found(results: Path) -> None:
    facts = load_facts(results / "facts.json")
    percent = facts.primary.primary.percent
    assert percent is not None
    assert percent.low is not None
    assert percent.high is not None
    assert percent.low < -20 < percent.high < 0  # 20 per cent fewer are built into the example
    assert facts.primary.verdict.direction == "fall"
    assert [other.method for other in facts.primary.others] == ["TwoWayFixedEffects"]
    assert names(results) == ["brief.html", "estimates", "facts.json", "technical.html"]


def test_pages_can_be_written_again(call: Call, results: Path) -> None:
    pages = {
        name: (results / name).read_text("utf-8") for name in ("brief.html", "technical.html", "facts.json")
    }
    (results / "brief.html").write_text("", "utf-8")
    said = call("report", results)
    assert said.code == 0
    assert str(results / "brief.html") in said.out
    assert {name: (results / name).read_text("utf-8") for name in pages} == pages


def test_pages_can_be_written_again_from_the_file_itself(call: Call, results: Path) -> None:
    (results / "brief.html").unlink()
    assert call("report", results / "facts.json").code == 0
    assert (results / "brief.html").exists()


def test_facts_that_cannot_be_read(call: Call, tmp_path: Path) -> None:
    (tmp_path / "facts.json").mkdir()
    said = call("report", tmp_path)
    assert said.code == 2
    assert "cannot be read" in said.err


def test_pages_in_an_unknown_language_are_refused_and_nothing_is_lost(call: Call, results: Path) -> None:
    before = (results / "brief.html").read_text("utf-8")
    said = call("report", results, "--language", "xx")
    assert said.code == 2
    assert "no catalogue for language 'xx'" in said.err
    assert (results / "brief.html").read_text("utf-8") == before


def test_report_of_a_folder_without_results(call: Call, tmp_path: Path) -> None:
    said = call("report", tmp_path)
    assert said.code == 2
    assert said.err.startswith(f"no saved results at {tmp_path / 'facts.json'}")


# models and schema -----------------------------------------------------------------------------


def test_models_lists_every_estimator_and_shows_its_card(call: Call) -> None:
    listed = call("models").out
    for name in estimator_classes():
        assert re.search(rf"^{name} +\S.*\.$", listed, flags=re.MULTILINE)
        assert call("models", name).out.startswith(f"# {name}\n")
    assert call("models", "callaway-sant-anna").out == call("models", "CallawaySantAnna").out


def test_an_unknown_model_is_bad_usage(call: Call) -> None:
    said = call("models", "CallawaySantana")
    assert said.code == 2
    assert "no method 'CallawaySantana': did you mean 'CallawaySantAnna'?" in said.err


def test_schemas_are_json_schemas(call: Call) -> None:
    for args, title in ((["schema"], "preventeval evaluation"), (["schema", "--facts"], "Facts")):
        document = json.loads(call(*args).out)
        jsonschema.Draft202012Validator.check_schema(document)
        assert document["title"] == title
