"""What ImputationDiD promises."""

from __future__ import annotations

import importlib.util
import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

import preventeval as pe
from preventeval.did._saturated import plan_effects, saturate
from preventeval.did._scores import ScoreSource
from preventeval.did._within import Poisson, regress

Array = NDArray[np.float64]


def loaded(name: str) -> ModuleType:
    """A module that stands beside this one."""
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules[name] = importlib.util.module_from_spec(spec)  # its dataclass looks itself up
    spec.loader.exec_module(module)
    return module


slow = loaded("imputation_reference")
EFFECT = -0.4


def simulated(seed: int, *, units: int = 24, periods: int = 8, level: float = 8.0) -> pd.DataFrame:
    """Counts, exposure, covariates, weights and districts of three cohorts and never treated units."""
    rng = np.random.default_rng(seed)
    start = np.resize([3.0, 5.0, 6.0, np.nan], units)
    treated = np.arange(periods) >= np.nan_to_num(start, nan=np.inf)[:, None]
    moving, fixed = rng.normal(size=(units, periods)), rng.normal(size=units)
    exposure = 1000 * np.exp(rng.normal(0, 0.4, (units, 1)) + rng.normal(0, 0.1, (units, periods)))
    eta = rng.normal(0, 0.4, (units, 1)) + 0.05 * np.arange(periods) + 0.1 * moving
    eta += 0.02 * fixed[:, None] * np.arange(periods) + EFFECT * treated
    return pd.DataFrame(
        {
            "area": np.repeat([f"a{unit:03d}" for unit in range(units)], periods),
            "district": np.repeat([f"d{unit // 8}" for unit in range(units)], periods),
            "time": np.tile(np.arange(1, periods + 1), units),
            "start": np.repeat(start + 1, periods),
            "events": rng.poisson(exposure * level / 1000 * np.exp(eta)).astype(float).ravel(),
            "residents": exposure.ravel(),
            "moving": moving.ravel(),
            "fixed": np.repeat(fixed, periods),
            "w": np.repeat(rng.uniform(0.5, 2.0, units), periods),
        }
    )


def design_of(frame: pd.DataFrame, *, counts: bool, **options: Any) -> pe.StudyDesign:
    panel = pe.Panel(
        frame,
        unit="area",
        period="time",
        outcomes=["events"],
        exposure=options.pop("exposure", "residents") if counts else None,
        covariates=options.pop("covariates", []),
        weights=options.pop("weights", None),
    )
    measure = options.pop("measure", "count" if counts else "value")
    return pe.StudyDesign(panel, outcome="events", treated_from="start", measure=measure, **options)


def fit(frame: pd.DataFrame, design: dict[str, Any] | None = None, **options: Any) -> pe.EffectEstimate:
    counts = options.get("likelihood") == "poisson"
    # Not the default: the references that these tests compare with leave no one out of a mean.
    made = design_of(frame, counts=counts, **(design or {}))
    return pe.ImputationDiD(**{"leave_out": False} | options).fit(made)


def rows_of(estimate: pe.EffectEstimate) -> Any:
    """The observations behind an estimate, for the slow reference."""
    design = estimate.recipe.design
    poisson = estimate.recipe.estimator.likelihood == "poisson"  # type: ignore[attr-defined]
    y = design.incidents if poisson else design.y
    assert y is not None
    unit, period = np.nonzero(np.isfinite(y) & np.isfinite(design.covariates).all(axis=2))
    start = design.cohort[unit]
    untreated = period < start - design.anticipation
    alone = design.comparison != "not_yet_treated"
    labels = estimate.labels[["cohort", "period"]].apply(tuple, axis=1).tolist()
    place = {label: number for number, label in enumerate(labels)}
    cell = np.array([place.get(key, -1) for key in zip(start.tolist(), period.tolist(), strict=True)])
    keep = (untreated | (cell >= 0)) & np.isin(unit, unit[untreated])
    columns = []
    for name, grid in design.panel.covariates.items():
        values = grid[unit, period]
        columns += (
            [values * (period == t) for t in range(1, design.n_periods)] if name == "fixed" else [values]
        )
    exposure = np.ones_like(y) if design.panel.exposure is None else design.panel.exposure
    return slow.Rows(
        y=y[unit, period][keep],
        exposure=exposure[unit, period][keep],
        w=design.weights[unit][keep],
        unit=unit[keep],
        cluster=design.clusters[unit][keep],
        period=period[keep],
        cell=cell[keep],
        untreated=untreated[keep],
        fitted=(untreated & ((start >= design.n_periods) | (not alone)))[keep],
        x=np.stack(columns, axis=1)[keep] if columns else np.zeros((int(keep.sum()), 0)),
    )


