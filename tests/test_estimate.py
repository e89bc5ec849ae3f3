"""Averages, scales and incidents averted, by hand on an estimate of five cells."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from preventeval.design import StudyDesign
from preventeval.errors import EstimationError
from preventeval.estimate import EffectEstimate, Estimator, Recipe
from preventeval.panel import Panel
from preventeval.scale import AVERTED, INCIDENTS, LOG_POINTS, LOG_RATE_RATIO, VALUE, Scale, rate
from preventeval.uncertainty import Covariance, Posterior
from preventeval.words import Message

Array = NDArray[np.float64]
TIDY = [
    "estimate",
    "std_error",
    "conf_low",
    "conf_high",
    "p_value",
    "conf_level",
    "interval_kind",
    "scale",
    "method",
]


@dataclass(frozen=True)
class ByHand:
    """An estimator that returns what it was given."""

    name: ClassVar[str] = "By hand"
    references: ClassVar[tuple[str, ...]] = ()
    effect: tuple[float, ...] = (0.0,) * 5

    def fit(self, design: StudyDesign) -> EffectEstimate:
        return cells(design=design, effect=np.array(self.effect), scale=design.scale)


# Cohort 1 (area A) and cohort 2 (areas B, C), four periods, D never. The cells of cohort 1 are event
# times -1, 0 and 1 here, those of cohort 2 event times 0 and 1.
LABELS = pd.DataFrame({"cohort": [1, 1, 1, 2, 2], "period": [0, 1, 2, 2, 3], "event_time": [-1, 0, 1, 0, 1]})
EFFECT = np.array([0.05, -0.1, -0.2, -0.3, -0.6])
POST = np.array([False, True, True, True, True])
SHARES = np.array([0.25, 0.5])
SIZE_OF = np.array([0, 0, 0, 1, 1])
ROOT = np.random.default_rng(3).normal(size=(7, 7)) / 20
JOINT = ROOT @ ROOT.T  # of five effects and two shares


def make_design(outcome: str = "robbery", unit: str = "A", **options: Any) -> StudyDesign:
    counts = {unit: [4, 5, 6, 7], "B": [1, 2, 3, 4], "C": [2, 2, 2, 2], "D": [9, 9, 9, 9]}
    starts = {unit: 2001, "B": 2002, "C": 2002, "D": None}
    residents = {unit: 1000, "B": 2000, "C": 4000, "D": 5000}
    rows = [
        {
            "area": area,
            "year": 2000 + t,
            "robbery": count,
            "score": count + 0.5,
            "residents": residents[area],
            "start": starts[area],
        }
        for area, values in counts.items()
        for t, count in enumerate(values)
    ]
    panel = Panel(
        pd.DataFrame(rows), unit="area", period="year", outcomes=["robbery", "score"], exposure="residents"
    )
    return StudyDesign(panel, outcome=outcome, treated_from="start", **options)


def cells(
    *,
    design: StudyDesign | None = None,
    effect: Array = EFFECT,
    scale: Scale = INCIDENTS,
    sizes: bool = True,
    estimated: bool = True,
    shares: Array = SHARES,
    **parts: Any,
) -> EffectEstimate:
    """The estimate of five cells, with or without cohort sizes, known or estimated."""
    matrix = JOINT if sizes and estimated else JOINT[:5, :5]
    weighing = {"sizes": shares, "size_of": SIZE_OF} if sizes else {}
    values: dict[str, Any] = {
        "effect": effect,
        "labels": LABELS,
        "uncertainty": Covariance(matrix),
        "scale": scale,
        "recipe": Recipe(make_design(measure="count") if design is None else design, ByHand(tuple(effect))),
        "post": POST,
        **weighing,
        **parts,
    }
    return EffectEstimate(**values)


# Averages ---------------------------------------------------------------------------------

#: Aggregation, and its value as a function of effects a and shares s, written out.
FORMULAS: dict[str, tuple[Any, Any]] = {
    "overall": (
        lambda e: e.overall(),
        lambda a, s: [(s[0] * (a[1] + a[2]) + s[1] * (a[3] + a[4])) / (2 * s[0] + 2 * s[1])],
    ),
    "by_event_time": (
        lambda e: e.by_event_time(),
        lambda a, s: [
            a[0],
            (s[0] * a[1] + s[1] * a[3]) / (s[0] + s[1]),
            (s[0] * a[2] + s[1] * a[4]) / (s[0] + s[1]),
        ],
    ),
    "by_cohort": (lambda e: e.by_cohort(), lambda a, s: [(a[1] + a[2]) / 2, (a[3] + a[4]) / 2]),
    "by_period": (
        lambda e: e.by_period(),
        lambda a, s: [a[1], (s[0] * a[2] + s[1] * a[3]) / (s[0] + s[1]), a[4]],
    ),
    "event_time_overall": (
        lambda e: e.by_event_time().overall(),
        lambda a, s: [(s[0] * (a[1] + a[2]) + s[1] * (a[3] + a[4])) / (s[0] + s[1]) / 2],
    ),
    "cohort_overall": (
        lambda e: e.by_cohort().overall(),
        lambda a, s: [(s[0] * (a[1] + a[2]) / 2 + s[1] * (a[3] + a[4]) / 2) / (s[0] + s[1])],
    ),
    "period_overall": (
        lambda e: e.by_period().overall(),
        lambda a, s: [(a[1] + (s[0] * a[2] + s[1] * a[3]) / (s[0] + s[1]) + a[4]) / 3],
    ),
    "within": (
        lambda e: e.within(0, 0).overall(),
        lambda a, s: [(s[0] * a[1] + s[1] * a[3]) / (s[0] + s[1])],
    ),
}


def derivative(formula: Any, effect: Array, shares: Array) -> Array:
    """Central differences of a formula in the effects and the shares."""
    point, step = np.concatenate([effect, shares]), 1e-6
    columns = []
    for i in range(len(point)):
        up, down = point.copy(), point.copy()
        up[i] += step
        down[i] -= step
        high, low = formula(up[:5], up[5:]), formula(down[:5], down[5:])
        columns.append((np.array(high) - np.array(low)) / (2 * step))
    return np.stack(columns, axis=1)


@pytest.mark.parametrize("name", FORMULAS)
def test_averages_and_their_spread_by_hand(name: str) -> None:
    aggregate, formula = FORMULAS[name]
    result = aggregate(cells())
    # rtol: the same sums in another order
    np.testing.assert_allclose(result.effect, formula(EFFECT, SHARES), rtol=1e-12)
    jacobian = derivative(formula, EFFECT, SHARES)
    # rtol, atol: central differences with a step of 1e-6 of functions of order 1
    np.testing.assert_allclose(result.cov, jacobian @ JOINT @ jacobian.T, rtol=1e-6, atol=1e-10)


@pytest.mark.parametrize("name", FORMULAS)
def test_known_sizes_add_no_spread(name: str) -> None:
    aggregate, formula = FORMULAS[name]
    result = aggregate(cells(estimated=False))
    jacobian = derivative(formula, EFFECT, SHARES)[:, :5]
    np.testing.assert_allclose(result.effect, formula(EFFECT, SHARES), rtol=1e-12)
    np.testing.assert_allclose(result.cov, jacobian @ JOINT[:5, :5] @ jacobian.T, rtol=1e-6, atol=1e-10)


@pytest.mark.parametrize("name", FORMULAS)
def test_without_sizes_all_cells_weigh_the_same(name: str) -> None:
    aggregate, formula = FORMULAS[name]
    np.testing.assert_allclose(aggregate(cells(sizes=False)).effect, formula(EFFECT, np.ones(2)), rtol=1e-12)


@pytest.mark.parametrize("name", FORMULAS)
def test_only_the_ratio_of_sizes_matters(name: str) -> None:
    aggregate, _ = FORMULAS[name]
    np.testing.assert_allclose(
        aggregate(cells(shares=10 * SHARES)).effect, aggregate(cells()).effect, rtol=1e-12
    )


@pytest.mark.parametrize("name", FORMULAS)
def test_averages_of_draws_are_draws_of_averages(name: str) -> None:
    aggregate, formula = FORMULAS[name]
    draws = np.random.default_rng(5).normal(size=(200, 5))
    result = aggregate(cells(uncertainty=Posterior(draws), estimated=False))
    expected = np.array([formula(draw, SHARES) for draw in draws])
    np.testing.assert_allclose(result.uncertainty.draws, expected, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(result.effect, np.median(expected, axis=0), rtol=1e-10, atol=1e-12)


def test_what_the_rows_are_called() -> None:
    estimate = cells()
    assert estimate.terms[:2] == ["cohort 2001, period 2000", "cohort 2001, period 2001"]
    assert estimate.overall().terms == ["overall"]
    assert estimate.by_event_time().terms == ["event time -1", "event time 0", "event time 1"]
    assert estimate.by_cohort().terms == ["cohort 2001", "cohort 2002"]
    assert estimate.by_period().terms == ["period 2001", "period 2002", "period 2003"]
    assert [e.of for e in (estimate, estimate.overall(), estimate.by_cohort())] == [
        "cell",
        "overall",
        "cohort",
    ]


def test_rows_of_all_cohorts_or_periods_are_named_by_what_is_left() -> None:
    labels = pd.DataFrame({"cohort": [-1, -1, 1, 1], "period": [-1, 2, -1, 1], "event_time": [-2, 1, -1, 0]})
    estimate = cells(
        effect=np.arange(4.0),
        labels=labels,
        uncertainty=Covariance(np.eye(4)),
        post=np.array([False, False, False, True]),
        sizes=False,
    )
    assert estimate.terms == [
        "event time -2",
        "period 2002, event time 1",
        "cohort 2001, event time -1",
        "cohort 2001, period 2001",
    ]
    assert estimate.tidy()["cohort"].tolist() == ["all", "all", "2001", "2001"]
    assert estimate.tidy()["period"].tolist() == ["all", "2002", "all", "2001"]
    assert estimate.by_event_time().effect.tolist() == [0, 2, 3, 1]


def test_balanced_event_times_keep_the_cohorts_that_are_seen_so_long() -> None:
    # Cohort 1 is observed to event time 2 (period 3), cohort 2 to event time 1.
    both = cells().by_event_time(balanced=1)
    np.testing.assert_allclose(both.effect, cells().by_event_time().effect, rtol=1e-12)
    first = cells().by_event_time(balanced=2)
    np.testing.assert_allclose(first.effect, EFFECT[:3], rtol=1e-12)
    with pytest.raises(
        EstimationError, match="By hand: no cohort is observed to event time 9: the last is 2"
    ):
        cells().by_event_time(balanced=9)


def test_rows_without_an_estimate_are_left_out_not_counted_as_zero() -> None:
    effect = EFFECT.copy()
    effect[3] = np.nan
    estimate = cells(effect=effect)
    assert estimate.by_event_time().effect[1] == pytest.approx(EFFECT[1])
    assert estimate.by_cohort().effect[1] == pytest.approx(EFFECT[4])
    expected = (SHARES[0] * (EFFECT[1] + EFFECT[2]) + SHARES[1] * EFFECT[4]) / (2 * SHARES[0] + SHARES[1])
    assert estimate.overall().effect[0] == pytest.approx(expected)


@pytest.mark.parametrize("aggregate", ["overall", "by_event_time", "by_cohort", "by_period", "averted"])
def test_nothing_known_gives_an_error_and_not_zero(aggregate: str) -> None:
    with pytest.raises(EstimationError, match="By hand: "):
        getattr(cells(effect=np.full(5, np.nan)), aggregate)()


def test_no_treated_time_gives_an_error() -> None:
    estimate = cells(post=np.zeros(5, dtype=bool))
    for aggregate in (estimate.overall, estimate.by_cohort, estimate.by_period, estimate.averted):
        with pytest.raises(EstimationError, match="By hand: "):
            aggregate()


def test_averages_that_do_not_exist_are_refused() -> None:
    with pytest.raises(EstimationError, match="By hand: its effects are not by cohort"):
        cells().by_event_time().by_cohort()
    with pytest.raises(EstimationError, match="By hand: its effects are not by event time"):
        cells().by_cohort().by_event_time()
    with pytest.raises(EstimationError, match="By hand: its effects are not by unit"):
        cells().by_unit()
    with pytest.raises(EstimationError, match="its effects are not by event time"):
        cells().by_cohort().within(0, 1)
    with pytest.raises(EstimationError, match="its event times go from -1 to 1: none is from 5 to 9"):
        cells().within(5, 9)


def test_by_unit() -> None:
    labels = pd.DataFrame({"unit": [0, 0, 1, 2], "period": [1, 2, 2, 2], "event_time": [0, 1, 0, 0]})
    parts: dict[str, Any] = {
        "labels": labels,
        "post": np.ones(4, dtype=bool),
        "uncertainty": Covariance(np.eye(4)),
    }
    estimate = cells(effect=np.array([1.0, 3.0, 5.0, 7.0]), sizes=False, **parts)
    assert estimate.by_unit().effect.tolist() == [2, 5, 7]
    assert estimate.by_unit().terms == ["unit A", "unit B", "unit C"]
    assert estimate.by_event_time().effect.tolist() == [13 / 3, 3]


# Scales -----------------------------------------------------------------------------------


@pytest.mark.parametrize("scale", [LOG_POINTS, LOG_RATE_RATIO])
def test_per_cent_carries_the_interval(scale: Scale) -> None:
    estimate = cells(scale=scale).overall()
    percent = estimate.as_percent()
    for simultaneous in (False, True):
        base, shown = (e.conf_int(0.9, simultaneous=simultaneous) for e in (estimate, percent))
        np.testing.assert_allclose(shown, 100 * np.expm1(base), rtol=1e-12)
    np.testing.assert_allclose(percent.params, 100 * np.expm1(estimate.params), rtol=1e-12)
    slope = 100 * np.exp(estimate.effect)
    np.testing.assert_allclose(percent.std_errors, slope * estimate.std_errors, rtol=1e-12)
    np.testing.assert_allclose(percent.pvalues, estimate.pvalues)
    np.testing.assert_allclose(percent.as_ratio().params, np.exp(estimate.params), rtol=1e-12)


def test_per_cent_of_a_difference_is_refused() -> None:
    with pytest.raises(EstimationError, match="an effect in incidents cannot be restated as a percent"):
        cells().as_percent()


def test_probability_below_is_asked_on_the_shown_scale() -> None:
    draws = np.random.default_rng(5).normal(-0.1, 0.2, size=(500, 5))
    estimate = cells(uncertainty=Posterior(draws), estimated=False, scale=LOG_RATE_RATIO)
    expected = (draws < np.log(0.9)).mean(axis=0)
    for shown, threshold in (
        (estimate, np.log(0.9)),
        (estimate.as_ratio(), 0.9),
        (estimate.as_percent(), -10.0),
    ):
        np.testing.assert_allclose(shown.probability_below(threshold), expected)
    assert (estimate.as_percent().probability_below(-100) == 0).all()
    assert (estimate.as_percent().probability_below(-150) == 0).all()
    assert (estimate.as_ratio().probability_below(0) == 0).all()
    assert cells().probability_below(0).isna().all()


# Incidents averted ------------------------------------------------------------------------

#: What is seen in the four cells after the start: robberies and residents of the cohort.
SEEN = np.array([5.0, 6.0, 3.0 + 2.0, 4.0 + 2.0])
RESIDENTS = np.array([1000.0, 1000.0, 6000.0, 6000.0])
UNITS = np.array([1.0, 1.0, 2.0, 2.0])
AFTER = EFFECT[1:]
AVERTED_BY_CELL = {
    "count": (INCIDENTS, -UNITS * AFTER, -UNITS),
    "rate": (rate(1000), -RESIDENTS / 1000 * AFTER, -RESIDENTS / 1000),
    "log_rate": (LOG_POINTS, SEEN * (np.exp(-AFTER) - 1), -SEEN * np.exp(-AFTER)),
}


@pytest.mark.parametrize("measure", AVERTED_BY_CELL)
@pytest.mark.parametrize(
    ("by", "groups"),
    [
        ("overall", [[1, 1, 1, 1]]),
        ("period", [[1, 0, 0, 0], [0, 1, 1, 0], [0, 0, 0, 1]]),
        ("cohort", [[1, 1, 0, 0], [0, 0, 1, 1]]),
        ("event_time", [[1, 0, 1, 0], [0, 1, 0, 1]]),
    ],
)
def test_incidents_averted_by_hand(measure: Any, by: str, groups: list[list[int]]) -> None:
    scale, averted, slope = AVERTED_BY_CELL[measure]
    estimate = cells(scale=scale, design=make_design(measure=measure, per=1000))
    result = estimate.averted(by=by)
    member = np.array(groups, dtype=float)
    np.testing.assert_allclose(result.effect, member @ averted, rtol=1e-12)
    jacobian = member * slope
    np.testing.assert_allclose(result.cov, jacobian @ JOINT[1:5, 1:5] @ jacobian.T, rtol=1e-12)
    assert (result.scale, result.of) == (AVERTED, by)
    # A reduction averts: positive is fewer incidents.
    assert (result.effect > 0).all()


@pytest.mark.parametrize("measure", AVERTED_BY_CELL)
def test_averted_in_all_is_the_sum_of_its_parts(measure: Any) -> None:
    scale = AVERTED_BY_CELL[measure][0]
    estimate = cells(scale=scale, design=make_design(measure=measure, per=1000))
    total = estimate.averted().effect[0]
    for by in ("period", "cohort", "event_time"):
        assert estimate.averted(by).effect.sum() == pytest.approx(total)


def test_averted_of_draws() -> None:
    draws = np.random.default_rng(5).normal(size=(300, 5)) / 10
    estimate = cells(
        uncertainty=Posterior(draws),
        estimated=False,
        scale=LOG_RATE_RATIO,
        design=make_design(measure="count"),
    )
    result = estimate.averted()
    expected = np.expm1(-draws[:, 1:]) @ SEEN
    np.testing.assert_allclose(result.uncertainty.draws[:, 0], expected, rtol=1e-10, atol=1e-12)
    assert result.effect[0] == pytest.approx(np.median(expected))


def test_averted_from_shown_effects_is_the_same() -> None:
    estimate = cells(scale=LOG_POINTS, design=make_design(measure="log_rate"))
    assert estimate.as_percent().averted().effect == pytest.approx(estimate.averted().effect)


def test_averted_by_unit() -> None:
    labels = pd.DataFrame({"unit": [0, 1, 2], "period": [1, 2, 2]})
    estimate = cells(
        effect=np.log([0.5, 0.8, 1.0]),
        labels=labels,
        uncertainty=Covariance(np.eye(3) / 100),
        post=np.ones(3, dtype=bool),
        sizes=False,
        scale=LOG_RATE_RATIO,
    )
    np.testing.assert_allclose(estimate.averted("unit").effect, [5 / 0.5 - 5, 3 / 0.8 - 3, 0], atol=1e-12)
    assert estimate.averted("unit").terms == ["unit A", "unit B", "unit C"]


def test_cells_without_an_estimate_are_not_averted() -> None:
    effect = EFFECT.copy()
    effect[4] = np.nan
    assert cells(effect=effect).averted().effect[0] == pytest.approx((-UNITS * AFTER)[:3].sum())


@pytest.mark.parametrize(
    ("estimate", "message"),
    [
        (lambda: cells().overall().averted(), "incidents averted are summed over cells"),
        (lambda: cells().averted().averted(), "incidents averted are summed over cells"),
        (lambda: cells().averted("district"), "its effects are not by district"),
        (lambda: cells().averted("unit"), "its effects are not by unit"),
        (lambda: cells().averted("period").overall(), "incidents averted are summed, not averaged"),
        (
            lambda: cells(scale=LOG_POINTS, design=make_design("score", measure="log")).averted(),
            r"outcome 'score' has no incidents behind it; name them with counts='…'",
        ),
        (
            lambda: cells(
                scale=VALUE, design=make_design("score", measure="value", counts="robbery")
            ).averted(),
            r"outcome 'score' is analysed in a unit of its own, which does not say how many incidents",
        ),
    ],
)
def test_averted_is_refused_where_it_would_not_be_incidents(estimate: Any, message: str) -> None:
    with pytest.raises(EstimationError, match=f"By hand: {message}"):
        estimate()


def test_averted_from_logs_with_the_incidents_named() -> None:
    design = make_design("score", measure="log", counts="robbery")
    assert cells(scale=LOG_POINTS, design=design).averted().effect[0] == pytest.approx(
        AVERTED_BY_CELL["log_rate"][1].sum()
    )


# What it shows ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("aggregate", "labels"),
    [
        (lambda e: e, ["cohort", "period", "event_time"]),
        (lambda e: e.overall(), []),
        (lambda e: e.by_event_time(), ["event_time"]),
        (lambda e: e.by_cohort(), ["cohort"]),
        (lambda e: e.by_period(), ["period"]),
        (lambda e: e.averted("period"), ["period"]),
    ],
)
def test_tidy_has_one_column_contract(aggregate: Any, labels: list[str]) -> None:
    table = aggregate(cells()).tidy(0.9)
    assert list(table.columns) == ["term", *labels, *TIDY]
    assert (table["conf_level"] == 0.9).all()
    assert (table["interval_kind"] == "confidence").all()
    assert (table["method"] == "By hand").all()
    assert ((table["conf_low"] < table["estimate"]) & (table["estimate"] < table["conf_high"])).all()


def test_tidy_agrees_with_its_parts() -> None:
    estimate = cells()
    table = estimate.tidy(simultaneous=True)
    assert table["term"].tolist() == estimate.terms
    assert table["estimate"].tolist() == estimate.params.tolist()
    assert table["std_error"].tolist() == estimate.std_errors.tolist()
    assert table["conf_low"].tolist() == estimate.conf_int(simultaneous=True)["lower"].tolist()
    assert (table["interval_kind"] == "simultaneous confidence").all()
    assert table["period"].tolist() == ["2000", "2001", "2002", "2002", "2003"]
    assert table["event_time"].tolist() == [-1, 0, 1, 0, 1]
    np.testing.assert_allclose(np.sqrt(np.diag(estimate.cov)), estimate.std_errors, rtol=1e-12)
    assert estimate.nobs == 16


def test_credible_intervals_say_so() -> None:
    draws = np.random.default_rng(5).normal(size=(200, 5))
    estimate = cells(uncertainty=Posterior(draws), estimated=False)
    assert (estimate.tidy()["interval_kind"] == "credible").all()
    assert estimate.tidy()["p_value"].isna().all()
    assert "95% credible intervals" in estimate.summary()


def test_repr_and_summary() -> None:
    estimate = cells()
    assert repr(estimate.overall()) == (
        "EffectEstimate(By hand, overall, incidents: overall -0.35 "
        f"[{estimate.overall().conf_int().iloc[0, 0]:.4g}, {estimate.overall().conf_int().iloc[0, 1]:.4g}])"
    )
    assert repr(estimate).endswith(" and 4 more)")
    text = dataclasses.replace(
        estimate, notes=(Message("note-no-data", {"count": 1, "units": "Z"}),)
    ).summary(0.9)
    assert text.splitlines()[:3] == [
        "By hand: cell effects on robbery (incidents)",
        "3 treated and 1 never treated units, 4 periods, 16 unit-periods, not_yet_treated comparison",
        "90% confidence intervals, pointwise",
    ]
    assert text.endswith("Note: 1 unit has no usable value in any period and is left out: Z.")


def test_what_a_user_named_is_text_and_never_markup() -> None:
    labels = pd.DataFrame({"unit": [0, 1], "period": [1, 2]})
    estimate = cells(
        effect=np.array([1.0, 2.0]),
        labels=labels,
        uncertainty=Covariance(np.eye(2)),
        post=np.ones(2, dtype=bool),
        sizes=False,
        design=make_design(unit="<b>x</b> & co", measure="count"),
    )
    page = estimate.by_unit()._repr_html_()
    assert "unit &lt;b&gt;x&lt;/b&gt; &amp; co" in page
    assert "<b>x" not in page
    assert "unit <b>x</b> & co" in estimate.by_unit().summary()


# What it is made of -----------------------------------------------------------------------


def test_frozen_and_not_changed_by_being_asked() -> None:
    estimate = cells()
    effect, labels = estimate.effect.copy(), estimate.labels.copy()
    for aggregate in ("overall", "by_event_time", "by_cohort", "by_period", "averted", "tidy", "summary"):
        getattr(estimate, aggregate)()
    assert np.array_equal(estimate.effect, effect)
    pd.testing.assert_frame_equal(estimate.labels, labels)
    taken = estimate.labels
    taken["period"] = 99
    pd.testing.assert_frame_equal(estimate.labels, labels)
    with pytest.raises(dataclasses.FrozenInstanceError):
        estimate.labels = labels  # type: ignore[misc]
    with pytest.raises(dataclasses.FrozenInstanceError):
        estimate.scale = LOG_POINTS  # type: ignore[misc]
    table = estimate.tidy()
    table["estimate"] = 0.0
    shown = estimate.params
    shown.iloc[0] = 99.0
    assert np.array_equal(estimate.effect, effect)


@pytest.mark.parametrize(
    "parts",
    [
        {"labels": LABELS.iloc[:4]},
        {"post": POST[:4]},
        {"uncertainty": Covariance(np.eye(4))},
        {"uncertainty": Covariance(np.eye(6))},
        {"expected": np.ones(5), "scale": LOG_RATE_RATIO},
        {"expected": np.ones(4), "scale": LOG_RATE_RATIO, "uncertainty": Covariance(np.eye(11))},
    ],
)
def test_parts_of_another_length_are_refused(parts: dict[str, Any]) -> None:
    with pytest.raises(
        EstimationError, match="an estimate of 5 effects came with labels or spread of another"
    ):
        cells(**parts)


def test_an_estimate_carries_its_recipe() -> None:
    estimator = ByHand(effect=(1.0, 2.0, 3.0, 4.0, 5.0))
    assert isinstance(estimator, Estimator)
    design = make_design(measure="count")
    estimate = estimator.fit(design)
    again = dataclasses.replace(estimate, recipe=Recipe(design, estimator)).overall().refit()
    assert again.effect.tolist() == [1, 2, 3, 4, 5]
    other = make_design(measure="count", aim="increase")
    assert estimate.refit(other).recipe.design is other
