"""Group-time effects and their averages against R's did 2.5.1, every record of it."""

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
PANELS = (
    "staggered_linear",
    "single_cohort",
    "all_eventually_treated",
    "staggered_unbalanced",
    "repeated_cross_section",
)
COMPARISON = {"nevertreated": "never_treated", "notyettreated": "not_yet_treated"}
METHOD = {"dr": "doubly_robust", "ipw": "inverse_probability", "reg": "regression"}
BOOTSTRAP = "did__boot_cov_dr_notyet_universal_cluster"


@functools.cache
def records(panel: str) -> dict[str, dict[str, Any]]:
    return dict(json.loads((FOLDER / f"{panel}.json").read_text(encoding="utf-8")))


@functools.cache
def frame(panel: str) -> pd.DataFrame:
    return pd.read_csv(FOLDER / f"{panel}.csv").rename(columns={"id": "unit"})


def named(prefix: str) -> list[tuple[str, str]]:
    return [(panel, name) for panel in PANELS for name in records(panel) if name.startswith(prefix)]


ATTGT, AGGTE = named("did__attgt"), named("did__aggte")


def test_no_record_is_lost() -> None:
    assert (len(ATTGT), len(AGGTE)) == (143, 143)
    assert len(named("did__")) == 143 + 143 + 1  # and the bootstrap


def estimated(panel: str, name: str) -> pe.EffectEstimate:
    return _estimated(panel, json.dumps(records(panel)[name]["options"]))


@functools.cache
def _estimated(panel: str, written: str) -> pe.EffectEstimate:
    options = json.loads(written)
    # R's other convention is its only one for repeated cross-sections, and the one for panels with gaps.
    rows = options.get("allow_unbalanced_panel") or options.get("panel") is False
    return pe.CallawaySantAnna(
        method=METHOD[options["est_method"]],  # type: ignore[arg-type]
        base_period=options["base_period"],
        sample="all_rows" if rows else "pairwise",
    ).fit(design_of(panel, options))


def design_of(panel: str, options: dict[str, Any]) -> pe.StudyDesign:
    """The design that asks what the R call asked."""
    table, anticipation = frame(panel), options.get("anticipation") or 0
    comparison = COMPARISON[options["control_group"]]
    if panel == "all_eventually_treated":
        if comparison == "never_treated":  # R takes the last cohort where nobody is never treated
            comparison = "last_treated"
        else:  # and drops the periods from its start on here too; we would use its earlier periods
            table = table[table["period"] < table["cohort"].max() - anticipation]
    if panel == "staggered_unbalanced" and not options["allow_unbalanced_panel"]:
        # R drops units with a gap; we would use them in the cells that have both their periods.
        seen = table.groupby("unit")["period"].transform("size")
        table = table[seen == table["period"].nunique()]
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
        comparison=comparison,  # type: ignore[arg-type]
        anticipation=anticipation,
        cluster=options.get("clustervars"),
        measure="value",
    )


def theirs_of(record: dict[str, Any]) -> pd.DataFrame:
    """R's table; where its DRDID has a wrong sign in a standard error, with the sign repaired."""
    table = pd.DataFrame(record["table"])
    return table.assign(estimate=table["att"], std_error=table.get("se_corrected", table["se"]))


def assert_rows(ours: pd.DataFrame, theirs: pd.DataFrame, options: dict[str, Any]) -> None:
    """Compare estimates and standard errors; both carry the same keys in their index."""
    assert sorted(ours.index) == sorted(theirs.index)
    adjusted = options.get("xformla", "~x1 + x2") not in (None, "~1")
    # R stops its logit at a relative change of 1e-8 in the deviance, which leaves about 1e-6;
    # all else is rounding in the 15 digits that the records have.
    tolerance = 1e-6 if adjusted and options["est_method"] in ("dr", "ipw") else 1e-9
    ours = ours.loc[theirs.index]
    for column in ("estimate", "std_error"):
        np.testing.assert_allclose(
            ours[column].to_numpy(float), theirs[column].to_numpy(float), rtol=0, atol=tolerance
        )


