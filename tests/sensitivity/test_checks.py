"""Checks: each gives the verdict it should on programmes made so that it should."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
import pandas as pd
import pytest

import preventeval as pe
from preventeval.errors import PreventEvalError
from preventeval.estimate import Recipe
from preventeval.sensitivity import (
    CHECKS,
    DEFAULT_CHECKS,
    leave_one_out,
    overall_of,
    placebo_in_time,
    pre_trends,
    start_date,
)
from preventeval.sensitivity.finding import Check


def fitted(frame: pd.DataFrame, **options: object) -> pe.EffectEstimate:
    panel = pe.Panel(frame, unit="area", period="month", outcomes=["incidents"], exposure="residents")
    design = pe.StudyDesign(
        panel, outcome="incidents", treated_from="programme_start", measure="log_rate", **options
    )
    return pe.CallawaySantAnna().fit(design)


@pytest.fixture(scope="module")
def steady() -> pe.EffectEstimate:
    return fitted(pe.simulate_programme(incidents=300, dispersion=400, seed=4))


@pytest.fixture(scope="module")
def drifting() -> pe.EffectEstimate:
    """Treated areas grow by 6 per cent a month from the first month on: no parallel trends."""
    frame = pe.simulate_programme(effect=0.0, incidents=2000, dispersion=4000, months=18, seed=4)
    month = frame.groupby("area").cumcount()
    drift = np.where(frame["programme_start"].notna(), np.exp(0.06 * month), 1.0)
    return fitted(frame.assign(incidents=(frame["incidents"] * drift).round().astype(int)))


@pytest.mark.parametrize("check", DEFAULT_CHECKS)
def test_a_sound_programme_passes_every_check(steady: pe.EffectEstimate, check: str) -> None:
    finding = CHECKS[check](steady, 0.95)
    assert finding.check == check
    assert finding.verdict == "supports", finding
    assert finding.question.endswith("?")
    assert finding.sentence


def test_a_drift_before_the_start_is_seen(drifting: pe.EffectEstimate) -> None:
    assert pre_trends(drifting).verdict == "weakens"
    assert placebo_in_time(drifting).verdict == "weakens"
    assert "already moved apart" in pre_trends(drifting).sentence


def test_both_tests_leave_out_effects_of_few_areas(steady: pe.EffectEstimate) -> None:
    table = pre_trends(steady).table.set_index("event_time")
    rows = table.iloc[:-2]
    assert (rows.loc[rows["tested"].astype(bool), "treated_units"] >= 5).all()
    assert (rows.loc[~rows["tested"].astype(bool), "treated_units"] < 5).all()
    # Twelve treated areas: the joint test takes a third as many effects, the mean has 11 df.
    assert table.loc[["joint test", "mean"], "df"].tolist() == [4, 11]


def test_the_scale_on_which_an_estimate_is_shown_changes_no_check(steady: pe.EffectEstimate) -> None:
    for check in (pre_trends, placebo_in_time, start_date):
        pd.testing.assert_frame_equal(check(steady).table, check(steady.as_percent()).table)


@pytest.mark.parametrize("check", [placebo_in_time, leave_one_out, start_date])
def test_an_average_is_not_compared_with_refits_of_another_kind(
    steady: pe.EffectEstimate, check: Check
) -> None:
    finding = check(steady.by_cohort(), 0.95)
    assert finding.verdict == "could_not_run"
    assert "as it was fitted" in finding.sentence


def test_a_steady_drift_is_seen_in_the_mean_though_no_step_shows_it() -> None:
    weakens = 0
    for seed in range(20):
        frame = pe.simulate_programme(effect=0.0, incidents=200, dispersion=400, months=36, seed=seed)
        month = frame.groupby("area").cumcount()
        drift = np.where(frame["programme_start"].notna(), np.exp(-0.03 * month), 1.0)
        frame["incidents"] = (frame["incidents"] * drift).round().astype(int)
        weakens += pre_trends(fitted(frame)).verdict == "weakens"
    # 3 per cent a month: one step is a tenth of its own noise; 16 of 20 is what 90 per cent
    # power would miss once in 30 runs, and the seeds are fixed.
    assert weakens >= 16


def test_without_an_interval_a_check_says_nothing() -> None:
    frame = pe.simulate_programme(areas=12, treated=1, months=24, seed=1)
    estimate = fitted(frame)
    assert estimate.overall().conf_int().isna().all(axis=None)
    for check in (placebo_in_time, leave_one_out, start_date):
        finding = check(estimate)
        assert finding.verdict == "not_informative", finding
        assert "nan" not in finding.sentence.lower()


def test_without_an_answer_nothing_can_change_it() -> None:
    frame = pe.simulate_programme(areas=20, treated=3, months=24, incidents=200, seed=1)
    estimate = fitted(frame)
    # The interval is there, and is not to be relied on.
    assert np.isfinite(estimate.overall().conf_int().to_numpy()).all()
    for check in (leave_one_out, start_date):
        finding = check(estimate)
        assert finding.verdict == "not_informative"
        assert "answer changes" not in finding.sentence
        assert "hangs" not in finding.sentence


def test_that_no_interval_is_left_without_a_unit_is_a_finding() -> None:
    # Without one of two comparison areas, how much the other moves by itself cannot be told.
    steady = {"effect": -0.6, "incidents": 20_000, "dispersion": 1e6}
    frame = pe.simulate_programme(areas=10, treated=8, months=24, seed=1, **steady)
    finding = leave_one_out(fitted(frame, comparison="never_treated"))
    assert finding.verdict == "weakens"
    for area in frame.loc[frame["programme_start"].isna(), "area"].unique():
        assert area in finding.sentence


@pytest.mark.statistical
def test_the_joint_test_has_the_size_it_says() -> None:
    rejected = [
        pre_trends(fitted(pe.simulate_programme(effect=0.0, incidents=100, months=18, seed=seed))).verdict
        == "weakens"
        for seed in range(100)
    ]
    # 5 per cent are meant: 0 of 100 has probability 0.6 per cent, more than 11 has 0.4 per cent.
    assert 1 <= sum(rejected) <= 11


def test_one_area_that_carries_the_result_is_named() -> None:
    # The others fall clearly; one that rises twelvefold hides it.
    frame = pe.simulate_programme(effect=-0.3, incidents=300, dispersion=400, seed=4)
    treated = frame.loc[frame["programme_start"].notna(), "area"].unique()
    loud = (frame["area"] == treated[0]) & (frame["month"] >= frame["programme_start"])
    frame["incidents"] = frame["incidents"] * np.where(loud, 12, 1)
    finding = leave_one_out(fitted(frame))
    assert finding.verdict == "weakens"
    assert str(treated[0]) in finding.sentence
    assert set(finding.table["left_out"]) == set(frame["area"])


def test_a_misdated_start_is_said() -> None:
    frame = pe.simulate_programme(effect=0.6, incidents=400, dispersion=4000, seed=3, months=12)
    # Dated one month too late: the first treated month serves as the base, and hides the effect.
    frame["programme_start"] = frame["programme_start"] + pd.offsets.MonthBegin(1)
    finding = start_date(fitted(frame))
    assert list(finding.table["starts_moved_by"]) == [-1, 0, 1]
    assert finding.verdict == "weakens"
    assert "one month earlier" in finding.sentence


def test_a_check_that_cannot_run_says_why() -> None:
    frame = pe.simulate_programme(areas=8, treated=4, months=6, seed=1)
    early = frame["programme_start"].notna()
    frame.loc[early, "programme_start"] = pd.Timestamp("2019-02-01")
    finding = placebo_in_time(fitted(frame))
    assert finding.verdict == "could_not_run"
    assert finding.sentence.startswith("This check could not run: ")


def test_too_many_refits_are_not_started(steady: pe.EffectEstimate) -> None:
    finding = leave_one_out(steady, time_limit=0.0)
    assert finding.verdict == "could_not_run"
    assert "30 refits" in finding.sentence


def test_checks_leave_the_estimate_as_it_was(steady: pe.EffectEstimate) -> None:
    before = steady.tidy()
    for check in CHECKS.values():
        check(steady, 0.95)
    pd.testing.assert_frame_equal(before, steady.tidy())


def test_a_pretended_start_must_lie_before_the_real_one(steady: pe.EffectEstimate) -> None:
    with pytest.raises(PreventEvalError, match="at least one period before"):
        steady.recipe.design.before_programme(0)


@dataclass(frozen=True)
class FailsOnRefit:
    """Callaway and Sant'Anna, but the computation of every fit without all units is red."""

    name: ClassVar[str] = "Fails on refit"
    references: ClassVar[tuple[str, ...]] = ()
    units: int = 30

    def fit(self, design: pe.StudyDesign) -> pe.EffectEstimate:
        estimate = pe.CallawaySantAnna().fit(design)
        verdict = "green" if design.n_units == self.units else "red"
        gates = {"gates": ({"name": "r_hat", "verdict": verdict, "value": 1.2, "limit": 1.01},)}
        return replace(estimate, recipe=Recipe(design, self), diagnostics=gates)


