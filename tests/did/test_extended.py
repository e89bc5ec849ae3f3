"""Extended two-way regressions against statsmodels with a dummy for every effect."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

import preventeval as pe

Array = NDArray[np.float64]
Estimators = pe.LinearDiD | pe.PoissonDiD


def frame(
    seed: int, *, gaps: bool = False, units: int = 20, periods: int = 8, counts: float = 25.0
) -> pd.DataFrame:
    """Quarters of areas in two regions; a fixed and a moving covariate, starts in periods 4 and 6."""
    rng = np.random.default_rng(seed)
    quarter = pd.period_range("2020-01", periods=periods, freq="Q").astype(str).to_numpy()
    start = np.resize([4, 6, periods, periods], units)
    treated = np.arange(periods) >= start[:, None]
    size, moving = rng.normal(size=units), rng.normal(size=(units, periods))
    exposure = rng.uniform(500, 1500, (units, periods))
    log_mean = 0.2 * size[:, None] * (1 + 0.1 * np.arange(periods)) + 0.1 * moving - 0.3 * treated
    mean = counts * exposure / 1000 * np.exp(log_mean + rng.normal(0, 0.2, (units, 1)))
    table = pd.DataFrame(
        {
            "area": np.repeat([f"area {i:02d}" for i in range(units)], periods),
            "quarter": np.tile(quarter, units),
            "incidents": rng.poisson(mean).ravel(),
            "score": (log_mean + rng.normal(0, 0.3, mean.shape)).ravel(),
            "residents": exposure.ravel(),
            "size": np.repeat(size, periods),
            "moving": moving.ravel(),
            "region": np.repeat(np.where(np.arange(units) % 8 < 4, "north", "south"), periods),
            "district": np.repeat(np.arange(units) // 2, periods),
            "weight": np.repeat(rng.uniform(0.5, 2, units), periods),
            "start": np.repeat(np.append(quarter, None)[start], periods),
        }
    )
    return table[rng.random(len(table)) > 0.08] if gaps else table


def design_of(
    table: pd.DataFrame,
    kind: str,
    *,
    covariates: tuple[str, ...] = (),
    weights: str | None = None,
    **options: Any,
) -> pe.StudyDesign:
    panel = pe.Panel(
        table,
        unit="area",
        period="quarter",
        outcomes=["incidents" if kind == "counts" else "score"],
        exposure="residents" if kind == "counts" else None,
        covariates=covariates,
        weights=weights,
    )
    measure = {} if kind == "counts" else {"measure": "value"}
    return pe.StudyDesign(
        panel, outcome=next(iter(panel.outcomes)), treated_from="start", **measure, **options
    )


def make(kind: str, **options: Any) -> Estimators:
    return pe.PoissonDiD(**options) if kind == "counts" else pe.LinearDiD(**options)


def slow(
    design: pe.StudyDesign, estimator: Estimators, cells: list[tuple[int, int]], kind: str
) -> tuple[Array, Array]:
    """Effects of cells and their covariance, from one dense regression."""
    import statsmodels.api as sm

    panel, cohort = design.panel, design.cohort
    y = design.incidents if kind == "counts" else design.y
    assert y is not None
    used = np.isfinite(y)
    unit, period = np.nonzero(used)
    region = panel.codes_by_unit("region")[0] if estimator.regions else np.zeros(len(y), dtype=int)
    season = period % 4 if estimator.season_effects else 0 * period
    level = (
        unit * 10 + season if estimator.levels == "unit" else np.unique(cohort, return_inverse=True)[1][unit]
    )
    blocks = [dummies(level), dummies(region[unit] * 100 + period)]
    effects = np.stack([(cohort[unit] == g) & (period == t) for g, t in cells], axis=1).astype(float)
    average = []
    for name, grid in panel.covariates.items():
        values = grid[used]
        if name == "moving":
            blocks.append(values[:, None])
            continue
        of_period = dummies(period) * values[:, None]
        blocks += [of_period, dummies(np.unique(cohort, return_inverse=True)[1][unit]) * values[:, None]]
        if estimator.covariates == "full":
            average.append(effects * values[:, None])
    x = np.hstack([effects, *average, *blocks])
    # each column that those before it determine goes; effects come first
    x = x[:, np.abs(np.diag(np.linalg.qr(x, mode="r"))) > 1e-9]
    w = design.weights[unit]
    family = sm.families.Poisson() if kind == "counts" else sm.families.Gaussian()
    offset = None if panel.exposure is None else np.log(panel.exposure[used])
    fit = sm.GLM(y[used], x, family=family, offset=offset, var_weights=w).fit(tol=1e-14, maxiter=100)
    mean = np.asarray(fit.fittedvalues)
    curvature = w * mean if kind == "counts" else w
    bread = np.linalg.inv(x.T @ (x * curvature[:, None]))
    scores = np.zeros((design.clusters.max() + 1, x.shape[1]))
    np.add.at(scores, design.clusters[unit], x * (w * (y[used] - mean))[:, None])
    k = len(cells)
    combine = [np.eye(k)]
    for block in average:
        in_cell = effects * curvature[:, None]
        combine.append(np.diag((in_cell * block).sum(axis=0) / in_cell.sum(axis=0)))
    width = k * len(combine)
    make_effects = np.zeros((k, x.shape[1]))
    make_effects[:, :width] = np.hstack(combine)
    params = np.asarray(fit.params)
    effect = make_effects @ params
    if kind == "counts" and average:  # exp of a mean is no mean of exp: of sums instead, level by level
        behind = effects * (w * mean)[:, None]
        without = behind * np.exp(-x[:, :width] @ params[:width])[:, None]
        effect = np.log(behind.sum(axis=0)) - np.log(without.sum(axis=0))
        rest = np.where(np.arange(x.shape[1]) < width, 0.0, x)
        make_effects = (behind / behind.sum(axis=0)).T @ x - (without / without.sum(axis=0)).T @ rest
    n, clusters = len(w), len(np.unique(design.clusters[unit]))
    counted = x.shape[1] - (len(np.unique(level)) - 1 if estimator.levels == "unit" else 0)
    factor = clusters / (clusters - 1) * (n - 1) / (n - counted)
    half = make_effects @ bread @ scores.T
    return effect, factor * half @ half.T


def dummies(code: NDArray[np.int64]) -> Array:
    return (code[:, None] == np.unique(code)).astype(float)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(
    seed=st.integers(0, 10_000),
    kind=st.sampled_from(["counts", "values"]),
    levels=st.sampled_from(["unit", "season", "cohort"]),
    regions=st.booleans(),
    covariates=st.sampled_from([(), ("size",), ("moving",), ("size", "moving")]),
    full=st.booleans(),
    leads=st.booleans(),
    gaps=st.booleans(),
    weights=st.booleans(),
    cluster=st.booleans(),
)
def test_agrees_with_a_dummy_for_every_effect(
    seed: int,
    kind: str,
    levels: str,
    regions: bool,
    covariates: tuple[str, ...],
    full: bool,
    leads: bool,
    gaps: bool,
    weights: bool,
    cluster: bool,
) -> None:
    design = design_of(
        frame(seed, gaps=gaps, periods=12 if levels == "season" else 8, units=24),
        kind,
        covariates=covariates,
        weights="weight" if weights else None,
        cluster="district" if cluster else None,
    )
    estimator = make(
        kind,
        levels="cohort" if levels == "cohort" else "unit",
        season_effects=levels == "season",
        regions="region" if regions else None,
        covariates="full" if full else "by_period",
        leads=leads,
    )
    estimate = estimator.fit(design)
    labels = estimate.labels
    cells = list(zip(labels["cohort"], labels["period"], strict=True))
    effect, cov = slow(design, estimator, cells, kind)
    # statsmodels stops at a relative change of 1e-14 in the deviance: 1e-7 in a coefficient
    np.testing.assert_allclose(estimate.effect, effect, rtol=0, atol=2e-7)
    ours = estimate.cov.to_numpy()
    np.testing.assert_allclose(ours, cov, rtol=0, atol=2e-6 * np.abs(cov).max())
    times = labels["event_time"].to_numpy()
    assert (times < 0).any() == (leads and (levels != "season" or bool((labels["cohort"] > 4).any())))
    if leads:  # the last period before the start, in every season, is what effects are measured against
        assert set(range(-4 if levels == "season" else -1, 0)).isdisjoint(times)


@pytest.mark.parametrize("kind", ["counts", "values"])
def test_averages_weigh_cells_by_their_unit_periods(kind: str) -> None:
    estimate = make(kind).fit(design_of(frame(1, gaps=True), kind, weights="weight"))
    design, labels = estimate.recipe.design, estimate.labels
    w = np.where(np.isfinite(design.y), design.weights[:, None], 0.0)
    sizes = np.array(
        [w[design.cohort == g, t].sum() for g, t in zip(labels["cohort"], labels["period"], strict=True)]
    )
    expected = sizes @ estimate.effect / sizes.sum()
    # sums in another order
    assert estimate.overall().effect[0] == pytest.approx(expected, rel=1e-12)
    assert float(estimate.overall().std_errors.iloc[0]) == pytest.approx(
        np.sqrt(sizes @ estimate.cov.to_numpy() @ sizes) / sizes.sum(), rel=1e-12
    )


@pytest.mark.parametrize("kind", ["counts", "values"])
def test_never_treated_comparison_brings_its_leads(kind: str) -> None:
    table = frame(2)
    never = make(kind).fit(design_of(table, kind, comparison="never_treated"))
    leads = make(kind, leads=True).fit(design_of(table, kind))
    # the same regression
    pd.testing.assert_frame_equal(never.tidy(), leads.tidy(), check_exact=True)


@pytest.mark.parametrize("kind", ["counts", "values"])
def test_anticipation_moves_the_base_period(kind: str) -> None:
    estimate = make(kind, leads=True).fit(design_of(frame(2), kind, anticipation=2))
    times = estimate.labels["event_time"]
    assert -3 not in set(times)
    assert {-4, -2, -1, 0} <= set(times)
    plain = make(kind).fit(design_of(frame(2), kind, anticipation=2)).labels["event_time"]
    assert plain.min() == -2


@pytest.mark.parametrize("kind", ["counts", "values"])
def test_last_treated_serve_as_comparison(kind: str) -> None:
    table = frame(3)
    everyone = table[table["start"].notna()]
    estimate = make(kind).fit(design_of(everyone, kind, comparison="last_treated"))
    assert set(estimate.labels["cohort"]) == {4}
    assert estimate.labels["period"].max() == 5
    not_yet = make(kind).fit(design_of(everyone, kind))
    # the cells of the last cohort have no one to compare with, and are named
    assert any(note.key == "note-cells-left-out" for note in not_yet.notes)
    late = not_yet.labels["period"].max()
    assert late == 5


@pytest.mark.parametrize("kind", ["counts", "values"])
def test_weights_count_units_as_often(kind: str) -> None:
    table = frame(4)
    table["weight"] = np.where(table["area"] < "area 08", 2.0, 1.0)
    twin = table[table["area"] < "area 08"]
    doubled = pd.concat([table, twin.assign(area=twin["area"] + " twin")])
    weighted = make(kind).fit(design_of(table, kind, weights="weight"))
    plain = make(kind).fit(design_of(doubled, kind))
    # Newton's last step leaves 1e-8 at most
    np.testing.assert_allclose(weighted.effect, plain.effect, rtol=0, atol=1e-8)
    np.testing.assert_allclose(weighted.overall().effect, plain.overall().effect, rtol=0, atol=1e-8)


@pytest.mark.parametrize("kind", ["counts", "values"])
@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"levels": "area"}, "levels='area' is not known: choose one of 'unit', 'cohort'"),
        ({"covariates": "none"}, "covariates='none' is not known: choose one of 'by_period', 'full'"),
        ({"leads": 2}, "leads=2 is not known: choose True or False"),
        ({"season_effects": "area"}, "season_effects='area' is not known: choose True or False"),
    ],
)
def test_refuses_options_that_it_does_not_know(kind: str, options: dict[str, Any], message: str) -> None:
    with pytest.raises(pe.EstimationError, match="DiD: ") as caught:
        make(kind, **options)
    assert message in caught.value.message


@pytest.mark.parametrize("kind", ["counts", "values"])
def test_refuses_season_effects_without_seasons(kind: str) -> None:
    table = frame(5, periods=8)
    with pytest.raises(pe.EstimationError, match="levels='unit'"):
        make(kind, season_effects=True, levels="cohort").fit(design_of(table, kind))
    numbered = table.assign(quarter=pd.factorize(table["quarter"])[0] + 1, start=np.nan)
    numbered.loc[table["area"] < "area 08", "start"] = 4
    with pytest.raises(pe.EstimationError, match="freq 'integer'"):
        make(kind, season_effects=True).fit(design_of(numbered, kind))
    year = table[table["quarter"].str[:4] == "2021"]
    with pytest.raises(pe.EstimationError, match="more than one year"):
        make(kind, season_effects=True).fit(design_of(year[year["start"] != "2021Q1"], kind))


@pytest.mark.parametrize("kind", ["counts", "values"])
def test_refuses_regions_that_are_empty(kind: str) -> None:
    table = frame(5)
    table["region"] = table["region"].where(table["area"] != "area 03")
    with pytest.raises(pe.EstimationError, match="column 'region' of regions is empty for units 'area 03'"):
        make(kind, regions="region").fit(design_of(table, kind))


@pytest.mark.parametrize("kind", ["counts", "values"])
@pytest.mark.parametrize("names", [("size", "twice"), ("size", "one"), ("moving", "shifted")])
def test_names_collinear_covariates(kind: str, names: tuple[str, str]) -> None:
    table = frame(6)
    table = table.assign(twice=2 * table["size"] + 1, one=1.0, shifted=3 - table["moving"])
    with pytest.raises(pe.EstimationError, match="cannot be told apart") as caught:
        make(kind).fit(design_of(table, kind, covariates=names))
    assert f"'{names[1]}'" in caught.value.message


@pytest.mark.parametrize("kind", ["counts", "values"])
def test_two_areas_need_other_methods(kind: str) -> None:
    table = frame(7)
    with pytest.raises(pe.EstimationError, match="too few") as caught:
        make(kind).fit(design_of(table[table["area"].isin(["area 00", "area 03"])], kind))
    assert "which are not panel estimators" in str(caught.value.hint)


@pytest.mark.parametrize("kind", ["counts", "values"])
def test_names_cohorts_of_one(kind: str) -> None:
    table = frame(8)
    alone = table[~table["area"].isin([f"area {i:02d}" for i in range(4, 20, 4)])]
    estimate = make(kind).fit(design_of(alone, kind))
    assert "One cohort consists of a single unit or cluster (2021-Q1)" in estimate.summary()


@pytest.mark.parametrize("kind", ["counts", "values"])
def test_a_subgroup_of_periods_missing_for_a_cohort_is_named(kind: str) -> None:
    table = frame(9)
    lost = (table["start"] == "2021Q1") & (table["quarter"] == "2021Q3")
    estimate = make(kind).fit(design_of(table[~lost], kind))
    cells = set(zip(estimate.labels["cohort"], estimate.labels["period"], strict=True))
    assert (4, 6) not in cells
    assert (4, 7) in cells
    assert "cohort 2021-Q1 in 2021-Q3" in estimate.summary()
