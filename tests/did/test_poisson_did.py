"""PoissonDiD: what is special about counts, exposure and ratios."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

import preventeval as pe

Array = NDArray[np.float64]
N_PERIODS = 8


def counts(
    seed: int = 0,
    *,
    units: int = 20,
    mean: float = 30.0,
    exposure: str = "varying",
    dispersion: float = 0.0,
    effect: float = -0.3,
) -> pd.DataFrame:
    """Areas that start in periods 4 and 6 or never, five of each and ten."""
    rng = np.random.default_rng(seed)
    start = np.resize([4.0, 6.0, np.nan, np.nan], units)
    time = np.arange(N_PERIODS)
    residents = rng.uniform(500, 1500, (units, 1)) * np.ones(N_PERIODS)
    if exposure == "varying":
        residents = residents * rng.uniform(0.8, 1.2, residents.shape)
    level = rng.normal(0, 0.4, (units, 1)) + 0.1 * np.sin(time) + effect * (time >= start[:, None])
    expected = mean * residents / 1000 * np.exp(level)
    if dispersion:
        expected = expected * rng.gamma(1 / dispersion, dispersion, expected.shape)
    return pd.DataFrame(
        {
            "area": np.repeat([f"area {i:02d}" for i in range(units)], N_PERIODS),
            "time": np.tile(time, units),
            "incidents": rng.poisson(expected).ravel(),
            "residents": residents.ravel(),
            "start": np.repeat(start, N_PERIODS),
        }
    )


def design_of(
    table: pd.DataFrame,
    *,
    exposure: str | None = "residents",
    covariates: tuple[str, ...] = (),
    **options: Any,
) -> pe.StudyDesign:
    panel = pe.Panel(
        table, unit="area", period="time", outcomes=["incidents"], exposure=exposure, covariates=covariates
    )
    return pe.StudyDesign(panel, outcome="incidents", treated_from="start", **options)


def fit(table: pd.DataFrame, options: dict[str, Any] | None = None, **design: Any) -> pe.EffectEstimate:
    return pe.PoissonDiD(**(options or {})).fit(design_of(table, **design))


def keys(estimate: pe.EffectEstimate) -> list[str]:
    return [note.key for note in estimate.notes]


def assert_same(one: pe.EffectEstimate, two: pe.EffectEstimate) -> None:
    # Newton stops at steps below 1e-8, and the error of that step is its square
    np.testing.assert_allclose(one.effect, two.effect, rtol=0, atol=1e-10)
    np.testing.assert_allclose(one.cov, two.cov, rtol=0, atol=1e-9)


# Exposure ---------------------------------------------------------------------------------


@pytest.mark.parametrize("levels", ["unit", "cohort"])
@pytest.mark.parametrize("unit", [1e-9, 1e9])
def test_unit_of_the_exposure_does_not_matter(levels: str, unit: float) -> None:
    table = counts()
    moved = table.assign(residents=unit * table["residents"])
    one, two = fit(table, {"levels": levels}), fit(moved, {"levels": levels})
    assert_same(one, two)
    assert one.averted().effect[0] == pytest.approx(two.averted().effect[0], rel=1e-8)


def test_splitting_areas_in_halves_changes_nothing() -> None:
    table = counts()
    whole = table.assign(incidents=2 * table["incidents"], district=table["area"])
    half = table.assign(residents=table["residents"] / 2, district=table["area"])
    halves = pd.concat([half, half.assign(area=half["area"] + " b")])
    one, two = fit(whole), fit(halves, cluster="district")
    np.testing.assert_allclose(one.effect, two.effect, rtol=0, atol=1e-10)
    # the same scores of clusters; the factor counts twice as many unit-periods
    n, k = one.diagnostics["unit_periods"], one.diagnostics["coefficients"] + 1
    factor = ((2 * n - 1) / (2 * n - k)) / ((n - 1) / (n - k))
    np.testing.assert_allclose(two.cov, factor * one.cov, rtol=1e-7, atol=1e-12)


def test_areas_of_a_cohort_can_be_added_up_where_exposure_does_not_change() -> None:
    table = counts(exposure="constant")
    group = table["start"].fillna(-1).astype(int).astype(str) + table["area"].str[-1:].isin(
        list("01234")
    ).astype(str)
    summed = (
        table.assign(area=group)
        .groupby(["area", "time"], as_index=False)
        .agg({"incidents": "sum", "residents": "sum", "start": "first"})
    )
    np.testing.assert_allclose(fit(table).effect, fit(summed).effect, rtol=0, atol=1e-10)


def test_without_an_exposure_counts_are_compared_as_they_are() -> None:
    table = counts(exposure="constant")
    # exposure that does not change is taken up by the levels of areas
    assert_same(fit(table), fit(table, exposure=None))


def test_measure_of_the_design_does_not_matter() -> None:
    table = counts()
    assert_same(fit(table, measure="count"), fit(table, measure="rate"))


# What effects are -------------------------------------------------------------------------


def test_effects_are_ratios_to_what_untreated_periods_lead_to_expect() -> None:
    """Where exposure is constant and nothing is missing, imputation gives the same (Wooldridge 2023)."""
    import statsmodels.api as sm

    table = counts(exposure="constant")
    estimate = fit(table)
    unit, time = pd.factorize(table["area"])[0], table["time"].to_numpy()
    x = np.hstack([(unit[:, None] == np.arange(20)), (time[:, None] == np.arange(1, N_PERIODS))]).astype(
        float
    )
    untreated = ~(table["time"] >= table["start"]).to_numpy()
    offset = np.log(table["residents"].to_numpy())
    family = sm.families.Poisson()
    model = sm.GLM(table["incidents"][untreated], x[untreated], family=family, offset=offset[untreated])
    table["expected"] = np.exp(x @ model.fit(tol=1e-14).params.to_numpy() + offset)
    cells = table[~untreated].groupby(["start", "time"])[["incidents", "expected"]].sum()
    # statsmodels stops at a relative change of 1e-14 in the deviance
    np.testing.assert_allclose(
        estimate.effect, np.log(cells["incidents"] / cells["expected"]).to_numpy(), rtol=0, atol=1e-7
    )
    averted = estimate.averted()
    expected = float(cells["expected"].sum())
    assert averted.effect[0] == pytest.approx(expected - cells["incidents"].sum(), rel=1e-6)
    assert averted.diagnostics["expected"][0] == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("levels", ["unit", "cohort"])
def test_averted_is_what_the_model_expects_less_what_was_seen(levels: str) -> None:
    estimate = fit(counts(), {"levels": levels})
    labels = estimate.labels
    seen = estimate.expected * np.exp(estimate.effect)
    for by in ("period", "cohort", "event_time"):
        averted = estimate.averted(by)
        without = pd.Series(estimate.expected).groupby(labels[by]).sum()
        observed = pd.Series(seen).groupby(labels[by]).sum()
        np.testing.assert_allclose(averted.effect, without - observed, rtol=1e-12)
    design = estimate.recipe.design
    assert design.incidents is not None
    # the likelihood equations: what is expected with the programme is what was seen
    # rtol: multiplied and divided by the exponential of the effect
    assert seen.sum() == pytest.approx(design.incidents[design.treated].sum(), rel=1e-12)


def test_counts_are_as_uncertain_as_the_sums_of_areas_residuals() -> None:
    estimate = fit(counts(dispersion=0.2), {"levels": "cohort"})
    design, k = estimate.recipe.design, len(estimate.effect)
    # Counts with the programme are M exp(effect).
    ratio = np.exp(estimate.effect)
    counts_in = np.hstack([np.diag(estimate.expected * ratio), np.diag(ratio)])
    assert estimate.uncertainty.size == 2 * k
    cov = counts_in @ estimate.uncertainty.cov @ counts_in.T
    # With levels of cohorts and exposure alone an area's expected count in a cell is its share of the
    # exposure of the cell times the count of the cell.
    assert design.incidents is not None
    assert design.panel.exposure is not None
    for row, (start, period) in enumerate(
        zip(estimate.labels["cohort"], estimate.labels["period"], strict=True)
    ):
        of = design.cohort == start
        y, at_risk = design.incidents[of, period], design.panel.exposure[of, period]
        residual = y - y.sum() * at_risk / at_risk.sum()
        n, units = estimate.nobs, design.n_units
        factor = units / (units - 1) * (n - 1) / (n - estimate.diagnostics["coefficients"])
        assert cov[row, row] == pytest.approx(factor * (residual**2).sum(), rel=1e-8)


def test_areas_without_an_incident_change_nothing() -> None:
    table = counts()
    silent = table[table["area"] == "area 03"].assign(area="silent", incidents=0)
    one, two = fit(table), fit(pd.concat([table, silent]))
    assert_same(one, two)
    assert one.averted().effect[0] == two.averted().effect[0]
    assert "note-counts-silent-units" in keys(two)
    assert "silent" in two.summary()


def test_full_covariates_have_a_slope_in_every_cell() -> None:
    table = counts()
    table["size"] = np.repeat(np.random.default_rng(1).normal(size=20), N_PERIODS)
    one = fit(table, {"covariates": "by_period"}, covariates=("size",))
    two = fit(table, {"covariates": "full"}, covariates=("size",))
    assert two.diagnostics["coefficients"] == one.diagnostics["coefficients"] + len(two.effect)
    assert (
        abs(one.overall().effect[0] - two.overall().effect[0]) < 0.1
    )  # another question, much the same answer


# Overdispersion and its note ---------------------------------------------------------------


def test_says_how_counts_scatter() -> None:
    calm, wild = (fit(counts(units=60, dispersion=d)).diagnostics for d in (0.0, 0.1))
    # 60 areas in 8 periods leave about 400 degrees of freedom: a standard error of 0.07
    assert calm["pearson_dispersion"] == pytest.approx(1, abs=0.25)
    assert wild["pearson_dispersion"] > 2
    table = counts()
    assert fit(table).diagnostics["largest_count"] == table["incidents"].max()
    assert fit(table).diagnostics["share_of_zeros"] == (table["incidents"] == 0).mean()


def test_advises_larger_areas_where_most_counts_are_zero() -> None:
    estimate = fit(counts(units=80, mean=0.12))
    assert "note-counts-zeros" in keys(estimate)
    assert "Larger areas or longer periods" in estimate.summary()
    assert "note-counts-zeros" not in keys(fit(counts()))


def test_names_the_area_that_decides() -> None:
    table = counts()
    table.loc[table["area"] == "area 04", "incidents"] *= 40
    estimate = fit(table)
    assert "note-counts-dominated" in keys(estimate)
    assert "area 04, which decides the ratio almost by itself" in estimate.summary()


# Where there is nothing to learn from --------------------------------------------------------


def test_a_cell_without_incidents_has_no_ratio_but_counts_in_the_total() -> None:
    table = counts()
    table.loc[(table["start"] == 6) & (table["time"] == 7), "incidents"] = 0
    estimate = fit(table)
    empty = ((estimate.labels["cohort"] == 6) & (estimate.labels["period"] == 7)).to_numpy()
    np.testing.assert_array_equal(np.isnan(estimate.effect), empty)
    expected = estimate.expected[empty].item()
    assert estimate.diagnostics["expected_in_empty_cells"] == pytest.approx(expected)
    assert f"In 1 cell not one incident was counted, where {expected:.1f} were expected: cohort 6 in 7" in (
        estimate.summary()
    )
    averted = estimate.averted()
    assert averted.diagnostics["unit_periods"][0] == 5 * 4 + 5 * 2
    # the average is one over the others
    assert estimate.overall().effect[0] == pytest.approx(estimate.effect[~empty].mean())


def test_a_period_without_incidents_to_compare_with_is_left_out_by_name() -> None:
    table = counts()
    table.loc[table["start"].isna() & (table["time"] == 7), "incidents"] = 0
    estimate = fit(table)
    assert estimate.labels["period"].max() == 6
    assert "not one incident was counted in what they would be compared with: cohort 4 in 7, 6 in 7" in (
        estimate.summary()
    )


def test_no_incidents_before_any_start_is_an_error() -> None:
    table = counts()
    table.loc[table["time"] < table["start"], "incidents"] = 0
    with pytest.raises(pe.EstimationError, match="without any incident"):
        fit(table)


def test_a_covariate_that_separates_is_named() -> None:
    table = counts(mean=3)
    marked = (table["area"].isin(["area 02", "area 03"])) & (table["time"] == 5)
    table = table.assign(alarm=marked.astype(float), incidents=table["incidents"].where(~marked, 0))
    with pytest.raises(pe.EstimationError, match="with covariates 'alarm' in it") as caught:
        fit(table, covariates=("alarm",))
    assert "separates" in str(caught.value.hint)


def test_a_score_is_no_count() -> None:
    with pytest.raises(pe.EstimationError, match="numbers of incidents") as caught:
        fit(counts(), measure="value")
    assert "measure='rate' or 'count'" in str(caught.value.hint)


def test_missing_exposure_is_no_exposure_of_zero() -> None:
    table = counts()
    table["residents"] = table["residents"].where(table.index % 17 != 0)
    estimate = fit(table, measure="count")
    known = fit(table[table["residents"].notna()], measure="count")
    assert_same(estimate, known)
    assert "note-no-exposure" in keys(estimate)


def test_missing_is_not_zero() -> None:
    table = counts()
    gone = table.index % 11 == 0
    hidden = table.assign(incidents=table["incidents"].astype(float).mask(gone))
    assert_same(fit(hidden), fit(table[~gone]))


# Negative binomial -----------------------------------------------------------------------------


def test_negative_binomial_is_the_maximum_likelihood_one() -> None:
    import statsmodels.api as sm

    table = counts(dispersion=0.2)
    estimate = fit(table, {"levels": "cohort", "likelihood": "negative_binomial"})
    start = table["start"].fillna(99).to_numpy()
    columns = [np.ones(len(table))]
    columns += [start == 4, start == 6, *(table["time"].to_numpy() == t for t in range(1, N_PERIODS))]
    cells = zip(estimate.labels["cohort"], estimate.labels["period"], strict=True)
    columns += [(start == g) & (table["time"].to_numpy() == t) for g, t in cells]
    x = np.stack(columns, axis=1).astype(float)
    model = sm.NegativeBinomial(table["incidents"].to_numpy(), x, exposure=table["residents"].to_numpy())
    k = len(estimate.effect)
    begin = sm.GLM(
        table["incidents"].to_numpy(), x, family=sm.families.Poisson(), exposure=table["residents"].to_numpy()
    ).fit()
    found = model.fit(
        start_params=np.append(begin.params, 0.2), method="newton", maxiter=200, tol=1e-12, disp=False
    )
    # the optimiser of statsmodels stops at a gradient of about 1e-6
    np.testing.assert_allclose(estimate.effect, found.params[-k - 1 : -1], rtol=0, atol=1e-5)
    assert 1 / estimate.diagnostics["theta"] == pytest.approx(found.params[-1], rel=1e-4)
    assert "note-counts-negative-binomial" in keys(estimate)
    assert estimate.expected.size == 0
    assert np.isfinite(estimate.averted().conf_int()).all(axis=None)


def test_negative_binomial_leaves_empty_cells_out_and_says_what_that_does() -> None:
    table = counts(dispersion=0.2)
    table.loc[(table["start"] == 6) & (table["time"] == 7), "incidents"] = 0
    estimate = fit(table, {"likelihood": "negative_binomial"})
    assert (6, 7) not in set(zip(estimate.labels["cohort"], estimate.labels["period"], strict=True))
    assert np.isfinite(estimate.effect).all()
    assert "note-counts-empty-left-out" in keys(estimate)
    assert "makes falls look smaller than they are" in estimate.summary()
    assert estimate.averted().diagnostics["unit_periods"][0] == 5 * 4 + 5 * 1


def test_negative_binomial_needs_overdispersion() -> None:
    table = counts()
    table["incidents"] = (table["residents"] / 40).round()
    with pytest.raises(pe.EstimationError, match="scatter no more than"):
        fit(table, {"likelihood": "negative_binomial"})


def test_likelihood_is_one_of_two() -> None:
    with pytest.raises(
        pe.EstimationError, match="likelihood='gaussian' is not known: choose one of 'poisson'"
    ):
        pe.PoissonDiD(likelihood="gaussian")  # type: ignore[arg-type]


# Does it find what is there --------------------------------------------------------------------


@pytest.mark.statistical
@pytest.mark.parametrize("effect", [0.0, -0.3])
def test_intervals_hold_the_truth(effect: float) -> None:
    """40 areas, counts twice as variable as Poisson ones (30 on average)."""
    draws = [fit(counts(seed, units=40, dispersion=1 / 30, effect=effect)) for seed in range(120)]
    rows = pd.concat([draw.overall().tidy() for draw in draws])
    covered = ((rows["conf_low"] <= effect) & (effect <= rows["conf_high"])).mean()
    # 95 per cent of 120 draws: a standard error of 2 points, and 3 of those
    assert 0.89 <= covered <= 1
    error = rows["estimate"].mean() - effect
    assert abs(error) < 3 * rows["estimate"].std() / np.sqrt(len(rows)) + 0.005  # bias of order 1/n
