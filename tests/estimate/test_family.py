"""P-values adjusted over a family of outcomes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, ClassVar

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from scipy import stats
from statsmodels.stats.multitest import multipletests

import preventeval as pe
from preventeval.errors import EstimationError, PreventEvalWarning
from preventeval.estimate import EffectEstimate, Recipe, adjust_family
from preventeval.estimate.family import holm, romano_wolf
from preventeval.scale import INCIDENTS
from preventeval.uncertainty import Covariance, Influence, InfluenceRows, Posterior

Array = NDArray[np.float64]
COLUMNS = ["outcome", "term", "estimate", "p_value", "p_adjusted", "method"]
P = np.array([0.011, 0.2, 0.001, 0.04, 0.012])


@pytest.mark.parametrize("seed", range(5))
def test_holm_against_statsmodels(seed: int) -> None:
    p = np.random.default_rng(seed).uniform(size=9) ** 2
    np.testing.assert_allclose(holm(p), multipletests(p, method="holm")[1], rtol=1e-12)


def test_independent_hypotheses_are_close_to_holm() -> None:
    adjusted = romano_wolf(P, np.eye(5), 100_000, 1)
    # Of m independent statistics the largest exceeds with 1 - (1 - p)^m, stepping down.
    order = np.argsort(P)
    exact = np.maximum.accumulate(1 - (1 - P[order]) ** np.arange(5, 0, -1))
    # rtol: 100,000 directions; the smallest p-value is the noisiest
    np.testing.assert_allclose(adjusted[order], exact, rtol=0.02)
    np.testing.assert_allclose(adjusted, holm(P), rtol=0.2)
    assert (adjusted < holm(P) * 1.02).all()


def test_perfectly_correlated_hypotheses_pay_nothing() -> None:
    # rtol: directions are drawn in single precision
    adjusted = romano_wolf(P, np.ones((5, 5)), 1_000, 1)
    np.testing.assert_allclose(adjusted, P, rtol=1e-5)


def test_correlation_makes_the_family_cheaper() -> None:
    costs = [romano_wolf(P, r + (1 - r) * np.eye(5), 20_000, 1) for r in (0.0, 0.5, 0.9)]
    paying = np.array([0, 2, 3, 4])  # the largest p-value is the last step, and pays nothing
    assert (costs[0] > costs[1])[paying].all()
    assert (costs[1] > costs[2])[paying].all()
    assert (costs[2] > P)[paying].all()
    # rtol: 20,000 directions
    np.testing.assert_allclose([cost[1] for cost in costs], P[1], rtol=0.03)


def test_the_order_of_outcomes_does_not_matter() -> None:
    correlation = 0.5 + 0.5 * np.eye(5)
    correlation[0, 1] = correlation[1, 0] = -0.2
    order = np.array([3, 1, 4, 0, 2])
    one = romano_wolf(P, correlation, 20_000, 1)
    other = romano_wolf(P[order], correlation[np.ix_(order, order)], 20_000, 1)
    np.testing.assert_allclose(other, one[order], rtol=1e-6)  # summed in another order


@pytest.mark.statistical
def test_false_findings_are_as_rare_as_promised() -> None:
    rng = np.random.default_rng(2)
    correlation = 0.7 + 0.3 * np.eye(6)
    root, repeats = np.linalg.cholesky(correlation), 1_000
    false = {"romano_wolf": 0, "holm": 0}
    for seed in range(repeats):
        p = 2 * stats.norm.sf(np.abs(root @ rng.normal(size=6)))
        false["romano_wolf"] += romano_wolf(p, correlation, 2_000, seed).min() < 0.05
        false["holm"] += holm(p).min() < 0.05
    # 5 % of 1,000 draws, with three standard deviations of 7
    assert abs(false["romano_wolf"] - 50) < 21
    assert false["holm"] < false["romano_wolf"]


# From estimates -----------------------------------------------------------------------------


class ByHand:
    name: ClassVar[str] = "By hand"
    references: ClassVar[tuple[str, ...]] = ()

    def fit(self, design: pe.StudyDesign) -> EffectEstimate:
        raise AssertionError("nothing is fitted again")


def one_effect(effect: float, uncertainty: Any, design: pe.StudyDesign | None = None) -> EffectEstimate:
    return EffectEstimate(
        effect=np.array([effect]),
        labels={},
        uncertainty=uncertainty,
        scale=INCIDENTS,
        recipe=Recipe(pe.example_design() if design is None else design, ByHand()),
        of="overall",
        post=np.array([True]),
    )


def influence(values: Array, df: float | None = None) -> Influence:
    return Influence(InfluenceRows(values[:, None], np.arange(len(values))), np.eye(1), df)


def test_outcomes_go_together_as_their_influence_values_do() -> None:
    design = pe.example_design()
    values = np.random.default_rng(1).normal(size=design.n_units)
    half = values.copy()
    half[::2] *= -1
    family = [one_effect(3.0, influence(values, 9.0)), one_effect(2.0, influence(values, 9.0))]
    same = adjust_family([replace(e, effect=e.effect * e.std_errors.iloc[0]) for e in family])
    np.testing.assert_allclose(same["p_adjusted"], same["p_value"], rtol=1e-5)  # single precision
    assert list(same.columns) == COLUMNS
    assert (same["method"] == "romano_wolf").all()
    apart = adjust_family([family[0], one_effect(2.0, influence(half, 9.0))])
    assert (apart["p_adjusted"] > apart["p_value"]).any()
    assert (apart["p_adjusted"] <= holm(apart["p_value"].to_numpy())).all()


def test_all_effects_of_one_estimate() -> None:
    path = pe.CallawaySantAnna().fit(pe.example_design()).by_event_time()
    table = adjust_family(path)
    assert table["term"].tolist() == path.terms
    assert (table["outcome"] == path.recipe.design.outcome).all()
    assert ((table["p_value"] <= table["p_adjusted"]) | table["p_value"].isna()).all()
    again = adjust_family(path)
    assert table.equals(again)
    assert (adjust_family(path, "holm")["p_adjusted"] >= table["p_adjusted"]).all()


def test_real_outcomes_share_their_clusters() -> None:
    design = pe.example_design()
    overall = pe.CallawaySantAnna().fit(design).overall()
    table = adjust_family([overall, overall])
    np.testing.assert_allclose(table["p_adjusted"], overall.pvalues.iloc[0], rtol=1e-5)  # as above


def test_outcomes_are_joined_by_the_names_of_their_units() -> None:
    rng = np.random.default_rng(3)
    rows = []
    for unit in range(20):
        for year in range(4):
            shock = rng.normal()
            treated = unit < 8 and year >= 2
            rows.append(
                {
                    "area": unit,
                    "year": year,
                    "first": shock - treated,
                    # Known from fewer areas, and a mirror of the first where known.
                    "second": np.nan if unit % 5 == 0 else -shock - treated,
                    "start": 2 if unit < 8 else None,
                }
            )
    panel = pe.Panel(pd.DataFrame(rows), unit="area", period="year", outcomes=["first", "second"])
    designs = [
        pe.StudyDesign(panel, outcome=name, treated_from="start", measure="value")
        for name in ("first", "second")
    ]
    assert [design.n_units for design in designs] == [20, 16]
    family = [pe.CallawaySantAnna().fit(design).overall() for design in designs]
    values = [one.uncertainty.rows(0, one.uncertainty.clusters)[:, 0] for one in family]
    known = np.arange(20) % 5 != 0
    correlation = values[0][known] @ values[1] / np.prod([one.std_errors.iloc[0] for one in family])
    assert correlation < -0.7
    joint = np.array([[1.0, correlation], [correlation, 1.0]])
    p = np.array([one.pvalues.iloc[0] for one in family])
    table = adjust_family(family)
    expected = np.clip(romano_wolf(p, joint, 10_000, 20_130_419), p, holm(p))
    # rtol: directions are drawn in single precision
    np.testing.assert_allclose(table["p_adjusted"], expected, rtol=1e-4)


def test_without_influence_values_holm_is_used_and_said() -> None:
    family = [one_effect(2.0, Covariance(np.eye(1))), one_effect(3.0, Covariance(np.eye(1)))]
    with pytest.warns(PreventEvalWarning, match="By hand gives no influence values"):
        table = adjust_family(family)
    assert (table["method"] == "holm").all()
    np.testing.assert_allclose(table["p_adjusted"], holm(table["p_value"].to_numpy()))


def test_effects_that_are_not_known_are_no_part_of_the_family() -> None:
    spread = Covariance(np.diag([1.0, 0.0, 1.0]))
    estimate = replace(
        one_effect(2.0, Covariance(np.eye(1))),
        effect=np.array([2.0, 0.0, 3.0]),
        labels={"event_time": np.array([-2, -1, 0])},
        uncertainty=spread,
        post=np.array([False, False, True]),
    )
    table = adjust_family(estimate, "holm")
    assert np.isnan(table["p_adjusted"][1])
    np.testing.assert_allclose(table["p_adjusted"][[0, 2]], holm(table["p_value"][[0, 2]].to_numpy()))


def test_refusals() -> None:
    path = pe.CallawaySantAnna().fit(pe.example_design()).by_event_time()
    credible = one_effect(1.0, Posterior(np.random.default_rng(1).normal(size=(50, 1))))
    for estimates, message in (
        ([], "a family of outcomes needs at least one estimate"),
        ([path, path], r"a family takes one of each outcome"),
        ([credible], "By hand gives credible intervals"),
    ):
        with pytest.raises(EstimationError, match=message):
            adjust_family(estimates)
    with pytest.raises(EstimationError, match="method='fdr' is not known: choose one of 'romano_wolf'"):
        adjust_family(path, "fdr")  # type: ignore[arg-type]