gaps = st.tuples(st.integers(0, 10_000), st.sampled_from([0.0, 0.1]))
designs = st.fixed_dictionaries(
    {
        "covariates": st.sampled_from([[], ["moving"], ["fixed"], ["moving", "fixed"]]),
        "weights": st.sampled_from([None, "w"]),
        "cluster": st.sampled_from([None, "district"]),
        "anticipation": st.sampled_from([0, 1]),
        "comparison": st.sampled_from(["not_yet_treated", "never_treated"]),
    }
)


def with_gaps(seed: int, share: float) -> pd.DataFrame:
    frame = simulated(seed)
    rng = np.random.default_rng(seed + 1)
    return frame.assign(events=frame["events"].mask(rng.random(len(frame)) < share))


@settings(max_examples=20, deadline=None, derandomize=True)
@given(gaps, designs, st.booleans())
def test_least_squares_agrees_with_dummies(gap: tuple[int, float], design: dict[str, Any], out: bool) -> None:
    estimate = fit(with_gaps(*gap), dict(design), leave_out=out)
    rows = rows_of(estimate)
    # rtol, atol: normal equations against lstsq and pinv on numbers of order 10
    np.testing.assert_allclose(estimate.effect, slow.effects(rows, poisson=False), rtol=1e-8, atol=1e-8)
    np.testing.assert_allclose(estimate.cov, slow.linear_cov(rows, leave_out=out), rtol=1e-7, atol=1e-8)


@settings(max_examples=12, deadline=None, derandomize=True)
@given(gaps, designs, st.integers(0, 23))
def test_counts_agree_with_dummies(gap: tuple[int, float], design: dict[str, Any], unit: int) -> None:
    estimate = fit(with_gaps(*gap), dict(design), likelihood="poisson")
    rows, k = rows_of(estimate), len(estimate.effect)
    np.testing.assert_allclose(estimate.effect, slow.effects(rows, poisson=True), rtol=1e-7, atol=1e-7)
    # Influence is the derivative in a unit's weight: central differences are good to about 1e-8.
    moved = [
        slow.effects(replace(rows, w=rows.w * np.where(rows.unit == unit, 1 + step, 1.0)), poisson=True)
        for step in (-1e-4, 1e-4)
    ]
    source = estimate.uncertainty.source  # type: ignore[attr-defined]
    place = np.flatnonzero(source.clusters_of == estimate.recipe.design.clusters[unit])
    if design["cluster"] is None:
        values = source.of_units(place)[0, :k]
        np.testing.assert_allclose(values, (moved[1] - moved[0]) / 2e-4, rtol=0, atol=1e-6)


@pytest.fixture(scope="module")
def constant() -> pd.DataFrame:
    """Few events; exposure that is the same in all periods."""
    frame = simulated(3, level=1.5)
    return frame.assign(residents=frame.groupby("area")["residents"].transform("first"))


