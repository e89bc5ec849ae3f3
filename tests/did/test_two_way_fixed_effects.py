"""What TwoWayFixedEffects promises beyond agreement with fixest."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

import preventeval as pe


def simulated(seed: int = 3) -> pd.DataFrame:
    """30 units, 6 periods, starts in periods 3 and 5 and never, effect -2, one covariate x."""
    rng = np.random.default_rng(seed)
    start = np.repeat([0, 3, 5], 10)
    unit, period = np.repeat(np.arange(30), 6), np.tile(np.arange(1, 7), 30)
    treated = (start[unit] > 0) & (period >= start[unit])
    x = rng.normal(size=180)
    return pd.DataFrame(
        {
            "unit": unit,
            "period": period,
            "start": start[unit],
            "x": x,
            "z": rng.normal(size=30)[unit],
            "y": rng.normal(size=30)[unit]
            + 0.2 * period
            + 0.5 * x
            - 2.0 * treated
            + 0.3 * rng.normal(size=180),
            "w": rng.uniform(0.5, 2, 30)[unit],
        }
    )


def design_of(table: pd.DataFrame, **options: Any) -> pe.StudyDesign:
    columns = {"covariates": options.pop("covariates", ()), "weights": options.pop("weights", None)}
    panel = pe.Panel(table, unit="unit", period="period", outcomes=["y"], **columns)
    return pe.StudyDesign(panel, outcome="y", treated_from="start", measure="value", **options)


def by_dummies(table: pd.DataFrame, regressors: np.ndarray[Any, Any]) -> tuple[Any, Any, float]:
    """The slow way: weighted least squares on dummies, sandwich by unit, fixest's factor."""
    dummies = pd.get_dummies(table[["unit", "period"]].astype(str), dtype=float).to_numpy()
    weights = table["w"].to_numpy()
    x = np.column_stack([regressors, dummies])
    bread = np.linalg.pinv((x * weights[:, None]).T @ x)
    beta = bread @ x.T @ (weights * table["y"].to_numpy())
    scores = x * (weights * (table["y"].to_numpy() - x @ beta))[:, None]
    sums = pd.DataFrame(scores).groupby(table["unit"].to_numpy()).sum().to_numpy()
    g, n, k = len(sums), len(x), regressors.shape[1] + table["period"].nunique()
    cov = bread @ sums.T @ sums @ bread * g / (g - 1) * (n - 1) / (n - k)
    return beta, np.sqrt(np.diag(cov)), g - 1


def test_gaps_weights_and_covariates_equal_the_slow_way() -> None:
    table = simulated().sample(frac=0.85, random_state=np.random.default_rng(1))
    estimate = pe.TwoWayFixedEffects().fit(design_of(table, covariates=["x"], weights="w"))
    treated = (table["start"] > 0) & (table["period"] >= table["start"])
    beta, se, df = by_dummies(table, np.column_stack([treated, table["x"]]).astype(float))
    # Both are exact: rounding only.
    assert estimate.effect[0] == pytest.approx(beta[0], abs=1e-10)
    assert estimate.std_errors.iloc[0] == pytest.approx(se[0], abs=1e-10)
    assert estimate.diagnostics["df"] == df


def test_event_study_has_its_reference_as_a_row() -> None:
    estimate = pe.TwoWayFixedEffects(event_study=True).fit(design_of(simulated()))
    table = estimate.tidy().set_index("event_time")
    assert table.index.tolist() == list(range(-4, 4))
    assert table.loc[-1, "estimate"] == 0
    assert np.isnan(table.loc[-1, "std_error"])
    after = table.loc[0:, "estimate"]
    assert estimate.overall().effect[0] == pytest.approx(after.mean())


def test_notes_say_what_the_method_does() -> None:
    design = design_of(simulated(), covariates=["x", "z"])
    text = " ".join(str(note) for note in pe.TwoWayFixedEffects().fit(design).notes)
    assert "Starts differ (2 of them)" in text
    assert "taken up by the unit effects: z" in text
    assert "every unit and period" in text
    one = simulated().query("start != 5")
    assert "Starts differ" not in " ".join(map(str, pe.TwoWayFixedEffects().fit(design_of(one)).notes))


