"""What SunAbraham promises beyond agreement with fixest."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

import preventeval as pe


def simulated(seed: int = 8, *, share: float = 1.0) -> pd.DataFrame:
    """36 units, 7 periods, starts in periods 3 and 5 and never; an outcome y and counts with exposure."""
    rng = np.random.default_rng(seed)
    start = np.repeat([0, 3, 5], 12)
    unit, period = np.repeat(np.arange(36), 7), np.tile(np.arange(1, 8), 36)
    treated = (start[unit] > 0) & (period >= start[unit])
    x, level = rng.normal(size=252), rng.normal(size=36)[unit]
    residents = rng.uniform(500, 1500, 252)
    table = pd.DataFrame(
        {
            "unit": unit,
            "district": unit % 13,
            "period": period,
            "start": start[unit],
            "x": x,
            "z": level,
            "y": level + 0.2 * period + 0.5 * x - 2.0 * treated + 0.3 * rng.normal(size=252),
            "events": rng.poisson(residents * 0.02 * np.exp(0.2 * level + 0.1 * x - 0.3 * treated)),
            "residents": residents,
            "w": rng.uniform(0.5, 2, 36)[unit],
        }
    )
    return table.sample(frac=share, random_state=rng).sort_values(["unit", "period"])


def design_of(table: pd.DataFrame, outcome: str = "y", **options: Any) -> pe.StudyDesign:
    columns = {name: options.pop(name) for name in ("covariates", "weights") if name in options}
    exposure = "residents" if outcome == "events" else None
    panel = pe.Panel(table, unit="unit", period="period", outcomes=[outcome], exposure=exposure, **columns)
    options = {"measure": "rate" if exposure else "value", "comparison": "never_treated"} | options
    return pe.StudyDesign(panel, outcome=outcome, treated_from="start", **options)


def regressors_of(table: pd.DataFrame, cells: list[tuple[int, int]]) -> np.ndarray[Any, Any]:
    """An indicator of each cell (cohort, period), of units and of periods."""
    own = [(table["start"] == cohort) & (table["period"] == period) for cohort, period in cells]
    unit = pd.get_dummies(table["unit"].astype(str), dtype=float)
    period = pd.get_dummies(table["period"].astype(str), dtype=float).iloc[:, 1:]
    return np.column_stack([*own, unit, period]).astype(float)


CELLS = [(3, t) for t in (1, 3, 4, 5, 6, 7)] + [(5, t) for t in (1, 2, 3, 5, 6, 7)]


def test_poisson_equals_a_regression_on_dummies_and_averages_by_hand() -> None:
    import statsmodels.api as sm

    table = simulated(share=0.9)
    x = regressors_of(table, CELLS)
    y, offset = table["events"].to_numpy(float), np.log(table["residents"].to_numpy())
    fitted = sm.GLM(y, x, family=sm.families.Poisson(), offset=offset).fit(tol=1e-14, maxiter=100)
    bread = np.linalg.inv((x * fitted.mu[:, None]).T @ x)
    scores = pd.DataFrame(x * (y - fitted.mu)[:, None]).groupby(table["district"].to_numpy()).sum().to_numpy()
    n, k = len(table), len(CELLS) + 7
    factor = 13 / 12 * (n - 1) / (n - k)
    cov = (bread @ scores.T @ scores @ bread * factor)[: len(CELLS), : len(CELLS)]
    rows = x[:, : len(CELLS)].sum(axis=0)
    estimate = pe.SunAbraham(likelihood="poisson").fit(design_of(table, "events", cluster="district"))
    views = {"all": estimate.overall(), 0: estimate.by_event_time(), 3: estimate.by_cohort()}
    for key, view in views.items():
        chosen = {
            "all": [period >= cohort for cohort, period in CELLS],
            0: [period == cohort for cohort, period in CELLS],
            3: [cohort == 3 and period >= cohort for cohort, period in CELLS],
        }[key]
        weights = rows * chosen / (rows * chosen).sum()
        row = view.tidy()
        row = row[row["event_time"] == 0] if key == 0 else row.iloc[:1]
        # Newton's method on the same likelihood: both stop where the next step is rounding.
        assert row["estimate"].item() == pytest.approx(weights @ fitted.params[: len(CELLS)], abs=1e-9)
        assert row["std_error"].item() == pytest.approx(np.sqrt(weights @ cov @ weights), abs=1e-9)


@pytest.mark.parametrize("weights", [None, "w"])
def test_poisson_is_the_extended_regression_with_leads(weights: str | None) -> None:
    design = design_of(simulated(), "events", weights=weights)
    one = pe.SunAbraham(likelihood="poisson").fit(design)
    two = pe.PoissonDiD(leads=True).fit(design)
    for ours, theirs in ((one, two), (one.overall(), two.overall()), (one.averted(), two.averted())):
        # Two ways to the same regression: rounding only, on incidents of order 1000.
        np.testing.assert_allclose(ours.effect, theirs.effect, rtol=1e-9, atol=1e-9)
        np.testing.assert_allclose(ours.std_errors, theirs.std_errors, rtol=1e-9, atol=1e-9)


def test_what_was_observed_is_given_where_the_spread_is_not_one_of_units() -> None:
    design = design_of(simulated(), "events")
    one, two = (pe.SunAbraham(likelihood="poisson", vcov=v).fit(design) for v in ("clustered", "robust"))
    assert one.expected.size
    assert not two.expected.size
    # Without sampling weights the fitted means add up to what was observed: rounding only.
    np.testing.assert_allclose(one.averted().effect, two.averted().effect, rtol=1e-9)


def test_those_who_start_last_serve_where_everyone_starts() -> None:
    table = simulated().query("start > 0")
    estimate = pe.SunAbraham().fit(design_of(table, comparison="not_yet_treated"))
    assert set(estimate.labels["cohort"]) == {2}  # as a position
    assert estimate.labels["period"].max() == 3
    assert "The last to start (5) serve" in " ".join(map(str, estimate.notes))
    by_design = pe.SunAbraham().fit(design_of(table, comparison="last_treated"))
    # The same regression: rounding only.
    np.testing.assert_allclose(estimate.effect, by_design.effect, rtol=0, atol=1e-12)
    np.testing.assert_allclose(estimate.std_errors, by_design.std_errors, rtol=0, atol=1e-12)
    kept = table[table["period"] < 5]
    x = regressors_of(kept, [(3, 1), (3, 3), (3, 4)])
    beta = np.linalg.lstsq(x, kept["y"].to_numpy(), rcond=None)[0]
    np.testing.assert_allclose(estimate.effect, beta[:3], rtol=0, atol=1e-10)  # rounding


def test_anticipation_moves_what_effects_are_measured_against() -> None:
    estimate = pe.SunAbraham().fit(design_of(simulated(), anticipation=1))
    # The first cohort starts in period 3: with one period of anticipation, period 1 is its base.
    assert estimate.by_event_time().labels["event_time"].tolist() == [-4, -3, -1, 0, 1, 2, 3, 4]


def test_covariates_that_vary_enter_and_others_are_named() -> None:
    table = simulated()
    design = design_of(table, covariates=["x", "z"], comparison="not_yet_treated")
    estimate = pe.SunAbraham().fit(design)
    x = np.column_stack([regressors_of(table, CELLS), table["x"]])
    beta = np.linalg.lstsq(x, table["y"].to_numpy(), rcond=None)[0]
    np.testing.assert_allclose(estimate.effect, beta[: len(CELLS)], rtol=0, atol=1e-10)  # rounding
    text = " ".join(map(str, estimate.notes))
    assert "taken up by the unit effects: z" in text
    assert "not with units that start later" in text
    trend = table.assign(trend=2.0 * table["period"] + table["unit"])
    with pytest.raises(pe.EstimationError, match="covariate 'trend' cannot be told apart"):
        pe.SunAbraham().fit(design_of(trend, covariates=["trend"]))


def test_cells_without_a_base_are_left_out_and_named() -> None:
    table = simulated()
    table.loc[(table["start"] == 5) & (table["period"] == 4), "y"] = np.nan
    estimate = pe.SunAbraham().fit(design_of(table))
    assert set(estimate.labels["cohort"]) == {2}
    assert "6 effects could not be estimated" in " ".join(map(str, estimate.notes))
    table.loc[(table["start"] == 3) & (table["period"] >= 3), "y"] = np.nan
    with pytest.raises(pe.EstimationError, match="no effect can be estimated"):
        pe.SunAbraham().fit(design_of(table))


@pytest.mark.parametrize("vcov", ["clustered", "robust"])
def test_cells_and_units_without_events_are_named(vcov: Any) -> None:
    table = simulated()
    table.loc[(table["start"] == 5) & (table["period"] == 6), "events"] = 0
    table.loc[table["unit"] == 2, "events"] = 0
    estimate = pe.SunAbraham(likelihood="poisson", vcov=vcov).fit(design_of(table, "events"))
    empty = ((estimate.labels["cohort"] == 4) & (estimate.labels["period"] == 5)).to_numpy()
    np.testing.assert_array_equal(np.isnan(estimate.effect), empty)
    text = " ".join(map(str, estimate.notes))
    if vcov == "clustered":  # without a spread of units, nothing is known of what was expected
        expected = estimate.expected[empty].item()
        assert f"where {expected:.1f} were expected: cohort 5 in 6. It has no ratio of its own" in text
    else:
        assert not empty.any()
        assert "not one incident was counted in it: cohort 5 in 6. The average is one over the rest" in text
    assert "1 unit is left out because not one incident was counted in it: 2" in text


def test_intervals_count_the_clusters_of_the_smaller_side() -> None:
    table = simulated()
    # All of the 13 districts have treated units, 12 of them never treated ones.
    assert pe.SunAbraham().fit(design_of(table, cluster="district")).diagnostics["df"] == 11
    # 24 units are treated, 12 never; those that start later are no comparison, whatever the design says.
    for comparison in ("never_treated", "not_yet_treated"):
        assert pe.SunAbraham().fit(design_of(table, comparison=comparison)).diagnostics["df"] == 11
    few = table[~table["unit"].between(18, 23) & ~table["unit"].between(26, 35)]
    assert pe.SunAbraham().fit(design_of(few)).diagnostics["df"] == 7  # 8 treated units


def test_one_treated_and_one_comparison_unit_are_too_few() -> None:
    with pytest.raises(pe.EstimationError, match="SunAbraham: 1 treated and 1 comparison units"):
        pe.SunAbraham().fit(design_of(simulated().query("unit in (0, 15)")))


@pytest.mark.parametrize(
    "option", [{"likelihood": "negative_binomial"}, {"vcov": "CR2"}, {"small_sample": "some"}]
)
def test_unknown_options_are_refused(option: dict[str, Any]) -> None:
    with pytest.raises(pe.EstimationError, match=r"SunAbraham: .* is not known: choose one of"):
        pe.SunAbraham(**option)