def test_equals_the_saturated_poisson_regression(constant: pd.DataFrame) -> None:
    """Without gaps and with exposure that does not move, both maximise the same likelihood."""
    estimate = fit(constant, likelihood="poisson")
    design = estimate.recipe.design
    y, exposure, n = design.incidents, design.panel.exposure, design.n_units
    assert y is not None
    assert exposure is not None
    before = np.where(design.treated, 0.0, y).sum(axis=1)
    assert ((before == 0) & (y.sum(axis=1) > 0)).any()  # a unit whose events all come after the start
    season = np.zeros(design.n_periods, dtype=np.int64)
    cells, _, _ = plan_effects(
        np.unique(design.cohort),
        design.n_periods,
        comparison="not_yet_treated",
        anticipation=0,
        leads=False,
    )
    plan = saturate(design.cohort, cells, design.n_periods, season=season)
    events = np.where((y > 0).any(axis=1, keepdims=True), np.ones_like(y), 0.0)
    full = regress(
        y, weights=events, offset=np.log(exposure), terms=plan.terms, family=Poisson(), what="full"
    )
    # rtol: Newton's method is stopped at steps of 1e-8, which leaves errors of their square
    np.testing.assert_allclose(estimate.effect, full.coefficients[plan.effects], rtol=1e-9, atol=1e-9)
    source = ScoreSource(
        full.features(plan.terms), plan.terms.code, full.maps(plan.terms, plan.effects), np.arange(n)
    )
    np.testing.assert_allclose(estimate.cov, source.cov, rtol=1e-7, atol=1e-9)
    # Incidents with the programme, M exp(effect), move as the residuals of that regression do.
    k = len(cells)
    residuals = np.stack([np.where(design.cohort == g, full.residual[:, t], 0.0) for g, t in cells], axis=1)
    ratio = np.exp(estimate.effect)
    counts_in = np.hstack([np.diag(estimate.expected * ratio), np.diag(ratio)])
    assert estimate.uncertainty.size == 2 * k
    with_programme = counts_in @ estimate.uncertainty.cov @ counts_in.T
    np.testing.assert_allclose(with_programme, residuals.T @ residuals, rtol=1e-7, atol=1e-7)
    observed = [y[design.cohort == g, t].sum() for g, t in cells]
    np.testing.assert_allclose(estimate.expected * ratio, observed, rtol=1e-12)


def test_averted_is_expected_less_counted() -> None:
    frame = with_gaps(8, 0.05)
    estimate = fit(frame, likelihood="poisson")
    rows = rows_of(estimate)
    expected = slow.first_stage(rows, poisson=True)[2]
    treated = ~rows.untreated
    averted = estimate.averted()
    # rtol: as above
    np.testing.assert_allclose(averted.effect[0], (expected - rows.y)[treated].sum(), rtol=1e-7)
    np.testing.assert_allclose(averted.diagnostics["observed"][0], rows.y[treated].sum(), rtol=1e-9)


def test_never_treated_comparison_in_closed_form() -> None:
    """The change of a cohort's mean since its mean before, less that of the never treated."""
    frame = simulated(5)
    estimate = fit(frame, {"comparison": "never_treated"})
    mean = frame.fillna({"start": 0}).pivot_table("events", "start", "time")
    for cohort, period, effect in zip(
        *estimate.labels[["cohort", "period"]].T.to_numpy(), estimate.effect, strict=True
    ):
        before = list(range(1, cohort + 1))
        change = mean[period + 1] - mean[before].mean(axis=1)
        np.testing.assert_allclose(effect, change[cohort + 1] - change[0], rtol=1e-10)


def test_last_treated_comparison_cuts_the_panel() -> None:
    frame = simulated(6)
    ever = frame[frame["start"].notna()]
    last = fit(ever, {"comparison": "last_treated"})
    as_never = ever.assign(start=ever["start"].where(ever["start"] < 7))[ever["time"] < 7]
    never = fit(as_never, {"comparison": "never_treated"})
    pd.testing.assert_frame_equal(last.tidy(), never.tidy())
    # With all untreated observations the last to start serve as well, up to their start.
    both = fit(ever)
    assert int(both.labels["period"].max()) == 5
    assert "cohort 4 in 7" in str(both.notes[0])


def test_anticipation_hides_the_periods_before_the_start() -> None:
    frame = simulated(7)
    estimate = fit(frame, {"anticipation": 1})
    early = estimate.labels["event_time"] == -1
    assert early.sum() == 3
    assert not estimate.post[early].any()
    moved = frame.assign(events=frame["events"] + 100 * (frame["time"] == frame["start"] - 1))
    again = fit(moved, {"anticipation": 1})
    # rtol: the same equations; only their right-hand sides change, in the window alone
    np.testing.assert_allclose(again.effect[~early], estimate.effect[~early], rtol=1e-9)
    np.testing.assert_allclose(again.effect[early], estimate.effect[early] + 100, rtol=1e-9)