def test_anticipation_is_kept_out_of_the_comparison() -> None:
    table = simulated()
    table.loc[(table["start"] > 0) & (table["period"] == table["start"] - 1), "y"] -= 5
    told = pe.TwoWayFixedEffects().fit(design_of(table, anticipation=1))
    assert told.effect[0] == pytest.approx(-2, abs=4 * told.std_errors.iloc[0])
    assert "20 unit-periods just before a start" in " ".join(map(str, told.notes))
    path = pe.TwoWayFixedEffects(event_study=True).fit(design_of(table, anticipation=1)).tidy()
    path = path.set_index("event_time")
    assert path.loc[-2, "estimate"] == 0
    assert path.loc[-1, "estimate"] == pytest.approx(-5, abs=1)


def test_a_unit_seen_once_is_left_out_and_named() -> None:
    table = simulated()
    once = table[(table["unit"] != 7) | (table["period"] == 2)]
    estimate = pe.TwoWayFixedEffects().fit(design_of(once))
    without = pe.TwoWayFixedEffects().fit(design_of(table[table["unit"] != 7]))
    # The same least squares problem: rounding only.
    np.testing.assert_allclose(estimate.effect, without.effect, rtol=0, atol=1e-12)
    np.testing.assert_allclose(estimate.std_errors, without.std_errors, rtol=0, atol=1e-12)
    assert "1 unit is observed only once and is left out: 7" in " ".join(map(str, estimate.notes))


def test_event_study_without_untreated_units_needs_more_references() -> None:
    design = design_of(simulated().query("start > 0"))
    with pytest.raises(pe.EstimationError, match=r"event time .* cannot be told apart") as caught:
        pe.TwoWayFixedEffects(event_study=True).fit(design)
    assert "reference=" in str(caught.value.hint)


def test_covariate_that_the_effects_determine_is_named() -> None:
    table = simulated().assign(trend=lambda t: t["period"] * 2.0 + t["unit"])
    with pytest.raises(pe.EstimationError, match="covariate 'trend' cannot be told apart"):
        pe.TwoWayFixedEffects().fit(design_of(table, covariates=["trend"]))


def test_one_cluster_is_too_few() -> None:
    table = simulated().assign(city="all")
    with pytest.raises(pe.EstimationError, match="in 1 clusters are too few"):
        pe.TwoWayFixedEffects().fit(design_of(table, cluster="city"))


def test_one_period_per_unit_is_too_few() -> None:
    table = simulated().query("period == unit % 6 + 1")
    with pytest.raises(pe.EstimationError, match="0 treated and 0 comparison units with data"):
        pe.TwoWayFixedEffects().fit(design_of(table))


@pytest.mark.parametrize(
    "option",
    [
        {"vcov": "HC1"},
        {"reference": -1},
        {"reference": ()},
        {"event_study": "yes"},
        {"likelihood": "gamma"},
        {"small_sample": "all"},
        {"event_study": True, "window": (0, 3)},
        {"event_study": True, "window": 3},
        {"window": (-3, 3)},
        {"vcov": "CR2", "likelihood": "poisson"},
        {"vcov": "CR2", "small_sample": "none"},
        {"vcov": "robust", "likelihood": "negative_binomial"},
    ],
)
def test_unknown_options_are_refused(option: dict[str, Any]) -> None:
    with pytest.raises(pe.EstimationError, match="TwoWayFixedEffects: "):
        pe.TwoWayFixedEffects(**option)


def test_linearmodels_agrees() -> None:
    from linearmodels.panel import PanelOLS

    table = simulated().sample(frac=0.9, random_state=np.random.default_rng(2))
    rows = table.assign(treated=(table["start"] > 0) & (table["period"] >= table["start"]))
    rows = rows.set_index(["unit", "period"]).astype(float)
    theirs = PanelOLS(
        rows["y"], rows[["treated", "x"]], entity_effects=True, time_effects=True, weights=rows["w"]
    ).fit(cov_type="clustered", cluster_entity=True, debiased=False, auto_df=False, count_effects=False)
    design = design_of(table, covariates=["x"], weights="w")
    ours = pe.TwoWayFixedEffects(small_sample="none").fit(design)
    # The library demeans by turns where there are gaps, to a relative 1e-8.
    assert ours.effect[0] == pytest.approx(theirs.params["treated"], abs=1e-7)
    assert ours.std_errors.iloc[0] == pytest.approx(theirs.std_errors["treated"], abs=1e-7)


# Counts -------------------------------------------------------------------------------------


def counted(seed: int = 5, *, share: float = 1.0) -> pd.DataFrame:
    """The panel above with overdispersed counts in place of y, an exposure, and districts."""
    rng = np.random.default_rng(seed)
    table = simulated(seed)
    table["residents"] = rng.uniform(200, 2000, len(table))
    rate = 0.02 * np.exp(0.2 * table["y"] / table["y"].std() + 0.3 * table["x"])
    shape = 8.0
    table["events"] = rng.poisson(table["residents"] * rate * rng.gamma(shape, 1 / shape, len(table)))
    table["district"] = table["unit"] % 11
    return table.sample(frac=share, random_state=rng).sort_values(["unit", "period"])


