"""Effects of counts that differ with a covariate, and the incidents expected behind them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

import preventeval as pe
from preventeval.did import _expected, _extended
from preventeval.uncertainty import Influence

Array = NDArray[np.float64]


def simulated(
    seed: int, *, units: int = 60, treated: int = 24, noise: bool = True
) -> tuple[pd.DataFrame, float]:
    """A panel whose effect hangs on a covariate, and how many incidents the programme averted."""
    rng = np.random.default_rng(seed)
    periods, size = 6, rng.normal(size=units)
    level = rng.normal(4, 0.2, units)
    moves = rng.normal(0, 0.1, periods) + 0.02 * size[:, None] * np.arange(periods)
    without = np.exp(level[:, None] + moves)
    after = (np.arange(units) < treated)[:, None] & (np.arange(periods) >= 3)
    mean = without * np.where(after, np.exp(-0.3 + 0.5 * size)[:, None], 1.0)
    table = pd.DataFrame(
        {
            "area": np.repeat([f"area {i:03d}" for i in range(units)], periods),
            "year": np.tile(np.arange(2001, 2001 + periods), units),
            "incidents": (rng.poisson(mean) if noise else mean).ravel().astype(float),
            "size": np.repeat(size, periods),
            "moving": rng.normal(size=units * periods),
            "region": np.repeat(np.arange(units) % 2, periods),
            "start": np.repeat(np.where(np.arange(units) < treated, 2004.0, np.nan), periods),
            "weight": 1.0,
        }
    )
    return table, float((without - mean)[after].sum())


def design_of(table: pd.DataFrame, *covariates: str) -> pe.StudyDesign:
    panel = pe.Panel(
        table, unit="area", period="year", outcomes=["incidents"], covariates=covariates, weights="weight"
    )
    # expected incidents, where there is no noise, are no whole numbers
    return pe.StudyDesign(
        panel, outcome="incidents", treated_from="start", measure="value", counts="incidents"
    )


def full(**options: Any) -> pe.PoissonDiD:
    return pe.PoissonDiD(covariates="full", **options)


def test_totals_are_those_of_the_areas_not_of_their_mean_effect() -> None:
    table, truth = simulated(1, noise=False)
    estimate = full().fit(design_of(table, "size"))
    observed = table["incidents"][table["start"].notna() & (table["year"] >= 2004)].sum()
    # The means fit the model without error: Newton's last step leaves 1e-8 of a coefficient.
    assert estimate.averted().effect[0] == pytest.approx(truth, rel=1e-6)
    assert estimate.in_total().effect[0] == pytest.approx(np.log(observed / (observed + truth)), rel=1e-6)


def test_agrees_with_imputation() -> None:
    design = design_of(simulated(2)[0], "size")
    other = pe.ImputationDiD(likelihood="poisson").fit(design)
    # A slope in every treated cell leaves the covariate's trend to untreated periods, as imputation
    # does; what remains are treated periods that say something about the levels of areas.
    assert full().fit(design).averted().effect[0] == pytest.approx(other.averted().effect[0], rel=0.02)


@pytest.mark.parametrize(
    ("options", "covariates", "empty"),
    [
        ({}, ("size",), False),
        ({"levels": "cohort"}, ("size",), False),
        ({"regions": "region"}, ("size", "moving"), False),
        ({}, ("size", "moving"), True),
        ({"levels": "cohort", "regions": "region"}, ("size",), True),
    ],
)
def test_influence_is_the_derivative_in_the_weight_of_a_comparison_unit(
    options: dict[str, Any], covariates: tuple[str, ...], empty: bool
) -> None:
    table, _ = simulated(3, units=24, treated=9)
    if empty:
        table.loc[table["start"].notna() & (table["year"] == 2006), "incidents"] = 0
    estimate = full(**options).fit(design_of(table, *covariates))
    known, spread = np.isfinite(estimate.effect), estimate.uncertainty
    assert isinstance(spread, Influence)
    assert (~known).sum() == empty
    n, clusters = estimate.diagnostics["unit_periods"], estimate.diagnostics["clusters"]
    k = estimate.diagnostics["coefficients"] + (options.get("levels") != "cohort")
    factor = np.sqrt(clusters / (clusters - 1) * (n - 1) / (n - k))
    step = 1e-4
    for row in (10, 15, 23):  # in no cell: they move coefficients alone
        moved = []
        for sign in (1, -1):
            here = table["area"] == estimate.recipe.design.panel.units[row]
            again = full(**options).fit(
                design_of(table.assign(weight=np.where(here, 1 + sign * step, 1.0)), *covariates)
            )
            moved.append(np.concatenate([again.effect[known], again.expected]))
        slope = (moved[0] - moved[1]) / (2 * step)
        values = (spread.source.of_units(np.array([row])) @ spread.weights.T)[0] / factor
        own = np.concatenate([values[: len(known)][known], values[-len(known) :]])
        # Newton's last step leaves 1e-8 of a coefficient, over a step of 1e-4
        np.testing.assert_allclose(own, slope, rtol=1e-4, atol=1e-5 * np.abs(slope).max())


def test_slopes_are_derivatives_in_the_coefficients() -> None:
    """With levels of cohorts, where no level follows: of each coefficient, by a small step."""
    table, _ = simulated(4, units=24, treated=9)
    table.loc[table.index % 11 == 0, "incidents"] = np.nan
    design = design_of(table, "size", "moving")
    options = full(levels="cohort")
    sample = _extended._sample(options, design, "poisson")
    fitted = _extended._fit(options, design, "poisson", sample)
    fit, cells = fitted.fit, np.array(sample.cells)

    def ratios(theta: Array) -> tuple[Array, Array]:
        there = replace(fit, theta=theta, grids=fit.problem.terms.grids(theta))
        return _expected.log_ratios(there, fitted.plan, sample.weights, design.cohort, cells)

    step, slopes = 1e-5, ratios(fit.theta)[1]
    for column, aside in enumerate(step * np.eye(len(fit.theta))):
        up, down = (ratios(fit.theta + sign * aside)[0] for sign in (1, -1))
        # squares of the step, and rounding over it
        np.testing.assert_allclose((up - down) / (2 * step), slopes[column], rtol=0, atol=1e-8)


def test_covariates_that_say_the_same_in_a_cohort_leave_its_effects_known() -> None:
    table, _ = simulated(5, units=24, treated=2)
    table["other"] = np.repeat(np.random.default_rng(6).normal(size=24), 6)
    estimate = full().fit(design_of(table, "size", "other"))
    # Of two areas neither slope is known, but what both say together is.
    assert len(estimate.effect) == 3
    assert np.isfinite(estimate.averted().std_errors).all()


def test_says_that_one_effect_for_all_is_assumed() -> None:
    table = simulated(2)[0]
    asked: list[tuple[str, pe.PoissonDiD, bool]] = [
        ("size", pe.PoissonDiD(), True),
        ("size", full(), False),
        ("moving", pe.PoissonDiD(), False),
    ]
    for covariate, estimator, said in asked:
        notes = [note.key for note in estimator.fit(design_of(table, covariate)).notes]
        assert ("note-counts-one-effect" in notes) == said


def test_slopes_without_a_best_value_point_to_what_needs_none() -> None:
    table = simulated(7, units=24, treated=2)[0]
    table.loc[(table["area"] == "area 000") & (table["year"] == 2005), "incidents"] = 0
    with pytest.raises(pe.EstimationError, match="a slope of covariates 'size' in every cell") as caught:
        full().fit(design_of(table, "size"))
    assert "covariates='by_period'" in str(caught.value)
    assert np.isfinite(pe.PoissonDiD().fit(design_of(table, "size")).effect).all()


@pytest.mark.statistical
def test_intervals_of_totals_cover_where_effects_differ_with_a_covariate() -> None:
    off, covered = [], []
    for seed in range(100):
        table, truth = simulated(seed, units=80, treated=30)
        averted = full().fit(design_of(table, "size")).averted()
        low, high = averted.conf_int().to_numpy()[0]
        off.append(averted.effect[0] - truth)
        covered.append(low <= truth <= high)
    # three standard errors of the mean of 100 draws
    assert abs(np.mean(off)) < 3 * np.std(off) / 10
    # 95 % less three standard errors of a share among 100
    assert np.mean(covered) > 0.88
