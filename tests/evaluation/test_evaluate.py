"""evaluate: from a design to an answer, Facts and files."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import preventeval as pe
from preventeval.evaluation import Evaluation


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


def test_a_count_outcome_gets_a_percentage_of_what_was_expected() -> None:
    design = pe.example_design(incidents=60.0, seed=4)
    counts = pe.StudyDesign(
        design.panel, outcome="incidents", treated_from="programme_start", measure="count"
    )
    facts = pe.evaluate(counts, checks=[]).facts.primary
    assert facts.primary.percent is not None
    assert facts.primary.change is not None
    assert facts.primary.percent.value == pytest.approx(
        100 * facts.primary.change.value / facts.primary.expected, rel=1e-12
    )


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
