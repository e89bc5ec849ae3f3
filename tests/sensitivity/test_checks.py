"""Checks: each gives the verdict it should on programmes made so that it should."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import preventeval as pe
from preventeval.errors import PreventEvalError
from preventeval.sensitivity import (
    CHECKS,
    DEFAULT_CHECKS,
    leave_one_out,
    placebo_in_time,
    pre_trends,
    start_date,
)


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


def test_only_the_nearest_effects_with_enough_areas_are_tested(steady: pe.EffectEstimate) -> None:
    rows = pre_trends(steady).table.iloc[:-1]
    tested = rows[rows["tested"].astype(bool)]
    # Twelve treated areas: a third of them.
    assert list(tested["event_time"]) == [-4, -3, -2, -1]
    assert (tested["treated_units"] >= 5).all()


@pytest.mark.statistical
def test_the_joint_test_has_the_size_it_says() -> None:
    rejected = [
        pre_trends(fitted(pe.simulate_programme(effect=0.0, incidents=100, months=18, seed=seed))).verdict
        == "weakens"
        for seed in range(100)
    ]
    # 5 per cent are meant; 11 of 100 is the 99.4 per cent point of a binomial with that rate.
    assert sum(rejected) <= 11


def test_one_area_that_carries_the_result_is_named() -> None:
    frame = pe.simulate_programme(effect=0.0, incidents=60, seed=4)
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
