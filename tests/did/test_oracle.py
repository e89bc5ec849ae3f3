"""Group-time effects and two-way fixed effects against R's did 2.5.1 and fixest 0.14.2."""

from __future__ import annotations

import functools
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import preventeval as pe

pytestmark = pytest.mark.reference

FOLDER = Path(__file__).parents[1] / "reference" / "oracle"
PANELS = ("staggered_linear", "single_cohort", "all_eventually_treated")
COMPARISON = {"nevertreated": "never_treated", "notyettreated": "not_yet_treated"}
METHOD = {"dr": "doubly_robust", "ipw": "inverse_probability", "reg": "regression"}
VCOV = {
    "cluster_unit": "clustered",
    "cluster_district": "clustered",
    "hetero": "robust",
    "iid": "unadjusted",
}
#: Other conventions than the one that TwoWayFixedEffects states.
OTHER_CONVENTIONS = ("cluster_unit_Kfull", "cluster_unit_nossc", "twoway")


@functools.cache
def records(panel: str) -> dict[str, dict[str, Any]]:
    return dict(json.loads((FOLDER / f"{panel}.json").read_text(encoding="utf-8")))


@functools.cache
def frame(panel: str) -> pd.DataFrame:
    return pd.read_csv(FOLDER / f"{panel}.csv")


def named(prefix: str) -> list[tuple[str, str]]:
    return [(panel, name) for panel in PANELS for name in records(panel) if name.startswith(prefix)]


ATTGT, AGGTE, TWFE = named("did__attgt"), named("did__aggte"), named("fixest__twfe")


def test_no_record_is_lost() -> None:
    assert (len(ATTGT), len(AGGTE), len(TWFE)) == (84, 84, 43)
    assert len([name for _, name in TWFE if name.endswith(OTHER_CONVENTIONS)]) == 9


def did_design(panel: str, options: dict[str, Any]) -> pe.StudyDesign:
    """The design that asks what the R call asked."""
    table, anticipation = frame(panel), options.get("anticipation") or 0
    comparison = COMPARISON[options["control_group"]]
    if panel == "all_eventually_treated":
        if comparison == "never_treated":  # R takes the last cohort where nobody is never treated
            comparison = "last_treated"
        else:  # and drops the periods from its start on here too; we would use its earlier periods
            table = table[table["period"] < table["cohort"].max() - anticipation]
    formula = options.get("xformla", "~x1 + x2") or "~1"
    grid = pe.Panel(
        table,
        unit="unit",
        period="period",
        outcomes=["y"],
        covariates=[name for name in ("x1", "x2") if name in formula],
        weights=options.get("weightsname"),
    )
    return pe.StudyDesign(
        grid,
        outcome="y",
        treated_from="cohort",
        comparison=comparison,
        anticipation=anticipation,
        cluster=options.get("clustervars"),
        measure="value",
    )


@functools.cache
def did_estimate(panel: str, name: str) -> pe.EffectEstimate:
    options = records(panel)[name]["options"]
    method = METHOD[options["est_method"]]
    return pe.CallawaySantAnna(method=method, base_period=options["base_period"]).fit(
        did_design(panel, options)
    )


def assert_rows(ours: pd.DataFrame, theirs: pd.DataFrame, tolerance: float) -> None:
    """Compare estimates and standard errors; both carry the same keys in their index."""
    assert sorted(ours.index) == sorted(theirs.index)
    ours = ours.loc[theirs.index]
    for column in ("estimate", "std_error"):
        np.testing.assert_allclose(
            ours[column].to_numpy(float), theirs[column].to_numpy(float), rtol=0, atol=tolerance
        )


def tolerance_of(options: dict[str, Any]) -> float:
    """R stops its logit at a relative change of 1e-8 in the deviance, which leaves about 1e-6."""
    adjusted = options.get("xformla", "~x1 + x2") not in (None, "~1")
    return 1e-6 if adjusted and options["est_method"] in ("dr", "ipw") else 1e-7


@pytest.mark.parametrize(("panel", "name"), ATTGT)
def test_group_time_effects(panel: str, name: str) -> None:
    record = records(panel)[name]
    ours = did_estimate(panel, name).tidy()
    ours.index = pd.MultiIndex.from_frame(ours[["cohort", "period"]].astype(int))
    theirs = pd.DataFrame(record["table"]).rename(columns={"att": "estimate", "se": "std_error"})
    theirs.index = pd.MultiIndex.from_frame(theirs[["group", "time"]])
    assert_rows(ours, theirs, tolerance_of(record["options"]))


def aggregated(estimate: pe.EffectEstimate, aggregation: str) -> pe.EffectEstimate:
    match aggregation:
        case "simple":
            return estimate.overall()
        case "group":
            return estimate.by_cohort()
        case "calendar":
            return estimate.by_period()
        case "dynamic":
            return estimate.by_event_time()
        case "dynamic_balance_e1":
            return estimate.by_event_time(balanced=1)
        case "dynamic_min-2_max2":
            return estimate.within(-2, 2).by_event_time()
        case "simple_max_e2":
            return estimate.within(latest=2).overall()
        case "group_max_e2":
            return estimate.within(latest=2).by_cohort()
    raise AssertionError(aggregation)


