"""Joint tests: by hand, against the pre-test of R's did 2.5.1, and what they refuse."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import preventeval as pe
from preventeval.errors import EstimationError
from preventeval.estimate.wald import wald_test

HERE = Path(__file__).parent
#: Calls of did::att_gt without covariates, and the pre-test that each printed (p to five digits).
RECORDS: dict[str, dict[str, Any]] = json.loads((HERE / "pre_tests_of_did.json").read_text("utf-8"))
EFFECT = np.array([0.5, -0.2, 0.1])
COV = np.array([[1.0, 0.3, 0.0], [0.3, 0.5, 0.1], [0.0, 0.1, 2.0]]) / 10


def test_by_hand() -> None:
    expected = EFFECT @ np.linalg.inv(COV) @ EFFECT
    large = wald_test(EFFECT, COV)
    # rtol: the same quadratic form by two routes
    assert large.statistic == pytest.approx(expected, rel=1e-12)
    assert large.p_value == pytest.approx(stats.chi2.sf(expected, 3), rel=1e-10)
    small = wald_test(EFFECT, COV, df=9)
    assert small.p_value == pytest.approx(stats.f.sf(expected * 7 / (9 * 3), 3, 7), rel=1e-10)
    assert (small.df, small.df_residual) == (3, 9.0)
    assert str(large) == f"W = {expected:.4f}, chi2(3), p = {large.p_value:.4f}"


def test_one_effect_gives_the_t_test() -> None:
    test = wald_test(EFFECT[:1], COV[:1, :1], df=4)
    assert test.p_value == pytest.approx(2 * stats.t.sf(0.5 / np.sqrt(0.1), 4), rel=1e-10)


def test_fewer_degrees_of_freedom_than_effects_give_no_p_value() -> None:
    assert np.isnan(wald_test(EFFECT, COV, df=2).p_value)
    assert np.isfinite(wald_test(EFFECT, COV, df=3).p_value)


def test_units_do_not_matter() -> None:
    scale = np.array([1e-6, 1.0, 1e6])
    rescaled = wald_test(EFFECT * scale, COV * np.outer(scale, scale))
    assert rescaled.statistic == pytest.approx(wald_test(EFFECT, COV).statistic, rel=1e-10)


@pytest.mark.parametrize(
    ("cov", "message"),
    [
        (np.ones((3, 3)), "a joint test of 3 effects is not possible: their covariance is singular"),
        (np.where(np.eye(3) > 0, COV, np.nan), "how the effects go together, and that is not known"),
    ],
)
def test_what_cannot_be_tested_is_refused(cov: Any, message: str) -> None:
    with pytest.raises(EstimationError, match=message):
        wald_test(EFFECT, cov)


@pytest.mark.statistical
def test_size_with_few_clusters() -> None:
    rng = np.random.default_rng(6)
    rejected = {"hotelling": 0, "chi2": 0}
    for _ in range(2_000):
        values = rng.normal(size=(10, 3))
        mean, cov = values.mean(axis=0), np.cov(values.T) / 10
        rejected["hotelling"] += wald_test(mean, cov, df=9).p_value < 0.05
        rejected["chi2"] += wald_test(mean, cov).p_value < 0.05
    # Exact for normal data: 100 of 2,000, with a standard deviation of 10.
    assert abs(rejected["hotelling"] - 100) < 30
    assert rejected["chi2"] > 300  # as its docstring warns


# As R's did prints it -----------------------------------------------------------------------


@pytest.mark.reference
@pytest.mark.parametrize(("panel", "name"), [(panel, name) for panel in RECORDS for name in RECORDS[panel]])
def test_pre_test_against_r(panel: str, name: str) -> None:
    record = RECORDS[panel][name]
    frame = pd.read_csv(HERE.parent / "reference" / "oracle" / f"{panel}.csv")
    comparison = {"nevertreated": "never_treated", "notyettreated": "not_yet_treated"}[record["control"]]
    if panel == "all_eventually_treated" and comparison == "never_treated":
        comparison = "last_treated"  # R takes the last cohort where nobody is never treated
    elif panel == "all_eventually_treated":
        frame = frame[frame["period"] < frame["cohort"].max() - record["anticipation"]]
    grid = pe.Panel(frame, unit="unit", period="period", outcomes=["y"], weights=record["weights"])
    design = pe.StudyDesign(
        grid,
        outcome="y",
        treated_from="cohort",
        comparison=comparison,  # type: ignore[arg-type]
        anticipation=record["anticipation"],
        cluster=record["cluster"],
        measure="value",
    )
    estimate = pe.CallawaySantAnna(base_period=record["base"]).fit(design)
    test = estimate.pre_test()
    if record["anticipation"]:
        # R also tests the effects of the anticipated periods, which we count as the programme's.
        early = (estimate.labels["event_time"] < 0).to_numpy() & np.isfinite(estimate.std_errors.to_numpy())
        assert test.df < early.sum()
        test = wald_test(estimate.effect[early], estimate.cov.to_numpy()[np.ix_(early, early)])
    assert test.statistic == pytest.approx(record["W"], rel=1e-9)  # two routes to an inverse
    assert test.p_value == pytest.approx(record["p"], abs=5.1e-6)  # printed to five digits


# On estimates -------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def estimate() -> pe.EffectEstimate:
    return pe.CallawaySantAnna().fit(pe.example_design())


def test_joint_test_of_one_effect_is_its_p_value(estimate: pe.EffectEstimate) -> None:
    overall = estimate.overall()
    assert overall.joint_test().p_value == pytest.approx(overall.pvalues.iloc[0], rel=1e-8)


def test_what_is_known_by_construction_is_not_tested() -> None:
    path = pe.CallawaySantAnna(base_period="universal").fit(pe.example_design()).by_event_time()
    near = path.within(-2, 0)
    assert near.effect[1] == 0
    assert near.joint_test().df == 2
    assert near.pre_test().df == 1


def test_restating_changes_no_test() -> None:
    design = pe.example_design()
    log = pe.StudyDesign(
        design.panel, outcome=design.outcome, treated_from=design.treated_from, measure="log_rate"
    )
    path = pe.CallawaySantAnna().fit(log).by_event_time().within(-2, 1)
    assert path.as_percent().joint_test() == path.joint_test()


def test_refusals(estimate: pe.EffectEstimate) -> None:
    with pytest.raises(EstimationError, match="its effects are not by event time"):
        estimate.overall().pre_test()
    with pytest.raises(EstimationError, match="it has no effects before the start that could be tested"):
        estimate.within(0, 3).pre_test()