def test_units_without_a_period_before_are_named() -> None:
    frame = simulated(9)
    hidden = (frame["area"] == "a001") & (frame["time"] < frame["start"])
    estimate = fit(frame.assign(events=frame["events"].mask(hidden)))
    without = fit(frame[frame["area"] != "a001"])
    # rtol: the unit adds nothing, but stands among the others in sums
    np.testing.assert_allclose(estimate.effect, without.effect, rtol=1e-10)
    np.testing.assert_allclose(estimate.cov, without.cov, rtol=1e-9)
    assert any("nothing can be imputed for it. It is left out: a001." in str(note) for note in estimate.notes)
    assert estimate.diagnostics["units_left_out"] == 1


def test_periods_that_nothing_links_are_left_out() -> None:
    """Two lots of units that are untreated in different periods say nothing about each other's."""
    frame = simulated(10)
    never = frame["start"].isna()
    late = frame["time"] > 4
    only_early = never | (frame["start"] < 5)  # seen untreated in periods 1 to 4 alone, …
    hidden = (only_early & never & late) | (~only_early & ~late)  # … the others from 5 on
    estimate = fit(frame.assign(events=frame["events"].mask(hidden)))
    assert "cohort 4 in 5, 4 in 6" in str(estimate.notes[0])
    assert not ((estimate.labels["cohort"] == 3) & (estimate.labels["period"] >= 4)).any()


def test_leads_are_a_regression_on_untreated_observations() -> None:
    import statsmodels.api as sm

    frame = simulated(11)
    plain = fit(frame, likelihood="poisson")
    estimate = fit(frame, likelihood="poisson", leads=2)
    # rtol: the effects and their spread stand beside the leads as they did without them
    np.testing.assert_allclose(estimate.effect[2:], plain.effect, rtol=1e-12)
    np.testing.assert_allclose(estimate.cov.to_numpy()[2:, 2:], plain.cov, rtol=1e-12)
    np.testing.assert_allclose(estimate.averted().effect, plain.averted().effect, rtol=1e-12)
    labels = estimate.labels
    assert labels["event_time"].tolist()[:2] == [-2, -1]
    assert (labels[["cohort", "period"]].to_numpy()[:2] == -1).all()
    assert not estimate.post[:2].any()
    before = frame[~(frame["time"] >= frame["start"])]
    time = before["time"] - before["start"]
    x = np.column_stack(
        [
            time == -2,
            time == -1,
            pd.get_dummies(before["time"]).to_numpy()[:, 1:],
            pd.get_dummies(before["area"]).to_numpy(),
        ]
    ).astype(float)
    model = sm.GLM(before["events"], x, family=sm.families.Poisson(), offset=np.log(before["residents"]))
    fitted = model.fit(cov_type="cluster", cov_kwds={"groups": pd.factorize(before["area"])[0]}, tol=1e-12)
    # statsmodels counts every unit among the K of (n − 1) / (n − K); ours are nested in the clusters.
    factor = (len(before) - x.shape[1]) / (len(before) - (2 + 8))
    # rtol: statsmodels stops at a relative change of 1e-12 in the deviance, which leaves about 1e-6
    np.testing.assert_allclose(estimate.effect[:2], fitted.params[:2], rtol=1e-6)
    np.testing.assert_allclose(
        estimate.cov.to_numpy()[:2, :2], factor * fitted.cov_params().to_numpy()[:2, :2], rtol=1e-5
    )
    test = estimate.pre_test()
    assert 0 < test.p_value < 1


def test_leads_for_the_check_of_earlier_trends() -> None:
    frame = simulated(11)
    design = design_of(frame, counts=True)
    wanted = pe.ImputationDiD(likelihood="poisson").with_leads(design)
    assert wanted == pe.ImputationDiD(likelihood="poisson", leads=2)  # starts at positions 3, 5 and 6
    finding = pe.sensitivity.pre_trends(wanted.fit(design))
    assert finding.table["event_time"].tolist()[:2] == [-2, -1]


def test_a_single_lead_without_incidents_is_left_out() -> None:
    frame = simulated(12)
    one = frame[frame["start"].isna() | (frame["start"] == 4)]
    early = one.assign(events=one["events"].mask(one["time"] == one["start"] - 1, 0.0))
    estimate = fit(early, likelihood="poisson", leads=1)
    pd.testing.assert_frame_equal(estimate.tidy(), fit(early, likelihood="poisson").tidy())
    assert "rests on no incident" in str(estimate.notes[-1])


