"""Effects as incidents, from estimates with expected incidents behind them: by hand, on four cells."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

import preventeval as pe
from preventeval.design import StudyDesign
from preventeval.errors import EstimationError
from preventeval.estimate import EffectEstimate, Recipe
from preventeval.panel import Panel
from preventeval.scale import AVERTED, INCIDENTS, LOG_RATE_RATIO, rate
from preventeval.uncertainty import Covariance, Posterior

Array = NDArray[np.float64]

# Cohort 1 (A) and cohort 2 (B, C) in the periods after their starts; D never starts.
LABELS = pd.DataFrame({"cohort": [1, 1, 2], "period": [1, 2, 2], "event_time": [0, 1, 0]})
EFFECT = np.log([0.8, 0.5, 0.9])
EXPECTED = np.array([10.5, 11.0, 22.0])  # without the programme
OBSERVED = np.array([8.0, 6.0, 11.0 + 9.0])
EXPOSED = np.array([110.0, 120.0, 220.0 + 320.0])
ROOT = np.random.default_rng(3).normal(size=(8, 8)) / 20
JOINT = ROOT @ ROOT.T  # of three effects, two shares and three expected numbers
GROUPS = {
    "overall": [[1, 1, 1]],
    "period": [[1, 0, 0], [0, 1, 1]],
    "cohort": [[1, 1, 0], [0, 0, 1]],
    "event_time": [[1, 0, 1], [0, 1, 0]],
}


class Refusing:
    """An estimator that must not be asked to fit again."""

    name: ClassVar[str] = "By hand"
    references: ClassVar[tuple[str, ...]] = ()

    def fit(self, design: StudyDesign) -> EffectEstimate:
        raise AssertionError("effects of counts are not fitted again")


def make_design(
    *, exposure: bool = True, measure: Any = None, hole: bool = False, per: float = 100_000
) -> StudyDesign:
    counts = {"A": [9, 8, 6], "B": [12, 13, 11], "C": [10, 10, 9], "D": [5, 5, 5]}
    residents = {"A": [100, 110, 120], "B": [200, 210, 220], "C": [300, 310, 320], "D": [50, 50, 50]}
    rows = [
        {"area": area, "year": 2000 + t, "robbery": counts[area][t], "residents": float(residents[area][t])}
        for area in counts
        for t in range(3)
    ]
    frame = pd.DataFrame(rows)
    frame["start"] = frame["area"].map({"A": 2001, "B": 2002, "C": 2002})
    if hole:
        frame.loc[(frame["area"] == "C") & (frame["year"] == 2002), "residents"] = np.nan
    panel = Panel(
        frame,
        unit="area",
        period="year",
        outcomes=["robbery"],
        exposure="residents" if exposure else None,
    )
    return StudyDesign(panel, outcome="robbery", treated_from="start", measure=measure, per=per)


def counted(**parts: Any) -> EffectEstimate:
    """Log rate ratios with expected incidents behind them."""
    values: dict[str, Any] = {
        "effect": EFFECT,
        "labels": LABELS,
        "uncertainty": Covariance(JOINT),
        "scale": LOG_RATE_RATIO,
        "recipe": Recipe(make_design(measure="count"), Refusing()),
        "post": np.ones(3, dtype=bool),
        "sizes": np.array([0.25, 0.5]),
        "size_of": np.array([0, 0, 1]),
        "expected": EXPECTED,
        **parts,
    }
    return EffectEstimate(**values)


def derivative(formula: Any, point: Array) -> Array:
    """Central differences of a formula, shape (m, len(point))."""
    steps = 1e-6 * np.eye(len(point))
    return np.stack([(formula(point + s) - formula(point - s)) / 2e-6 for s in steps], axis=1)


@pytest.mark.parametrize("by", GROUPS)
@pytest.mark.parametrize("cumulative", [False, True])
def test_averted_uses_effects_and_expected_incidents_together(by: str, cumulative: bool) -> None:
    member = np.array(GROUPS[by], dtype=float)
    if cumulative:
        if by not in ("period", "event_time"):
            return
        member = np.cumsum(member, axis=0)

    def formula(point: Array) -> Array:
        return member @ (-point[5:] * np.expm1(point[:3]))

    point = np.concatenate([EFFECT, [0.25, 0.5], EXPECTED])
    result = counted().averted(by, cumulative=cumulative)
    # rtol: the same sums in another order
    np.testing.assert_allclose(result.effect, formula(point), rtol=1e-12)
    jacobian = derivative(formula, point)
    # rtol: central differences with a step of 1e-6 of functions of order 10
    np.testing.assert_allclose(result.cov, jacobian @ JOINT @ jacobian.T, rtol=1e-6)
    assert (result.scale, result.of) == (AVERTED, f"cumulative_{by}" if cumulative else by)
    counts = result.diagnostics
    np.testing.assert_allclose(counts["observed"], member @ OBSERVED, rtol=1e-12)
    np.testing.assert_allclose(counts["expected"], member @ EXPECTED, rtol=1e-12)
    np.testing.assert_allclose(counts["unit_periods"], member @ [1, 1, 2], rtol=1e-12)


def test_averted_of_draws_of_effects_and_expected_incidents() -> None:
    draws = np.random.default_rng(5).normal(size=(400, 6)) / 10 + np.concatenate([EFFECT, EXPECTED])
    estimate = counted(uncertainty=Posterior(draws), sizes=np.zeros(0), size_of=np.zeros(0, dtype=np.int64))
    expected = -(draws[:, 3:] * np.expm1(draws[:, :3])).sum(axis=1)
    result = estimate.averted()
    np.testing.assert_allclose(result.uncertainty.draws[:, 0], expected, rtol=1e-12)
    assert result.effect[0] == pytest.approx(np.median(expected))


def test_the_last_running_total_is_the_sum_of_all() -> None:
    estimate = counted()
    for by in ("period", "event_time"):
        running, total = estimate.averted(by, cumulative=True), estimate.averted()
        assert running.effect[-1] == pytest.approx(total.effect[0])
        assert running.std_errors.iloc[-1] == pytest.approx(total.std_errors.iloc[0])
        assert running.effect[0] == pytest.approx(estimate.averted(by).effect[0])
    assert estimate.averted("period", cumulative=True).terms == ["until period 2001", "until period 2002"]


@pytest.mark.parametrize("by", ["overall", "cohort", "unit"])
def test_running_totals_go_over_time(by: str) -> None:
    with pytest.raises(EstimationError, match=rf"By hand: a running total goes over time, and by='{by}'"):
        counted().averted(by, cumulative=True)


def test_averages_leave_expected_incidents_alone() -> None:
    carrying = counted()
    without = counted(expected=np.zeros(0), uncertainty=Covariance(JOINT[:5, :5]))
    for ask in ("overall", "by_event_time", "by_cohort", "by_period"):
        one, other = getattr(carrying, ask)(), getattr(without, ask)()
        np.testing.assert_allclose(one.effect, other.effect, rtol=1e-12)
        np.testing.assert_allclose(one.cov, other.cov, rtol=1e-12)
        assert one.expected.size == 0
    np.testing.assert_allclose(
        carrying.by_cohort().overall().cov, without.by_cohort().overall().cov, rtol=1e-12
    )
    np.testing.assert_allclose(carrying.std_errors, without.std_errors, rtol=1e-12)
    first = carrying.within(0, 0)
    assert first.averted().effect[0] == pytest.approx(-(EXPECTED * np.expm1(EFFECT))[[0, 2]].sum())
    np.testing.assert_allclose(first.averted().cov, counted().averted("event_time").cov.iloc[:1, :1])


def test_expected_incidents_are_for_logarithms() -> None:
    with pytest.raises(EstimationError, match="expected= is for logarithmic effects"):
        counted(scale=INCIDENTS)


@pytest.mark.parametrize("by", GROUPS)
def test_per_100k_is_averted_over_exposure(by: str) -> None:
    estimate = counted()
    result, averted = estimate.per_100k(by), estimate.averted(by)
    exposure = np.array(GROUPS[by]) @ EXPOSED
    np.testing.assert_allclose(result.effect, -1e5 * averted.effect / exposure, rtol=1e-12)
    np.testing.assert_allclose(result.std_errors, 1e5 * averted.std_errors / exposure, rtol=1e-12)
    assert (result.scale, result.of) == (rate(100_000), by)
    np.testing.assert_allclose(result.diagnostics["exposure"], exposure)
    np.testing.assert_allclose(result.diagnostics["expected"], averted.diagnostics["expected"], rtol=1e-12)


def test_per_100k_of_a_rate_is_its_average_over_exposure() -> None:
    design = make_design(measure="rate", per=1000)
    effect = np.array([-100.0, -200.0, -50.0])
    estimate = counted(
        effect=effect,
        scale=rate(1000),
        expected=np.zeros(0),
        uncertainty=Covariance(np.eye(3)),
        sizes=np.zeros(0),
        size_of=np.zeros(0, dtype=np.int64),
        recipe=Recipe(design, Once(effect)),
    )
    # A rate per 1,000 is a hundredth of one per 100,000.
    assert estimate.per_100k().effect[0] == pytest.approx(100 * (effect @ EXPOSED) / EXPOSED.sum())


class Once:
    """An estimator that gives the same effects whatever the weights."""

    name: ClassVar[str] = "By hand"
    references: ClassVar[tuple[str, ...]] = ()

    def __init__(self, effect: Array) -> None:
        self.effect = effect

    def fit(self, design: StudyDesign) -> EffectEstimate:
        return EffectEstimate(
            effect=self.effect,
            labels=LABELS,
            uncertainty=Covariance(np.eye(3)),
            scale=design.scale,
            recipe=Recipe(design, self),
            post=np.ones(3, dtype=bool),
        )


def test_per_100k_leaves_out_what_has_no_exposure() -> None:
    design = make_design(measure="count", hole=True)
    estimate = Once(np.array([-1.0, -2.0, -3.0])).fit(design)
    assert estimate.averted().effect[0] == pytest.approx(1 + 2 + 3 * 2)
    result = estimate.per_100k()
    assert result.effect[0] == pytest.approx(-1e5 * (1 + 2 + 3) / (110 + 120 + 220))
    assert result.diagnostics["unit_periods"] == (3.0,)


def test_per_100k_needs_an_exposure() -> None:
    estimate = counted(recipe=Recipe(make_design(exposure=False, measure="count"), Refusing()))
    with pytest.raises(EstimationError, match=r"incidents per 100,000 need an exposure"):
        estimate.per_100k()
    with pytest.raises(EstimationError, match="summed over cells: ask the estimate as it was fitted"):
        counted().overall().per_100k()


def test_expected_is_observed_and_averted_where_nothing_says_what_was_expected() -> None:
    estimate = Once(np.array([-1.0, -2.0, 3.0])).fit(make_design(measure="count"))
    counts = estimate.averted("event_time").diagnostics
    assert counts["observed"] == (28.0, 6.0)
    assert counts["expected"] == (28.0 + 1 - 6, 6.0 + 2)


@pytest.mark.parametrize("by", GROUPS)
def test_the_ratio_in_total_is_that_of_sums(by: str) -> None:
    member = np.array(GROUPS[by], dtype=float)

    def formula(point: Array) -> Array:
        return np.log(member @ (point[5:] * np.exp(point[:3]))) - np.log(member @ point[5:])

    point = np.concatenate([EFFECT, [0.25, 0.5], EXPECTED])
    estimate = counted()
    result = estimate.in_total(by)
    # rtol: the same sums in another order
    np.testing.assert_allclose(result.effect, formula(point), rtol=1e-12)
    jacobian = derivative(formula, point)
    # rtol: central differences with a step of 1e-6 of functions of order 1
    np.testing.assert_allclose(result.cov, jacobian @ JOINT @ jacobian.T, rtol=1e-6)
    assert (result.scale, result.of) == (LOG_RATE_RATIO, by)
    averted = estimate.averted(by)
    share = -100 * averted.effect / np.array(averted.diagnostics["expected"])
    np.testing.assert_allclose(result.as_percent().params, share, rtol=1e-12)


def test_the_ratio_in_total_of_draws_and_of_observed_incidents() -> None:
    plain = {"sizes": np.zeros(0), "size_of": np.zeros(0, dtype=np.int64)}
    draws = np.random.default_rng(5).normal(size=(400, 6)) / 10 + np.concatenate([EFFECT, EXPECTED])
    result = counted(uncertainty=Posterior(draws), **plain).in_total()
    expected = np.log((draws[:, 3:] * np.exp(draws[:, :3])).sum(axis=1) / draws[:, 3:].sum(axis=1))
    np.testing.assert_allclose(result.uncertainty.draws[:, 0], expected, rtol=1e-12)
    given = counted(uncertainty=Covariance(JOINT[:3, :3]), expected=np.zeros(0), **plain).in_total()
    assert given.effect[0] == pytest.approx(np.log(OBSERVED.sum() / (OBSERVED * np.exp(-EFFECT)).sum()))
    weights = OBSERVED * np.exp(-EFFECT) / (OBSERVED * np.exp(-EFFECT)).sum()
    assert given.cov.iloc[0, 0] == pytest.approx(weights @ JOINT[:3, :3] @ weights)


def test_the_ratio_in_total_by_event_time_has_what_comes_before() -> None:
    # Before the start, two effects of single cohorts and one that is pooled over all: its own.
    labels = pd.DataFrame({"cohort": [1, 2, 2, -1], "period": [1, 2, 1, -1], "event_time": [0, 0, -1, -2]})
    effect, expected = np.log([0.8, 0.5, 0.9, 1.3]), np.array([10.5, 11.0, 22.0, 0.0])
    estimate = counted(
        effect=effect,
        labels=labels,
        expected=expected,
        uncertainty=Covariance(np.eye(8) / 100),
        post=np.array([True, True, False, False]),
        sizes=np.zeros(0),
        size_of=np.zeros(0, dtype=np.int64),
    )
    path = estimate.in_total("event_time")
    assert path.labels["event_time"].tolist() == [-2, -1, 0]
    np.testing.assert_allclose(np.exp(path.effect), [1.3, 0.9, (10.5 * 0.8 + 11 * 0.5) / (10.5 + 11)])
    assert path.post.tolist() == [False, False, True]
    assert estimate.in_total().effect[0] == pytest.approx(path.effect[-1])
    # Of a pooled effect, every treated unit that is observed then: C and B two years before 2002.
    assert estimate.treated_units().to_dict() == {-2: 2, -1: 2, 0: 3}


def test_the_ratio_in_total_is_for_ratios_of_cells() -> None:
    with pytest.raises(EstimationError, match=r"By hand: a rate ratio of all incidents together"):
        Once(np.array([-1.0, -2.0, 3.0])).fit(make_design(measure="count")).in_total()
    with pytest.raises(EstimationError, match="summed over cells: ask the estimate as it was fitted"):
        counted().overall().in_total()


# Cells in which nothing was counted ----------------------------------------------------------


def with_an_empty_cell(**parts: Any) -> EffectEstimate:
    """Nothing was counted in the second cell: it has no ratio, but incidents that were expected."""
    joint = JOINT.copy()
    joint[1], joint[:, 1] = 0.0, 0.0
    effect = np.where([False, True, False], np.nan, EFFECT)
    return counted(**{"effect": effect, "uncertainty": Covariance(joint), **parts})


@pytest.mark.parametrize("by", GROUPS)
def test_all_that_was_expected_in_an_empty_cell_was_averted(by: str) -> None:
    estimate, member = with_an_empty_cell(), np.array(GROUPS[by], dtype=float)
    left = np.array([1.0, 0.0, 1.0])  # the exponential of minus infinity

    def formula(point: Array) -> Array:
        return member @ (point[2:] - left * point[2:] * np.exp([point[0], 0.0, point[1]]))

    point, kept = np.concatenate([EFFECT[[0, 2]], EXPECTED]), [0, 2, 5, 6, 7]
    averted = estimate.averted(by)
    # rtol: the same sums in another order
    np.testing.assert_allclose(averted.effect, formula(point), rtol=1e-12)
    jacobian = derivative(formula, point)
    # rtol: central differences with a step of 1e-6 of functions of order 10
    np.testing.assert_allclose(
        averted.cov, jacobian @ JOINT[np.ix_(kept, kept)] @ jacobian.T, rtol=1e-6, atol=1e-9
    )
    np.testing.assert_allclose(averted.diagnostics["expected"], member @ EXPECTED, rtol=1e-12)
    exposure = member @ EXPOSED
    np.testing.assert_allclose(estimate.per_100k(by).effect, -1e5 * averted.effect / exposure, rtol=1e-12)


@pytest.mark.parametrize("by", ["overall", "period", "cohort"])
def test_the_ratio_in_total_counts_empty_cells(by: str) -> None:
    estimate, member = with_an_empty_cell(), np.array(GROUPS[by], dtype=float)

    def formula(point: Array) -> Array:
        left = point[2:] * np.array([np.exp(point[0]), 0.0, np.exp(point[1])])
        return np.log(member @ left) - np.log(member @ point[2:])

    point, kept = np.concatenate([EFFECT[[0, 2]], EXPECTED]), [0, 2, 5, 6, 7]
    result = estimate.in_total(by)
    # rtol: the same sums in another order
    np.testing.assert_allclose(result.effect, formula(point), rtol=1e-12)
    jacobian = derivative(formula, point)
    # rtol: central differences with a step of 1e-6 of functions of order 1
    np.testing.assert_allclose(
        result.cov, jacobian @ JOINT[np.ix_(kept, kept)] @ jacobian.T, rtol=1e-6, atol=1e-9
    )


def test_averages_are_of_cells_that_have_a_ratio() -> None:
    estimate = with_an_empty_cell()
    weights = np.array([0.25, 0.5]) / 0.75
    assert estimate.overall().effect[0] == pytest.approx(weights @ EFFECT[[0, 2]])
    assert estimate.by_event_time().labels["event_time"].tolist() == [0]


def test_where_all_of_a_group_is_empty_nothing_is_left_of_it() -> None:
    # Event time 1 is the empty cell: −100 per cent, of which no standard error can be given.
    path = with_an_empty_cell().in_total("event_time")
    assert path.effect[1] == -np.inf
    shown = path.as_percent()
    assert shown.params.iloc[1] == -100
    assert np.isnan(shown.std_errors.iloc[1])
    assert np.isnan(shown.conf_int().iloc[1]).all()
    # The numbers of incidents have one.
    averted = with_an_empty_cell().averted("event_time")
    assert averted.effect[1] == EXPECTED[1]
    assert averted.std_errors.iloc[1] == pytest.approx(np.sqrt(JOINT[6, 6]))


@pytest.mark.parametrize("effect", [0.0, -0.2])
def test_small_counts_do_not_shift_the_ratio_in_total(effect: float) -> None:
    found = []
    for seed in range(40):
        frame = pe.simulate_programme(incidents=1.5, effect=effect, areas=60, treated=24, seed=seed)
        panel = Panel(frame, unit="area", period="month", outcomes=["incidents"], exposure="residents")
        design = StudyDesign(panel, outcome="incidents", treated_from="programme_start", measure="rate")
        estimate = pe.PoissonDiD().fit(design)
        found.append([float(one.effect[0]) for one in (estimate.in_total(), estimate.overall())])
    total, average = np.mean(found, axis=0) - np.log1p(effect)
    # The standard error of the mean of 40 is 0.011 (sd 0.07); the average of logarithms is lower by about
    # 1 / (2 m), where a cell of 8 areas holds m = 12 incidents.
    assert abs(total) < 0.035
    assert average < total - 0.02