def counts_design(table: pd.DataFrame, **options: Any) -> pe.StudyDesign:
    columns = {name: options.pop(name) for name in ("covariates", "weights", "exposure") if name in options}
    panel = pe.Panel(table, unit="unit", period="period", outcomes=["events"], **columns)
    measure = "rate" if "exposure" in columns else "count"
    return pe.StudyDesign(panel, outcome="events", treated_from="start", measure=measure, **options)  # type: ignore[arg-type]


def dummies_of(table: pd.DataFrame, regressors: Any) -> np.ndarray[Any, Any]:
    unit = pd.get_dummies(table["unit"].astype(str), dtype=float)
    period = pd.get_dummies(table["period"].astype(str), dtype=float).iloc[:, 1:]
    return np.column_stack([np.asarray(regressors, dtype=float), unit, period])


def test_poisson_equals_a_regression_on_dummies() -> None:
    import statsmodels.api as sm

    table = counted(share=0.85)
    treated = (table["start"] > 0) & (table["period"] >= table["start"])
    x = dummies_of(table, np.column_stack([treated, table["x"]]))
    weights = table["w"].to_numpy() / table.groupby("unit")["w"].first().mean()
    fitted = sm.GLM(
        table["events"],
        x,
        family=sm.families.Poisson(),
        offset=np.log(table["residents"]),
        var_weights=weights,
    ).fit(tol=1e-14, maxiter=100)
    mean = fitted.fittedvalues.to_numpy()
    bread = np.linalg.inv((x * (weights * mean)[:, None]).T @ x)
    scores = x * (weights * (table["events"].to_numpy() - mean))[:, None]
    sums = pd.DataFrame(scores).groupby(table["district"].to_numpy()).sum().to_numpy()
    se = np.sqrt(np.diag(bread @ sums.T @ sums @ bread))[0]
    design = counts_design(table, covariates=["x"], weights="w", exposure="residents", cluster="district")
    ours = pe.TwoWayFixedEffects(likelihood="poisson", small_sample="none").fit(design)
    assert ours.scale.name == "log_rate_ratio"
    # Both stop where the next step would be rounding.
    assert ours.effect[0] == pytest.approx(fitted.params.iloc[0], abs=1e-9)
    assert ours.std_errors.iloc[0] == pytest.approx(se, abs=1e-9)
    cells = pd.DataFrame(scores).groupby([table["district"].to_numpy(), table["period"].to_numpy()]).sum()
    periods = pd.DataFrame(scores).groupby(table["period"].to_numpy()).sum()
    meat = sums.T @ sums + sum(
        sign * part.to_numpy().T @ part.to_numpy() for sign, part in ((1, periods), (-1, cells))
    )
    two_way = pe.TwoWayFixedEffects(likelihood="poisson", small_sample="none", vcov="two_way").fit(design)
    assert two_way.std_errors.iloc[0] == pytest.approx(np.sqrt((bread @ meat @ bread)[0, 0]), abs=1e-9)
    robust = pe.TwoWayFixedEffects(likelihood="poisson", small_sample="none", vcov="robust").fit(design)
    assert robust.std_errors.iloc[0] == pytest.approx(
        np.sqrt((bread @ scores.T @ scores @ bread)[0, 0]), abs=1e-9
    )


def test_negative_binomial_equals_a_regression_on_dummies() -> None:
    import statsmodels.api as sm

    table = counted()
    treated = (table["start"] > 0) & (table["period"] >= table["start"])
    model = sm.NegativeBinomial(
        table["events"].to_numpy(), dummies_of(table, treated), offset=np.log(table["residents"].to_numpy())
    )
    design = counts_design(table, exposure="residents", cluster="district")
    ours = pe.TwoWayFixedEffects(likelihood="negative_binomial", small_sample="none").fit(design)
    start = np.append(np.full(model.exog.shape[1], -4.0), 1 / ours.diagnostics["theta"])
    start[0], start[31:-1] = ours.effect[0], 0.0
    groups = {"groups": table["district"].to_numpy(), "use_correction": False}
    fitted = model.fit(
        start, method="newton", maxiter=100, tol=1e-12, cov_type="cluster", cov_kwds=groups, disp=0
    )
    # Newton's method on the same likelihood, with the overdispersion as one more parameter.
    assert ours.effect[0] == pytest.approx(fitted.params[0], abs=1e-7)
    assert 1 / ours.diagnostics["theta"] == pytest.approx(fitted.params[-1], rel=1e-6)
    assert ours.std_errors.iloc[0] == pytest.approx(fitted.bse[0], abs=1e-7)
    assert "needs its variance to be right" in " ".join(map(str, ours.notes))