def test_a_refit_that_fails_its_own_check_says_nothing_of_the_unit(steady: pe.EffectEstimate) -> None:
    finding = leave_one_out(FailsOnRefit().fit(steady.recipe.design))
    assert finding.verdict == "could_not_run"
    assert "did not pass its own check" in finding.sentence


def counts(frame: pd.DataFrame) -> pe.StudyDesign:
    panel = pe.Panel(frame, unit="area", period="month", outcomes=["incidents"], exposure="residents")
    return pe.StudyDesign(panel, outcome="incidents", treated_from="programme_start", measure="rate")


AGAIN = {
    "LinearDiD": pe.LinearDiD(),
    "PoissonDiD": pe.PoissonDiD(),
    "ImputationDiD": pe.ImputationDiD(likelihood="poisson"),
    "TwoWayFixedEffects": pe.TwoWayFixedEffects(),
}


@pytest.mark.parametrize("name", AGAIN)
def test_methods_without_leads_are_asked_for_them(name: str, drifting: pe.EffectEstimate) -> None:
    sound = AGAIN[name].fit(counts(pe.simulate_programme(incidents=300, dispersion=400, seed=4)))
    finding = pre_trends(sound)
    assert finding.verdict == "supports", finding
    assert finding.sentence.endswith("come from a second fit of the same method, with such effects in it.")
    times = [time for time in finding.table["event_time"] if not isinstance(time, str)]
    assert times
    assert max(times) < 0
    assert pre_trends(AGAIN[name].fit(drifting.recipe.design)).verdict == "weakens"


def test_leads_that_were_asked_for_are_not_fitted_again() -> None:
    design = counts(pe.simulate_programme(incidents=300, dispersion=400, seed=4))
    for estimator in (pe.PoissonDiD(leads=True), pe.ImputationDiD(leads=6)):
        finding = pre_trends(estimator.fit(design))
        assert finding.verdict == "supports"
        assert "second fit" not in finding.sentence
    # Leads of the imputation are pooled over cohorts: every treated unit stands behind them.
    assert finding.table["treated_units"].dropna().tolist() == [12.0] * 6


def test_answers_of_counts_are_those_of_the_total() -> None:
    estimate = pe.PoissonDiD().fit(counts(pe.simulate_programme(incidents=2.0, seed=4)))
    assert overall_of(estimate).effect[0] == estimate.in_total().effect[0]
    assert overall_of(estimate).effect[0] != pytest.approx(estimate.overall().effect[0], rel=1e-3)
    finding = placebo_in_time(estimate)
    assert finding.table["estimate"].iloc[0] == pytest.approx(
        estimate.refit(estimate.recipe.design.before_programme(6)).in_total().effect[0]
    )
