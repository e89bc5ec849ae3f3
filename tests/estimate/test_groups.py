"""Effects of subgroups, their joint uncertainty, and tests of their difference."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from scipy import stats

import preventeval as pe
from preventeval.design import StudyDesign
from preventeval.errors import DesignError, EstimationError
from preventeval.estimate import EffectEstimate, Recipe
from preventeval.scale import AVERTED, LOG_RATE_RATIO
from preventeval.uncertainty import Covariance, Influence, Posterior

Array = NDArray[np.float64]


def make_design(*, cluster: str | None = None, kinds: int = 2, **options: Any) -> StudyDesign:
    """36 areas in 12 districts; the programme works in towns, and does nothing elsewhere."""
    rng = np.random.default_rng(11)
    rows = []
    for unit in range(36):
        kind = ("town", "village", "suburb")[unit % kinds]
        start = 2003 if unit % 4 < 2 else None
        shared = np.random.default_rng(unit // 3).normal(0, 4, 6)  # a district's own years
        for t in range(6):
            treated = start is not None and 2000 + t >= start
            mean = 100 + shared[t] - (30 if treated and kind == "town" else 0)
            rows.append(
                {
                    "area": f"A{unit:02d}",
                    "year": 2000 + t,
                    "robbery": int(rng.poisson(mean)),
                    "residents": 1000,
                    "start": start,
                    "kind": kind,
                    "district": f"D{unit // 3:02d}",
                }
            )
    panel = pe.Panel(
        pd.DataFrame(rows), unit="area", period="year", outcomes=["robbery"], exposure="residents"
    )
    return StudyDesign(
        panel,
        outcome="robbery",
        treated_from="start",
        measure="count",
        cluster=cluster,
        subgroups=["kind"],
        **options,
    )


@pytest.fixture(scope="module")
def estimate() -> EffectEstimate:
    return pe.CallawaySantAnna().fit(make_design())


@pytest.fixture(scope="module")
def clustered() -> EffectEstimate:
    return pe.CallawaySantAnna().fit(make_design(cluster="district"))


def alone(estimate: EffectEstimate, kind: str) -> EffectEstimate:
    """The overall effect where the other kinds of areas were never in the data."""
    design = estimate.recipe.design
    kinds = np.array([str(label) for label in design.panel.by_unit("kind")])
    return estimate.refit(design.without_units(list(design.panel.units[kinds != kind]))).overall()


def test_each_group_has_the_effect_and_interval_of_its_own_fit(estimate: EffectEstimate) -> None:
    groups = estimate.by_group("kind")
    for row, kind in enumerate(["town", "village"]):
        own = alone(estimate, kind)
        # rtol: the same sums over influence values in another order
        np.testing.assert_allclose(groups.effect[row], own.effect[0], rtol=1e-10)
        np.testing.assert_allclose(groups.std_errors.iloc[row], own.std_errors.iloc[0], rtol=1e-10)
        np.testing.assert_allclose(groups.conf_int().iloc[row], own.conf_int().iloc[0], rtol=1e-8)
        np.testing.assert_allclose(groups.pvalues.iloc[row], own.pvalues.iloc[0], rtol=1e-6)
    assert groups.terms == ["group town", "group village"]
    assert groups.tidy()["group"].tolist() == ["town", "village"]
    assert groups.of == "group"
    assert groups.diagnostics["treated_units"] == (9, 9)
    assert groups.recipe is estimate.recipe


def test_groups_without_shared_clusters_are_independent(estimate: EffectEstimate) -> None:
    groups = estimate.by_group("kind")
    assert groups.cov.iloc[0, 1] == 0
    difference = groups.difference()
    one, two = (alone(estimate, kind) for kind in ("town", "village"))
    assert difference.effect[0] == pytest.approx(two.effect[0] - one.effect[0], rel=1e-10)
    variances = np.array([e.std_errors.iloc[0] ** 2 for e in (two, one)])
    assert difference.std_errors.iloc[0] == pytest.approx(np.sqrt(variances.sum()), rel=1e-10)
    # Welch's t test: nine treated areas each, eight degrees of freedom.
    welch = variances.sum() ** 2 / (variances**2 / 8).sum()
    expected = 2 * stats.t.sf(abs(difference.effect[0]) / np.sqrt(variances.sum()), welch)
    assert difference.pvalues.iloc[0] == pytest.approx(expected, rel=1e-8)
    assert difference.joint_test().p_value == pytest.approx(expected, rel=1e-8)
    assert difference.terms == ["group village less town"]


def test_groups_that_share_clusters_go_together_as_their_influence_values_do(
    clustered: EffectEstimate,
) -> None:
    groups = clustered.by_group("kind")
    parts = {}
    for kind in ("town", "village"):
        own = alone(clustered, kind)
        assert isinstance(own.uncertainty, Influence)
        values = own.uncertainty.rows(0, own.uncertainty.clusters)[:, 0]
        districts = np.array(own.recipe.design.panel.by_unit("district")).astype(str)
        code = own.recipe.design.clusters
        label = {int(code[i]): districts[i] for i in range(len(code))}
        parts[kind] = {label[int(c)]: v for c, v in zip(own.uncertainty.source.codes, values, strict=True)}
    covariance = sum(parts["town"][d] * parts["village"][d] for d in parts["town"] if d in parts["village"])
    assert groups.cov.iloc[0, 1] == pytest.approx(covariance, rel=1e-10)
    assert abs(covariance) > 0
    difference = groups.difference()
    expected = np.sqrt(np.diag(groups.cov).sum() - 2 * covariance)
    assert difference.std_errors.iloc[0] == pytest.approx(expected, rel=1e-10)
    # They share the districts, and with them the degrees of freedom.
    fewest = min(alone(clustered, kind).uncertainty.df for kind in ("town", "village"))
    assert difference.joint_test().df_residual == fewest


def test_a_difference_that_is_there_is_found_and_one_that_is_not_is_not(clustered: EffectEstimate) -> None:
    difference = clustered.by_group("kind").difference()
    assert difference.conf_int().iloc[0, 0] < 30 < difference.conf_int().iloc[0, 1]
    assert difference.joint_test().p_value < 0.05
    three = pe.CallawaySantAnna().fit(make_design(kinds=3)).by_group("kind")
    against = three.difference("village")
    assert against.terms == ["group suburb less village", "group town less village"]
    rows = dict(zip(against.terms, against.pvalues, strict=True))
    assert rows["group town less village"] < 0.05
    assert rows["group suburb less village"] > 0.01
    # Whatever the groups are compared with, the question whether they are alike is the same.
    assert against.joint_test().statistic == pytest.approx(three.difference().joint_test().statistic)
    assert "Joint test that all groups are alike: W = " in against.summary()


def test_incidents_averted_by_group_add_up(estimate: EffectEstimate) -> None:
    averted = estimate.by_group("kind", quantity="averted")
    assert averted.scale == AVERTED
    assert averted.effect[0] == pytest.approx(
        estimate.refit(estimate.recipe.design.split("kind")["town"]).averted().effect[0]
    )
    per = estimate.by_group("kind", quantity="per_100k")
    np.testing.assert_allclose(per.effect, -averted.effect * 1e5 / (9 * 3 * 1000), rtol=1e-10)


def test_covariances_are_independent_or_unknown() -> None:
    apart = Drawing(credible=False).fit(make_design()).by_group("kind")
    assert apart.cov.iloc[0, 1] == 0
    assert np.isfinite(apart.difference().pvalues).all()
    shared = Drawing(credible=False).fit(make_design(cluster="district")).by_group("kind")
    assert np.isfinite(shared.conf_int()).all(axis=None)
    assert np.isnan(shared.cov.iloc[0, 1])
    with pytest.raises(EstimationError, match="whether groups differ cannot be said: they share clusters"):
        shared.difference()


def test_effects_of_groups_are_not_averaged(estimate: EffectEstimate) -> None:
    groups = estimate.by_group("kind")
    for what in (groups, groups.difference()):
        with pytest.raises(EstimationError, match="effects of groups are not averaged"):
            what.overall()
    with pytest.raises(EstimationError, match="differences are between groups: ask by_group"):
        estimate.difference()
    with pytest.raises(EstimationError, match="quantity='median' is not known: choose one of 'overall'"):
        estimate.by_group("kind", "median")  # type: ignore[arg-type]
    with pytest.raises(EstimationError, match="there is no group 'city': there is town, village"):
        groups.difference("city")


# Draws, and groups that fail ----------------------------------------------------------------


@dataclass(frozen=True)
class Drawing:
    """An estimator whose draws have the same random numbers whatever the data."""

    failing: tuple[str, ...] = ()
    credible: bool = True
    name: ClassVar[str] = "Drawing"
    references: ClassVar[tuple[str, ...]] = ()

    def fit(self, design: StudyDesign) -> EffectEstimate:
        kinds = sorted({str(kind) for kind in design.panel.by_unit("kind")})
        if len(kinds) == 1 and kinds[0] in self.failing:
            raise DesignError(f"no one to compare {kinds[0]} with")
        draws = np.random.default_rng(1).normal(-0.2 * len(kinds[0]) / 10, 0.1, (3_000, 1))
        return EffectEstimate(
            effect=np.median(draws, axis=0),
            labels={},
            uncertainty=Posterior(draws) if self.credible else Covariance(np.eye(1)),
            scale=LOG_RATE_RATIO,
            recipe=Recipe(design, self),
            of="overall",
            post=np.array([True]),
        )


def test_draws_of_groups_are_paired_at_random() -> None:
    groups = Drawing().fit(make_design()).as_percent().by_group("kind")
    assert groups.scale.shown == "percent"
    assert any("count as independent of each other" in str(note) for note in groups.notes)
    # 0.06: three standard deviations of a correlation of 3,000 pairs; in step it would be 1
    assert abs(np.corrcoef(groups.uncertainty.draws.T)[0, 1]) < 0.06
    difference = groups.difference()
    assert difference.scale.shown == "base"
    assert difference.std_errors.iloc[0] == pytest.approx(0.1 * np.sqrt(2), rel=0.1)
    assert difference.pvalues.isna().all()
    assert np.isfinite(difference.probability_below(0.0)).all()
    assert "Joint test" not in difference.summary()
    with pytest.raises(EstimationError, match="credible intervals have no p-values"):
        difference.joint_test()


def test_a_group_that_cannot_be_estimated_is_left_out_and_named() -> None:
    groups = Drawing(failing=("village",), credible=False).fit(make_design()).by_group("kind")
    assert groups.terms == ["group town"]
    assert any(
        str(note) == "Group village has no effect and is left out: no one to compare village with."
        for note in groups.notes
    )
    with pytest.raises(EstimationError, match="only group 'town' has an effect: there is nothing to compare"):
        groups.difference()
    with pytest.raises(EstimationError, match="no group of 'kind' has an effect"):
        Drawing(failing=("village", "town")).fit(make_design()).by_group("kind")


def test_notes_say_which_group_they_are_about(estimate: EffectEstimate) -> None:
    noted = replace(Drawing(credible=False).fit(make_design()), notes=())
    groups = pe.TwoWayFixedEffects().fit(noted.recipe.design).by_group("kind")
    assert any(str(note).startswith("Group town: Two-way fixed effects compares") for note in groups.notes)