def test_negative_binomial_without_overdispersion_is_refused() -> None:
    table = counted()
    table["events"] = 20 + table["unit"] % 3 + table["period"] % 2
    with pytest.raises(pe.EstimationError, match="scatter no more than a Poisson"):
        pe.TwoWayFixedEffects(likelihood="negative_binomial").fit(counts_design(table))


def test_exposure_may_be_counted_in_other_units() -> None:
    table = counted()
    one = pe.TwoWayFixedEffects(likelihood="poisson").fit(counts_design(table, exposure="residents"))
    per_unit = table["unit"] + 1.0  # residents, households or hectares: each area in its own
    other = table.assign(residents=table["residents"] * per_unit)
    two = pe.TwoWayFixedEffects(likelihood="poisson").fit(counts_design(other, exposure="residents"))
    # Unit effects take it up: rounding only.
    np.testing.assert_allclose(two.effect, one.effect, rtol=0, atol=1e-10)
    np.testing.assert_allclose(two.std_errors, one.std_errors, rtol=0, atol=1e-10)


def test_units_periods_and_event_times_without_events_are_left_out_and_named() -> None:
    table = counted()
    table.loc[table["unit"].isin([4, 25]), "events"] = 0
    table.loc[table["period"] == 2, "events"] = 0
    table.loc[(table["start"] > 0) & (table["period"] == table["start"] + 2), "events"] = 0
    estimate = pe.TwoWayFixedEffects(likelihood="poisson", event_study=True).fit(counts_design(table))
    text = " ".join(map(str, estimate.notes))
    assert "2 units are left out because not one incident was counted in them: 4, 25" in text
    assert "1 period is left out because not one incident was counted in it: 2" in text
    assert "2 event times are left out because not one incident was counted in them: −3, 2" in text
    assert 2 not in estimate.labels["event_time"].tolist()
    assert np.isfinite(estimate.effect).all()
    kept = table[~table["unit"].isin([4, 25]) & (table["period"] != 2)]
    kept = kept[(kept["start"] == 0) | (kept["period"] != kept["start"] + 2)]
    again = pe.TwoWayFixedEffects(likelihood="poisson", event_study=True).fit(counts_design(kept))
    # The same regression: rounding only.
    np.testing.assert_allclose(again.effect, estimate.effect, rtol=0, atol=1e-9)


def test_a_programme_without_events_is_refused() -> None:
    table = counted()
    treated = (table["start"] > 0) & (table["period"] >= table["start"])
    table.loc[treated, "events"] = 0
    with pytest.raises(pe.EstimationError, match="not one incident in the programme's unit-periods"):
        pe.TwoWayFixedEffects(likelihood="poisson").fit(counts_design(table))


def test_counts_need_incidents() -> None:
    with pytest.raises(pe.EstimationError, match="outcome 'y' has none behind it") as caught:
        pe.TwoWayFixedEffects(likelihood="poisson").fit(design_of(simulated()))
    assert "measure='rate'" in str(caught.value.hint)


def test_missing_exposure_is_left_out_and_counted() -> None:
    table = counted()
    table.loc[table.index[:3], "residents"] = np.nan
    panel = pe.Panel(table, unit="unit", period="period", outcomes=["events"], exposure="residents")
    design = pe.StudyDesign(panel, outcome="events", treated_from="start", measure="count")
    estimate = pe.TwoWayFixedEffects(likelihood="poisson").fit(design)
    assert "3 unit-periods have a number of incidents but no exposure" in " ".join(map(str, estimate.notes))
    assert estimate.diagnostics["unit_periods"] == 177


# Event studies and covariances ---------------------------------------------------------------


