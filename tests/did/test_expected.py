"""Incidents expected without the programme, in cells where something was counted and where nothing was."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

import preventeval as pe
from preventeval.uncertainty import Influence

Array = NDArray[np.float64]
N_UNITS, N_PERIODS = 24, 12
#: Cohort and period of the cells in which nothing is counted.
EMPTY = [(5, 8), (8, 9), (8, 10)]
ESTIMATORS = {
    "PoissonDiD": pe.PoissonDiD(),
    "SunAbraham": pe.SunAbraham(likelihood="poisson"),
    "ImputationDiD": pe.ImputationDiD(likelihood="poisson"),
}
every_estimator = pytest.mark.parametrize("name", ESTIMATORS)


def counts(
    seed: int = 1, *, empty: list[tuple[int, int]] = EMPTY, constant: bool = False, mean: float = 6.0
) -> pd.DataFrame:
    """Quarters of areas that start in periods 5 and 8 (six each) or never, some cells without an incident."""
    rng = np.random.default_rng(seed)
    quarter = pd.period_range("2020-01", periods=N_PERIODS, freq="Q").astype(str).to_numpy()
    start, time = np.resize([5, 8, N_PERIODS, N_PERIODS], N_UNITS), np.arange(N_PERIODS)
    size = rng.normal(size=(N_UNITS, 1))
    exposure = rng.uniform(500, 1500, (N_UNITS, 1 if constant else N_PERIODS)) * np.ones(N_PERIODS)
    rate = 0.2 * size * (1 + 0.05 * time) + 0.2 * np.sin(1.5 * time) - 0.3 * (time >= start[:, None])
    incidents = rng.poisson(mean * exposure / 1000 * np.exp(rate))
    for cohort, period in empty:
        incidents[start == cohort, period] = 0
    return pd.DataFrame(
        {
            "area": np.repeat([f"area {i:02d}" for i in range(N_UNITS)], N_PERIODS),
            "quarter": np.tile(quarter, N_UNITS),
            "incidents": incidents.ravel(),
            "residents": exposure.ravel(),
            "size": np.repeat(size, N_PERIODS),
            "weight": 1.0,
            "start": np.repeat(np.append(quarter, None)[start], N_PERIODS),
        }
    )


def design_of(table: pd.DataFrame, *covariates: str, weights: str | None = None) -> pe.StudyDesign:
    panel = pe.Panel(
        table,
        unit="area",
        period="quarter",
        outcomes=["incidents"],
        exposure="residents",
        covariates=covariates,
        weights=weights,
    )
    return pe.StudyDesign(panel, outcome="incidents", treated_from="start")


def cells_of(estimate: pe.EffectEstimate) -> list[tuple[int, int]]:
    return list(zip(estimate.labels["cohort"].tolist(), estimate.labels["period"].tolist(), strict=True))


# Sums of what was expected and of what was counted ------------------------------------------


@every_estimator
def test_averted_and_its_share_are_of_all_treated_cells(name: str) -> None:
    design = design_of(counts())
    estimate = ESTIMATORS[name].fit(design)
    empty = np.isnan(estimate.effect)
    assert sorted(cell for cell, out in zip(cells_of(estimate), empty, strict=True) if out) == EMPTY
    assert (estimate.expected[empty] > 0).all()
    assert design.incidents is not None
    for by in ("overall", "cohort", "period", "event_time"):
        averted, share = estimate.averted(by), estimate.in_total(by)
        rows = estimate.labels[estimate.post].assign(expected=estimate.expected[estimate.post], overall=0)
        rows["counted"] = [
            design.incidents[design.cohort == cohort, period].sum()
            for cohort, period in zip(rows["cohort"], rows["period"], strict=True)
        ]
        sums = rows.groupby(by)[["expected", "counted"]].sum()
        # rtol: sums in another order, and the exponential of a logarithm
        np.testing.assert_allclose(averted.effect, sums["expected"] - sums["counted"], rtol=1e-10)
        after = share.post
        np.testing.assert_allclose(
            share.effect[after], np.log(sums["counted"] / sums["expected"]), rtol=0, atol=1e-12
        )
        np.testing.assert_allclose(averted.diagnostics["observed"], sums["counted"], rtol=1e-12)
        assert (averted.std_errors > 0).all()
        assert (share.std_errors > 0).all()
    assert estimate.averted().diagnostics["observed"][0] == design.incidents[design.treated].sum()


def test_extended_regression_and_imputation_agree_on_empty_cells() -> None:
    """Without gaps and with constant exposure both maximise the same likelihood (Wooldridge 2023)."""
    design = design_of(counts(constant=True))
    one = pe.PoissonDiD().fit(design)
    two = pe.ImputationDiD(likelihood="poisson", leave_out=False).fit(design)
    order, other = (np.lexsort(np.array(cells_of(estimate)).T[::-1]) for estimate in (one, two))
    # Newton's method is stopped at steps of 1e-6, which leaves errors of their square.
    np.testing.assert_allclose(one.effect[order], two.effect[other], rtol=0, atol=1e-9)
    np.testing.assert_allclose(one.expected[order], two.expected[other], rtol=1e-9)
    for by in ("overall", "cohort"):
        ours, theirs = one.averted(by), two.averted(by)
        np.testing.assert_allclose(ours.effect, theirs.effect, rtol=1e-8)
        # The regression's covariance carries a factor for small samples.
        np.testing.assert_allclose(ours.cov, factor_of(one) ** 2 * theirs.cov, rtol=1e-7)
        np.testing.assert_allclose(
            one.in_total(by).cov, factor_of(one) ** 2 * two.in_total(by).cov, rtol=1e-7, atol=1e-12
        )


# Influence ----------------------------------------------------------------------------------


def factor_of(estimate: pe.EffectEstimate) -> float:
    """Root of the small-sample factor that standard errors carry."""
    numbers, options = estimate.diagnostics, estimate.recipe.estimator
    if isinstance(options, pe.SunAbraham):
        return float(np.sqrt(numbers["small_sample_factor"]))
    if isinstance(options, pe.ImputationDiD):
        return 1.0
    assert isinstance(options, pe.PoissonDiD)
    n, clusters = numbers["unit_periods"], numbers["clusters"]
    k = numbers["coefficients"] + (options.levels == "unit")
    return float(np.sqrt(clusters / (clusters - 1) * (n - 1) / (n - k)))


def influence_on_empty(estimate: pe.EffectEstimate, cluster: int) -> Array:
    """Influence of a unit on what was expected in the empty cells, but for the small-sample factor."""
    spread = estimate.uncertainty
    assert isinstance(spread, Influence)
    source = spread.source
    row = np.flatnonzero(source.clusters_of == cluster)  # type: ignore[attr-defined]
    values = (source.of_units(row) @ spread.weights.T)[0]  # type: ignore[attr-defined]
    return np.asarray(values[-len(estimate.effect) :][np.isnan(estimate.effect)] / factor_of(estimate))


OPTIONS: dict[str, tuple[Any, tuple[str, ...]]] = {
    "unit levels": (pe.PoissonDiD(), ()),
    "cohort levels": (pe.PoissonDiD(levels="cohort"), ()),
    "seasons": (pe.PoissonDiD(season_effects=True), ()),
    "leads": (pe.PoissonDiD(leads=True), ()),
    "covariate by period": (pe.PoissonDiD(), ("size",)),
    "covariate by cell": (pe.PoissonDiD(covariates="full"), ("size",)),
    "covariate, cohort levels": (pe.PoissonDiD(levels="cohort"), ("size",)),
    "covariate, seasons": (pe.PoissonDiD(season_effects=True), ("size",)),
    "covariate that moves": (pe.PoissonDiD(), ("moving",)),
    "covariate that moves, seasons": (pe.PoissonDiD(season_effects=True), ("moving",)),
    "SunAbraham": (ESTIMATORS["SunAbraham"], ()),
    "SunAbraham, covariate that moves": (ESTIMATORS["SunAbraham"], ("moving",)),
    "ImputationDiD": (ESTIMATORS["ImputationDiD"], ()),
    "ImputationDiD, covariate": (ESTIMATORS["ImputationDiD"], ("size",)),
}


@pytest.mark.parametrize("case", OPTIONS)
def test_influence_is_the_derivative_in_the_weight_of_a_unit(case: str) -> None:
    options, covariates = OPTIONS[case]
    table = counts()
    table["moving"] = np.random.default_rng(2).normal(size=len(table))
    step, estimate = 1e-4, options.fit(design_of(table, *covariates, weights="weight"))
    design = estimate.recipe.design
    units = {2: "never treated", 0: "of a cohort", 1: "of the other"}
    for unit in units:
        if unit < 2 and case.startswith("ImputationDiD"):
            continue  # its own noise counts as well there: compared with the regression above
        moved = []
        for weight in (1 - step, 1 + step):
            heavier = table.assign(weight=np.where(table["area"] == f"area {unit:02d}", weight, 1.0))
            again = options.fit(design_of(heavier, *covariates, weights="weight"))
            assert cells_of(again) == cells_of(estimate)
            moved.append(again.expected[np.isnan(again.effect)])
        derivative = (moved[1] - moved[0]) / (2 * step)
        values = influence_on_empty(estimate, int(design.clusters[unit]))
        # Against the never treated alone, other cohorts say nothing.
        assert np.abs(values).max() > 1e-4
        # Newton leaves 1e-12 in a coefficient, which is 1e-7 in a difference over 2e-4 of some 30 incidents;
        # central differences are good to the square of the step.
        np.testing.assert_allclose(values, derivative, rtol=1e-5, atol=1e-6)


# Where nothing is left ----------------------------------------------------------------------

FIRST = [(5, period) for period in range(5, N_PERIODS)]
ALL = [*FIRST, *((8, period) for period in range(8, N_PERIODS))]


@every_estimator
def test_a_cohort_without_any_incident_counts_in_the_total(name: str) -> None:
    design = design_of(counts(empty=FIRST))
    estimate = ESTIMATORS[name].fit(design)
    assert "In 7 cells not one incident was counted" in estimate.summary()
    averted, share = estimate.averted("cohort"), estimate.in_total("cohort").as_percent()
    first = (estimate.labels["cohort"] == 5).to_numpy() & estimate.post
    # rtol: sums in another order
    assert averted.effect[0] == pytest.approx(estimate.expected[first].sum(), rel=1e-12)
    assert averted.diagnostics["observed"][0] == 0
    assert share.params.iloc[0] == -100
    assert np.isnan(share.std_errors.iloc[0])
    assert np.isfinite(share.conf_int().iloc[1]).all()
    assert np.isfinite(estimate.in_total().conf_int()).all(axis=None)
    # Ratios are those of the other cohort, and of no group whose cells are all empty.
    assert estimate.by_cohort().labels["cohort"].tolist() == [8]
    other = (estimate.labels["cohort"] == 8).to_numpy() & estimate.post
    sizes = estimate.sizes[other]
    assert estimate.overall().effect[0] == pytest.approx(sizes @ estimate.effect[other] / sizes.sum())


@pytest.mark.parametrize("name", ["PoissonDiD", "SunAbraham"])
def test_a_regression_without_any_incident_after_the_start_is_refused(name: str) -> None:
    with pytest.raises(pe.EstimationError, match=f"{name}: no effect can be estimated"):
        ESTIMATORS[name].fit(design_of(counts(empty=ALL)))


def test_imputation_without_any_incident_after_the_start_has_no_ratio() -> None:
    """What is imputed does not need a ratio: the number of incidents, and a fall by 100 per cent."""
    estimate = ESTIMATORS["ImputationDiD"].fit(design_of(counts(empty=ALL)))
    averted = estimate.averted()
    assert averted.effect[0] == pytest.approx(estimate.expected.sum(), rel=1e-12)
    share = estimate.in_total().as_percent()
    assert share.params.iloc[0] == -100
    assert np.isnan(share.tidy()[["std_error", "conf_low", "conf_high", "p_value"]]).all(axis=None)
    for shown in (estimate, averted, share):
        assert shown.summary()
        assert repr(shown)
    with pytest.raises(pe.EstimationError, match="there is no effect after a start to average"):
        estimate.overall()


# Does it find what is there -----------------------------------------------------------------


@pytest.mark.statistical
def test_empty_cells_do_not_shift_the_totals() -> None:
    """Half an incident per area and month, four areas in a cohort: a fifth of the cells are empty."""
    truth, draws = -0.25, 100
    found = np.zeros((draws, 3))
    for seed in range(draws):
        frame = pe.simulate_programme(incidents=0.5, effect=truth, areas=40, treated=12, seed=seed)
        panel = pe.Panel(frame, unit="area", period="month", outcomes=["incidents"], exposure="residents")
        design = pe.StudyDesign(panel, outcome="incidents", treated_from="programme_start", measure="rate")
        estimate = pe.PoissonDiD().fit(design)
        expected = frame["expected"][frame["month"] >= frame["programme_start"]].sum()
        error = estimate.averted().effect[0] + truth * expected
        found[seed] = error, estimate.in_total().effect[0], np.isnan(estimate.effect).mean()
    assert found[:, 2].mean() > 0.15
    # three Monte Carlo standard errors (sd 17 of some 28 averted: 5)
    assert abs(found[:, 0].mean()) < 3 * found[:, 0].std() / np.sqrt(draws)
    # likewise of a median: 1.25 times that of a mean (sd 0.17: 0.065)
    assert abs(np.median(found[:, 1]) - np.log1p(truth)) < 3 * 1.25 * found[:, 1].std() / np.sqrt(draws)