@pytest.mark.parametrize(("panel", "name"), ATTGT)
def test_group_time_effects(panel: str, name: str) -> None:
    record = records(panel)[name]
    estimate = estimated(panel, name)
    ours, theirs = estimate.tidy(), theirs_of(record)
    ours.index = pd.MultiIndex.from_frame(ours[["cohort", "period"]].astype(int))
    theirs.index = pd.MultiIndex.from_frame(theirs[["group", "time"]])
    assert_rows(ours, theirs, record["options"])
    if "se_corrected" in record["table"] or record["options"].get("clustervars"):
        return  # R's test uses the wrong sign there, and the covariance between units
    before = ~estimate.post & estimate.std_errors.notna().to_numpy()
    effects, cov = estimate.effect[before], estimate.cov.to_numpy()[np.ix_(before, before)]
    # Wald statistics of 4 to 60: errors of 1e-6 in effects of order 0.1 are 1e-5 of them, times
    # the condition of the covariance.
    np.testing.assert_allclose(
        effects @ np.linalg.solve(cov, effects), record["wald_pretest_stat"], rtol=1e-4
    )


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
    estimate = estimated(panel, name)
    table = theirs_of(record)
    assert table["aggregation"].nunique() == 8
    for aggregation, theirs in table.groupby("aggregation"):
        average = aggregated(estimate, str(aggregation))
        overall = average.overall().tidy() if len(average.effect) > 1 else average.tidy()
        assert_rows(overall, theirs[theirs["row"] == "overall"].reset_index(), record["options"])
        cells = theirs[theirs["row"] == "cell"]
        if len(cells):
            ours = average.tidy()
            ours.index = pd.Index(ours.iloc[:, 1].astype(int))
            assert_rows(ours, cells.set_index("egt"), record["options"])


JOINT = [(panel, name) for panel, name in AGGTE if "dynamic_covariance" in records(panel)[name]]


@pytest.mark.parametrize(("panel", "name"), JOINT)
def test_joint_covariance_by_event_time(panel: str, name: str) -> None:
    """R gives it as if units were independent, also where its standard errors are clustered."""
    record = records(panel)[name]
    cov = record["dynamic_covariance"]
    ours = _estimated(panel, json.dumps(record["options"] | {"clustervars": None})).by_event_time()
    assert ours.labels["event_time"].tolist() == cov["event_time"]
    theirs = np.array(cov["V"]["rows"], dtype=float)
    # 1e-6 in standard errors of order 0.2, as above.
    np.testing.assert_allclose(ours.cov.to_numpy(), theirs, rtol=0, atol=1e-6)


def test_bootstrap() -> None:
    """R's bootstrap is found again from our influence functions, and our band is not narrower.

    R draws ±1 multipliers for the 25 clusters and divides by interquartile ranges. Our band
    draws normal ones, which is the limit for many clusters and wider where they are few.
    """
    record = records("staggered_linear")[BOOTSTRAP]
    estimate = estimated("staggered_linear", BOOTSTRAP)
    table = pd.DataFrame(record["table"])
    rng = np.random.default_rng(20250)
    for effects, what, theirs in (
        (estimate, "att_gt", record["crit_val_att_gt"]),
        (estimate.by_event_time(), "dynamic", record["crit_val_dynamic"]),
    ):
        rows_of = table[table["what"] == what].reset_index(drop=True)
        np.testing.assert_allclose(effects.effect, rows_of["att"], rtol=0, atol=1e-6)
        known = effects.std_errors.notna().to_numpy()
        source = effects.uncertainty
        assert isinstance(source, pe.Influence)
        rows = source.rows(0, source.clusters)[:, : len(known)][:, known]
        draws = rng.choice([-1.0, 1.0], size=(20_000, len(rows))) @ rows
        low, high = np.quantile(draws, [0.25, 0.75], axis=0)
        scale = (high - low) / 1.3489795
        # R's standard errors are interquartile ranges of 4,999 draws, good to 1.7 % each, ours of
        # 20,000 to 0.8 %: 2.5 % over all, and 7 % for the worst of 40, are not rare.
        ratio = scale / rows_of.loc[known, "se"].to_numpy(float) - 1
        assert np.sqrt((ratio**2).mean()) < 0.025
        assert np.abs(ratio).max() < 0.07
        largest = np.abs(draws / scale).max(axis=1)
        # R has 4,999 draws: its 95 % quantile of the maximum is good to about 2 %.
        np.testing.assert_allclose(np.quantile(largest, 0.95), theirs, rtol=0.05)
        normal = replace(effects, uncertainty=replace(source, df=None))  # ours is t, R's is normal
        band = normal.conf_int(0.95, simultaneous=True)
        critical = ((band["upper"] - band["lower"]) / 2 / effects.std_errors).dropna().to_numpy()
        assert (critical > theirs).all()
        assert (critical < 1.15 * theirs).all()  # measured: 10 % and 8 % wider