@pytest.mark.parametrize(("panel", "name"), AGGTE)
def test_averages(panel: str, name: str) -> None:
    record = records(panel)[name]
    estimate = did_estimate(panel, name)
    table = pd.DataFrame(record["table"]).rename(columns={"att": "estimate", "se": "std_error"})
    assert table["aggregation"].nunique() == 8
    for aggregation, theirs in table.groupby("aggregation"):
        average = aggregated(estimate, str(aggregation))
        overall = average.overall().tidy() if len(average.effect) > 1 else average.tidy()
        assert_rows(
            overall, theirs[theirs["row"] == "overall"].reset_index(), tolerance_of(record["options"])
        )
        cells = theirs[theirs["row"] == "cell"]
        if len(cells):
            ours = average.tidy()
            ours.index = pd.Index(ours.iloc[:, 1].astype(int))
            assert_rows(ours, cells.set_index("egt"), tolerance_of(record["options"]))


def test_simultaneous_band() -> None:
    """R's bootstrap is found again from our influence functions, and our band is not narrower.

    R draws ±1 multipliers for the 25 clusters and divides by interquartile ranges. Our band
    draws normal ones, which is the limit for many clusters and wider where they are few.
    """
    name = "did__boot_cov_dr_notyet_universal_cluster"
    record = records("staggered_linear")[name]
    estimate = did_estimate("staggered_linear", name)
    rng = np.random.default_rng(20250)
    for effects, theirs in (
        (estimate, record["crit_val_att_gt"]),
        (estimate.by_event_time(), record["crit_val_dynamic"]),
    ):
        known = effects.std_errors.notna().to_numpy()
        source = effects.uncertainty
        assert isinstance(source, pe.Influence)
        rows = source.rows(0, source.clusters)[:, : len(known)][:, known]
        draws = rng.choice([-1.0, 1.0], size=(20_000, len(rows))) @ rows
        low, high = np.quantile(draws, [0.25, 0.75], axis=0)
        largest = np.abs(draws / ((high - low) / 1.3489795)).max(axis=1)
        # R has 4,999 draws: its 95 % quantile of the maximum is good to about 2 %.
        np.testing.assert_allclose(np.quantile(largest, 0.95), theirs, rtol=0.05)
        normal = replace(effects, uncertainty=replace(source, df=None))  # ours is t, R's is normal
        band = normal.conf_int(0.95, simultaneous=True)
        critical = ((band["upper"] - band["lower"]) / 2 / effects.std_errors).dropna().to_numpy()
        assert (critical > theirs).all()
        assert (critical < 1.15 * theirs).all()  # measured: 10 % and 8 % wider


def twfe_estimate(panel: str, options: dict[str, Any]) -> pe.EffectEstimate:
    table, event_study = frame(panel), options["model"] == "twfe_event_study"
    covariates: list[str] = []
    if options.get("covariates") == "x1 x period":
        covariates = [f"x1 in {period}" for period in sorted(table["period"].unique())[1:]]
        table = table.assign(
            **{name: table["x1"] * (table["period"] == int(name.split()[-1])) for name in covariates}
        )
    grid = pe.Panel(
        table,
        unit="unit",
        period="period",
        outcomes=["y"],
        covariates=covariates,
        weights=options.get("weights"),
    )
    cluster = options["vcov"].removeprefix("cluster_") if options["vcov"].startswith("cluster") else None
    design = pe.StudyDesign(grid, outcome="y", treated_from="cohort", measure="value", cluster=cluster)
    # Nobody is never treated and starts are 2 periods apart: fixest needs 3 references there
    # (it was given -1 and -7 and dropped 4).
    reference = (-7, -1, 4) if panel == "all_eventually_treated" else (-1,)
    return pe.TwoWayFixedEffects(
        event_study=event_study, reference=reference, vcov=VCOV[options["vcov"]]
    ).fit(design)


def event_time_of(term: str, panel: str) -> int:
    """From fixest's ``rel::-7`` or ``period::1:treated``; -99 for the static effect."""
    if term == "treat":
        return -99
    number = int(term.replace("::", ":").split(":")[1])
    return number - 8 if panel == "single_cohort" else number


@pytest.mark.parametrize(
    ("panel", "name"), [(p, name) for p, name in TWFE if not name.endswith(OTHER_CONVENTIONS)]
)
def test_two_way_fixed_effects(panel: str, name: str) -> None:
    record = records(panel)[name]
    estimate = twfe_estimate(panel, record["options"])
    theirs = pd.DataFrame(record["table"]).rename(columns={"se": "std_error"})
    theirs = theirs[~theirs["term"].str.contains(":x1")]
    theirs.index = pd.Index([event_time_of(term, panel) for term in theirs["term"]])
    ours = estimate.tidy()
    ours.index = pd.Index(ours["event_time"].astype(int) if "event_time" in ours else [-99])
    known = ours["std_error"].notna()
    assert (ours.loc[~known, "estimate"] == 0).all()
    assert_rows(ours[known], theirs, 1e-7)  # both solve least squares; fixest demeans to 1e-10
    assert estimate.diagnostics["df"] == record["df_t"]
    np.testing.assert_allclose(ours.loc[theirs.index, "conf_low"], theirs["ci_low"], rtol=0, atol=1e-6)