def test_window_pools_what_lies_beyond() -> None:
    table = simulated()
    estimate = pe.TwoWayFixedEffects(event_study=True, window=(-2, 1)).fit(design_of(table))
    assert estimate.labels["event_time"].tolist() == [-2, -1, 0, 1]
    time = (table["period"] - table["start"]).clip(-2, 1)
    regressors = np.column_stack([(table["start"] > 0) & (time == t) for t in (-2, 0, 1)])
    beta, se, _ = by_dummies(table.assign(w=1.0), regressors.astype(float))
    # Both are exact: rounding only.
    np.testing.assert_allclose(np.delete(estimate.effect, 1), beta[:3], rtol=0, atol=1e-10)
    np.testing.assert_allclose(estimate.std_errors.dropna(), se[:3], rtol=0, atol=1e-10)
    assert "before −2 and after 1 are pooled" in " ".join(map(str, estimate.notes))


def test_clustered_effects_carry_influence_values() -> None:
    estimate = pe.TwoWayFixedEffects(event_study=True).fit(design_of(simulated()))
    assert isinstance(estimate.uncertainty, pe.Influence)
    rows = estimate.uncertainty.rows(0, estimate.uncertainty.clusters)
    assert len(rows) == 30
    np.testing.assert_allclose(rows.T @ rows, estimate.cov, rtol=0, atol=1e-12)  # rounding


def test_two_way_clusters_that_are_too_few_are_repaired_and_said() -> None:
    table = simulated().assign(district=lambda t: t["unit"] % 4)
    design = design_of(table, cluster="district")
    estimate = pe.TwoWayFixedEffects(event_study=True, vcov="two_way").fit(design)
    assert "a negative variance" in " ".join(map(str, estimate.notes))
    assert np.linalg.eigvalsh(estimate.cov).min() > -1e-12  # rounding


def test_leverage_matters_where_clusters_are_few() -> None:
    table = simulated().assign(district=lambda t: t["unit"] % 6)
    design = design_of(table, cluster="district")
    errors = {
        kind: pe.TwoWayFixedEffects(vcov=kind).fit(design).std_errors.iloc[0]  # type: ignore[arg-type]
        for kind in ("CR0", "CR2", "CR3")
    }
    assert errors["CR0"] < errors["CR2"] < errors["CR3"]
    fewest = pe.TwoWayFixedEffects(vcov="CR2", event_study=True).fit(design).diagnostics["df"]
    assert 0 < fewest < 5


def test_leverage_and_sampling_weights_do_not_go_together() -> None:
    with pytest.raises(pe.EstimationError, match=r"CR2.* sampling weights"):
        pe.TwoWayFixedEffects(vcov="CR2").fit(design_of(simulated(), weights="w"))


@pytest.mark.parametrize("vcov", ["CR0", "CR1S", "CR2", "CR3"])
def test_leverage_and_the_same_weight_everywhere_do(vcov: Any) -> None:
    table = simulated()
    one, two = (
        pe.TwoWayFixedEffects(vcov=vcov).fit(design_of(table.assign(w=w), weights="w")) for w in (1.0, 7.3)
    )
    # rounding
    assert two.std_errors.iloc[0] == pytest.approx(one.std_errors.iloc[0], rel=1e-10)
    assert two.diagnostics["df"] == pytest.approx(one.diagnostics["df"], rel=1e-10)


@pytest.mark.parametrize(
    "vcov", ["clustered", "two_way", "robust", "unadjusted", "CR0", "CR1", "CR1p", "CR1S", "CR2", "CR3"]
)
def test_an_event_study_of_references_alone_is_refused(vcov: Any) -> None:
    table = simulated().query("start != 3 and period in (4, 5)")  # event times -1 and 0
    with pytest.raises(pe.EstimationError, match="no effect can be estimated"):
        pe.TwoWayFixedEffects(event_study=True, reference=(-1, 0), vcov=vcov).fit(design_of(table))


@pytest.mark.parametrize("likelihood", ["poisson", "negative_binomial"])
@pytest.mark.parametrize("before", [False, True])
def test_an_event_study_without_events_is_refused(likelihood: Any, before: bool) -> None:
    table = counted()
    silent = (table["start"] > 0) & ((not before) | (table["period"] != table["start"] - 1))
    table.loc[silent, "events"] = 0
    with pytest.raises(pe.EstimationError, match="no effect can be estimated"):
        pe.TwoWayFixedEffects(event_study=True, likelihood=likelihood).fit(counts_design(table))


@pytest.mark.parametrize("likelihood", ["linear", "poisson"])
def test_one_treated_and_one_comparison_unit_are_too_few(likelihood: Any) -> None:
    table = counted().query("unit in (0, 15)")
    with pytest.raises(pe.EstimationError, match="1 treated and 1 comparison units") as caught:
        pe.TwoWayFixedEffects(likelihood=likelihood).fit(counts_design(table))
    assert "weighted displacement difference" in str(caught.value.hint)
