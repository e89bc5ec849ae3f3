"""Published-scale check on real data: castle doctrine laws and homicide, 50 states, 2000–2010."""

from __future__ import annotations

import pandas as pd
import pytest

import preventeval as pe

pytestmark = pytest.mark.reference

#: The reference numbers (R did 2.5.1, fixest 0.14.2) are printed to six or seven digits.
PRINTED = 1e-6


@pytest.fixture(scope="module")
def castle() -> pd.DataFrame:
    castle = pytest.importorskip("causaldata").castle
    table = castle.load_pandas().data[["sid", "year", "l_homicide", "post"]]
    first_full = table[table["post"] == 1].groupby("sid")["year"].min()
    return table.assign(
        first_full_year=table["sid"].map(first_full), in_force=table["sid"].map(first_full - 1)
    )


def design(castle: pd.DataFrame, start: str, comparison: str = "never_treated") -> pe.StudyDesign:
    panel = pe.Panel(castle, unit="sid", period="year", outcomes=["l_homicide"])
    return pe.StudyDesign(
        panel, outcome="l_homicide", treated_from=start, comparison=comparison, measure="value"
    )


def assert_one(estimate: pe.EffectEstimate, effect: float, std_error: float) -> None:
    assert estimate.effect.tolist() == pytest.approx([effect], abs=PRINTED)
    assert estimate.std_errors.tolist() == pytest.approx([std_error], abs=PRINTED)


def test_laws_dated_by_the_year_they_took_effect(castle: pd.DataFrame) -> None:
    estimate = pe.CallawaySantAnna().fit(design(castle, "in_force"))
    assert_one(estimate.overall(), 0.110383, 0.038724)
    assert_one(estimate.by_event_time().overall(), 0.110281, 0.036670)
    assert_one(estimate.by_cohort().overall(), 0.108447, 0.036333)
    assert_one(estimate.by_period().overall(), 0.074176, 0.031489)


def test_not_yet_treated_comparison(castle: pd.DataFrame) -> None:
    estimate = pe.CallawaySantAnna().fit(design(castle, "in_force", "not_yet_treated"))
    assert_one(estimate.overall(), 0.109355, 0.039165)


def test_laws_dated_by_their_first_full_year(castle: pd.DataFrame) -> None:
    estimate = pe.CallawaySantAnna().fit(design(castle, "first_full_year"))
    assert_one(estimate.overall(), 0.019403, 0.038389)


def test_two_way_fixed_effects_on_first_full_years(castle: pd.DataFrame) -> None:
    estimate = pe.TwoWayFixedEffects().fit(design(castle, "first_full_year"))
    assert_one(estimate, 0.0693984, 0.0558596)
