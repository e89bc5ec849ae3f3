"""What a two-way fixed-effects coefficient is made of: against R's bacondecomp, and against dummies."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import preventeval as pe
from preventeval.errors import DesignError
from preventeval.sensitivity import DEFAULT_CHECKS, goodman_bacon, treated_weights, two_way_weights

RECORDS = Path(__file__).parents[1] / "reference" / "oracle" / "bacon.json"
KINDS = {
    "Treated vs Untreated": "treated against never treated",
    "Earlier vs Later Treated": "earlier against later",
    "Later vs Earlier Treated": "later against earlier",
}


def designed(frame: pd.DataFrame, **options: Any) -> pe.StudyDesign:
    """A design over ``unit``, ``period``, ``y``, ``cohort`` (0: never), and ``w`` if it is there."""
    covariates = options.pop("covariates", [])
    weights = "w" if "w" in frame else None
    panel = pe.Panel(
        frame, unit="unit", period="period", outcomes=["y"], covariates=covariates, weights=weights
    )
    return pe.StudyDesign(panel, outcome="y", treated_from="cohort", measure="value", **options)


def made(seed: int, starts: tuple[int, ...], *, n_units: int = 12, n_periods: int = 8) -> pd.DataFrame:
    """A panel of noise and an effect that grows, with starts in turn (0: never)."""
    rng = np.random.default_rng(seed)
    cohort = np.resize(starts, n_units)
    period = np.arange(1, n_periods + 1)
    treated = (period >= cohort[:, None]) & (cohort > 0)[:, None]
    y = rng.normal(size=(n_units, n_periods)) - 2 * treated * (period - cohort[:, None] + 1)
    return pd.DataFrame(
        {
            "unit": np.repeat(np.arange(n_units), n_periods),
            "period": np.tile(period, n_units),
            "y": y.ravel(),
            "cohort": np.repeat(cohort, n_periods),
        }
    )


def by_dummies(frame: pd.DataFrame) -> tuple[float, pd.Series[float]]:
    """Coefficient of a regression on dummies, and the weight of each (cohort, period) cell in it.

    The regression is linear in the outcome, so the weight of a cell is the coefficient that an
    outcome gives which is 1 in this cell and 0 elsewhere.
    """
    treat = ((frame["cohort"] > 0) & (frame["period"] >= frame["cohort"])).astype(float)
    dummies = pd.get_dummies(frame[["unit", "period"]].astype(str), dtype=float).to_numpy()
    root = np.sqrt(frame["w"].to_numpy() if "w" in frame else np.ones(len(frame)))[:, None]
    X = root * np.column_stack([treat, dummies])

    def coefficient(y: np.ndarray) -> float:
        return float(np.linalg.lstsq(X, root[:, 0] * y)[0][0])

    cells = frame[treat == 1].groupby(["cohort", "period"]).groups
    weights = {cell: coefficient(frame.index.isin(rows).astype(float)) for cell, rows in cells.items()}
    return coefficient(frame["y"].to_numpy()), pd.Series(weights)


@pytest.mark.reference
@pytest.mark.parametrize("panel", ["staggered_linear", "all_eventually_treated"])
def test_comparisons_are_those_of_bacondecomp(panel: str, oracle: Any) -> None:
    record = json.loads(RECORDS.read_text("utf-8"))[panel]
    theirs = pd.DataFrame(record["table"])
    frame = oracle.panel(panel).drop(columns=["w"], errors="ignore")
    ours = goodman_bacon(designed(frame))
    assert len(ours) == len(theirs)
    key = {"treated": str, "compared_with": str, "kind": str}
    theirs["compared_with"] = theirs["untreated"].astype(str).replace("99999", "never treated")
    theirs["kind"] = theirs["type"].map(KINDS)
    both = ours.astype(key).merge(theirs.astype(key), on=list(key), suffixes=("", "_r"))
    assert len(both) == len(theirs)
    # The records have 15 digits and bacondecomp runs regressions: 1e-7 is asked, 1e-13 was measured.
    for column in ("weight", "estimate"):
        np.testing.assert_allclose(both[column], both[f"{column}_r"], rtol=0, atol=1e-7)
    np.testing.assert_allclose((ours["weight"] * ours["estimate"]).sum(), record["twfe"], atol=1e-7)


@pytest.mark.parametrize("starts", [(3, 5, 6, 0, 0), (2, 4, 7), (4, 0), (3, 9, 0)])
@pytest.mark.parametrize("weighted", [False, True])
def test_comparisons_add_up_to_the_regression(starts: tuple[int, ...], weighted: bool) -> None:
    frame = made(1, starts)
    if weighted:
        frame["w"] = 1 + frame["unit"] % 4
    table = goodman_bacon(designed(frame))
    # Sums of a hundred numbers of size 10: exact to about 1e-14.
    np.testing.assert_allclose(table["weight"].sum(), 1, rtol=1e-12)
    total = (table["weight"] * table["estimate"]).sum()
    np.testing.assert_allclose(total, by_dummies(frame)[0], rtol=1e-9)
    np.testing.assert_allclose(total, pe.TwoWayFixedEffects().fit(designed(frame)).effect[0], rtol=1e-9)
    assert (table["weight"] > 0).all()


def test_units_without_weight_take_no_part() -> None:
    frame = made(2, (3, 5, 0))
    frame["w"] = np.where(frame["unit"] % 4 == 1, 0.0, 1.0)
    rest = frame[frame["w"] > 0]
    pd.testing.assert_frame_equal(goodman_bacon(designed(frame)), goodman_bacon(designed(rest)))
    with_gap = frame.drop(frame.index[(frame["unit"] == 1) & (frame["period"] == 4)])
    pd.testing.assert_frame_equal(goodman_bacon(designed(with_gap)), goodman_bacon(designed(rest)))


def gap(frame: pd.DataFrame) -> pe.StudyDesign:
    return designed(frame.drop(index=[5, 40]))


def varying(frame: pd.DataFrame) -> pe.StudyDesign:
    return designed(frame.assign(x=frame["period"] ** 2.0 * frame["unit"]), covariates=["x"])


def anticipated(frame: pd.DataFrame) -> pe.StudyDesign:
    return designed(frame, anticipation=1)


@pytest.mark.parametrize(
    ("change", "problem"),
    [(gap, "2 unit-periods .* have no value"), (varying, r"\(x\)"), (anticipated, "1 period.* before")],
)
def test_where_the_theorem_does_not_hold_it_is_said(
    change: Callable[[pd.DataFrame], pe.StudyDesign], problem: str
) -> None:
    design = change(made(3, (3, 5, 0)))
    with pytest.raises(DesignError, match=problem):
        goodman_bacon(design)
    finding = two_way_weights(pe.TwoWayFixedEffects().fit(design))
    assert finding.table.columns.tolist() == ["cohort", "period", "unit_periods", "share", "weight"]
    assert "comparisons with areas" not in finding.sentence


def test_covariates_that_do_not_vary_are_no_obstacle() -> None:
    frame = made(3, (3, 5, 0))
    plain, with_x = designed(frame), designed(frame.assign(x=frame["unit"] ** 2.0), covariates=["x"])
    pd.testing.assert_frame_equal(goodman_bacon(plain), goodman_bacon(with_x))


@pytest.mark.parametrize("seed", range(4))
def test_weights_of_cells_are_those_of_a_regression_on_dummies(seed: int) -> None:
    rng = np.random.default_rng(seed)
    frame = made(seed, (3, 4, 7, 0) if seed % 2 else (3, 4, 7))
    if seed > 1:  # gaps, and units of different weight
        frame["w"] = rng.uniform(0.2, 3, 12)[frame["unit"]]
        frame = frame[rng.random(len(frame)) < 0.85].reset_index(drop=True)
    weights = treated_weights(designed(frame))
    coefficient, cells = by_dummies(frame)
    index = pd.MultiIndex.from_frame(weights.cells[["cohort", "period"]].astype(int))
    # Least squares on some 20 dummies loses a few of 16 digits.
    np.testing.assert_allclose(weights.cells["weight"], cells.reindex(index), rtol=0, atol=1e-10)
    np.testing.assert_allclose(weights.coefficient, coefficient, rtol=1e-9)
    fitted = pe.TwoWayFixedEffects().fit(designed(frame)).effect[0]
    np.testing.assert_allclose(weights.coefficient, fitted, rtol=1e-9)
    np.testing.assert_allclose(weights.cells[["share", "weight"]].sum(), 1, rtol=1e-12)


def test_the_smallest_spread_is_reached_by_effects_that_average_to_zero() -> None:
    weights = treated_weights(designed(made(5, (2, 4, 7))))
    share, weight = (weights.cells[name].to_numpy() for name in ("share", "weight"))
    assert len(weights.negative)
    # Effects in proportion to weight / share - 1: no others of this spread move the coefficient further.
    effects = weight / share - 1
    effects *= weights.coefficient / (weight @ effects)
    np.testing.assert_allclose(share @ effects, 0, atol=1e-12)  # rounding of numbers of size 1
    spread = np.sqrt(share @ effects**2)
    np.testing.assert_allclose(spread, weights.smallest_spread, rtol=1e-10)
    rng = np.random.default_rng(1)
    for _ in range(200):
        other = rng.normal(size=len(share))
        other -= share @ other
        other *= weights.coefficient / (weight @ other)
        assert np.sqrt(share @ other**2) >= spread * (1 - 1e-10)  # equal but for rounding at best


def test_one_start_weighs_all_cells_alike() -> None:
    weights = treated_weights(designed(made(6, (4, 0))))
    np.testing.assert_allclose(weights.cells["weight"], weights.cells["share"], rtol=1e-10)
    assert weights.smallest_spread == np.inf
    assert weights.negative.empty


def test_anticipation_leaves_out_what_the_regression_leaves_out() -> None:
    design = designed(made(7, (4, 6, 0)), anticipation=2)
    fitted = pe.TwoWayFixedEffects().fit(design)
    np.testing.assert_allclose(treated_weights(design).coefficient, fitted.effect[0], rtol=1e-9)


def test_rounding_is_not_taken_for_a_level() -> None:
    # Normal equations of 48 periods leave one level free: an eigenvalue that is 0, but computed as 3e-14.
    starts = tuple(np.linspace(11, 44, 24).astype(int).tolist())
    design = designed(made(9, starts, n_units=24, n_periods=48))
    fitted = pe.TwoWayFixedEffects().fit(design).effect[0]
    np.testing.assert_allclose(treated_weights(design).coefficient, fitted, rtol=1e-9)


def test_a_treatment_that_the_effects_explain_has_no_weights() -> None:
    frame = made(8, (4, 0))
    # The untreated are not seen after the start: nothing tells the programme from the later periods.
    seen = frame[(frame["cohort"] > 0) | (frame["period"] < 4)]
    with pytest.raises(DesignError, match="explain who is treated"):
        treated_weights(designed(seen))
    estimate = pe.TwoWayFixedEffects().fit(designed(frame))
    elsewhere = replace(estimate, recipe=replace(estimate.recipe, design=designed(seen)))
    assert two_way_weights(elsewhere).verdict == "could_not_run"


STAGGERED, ALIKE, FEW = (2, 4, 7), (4, 0), (4, 5, 0, 0, 0, 0)


@pytest.mark.parametrize(
    ("starts", "estimator", "verdict", "said"),
    [
        (STAGGERED, pe.TwoWayFixedEffects(), "weakens", "should not be trusted here"),
        (STAGGERED, pe.CallawaySantAnna(), "not_informative", "should not be trusted here"),
        (FEW, pe.TwoWayFixedEffects(), "supports", "mixes little here"),
        (ALIKE, pe.TwoWayFixedEffects(), "supports", "All starts are in one period"),
        (ALIKE, pe.CallawaySantAnna(), "not_informative", "does not rest on that regression"),
    ],
)
def test_the_verdict_is_on_the_regression_alone(
    starts: tuple[int, ...], estimator: Any, verdict: str, said: str
) -> None:
    estimate = estimator.fit(designed(made(9, starts)))
    finding = two_way_weights(estimate)
    assert finding.verdict == verdict
    assert said in finding.sentence
    assert ("another method" in finding.sentence) == (estimator.name != "TwoWayFixedEffects")
    assert "significant" not in finding.sentence


def test_the_sentence_says_what_was_found() -> None:
    design = designed(made(9, STAGGERED))
    sentence = two_way_weights(pe.TwoWayFixedEffects().fit(design)).sentence
    weights, table = treated_weights(design), goodman_bacon(design)
    later = table.loc[table["kind"] == "later against earlier", "weight"].sum()
    assert f"{round(100 * later)} per cent of its weight" in sentence
    cells = f"{weights.negative['unit_periods'].sum()} of {weights.cells['unit_periods'].sum()}"
    assert f"{cells} treated area-periods" in sentence
    assert f"{weights.smallest_spread:.2g} (the outcome" in sentence


@pytest.mark.parametrize("starts", [STAGGERED, ALIKE])
def test_what_was_found_can_be_stored_and_read_again(starts: tuple[int, ...]) -> None:
    design = designed(made(9, starts, n_units=24))
    evaluation = pe.evaluate(design, estimator=pe.TwoWayFixedEffects(), checks=["two_way_weights"])
    (found,) = pe.Facts.model_validate_json(evaluation.facts.model_dump_json()).primary.findings
    assert str(found.sentence.message) == two_way_weights(pe.TwoWayFixedEffects().fit(design)).sentence


def test_it_is_run_only_when_asked_for() -> None:
    assert "two_way_weights" not in DEFAULT_CHECKS