def test_balanced_event_times_have_no_leads_of_all_cohorts() -> None:
    estimate = fit(simulated(11), leads=2).by_event_time(balanced=1)
    assert estimate.labels["event_time"].tolist() == [0, 1]


def test_leads_that_cannot_be_told_apart_are_named() -> None:
    frame = simulated(12)
    one = frame[frame["start"].isna() | (frame["start"] == 4)]
    estimate = fit(one, leads=5)  # a single cohort with three periods before its start
    # The first of the three is what the others are measured against.
    times = estimate.labels["event_time"]
    assert times[times < 0].tolist() == [-2, -1]
    pd.testing.assert_frame_equal(estimate.tidy(), fit(one, leads=2).tidy())
    assert "event times -5 to -3" in str(estimate.notes[-1]).replace("\N{MINUS SIGN}", "-")
    early = one.assign(events=one["events"].mask(one["time"] == one["start"] - 1, 0.0))
    silent = fit(early, likelihood="poisson", leads=2)
    assert silent.labels["event_time"].tolist()[0] == -2
    assert "rests on no incident" in str(silent.notes[-1])


def test_cells_without_an_incident_have_no_ratio_but_count_in_the_total() -> None:
    frame = simulated(13)
    empty = (frame["start"] == 4) & (frame["time"] == 6)
    frame = frame.assign(events=frame["events"].mask(empty, 0.0))
    estimate = fit(frame, likelihood="poisson")
    of_it = ((estimate.labels["cohort"] == 3) & (estimate.labels["period"] == 5)).to_numpy()
    np.testing.assert_array_equal(np.isnan(estimate.effect), of_it)
    expected = estimate.expected[of_it].item()
    assert expected > 0
    assert estimate.diagnostics["expected_in_empty_cells"] == pytest.approx(expected)
    note = next(str(note) for note in estimate.notes if note.key == "note-counts-empty-cells")
    assert f"where {expected:.1f} were expected: cohort 4 in 6" in note


def test_periods_without_an_incident_to_compare_with() -> None:
    frame = simulated(14)
    quiet = (frame["time"] == 7) & ~(frame["time"] >= frame["start"])
    estimate = fit(frame.assign(events=frame["events"].mask(quiet, 0.0)), likelihood="poisson")
    assert 6 not in estimate.labels["period"].to_numpy()
    assert any(note.key == "note-counts-uncompared-cells" for note in estimate.notes)


@pytest.mark.parametrize("start", [4.0, np.nan])
def test_units_without_any_incident_change_nothing(start: float) -> None:
    frame = simulated(15)
    more = frame[frame["area"] == "a000"].assign(area="silent", district="d9", start=start, events=0.0)
    estimate, again = (fit(part, likelihood="poisson") for part in (frame, pd.concat([frame, more])))
    np.testing.assert_allclose(again.overall().effect, estimate.overall().effect, rtol=1e-12)
    np.testing.assert_allclose(again.cov, estimate.cov, rtol=1e-10)
    assert any("silent" in str(note) for note in again.notes)


def test_unit_of_exposure_does_not_matter() -> None:
    frame = simulated(16)
    estimate, again = (
        fit(part, likelihood="poisson") for part in (frame, frame.assign(residents=frame["residents"] / 1e5))
    )
    np.testing.assert_allclose(again.effect, estimate.effect, rtol=1e-9)
    np.testing.assert_allclose(again.averted().effect, estimate.averted().effect, rtol=1e-9)
    assert again.scale.name == "log_rate_ratio"
    assert fit(frame, {"exposure": None}, likelihood="poisson").scale.name == "log_rate_ratio"


def test_a_cluster_left_out_of_its_own_mean() -> None:
    """With N units that weigh alike, treated residuals grow by N / (N − 1)."""
    frame = simulated(17, units=40)
    only = frame[frame["start"].isna() | (frame["start"] == 4)]
    plain, out = (fit(only, leave_out=leave) for leave in (False, True))
    comparison = fit(
        only.assign(
            events=only.groupby(["start", "time"], dropna=False)["events"]
            .transform("mean")
            .where(only["start"].notna(), only["events"])
        )
    )
    # What the comparison units add is the same in both; the rest is the treated units' own.
    own = plain.cov.to_numpy() - comparison.cov.to_numpy()
    np.testing.assert_allclose(
        out.cov.to_numpy() - comparison.cov.to_numpy(), own * (10 / 9) ** 2, rtol=1e-8, atol=1e-10
    )


