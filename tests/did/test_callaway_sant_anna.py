"""What CallawaySantAnna promises beyond agreement with R."""

from __future__ import annotations

import tracemalloc
from typing import Any

import numpy as np
import pandas as pd
import pytest

import preventeval as pe
from preventeval.did import _group_time as group_time
from preventeval.did._cells import plan_cells

Array = np.ndarray[Any, np.dtype[Any]]


def simulated(n: int = 60, periods: int = 7, seed: int = 1) -> pd.DataFrame:
    """Starts in periods 3 and 5 and never; an effect of -2; x drives starts and trends."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=n)
    start = np.where(rng.random(n) < 0.5, 0, np.where(x + rng.normal(size=n) > 0, 3, 5))
    unit, period = np.repeat(np.arange(n), periods), np.tile(np.arange(1, periods + 1), n)
    treated = (start[unit] > 0) & (period >= start[unit])
    noise = rng.normal(size=(n, periods)).cumsum(axis=1).ravel()
    return pd.DataFrame(
        {
            "unit": unit,
            "period": period,
            "start": start[unit],
            "x": x[unit],
            "y": rng.normal(size=n)[unit] + 0.3 * period * (1 + x[unit]) - 2.0 * treated + 0.3 * noise,
            "w": rng.uniform(0.5, 2, n)[unit],
            "district": unit % 12,
        }
    )


def design_of(table: pd.DataFrame, **options: Any) -> pe.StudyDesign:
    columns = {"covariates": options.pop("covariates", ()), "weights": options.pop("weights", None)}
    panel = pe.Panel(table, unit="unit", period="period", outcomes=["y"], **columns)
    return pe.StudyDesign(panel, outcome="y", treated_from="start", measure="value", **options)


@pytest.mark.parametrize("cluster", [None, "district"])
@pytest.mark.parametrize("weights", [None, "w"])
@pytest.mark.parametrize("base_period", ["varying", "universal"])
def test_both_routes_agree_without_covariates(
    cluster: str | None, weights: str | None, base_period: Any
) -> None:
    """The Gram matrices and the cell-by-cell route are two ways to the same numbers."""
    design = design_of(simulated(), cluster=cluster, weights=weights)
    cells, _ = plan_cells(
        np.unique(design.cohort), 7, comparison="not_yet_treated", base_period=base_period, anticipation=0
    )
    shares = group_time.shares_of(design.cohort, cells, design.weights, design.clusters)
    linear = group_time.linear_effects(design.y, shares, cells)
    by_cell, empty = group_time.adjusted_effects(
        design.y, design.covariates, shares, cells, method="regression", names=(), describe=str
    )
    assert not empty
    last = linear.source.clusters
    # Rounding only: sums of 60 terms of order 1.
    np.testing.assert_allclose(linear.effect, by_cell.effect, rtol=0, atol=1e-12)
    np.testing.assert_allclose(linear.source.cov, by_cell.source.cov, rtol=0, atol=1e-13)
    np.testing.assert_allclose(linear.source.rows(3, last), by_cell.source.rows(3, last), rtol=0, atol=1e-13)
    rows = linear.source.rows(0, last)
    np.testing.assert_allclose(rows.T @ rows, linear.source.cov, rtol=0, atol=1e-13)


def test_covariance_does_not_hang_on_the_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    design = design_of(simulated(), covariates=["x"], cluster="district")
    whole = pe.CallawaySantAnna().fit(design).cov.to_numpy()
    monkeypatch.setattr("preventeval.did._sources._CHUNK", 200)
    np.testing.assert_allclose(pe.CallawaySantAnna().fit(design).cov.to_numpy(), whole, rtol=1e-12)


@pytest.mark.parametrize("method", ["regression", "inverse_probability", "doubly_robust"])
def test_influence_is_the_derivative_in_the_weights(method: Any) -> None:
    """The influence of a unit is what a little more of its weight does to the effects."""
    table = simulated()
    design = design_of(table, covariates=["x"])
    estimate = pe.CallawaySantAnna(method=method).fit(design)
    assert isinstance(estimate.uncertainty, pe.Influence)
    rows = estimate.uncertainty.rows(0, 60)[:, : len(estimate.effect)]
    step = 1e-5
    for unit in (0, 17, 41):
        ends = [
            pe.CallawaySantAnna(method=method)
            .fit(
                design_of(
                    table.assign(v=1 + sign * step * (table["unit"] == unit)), covariates=["x"], weights="v"
                )
            )
            .effect
            for sign in (1, -1)
        ]
        # Central differences with a step of 1e-5: error of order 1e-10, rounding 1e-11.
        np.testing.assert_allclose(rows[unit], (ends[0] - ends[1]) / (2 * step), rtol=0, atol=1e-8)


def test_method_does_not_matter_without_covariates() -> None:
    design = design_of(simulated())
    first, *others = (
        pe.CallawaySantAnna(method=method).fit(design).tidy()
        for method in ("doubly_robust", "regression", "inverse_probability")
    )
    for other in others:
        pd.testing.assert_frame_equal(first, other)


def test_missing_values_leave_other_cells_alone() -> None:
    """A gap touches only the cells that use it: the rest, and all units, stay."""
    table = simulated()
    whole = pe.CallawaySantAnna().fit(design_of(table))
    gap = (table["unit"] == 4) & (table["period"] == 7)
    holed = pe.CallawaySantAnna().fit(design_of(table[~gap]))
    touched = (whole.labels["period"] == 6).to_numpy()
    # Two routes to the same number: rounding only.
    np.testing.assert_allclose(holed.effect[~touched], whole.effect[~touched], rtol=0, atol=1e-12)
    ours, theirs = holed.std_errors.to_numpy(), whole.std_errors.to_numpy()
    np.testing.assert_allclose(ours[~touched], theirs[~touched], rtol=0, atol=1e-12)
    assert (np.abs(holed.effect - whole.effect)[touched] > 1e-6).any()


def test_units_of_weight_zero_change_nothing() -> None:
    table = simulated()
    extra = table[table["unit"] < 5].assign(unit=lambda t: t["unit"] + 1000, y=1e6, w=0.0)
    weighted = pe.CallawaySantAnna().fit(design_of(table, weights="w"))
    with_extra = pe.CallawaySantAnna().fit(design_of(pd.concat([table, extra]), weights="w"))
    for one, other in ((weighted, with_extra), (weighted.overall(), with_extra.overall())):
        # Rounding only: an outcome of a million that leaked in would move the result by far more.
        np.testing.assert_allclose(other.effect, one.effect, rtol=0, atol=1e-11)
        np.testing.assert_allclose(other.std_errors, one.std_errors, rtol=0, atol=1e-11)


def test_universal_base_period_is_zero_without_a_standard_error() -> None:
    estimate = pe.CallawaySantAnna(base_period="universal").fit(design_of(simulated()))
    base = estimate.labels["event_time"].to_numpy() == -1
    assert (estimate.effect[base] == 0).all()
    assert estimate.std_errors[base].isna().all()
    assert estimate.std_errors[~base].notna().all()


def test_anticipation_moves_the_base_period() -> None:
    table = simulated()
    table.loc[(table["start"] > 0) & (table["period"] == table["start"] - 1), "y"] -= 5
    naive = pe.CallawaySantAnna().fit(design_of(table)).overall()
    told = pe.CallawaySantAnna().fit(design_of(table, anticipation=1)).overall()
    assert naive.effect[0] > 1  # the early drop passes for the base, and hides the effect
    assert told.effect[0] == pytest.approx(-2, abs=4 * told.std_errors.iloc[0])


def test_known_effect_is_found_only_with_the_covariate_that_drives_trends() -> None:
    table = simulated(n=2000)
    adjusted = pe.CallawaySantAnna().fit(design_of(table, covariates=["x"])).overall()
    plain = pe.CallawaySantAnna().fit(design_of(table)).overall()
    assert adjusted.effect[0] == pytest.approx(-2, abs=4 * adjusted.std_errors.iloc[0])
    assert abs(plain.effect[0] + 2) > 4 * plain.std_errors.iloc[0]


def test_cells_without_comparison_are_left_out_and_named() -> None:
    table = simulated()
    table = table[table["start"] > 0]
    estimate = pe.CallawaySantAnna().fit(design_of(table))
    labels = estimate.labels
    assert labels.loc[labels["cohort"] == 2, "period"].max() == 3  # until the last cohort starts
    assert labels.loc[labels["cohort"] == 4, "period"].max() == 1  # until the first cohort starts
    (note,) = estimate.notes
    assert "cohort 3 in 5" in str(note)
    assert estimate.diagnostics["cells_left_out"] == 3 + 5


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda t: t.assign(x=1.0), "covariate 'x' is the same for all comparison units"),
        (lambda t: t.assign(x=(t["start"] == 3) * 1.0 + t["x"] * 0.01), "separate treated from comparison"),
        (lambda t: t[(t["start"] > 0) | (t["unit"] == t.loc[t["start"] == 0, "unit"].min())], "too few"),
    ],
    ids=["constant", "separation", "one comparison unit"],
)
def test_covariates_that_cannot_be_adjusted_for(change: Any, words: str) -> None:
    design = design_of(change(simulated()), covariates=["x"], comparison="never_treated")
    with pytest.raises(pe.EstimationError, match=words) as caught:
        pe.CallawaySantAnna().fit(design)
    assert "cohort 3 in 2" in caught.value.message
    assert caught.value.hint


def test_nothing_to_estimate_is_an_error() -> None:
    table = simulated()
    early = table[(table["start"] != 5)].assign(start=lambda t: t["start"].replace({3: 2}))
    with pytest.raises(pe.EstimationError, match="no effect can be estimated"):
        pe.CallawaySantAnna().fit(design_of(early, anticipation=1))


@pytest.mark.parametrize("option", [{"method": "dr"}, {"base_period": "first"}])
def test_unknown_options_are_refused(option: dict[str, Any]) -> None:
    with pytest.raises(pe.EstimationError, match="choose one of"):
        pe.CallawaySantAnna(**option)


def test_a_million_rows_need_little_memory() -> None:
    """100,000 units × 10 periods: under 200 MB above the panel, covariance and averages included."""
    rng = np.random.default_rng(5)
    n, periods = 100_000, 10
    start = rng.choice([0, 4, 5, 6, 7, 8], n)
    frame = pd.DataFrame(
        {
            "unit": np.repeat(np.arange(n), periods),
            "period": np.tile(np.arange(1, periods + 1), n),
            "start": np.repeat(start, periods),
            "y": rng.normal(size=n * periods),
        }
    )
    design = design_of(frame)
    tracemalloc.start()
    estimate = pe.CallawaySantAnna().fit(design)
    average = estimate.by_event_time()
    assert np.isfinite(average.std_errors).all()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 200e6
    # 45 cells for 100,000 units would be 36 MB: the source holds nothing of that size.
    source = estimate.uncertainty.source  # type: ignore[attr-defined]
    assert max(array.nbytes for array in (source.slopes, source.cov, source.reference)) < 1e6
