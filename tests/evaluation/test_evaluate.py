"""evaluate: from a design to an answer, Facts and files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import preventeval as pe
from preventeval.evaluation import Evaluation
from preventeval.report import render_brief


@pytest.fixture(scope="module")
def evaluation() -> Evaluation:
    return pe.evaluate(
        pe.example_design(incidents=60.0, seed=4), labels=["burglaries"], also=[pe.TwoWayFixedEffects()]
    )


def test_numbers_in_facts_are_those_of_the_estimate(evaluation: Evaluation) -> None:
    primary = evaluation.facts.primary.primary
    overall = evaluation.estimate.overall()
    averted = evaluation.estimate.averted()
    assert primary.overall is not None
    assert primary.percent is not None
    assert primary.change is not None
    assert primary.overall.value == overall.params.iloc[0]
    assert primary.percent.low == overall.as_percent().conf_int().iloc[0, 0]
    assert primary.change.value == -averted.params.iloc[0]
    # A change turns the ends of "averted" round.
    assert primary.change.low == -averted.conf_int().iloc[0, 1]
    assert primary.change.low < primary.change.value < primary.change.high


def test_expected_is_observed_plus_averted(evaluation: Evaluation) -> None:
    facts = evaluation.facts.primary
    assert facts.primary.change is not None
    assert facts.observed is not None
    assert facts.primary.expected == pytest.approx(facts.observed - facts.primary.change.value, rel=1e-12)
    series = facts.series
    assert series is not None
    gap = sum(
        e - o
        for e, o in zip(series.expected, series.observed, strict=True)
        if e is not None and o is not None
    )
    # The chart's gap between the lines is the number in the headline.
    assert gap == pytest.approx(-facts.primary.change.value, rel=1e-9)


def test_the_chart_says_nothing_before_the_first_start(evaluation: Evaluation) -> None:
    series = evaluation.facts.primary.series
    assert series is not None
    first = min(series.starts)
    assert all(value is None for value in series.expected[:first])
    assert all(value is not None for value in series.expected[first:])
    assert sum(series.starts_count) == evaluation.facts.design.n_treated


def unequal_areas() -> tuple[pd.DataFrame, float]:
    """Big areas without an effect and small ones with a large one; what was really averted."""
    rng = np.random.default_rng(0)
    rows, averted = [], 0.0
    for i in range(40):
        residents, usual = (500_000, 200) if i % 2 else (2_000, 20)
        for t in range(24):
            treated = i < 16 and t >= 12
            share = 0.5 if treated and residents == 2_000 else 1.0
            averted += usual * (1 - share)
            rows.append((f"area {i:02d}", t + 1, rng.poisson(usual * share), residents, 13 if i < 16 else 0))
    return pd.DataFrame(rows, columns=["area", "month", "thefts", "residents", "start"]), averted


@pytest.mark.parametrize("measure", ["count", "rate", "log_rate"])
def test_the_total_is_right_where_large_and_small_areas_fare_differently(measure: Any) -> None:
    frame, averted = unequal_areas()
    panel = pe.Panel(frame, unit="area", period="month", outcomes=["thefts"], exposure="residents")
    design = pe.StudyDesign(panel, outcome="thefts", treated_from="start", measure=measure)
    facts = pe.evaluate(design, checks=[]).facts.primary
    assert facts.primary.change is not None
    assert facts.primary.change.low is not None
    assert facts.primary.change.high is not None
    # Multiplying the average area's effect by all areas gave -22,000 (log) and -170,000 (rate).
    assert facts.primary.change.low < -averted < facts.primary.change.high
    assert abs(facts.primary.change.value) < 3 * averted


def everyone_starts(effect: float) -> pd.DataFrame:
    """All 30 areas start, in three waves a year apart; no noise to speak of."""
    rows = []
    for i in range(30):
        start = 13 + 12 * (i % 3)
        for t in range(1, 49):
            usual = 1000 + 10 * i + 100 * np.sin(t)
            rows.append((i, t, round(usual * (1 + effect if t >= start else 1)), start))
    return pd.DataFrame(rows, columns=["area", "month", "thefts", "start"])


def test_percent_and_dates_are_of_the_cells_that_have_an_estimate() -> None:
    panel = pe.Panel(everyone_starts(-0.3), unit="area", period="month", outcomes=["thefts"])
    design = pe.StudyDesign(panel, outcome="thefts", treated_from="start", measure="count")
    facts = pe.evaluate(design, checks=[]).facts.primary
    assert facts.primary.percent is not None
    # From month 37 on nobody is left to compare with; counting those months gave half the effect.
    assert facts.primary.percent.value == pytest.approx(-30, abs=0.5)
    assert (facts.since, facts.until) == ("13", "36")
    assert facts.unestimated == 30 * 12
    series = facts.series
    assert series is not None
    assert all(value is None for value in series.expected[36:])
    assert all(value is not None for value in series.expected[12:36])


def test_a_share_that_is_not_defined_is_left_out() -> None:
    frame = pe.simulate_programme(areas=12, treated=6, months=12, incidents=2.0, seed=9)
    frame["incidents"] += np.where(frame["month"] >= frame["programme_start"], 60, 0)
    panel = pe.Panel(frame, unit="area", period="month", outcomes=["incidents"])
    design = pe.StudyDesign(panel, outcome="incidents", treated_from="programme_start", measure="count")
    facts = pe.evaluate(design, checks=[]).facts.primary
    assert facts.primary.percent is None or facts.primary.percent.high is not None


def test_a_method_that_cannot_be_fitted_is_reported(evaluation: Evaluation) -> None:
    frame = pe.simulate_programme(seed=4)
    frame["score"] = np.sqrt(frame["incidents"])
    panel = pe.Panel(frame, unit="area", period="month", outcomes=["score"])
    design = pe.StudyDesign(panel, outcome="score", treated_from="programme_start", measure="value")
    result = pe.evaluate(design, also=[pe.HierarchicalCounts()], checks=[])
    attempt = result.facts.primary.others[0]
    assert attempt.method == "HierarchicalCounts"
    assert attempt.failed
    assert result.facts.primary.primary.change is None


def test_facts_survive_being_saved(evaluation: Evaluation, tmp_path: Path) -> None:
    evaluation.report(tmp_path / "out")
    saved = pe.load_facts(tmp_path / "out" / "facts.json")
    assert saved == evaluation.facts
    assert json.loads((tmp_path / "out" / "facts.json").read_text("utf-8"))["schema_version"].endswith("/1")
    names = {p.relative_to(tmp_path / "out").as_posix() for p in (tmp_path / "out").rglob("*") if p.is_file()}
    assert {"brief.html", "technical.html", "facts.json"} < names
    assert "estimates/incidents-CallawaySantAnna.csv" in names


def test_results_are_never_overwritten(evaluation: Evaluation, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(pe.OutputError, match="is not empty"):
        evaluation.report(tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["notes.txt"]


def test_damaged_and_foreign_facts_are_refused(evaluation: Evaluation, tmp_path: Path) -> None:
    content = json.loads(evaluation.facts.to_json())
    with pytest.raises(pe.OutputError, match="no saved results"):
        pe.load_facts(tmp_path / "nothing.json")
    with pytest.raises(pe.OutputError, match="schema 'preventeval/facts/99'"):
        pe.load_facts({**content, "schema_version": "preventeval/facts/99"})
    with pytest.raises(pe.OutputError, match="damaged: level"):
        pe.load_facts({**content, "level": "high"})
    (tmp_path / "half.json").write_text(evaluation.facts.to_json()[:500])
    with pytest.raises(pe.OutputError, match="not a saved result"):
        pe.load_facts(tmp_path / "half.json")


def test_unknown_checks_and_mixed_calls_are_refused() -> None:
    with pytest.raises(pe.DesignError, match="unknown check 'pretrends'"):
        pe.evaluate(pe.example_design(), checks=["pretrends"])
    with pytest.raises(pe.DesignError, match="2 labels for 1 outcomes"):
        pe.evaluate(pe.example_design(), labels=["a", "b"])


def test_secondary_outcomes_say_so() -> None:
    frame = pe.simulate_programme(seed=4)
    frame["thefts"] = frame["incidents"] * 2
    panel = pe.Panel(frame, unit="area", period="month", outcomes=["incidents", "thefts"])
    designs = [
        pe.StudyDesign(panel, outcome=name, treated_from="programme_start", measure="count")
        for name in ("incidents", "thefts")
    ]
    facts = pe.evaluate(designs[0], secondary=[designs[1]], labels=["robberies", "thefts"], checks=[]).facts
    assert [outcome.role for outcome in facts.outcomes] == ["primary", "secondary"]
    assert facts.outcomes[1].primary.change is not None
    assert facts.outcomes[0].primary.change is not None
    assert facts.outcomes[1].primary.change.value == pytest.approx(
        2 * facts.outcomes[0].primary.change.value, rel=1e-9
    )


def test_two_methods_of_one_name_keep_a_table_each(tmp_path: Path) -> None:
    both = [pe.TwoWayFixedEffects(), pe.TwoWayFixedEffects(event_study=True)]
    result = pe.evaluate(pe.example_design(), also=both, checks=[])
    result.report(tmp_path / "out")
    names = sorted(path.name for path in (tmp_path / "out" / "estimates").iterdir())
    assert names == [
        "incidents-CallawaySantAnna.csv",
        "incidents-TwoWayFixedEffects-2.csv",
        "incidents-TwoWayFixedEffects.csv",
        "incidents-overall.csv",
    ]
    assert result.facts.reproduce.seed is None


def test_an_outcome_that_never_happens_ends_in_an_answer(tmp_path: Path) -> None:
    frame = pe.simulate_programme(seed=4)
    frame["homicides"] = 0
    panel = pe.Panel(frame, unit="area", period="month", outcomes=["incidents", "homicides"])
    designs = [
        pe.StudyDesign(panel, outcome=name, treated_from="programme_start", measure="count")
        for name in ("incidents", "homicides")
    ]
    result = pe.evaluate(designs[0], secondary=designs[1:], checks=["placebo_in_time", "start_date"])
    result.report(tmp_path / "out")
    second = result.facts.outcomes[1]
    assert second.verdict.direction == "unclear"
    assert {finding.verdict for finding in second.findings} == {"not_informative"}


@pytest.mark.parametrize("measure", ["count", "rate", "log_rate"])
def test_last_treated_designs_go_all_the_way(measure: Any, tmp_path: Path) -> None:
    frame = everyone_starts(-0.3).assign(residents=lambda t: 1000 + 50 * t["area"])
    panel = pe.Panel(frame, unit="area", period="month", outcomes=["thefts"], exposure="residents")
    design = pe.StudyDesign(
        panel, outcome="thefts", treated_from="start", comparison="last_treated", measure=measure
    )
    result = pe.evaluate(design, checks=["pre_trends", "placebo_in_time", "leave_one_out", "start_date"])
    result.report(tmp_path / "out")
    percent = result.facts.primary.primary.percent
    assert percent is not None
    # The counts hardly vary, so the known effect comes back nearly exactly, rounding aside.
    assert percent.value == pytest.approx(-30, abs=1)
    assert [finding.verdict for finding in result.findings if finding.verdict == "could_not_run"] == []


def grouped(outcomes: tuple[str, ...] = ("incidents",), **options: Any) -> list[pe.StudyDesign]:
    """Areas of two kinds, and what is asked of them named before."""
    frame = pe.simulate_programme(seed=4, **options)
    frame["kind"] = np.where(frame["area"].str[-2:].astype(int) % 2, "suburb", "centre")
    frame["thefts"] = frame["incidents"] // 2
    panel = pe.Panel(frame, unit="area", period="month", outcomes=list(outcomes), exposure="residents")
    return [
        pe.StudyDesign(
            panel, outcome=name, treated_from="programme_start", measure="rate", subgroups=["kind"]
        )
        for name in outcomes
    ]


METHODS = {
    "CallawaySantAnna": pe.CallawaySantAnna(),
    "ImputationDiD": pe.ImputationDiD(),
    "ImputationDiD, counts": pe.ImputationDiD(likelihood="poisson"),
    "LinearDiD": pe.LinearDiD(),
    "PoissonDiD": pe.PoissonDiD(),
    "SunAbraham": pe.SunAbraham(),
    "SunAbraham, counts": pe.SunAbraham(likelihood="poisson"),
    "TwoWayFixedEffects": pe.TwoWayFixedEffects(),
    "TwoWayFixedEffects, counts": pe.TwoWayFixedEffects(likelihood="poisson"),
}
COUNTED = {name for name in METHODS if name.endswith("counts")} | {"PoissonDiD"}


@pytest.mark.parametrize("name", METHODS)
def test_every_method_goes_the_whole_way(name: str, tmp_path: Path) -> None:
    result = pe.evaluate(
        *grouped(), estimator=METHODS[name], also=[pe.PoissonDiD(), pe.CallawaySantAnna()], labels=["thefts"]
    )
    result.report(tmp_path / "out")
    facts = result.facts.primary
    # The data are made so that incidents fell by a fifth, and areas moved alike before.
    assert facts.verdict.direction == "fall"
    assert [finding.verdict for finding in facts.findings] == ["supports"] * 3
    assert facts.primary.overall is not None
    static = name.startswith("TwoWay")
    if static:
        assert facts.primary.change is None
    if name in COUNTED:
        assert facts.primary.percent is not None
        assert facts.primary.percent.low is not None
        assert facts.primary.percent.high is not None
        assert facts.primary.percent.low < -20 < facts.primary.percent.high
        assert facts.primary.in_total is not static
    text = (tmp_path / "out" / "brief.html").read_text("utf-8")
    assert "For whom" in text
    assert (tmp_path / "out" / "estimates" / "incidents-by-kind.csv").is_file()


def test_per_cent_of_counts_is_that_of_the_number() -> None:
    facts = pe.evaluate(*grouped(incidents=3.0), estimator=pe.PoissonDiD(), checks=[]).facts.primary
    primary = facts.primary
    assert primary.percent is not None
    assert primary.change is not None
    assert primary.expected is not None
    assert primary.percent.value == pytest.approx(100 * primary.change.value / primary.expected, rel=1e-9)
    assert primary.overall is not None
    assert primary.percent.value == pytest.approx(100 * np.expm1(primary.overall.value), rel=1e-9)
    assert facts.primary.in_total


def test_groups_have_their_own_numbers_and_one_test() -> None:
    design = grouped()[0]
    result = pe.evaluate(design, estimator=pe.PoissonDiD(), checks=[])
    (groups,) = result.facts.primary.subgroups
    own = pe.PoissonDiD().fit(design)
    apart = own.by_group("kind", "in_total")
    assert groups.column == "kind"
    assert [group.label for group in groups.groups] == ["centre", "suburb"]
    assert tuple(group.n_treated for group in groups.groups) == apart.diagnostics["treated_units"]
    for group, value in zip(groups.groups, apart.as_percent().params, strict=True):
        assert group.percent is not None
        assert group.percent.value == pytest.approx(value)
    assert groups.p_value == pytest.approx(apart.difference().joint_test().p_value)
    assert groups.differ == "unclear"


def test_groups_that_differ_are_said_to() -> None:
    frame = pe.simulate_programme(effect=0.0, areas=60, treated=30, incidents=200.0, seed=2)
    hill = frame["area"].str[-2:].astype(int) % 2 == 1
    treated = frame["month"] >= frame["programme_start"]
    frame["incidents"] = np.where(hill & treated, frame["incidents"] // 2, frame["incidents"])
    frame["kind"] = np.where(hill, "hill", "dale")
    panel = pe.Panel(frame, unit="area", period="month", outcomes=["incidents"], exposure="residents")
    design = pe.StudyDesign(
        panel, outcome="incidents", treated_from="programme_start", measure="rate", subgroups=["kind"]
    )
    (groups,) = pe.evaluate(design, checks=[]).facts.primary.subgroups
    assert groups.differ == "yes"
    assert groups.p_value is not None
    assert groups.p_value < 0.001


def test_groups_of_few_treated_areas_are_not_compared() -> None:
    frame = pe.simulate_programme(seed=4)
    first = sorted(frame.loc[frame["programme_start"].notna(), "area"].unique())[:2]
    frame["kind"] = np.where(frame["area"].isin([*first, "area 02", "area 05"]), "few", "many")
    panel = pe.Panel(frame, unit="area", period="month", outcomes=["incidents"], exposure="residents")
    design = pe.StudyDesign(
        panel, outcome="incidents", treated_from="programme_start", measure="rate", subgroups=["kind"]
    )
    (groups,) = pe.evaluate(design, estimator=pe.PoissonDiD(), checks=[]).facts.primary.subgroups
    assert groups.differ == "unknown"
    assert groups.reason == "there are too few treated areas in few"
    assert [group.few for group in groups.groups] == [True, False]


def test_a_group_without_an_effect_says_why(tmp_path: Path) -> None:
    frame = pe.simulate_programme(seed=4)
    number = frame["area"].str[-2:].astype(int)
    frame["kind"] = np.where(number % 3 == 0, "silent", "other")
    frame.loc[frame["kind"] == "silent", "incidents"] = 0
    panel = pe.Panel(frame, unit="area", period="month", outcomes=["incidents"], exposure="residents")
    design = pe.StudyDesign(
        panel, outcome="incidents", treated_from="programme_start", measure="count", subgroups=["kind"]
    )
    result = pe.evaluate(design, estimator=pe.PoissonDiD(), checks=[])
    result.report(tmp_path / "out")
    (groups,) = result.facts.primary.subgroups
    assert [group.failed is None for group in groups.groups] == [True, False]
    assert "silent, no number can be given" in (tmp_path / "out" / "brief.html").read_text("utf-8")


def test_several_outcomes_are_adjusted_for() -> None:
    designs = grouped(("incidents", "thefts"))
    result = pe.evaluate(designs[0], secondary=[designs[1]], labels=["robberies", "thefts"], checks=[])
    family = result.facts.family
    assert family is not None
    assert family.method == "romano_wolf"
    assert [row.label for row in family.rows] == ["robberies", "thefts"]
    both = [outcome.estimate.overall() for outcome in result.outcomes]
    np.testing.assert_allclose(
        [row.p_adjusted for row in family.rows], pe.adjust_family(both)["p_adjusted"], rtol=1e-12
    )
    assert pe.evaluate(designs[0], checks=[]).facts.family is None


def test_a_family_of_methods_without_influence_values_says_holm() -> None:
    designs = grouped(("incidents", "thefts"))
    reduced = pe.TwoWayFixedEffects(vcov="CR2")
    family = pe.evaluate(designs[0], secondary=[designs[1]], estimator=reduced, checks=[]).facts.family
    assert family is not None
    assert family.method == "holm"


def test_every_method_has_its_number_in_one_table(tmp_path: Path) -> None:
    methods = [pe.TwoWayFixedEffects(likelihood="poisson"), pe.CallawaySantAnna()]
    evaluation = pe.evaluate(pe.example_design(), estimator=pe.PoissonDiD(), also=methods, checks=[])
    evaluation.report(tmp_path / "results")
    table = pd.read_csv(tmp_path / "results" / "estimates" / "incidents-overall.csv").set_index("method")
    assert list(table.index) == ["PoissonDiD", "TwoWayFixedEffects", "CallawaySantAnna"]
    assert table["main"].tolist() == [True, False, False]
    # Written with all digits: what is read again is the same to the last few bits.
    main, total = table.loc["PoissonDiD"], evaluation.estimate.averted()
    percent = evaluation.estimate.in_total().as_percent()
    per = evaluation.estimate.per_100k()
    for names, one in (
        (("averted", "averted_low", "averted_high"), total),
        (("percent", "percent_low", "percent_high"), percent),
        (("per_100k", "per_100k_low", "per_100k_high"), per),
    ):
        expected = [one.params.iloc[0], *one.conf_int().iloc[0]]
        assert main[list(names)].astype(float).tolist() == pytest.approx(expected, rel=1e-12)
    assert main["expected"] - main["observed"] == pytest.approx(main["averted"], rel=1e-12)


def test_a_method_without_an_estimate_says_why_in_the_table(tmp_path: Path) -> None:
    design = pe.StudyDesign(
        pe.example_design().panel, outcome="incidents", treated_from="programme_start", measure="value"
    )
    pe.evaluate(design, also=[pe.PoissonDiD()], checks=[]).report(tmp_path / "results")
    table = pd.read_csv(tmp_path / "results" / "estimates" / "incidents-overall.csv")
    assert "none behind it" in table["no_estimate"].iloc[1]
    assert table["estimate"].isna().tolist() == [False, True]


@pytest.mark.parametrize("treated", [2, 3])
def test_too_few_areas_are_no_ground_for_an_answer(treated: int) -> None:
    frame = pe.simulate_programme(areas=20, treated=treated, months=24, incidents=200, seed=1)
    panel = pe.Panel(frame, unit="area", period="month", outcomes=["incidents"], exposure="residents")
    design = pe.StudyDesign(panel, outcome="incidents", treated_from="programme_start", measure="log_rate")
    evaluation = pe.evaluate(design, checks=["leave_one_out", "start_date"])
    assert evaluation.answer.startswith(f"Too few areas ({treated}) had the programme to tell whether")
    assert evaluation.facts.primary.verdict.hinges == []
    brief = render_brief(evaluation.facts)
    for words in ("ikely between", "ikely range", "answer changes", "hangs on"):
        assert words not in brief


def test_gaps_are_said_below_the_chart() -> None:
    whole = pe.simulate_programme(areas=20, treated=8, months=24, incidents=200, seed=1)
    for frame in (whole, whole.drop(index=whole.index[whole["area"] == whole["area"].iloc[-1]][:3])):
        panel = pe.Panel(frame, unit="area", period="month", outcomes=["incidents"])
        design = pe.StudyDesign(panel, outcome="incidents", treated_from="programme_start")
        facts = pe.evaluate(design, checks=[]).facts
        series = facts.primary.series
        assert series is not None
        missing = design.ever_treated @ np.isnan(design.y).sum(axis=1) > 0
        assert series.gaps == missing
        assert ("each point is the average of those that were" in render_brief(facts)) == missing