def test_a_lone_cohort_stays_in_its_own_mean() -> None:
    frame = simulated(18)
    lone = frame[~frame["area"].isin([f"a{unit:03d}" for unit in range(4, 24, 4)])]
    plain, out = fit(lone), fit(lone, leave_out=True)
    assert "note-lone-cohorts" in [note.key for note in out.notes]
    alone = plain.labels["cohort"].to_numpy() == 3
    assert alone.any()
    np.testing.assert_array_equal(out.effect, plain.effect)
    one, other = (estimate.std_errors.to_numpy() for estimate in (plain, out))
    np.testing.assert_allclose(other[alone], one[alone], rtol=1e-12)
    assert (other[~alone] > one[~alone]).all()


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"likelihood": "logit"}, "likelihood='logit' is not known: choose one of 'linear', 'poisson'"),
        ({"treated_residuals": "none"}, "treated_residuals='none' is not known"),
        ({"leads": -1}, "leads=-1: expected a whole number, 0 or more"),
        ({"leads": True}, "leads=True: expected a whole number, 0 or more"),
        (
            {"treated_residuals": "overall", "leave_out": True},
            "goes with likelihood='linear' and leave_out=False",
        ),
    ],
)
def test_options_that_are_not_known(options: dict[str, Any], problem: str) -> None:
    with pytest.raises(pe.EstimationError, match="ImputationDiD: ") as caught:
        pe.ImputationDiD(**options)
    assert problem in str(caught.value)


def test_what_cannot_be_done_is_said() -> None:
    frame = simulated(19)
    twice = frame.assign(again=2 * frame["moving"])
    with pytest.raises(pe.EstimationError, match="covariates 'moving', 'again' cannot be told apart"):
        fit(twice, {"covariates": ["moving", "again"]})
    score = frame.assign(events=frame["events"] + 0.5)
    with pytest.raises(pe.EstimationError, match="is for numbers of incidents"):
        pe.ImputationDiD(likelihood="poisson").fit(design_of(score, counts=False))
    two = frame[frame["area"].isin(["a000", "a003"])]
    with pytest.raises(pe.EstimationError) as caught:
        fit(two)
    assert "weighted displacement difference" in str(caught.value.hint)
    hidden = frame.assign(events=frame["events"].mask(frame["time"] < frame["start"]))
    with pytest.raises(pe.EstimationError, match="no effect can be estimated"):
        fit(hidden)


@pytest.mark.statistical
@pytest.mark.parametrize("likelihood", ["linear", "poisson"])
def test_intervals_cover(likelihood: str) -> None:
    rng = np.random.default_rng(20)
    units, periods, draws = 60, 10, 200
    frame = simulated(20, units=units, periods=periods)
    start = frame["start"].to_numpy().reshape(units, periods)[:, :1] - 1
    treated = np.arange(periods) >= np.nan_to_num(start, nan=np.inf)
    base = 20 * np.exp(rng.normal(0, 0.3, (units, 1)) + 0.03 * np.arange(periods))
    truth = np.log(0.7) if likelihood == "poisson" else -6.0
    mean = base * np.where(treated, 0.7, 1.0) if likelihood == "poisson" else base + truth * treated
    covered, averted = 0, 0
    for _ in range(draws):
        drawn = rng.poisson(mean) if likelihood == "poisson" else rng.normal(mean, 3.0)
        given = frame.assign(events=drawn.astype(float).ravel(), residents=1000.0)
        estimate = fit(given, likelihood=likelihood)
        low, high = estimate.overall().conf_int().to_numpy()[0]
        covered += low <= truth <= high
        if likelihood == "poisson":
            low, high = estimate.averted().conf_int().to_numpy()[0]
            averted += low <= (0.3 * base * treated).sum() <= high
    # Three Monte Carlo standard errors of a share of 0.95 in 200 draws: 0.046
    assert abs(covered / draws - 0.95) < 0.046
    assert likelihood == "linear" or abs(averted / draws - 0.95) < 0.046
