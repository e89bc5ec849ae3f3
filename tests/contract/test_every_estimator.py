"""What every estimator promises. The registries are read, so a new estimator is tested for free."""

from __future__ import annotations

import dataclasses
import importlib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from preventeval.design import StudyDesign
from preventeval.errors import EstimationError, PreventEvalError
from preventeval.estimate import EffectEstimate, Estimator, EstimatorWithLeads, adjust_family
from preventeval.panel import Panel
from preventeval.scale import LOG_RATE_RATIO

ROOT = Path(__file__).parents[2]
REGISTRIES = ("preventeval.did", "preventeval.bayes")
#: Options under which an estimator is tested, where those it comes with are not enough or take long.
OPTIONS: dict[str, list[dict[str, Any]]] = {
    "CallawaySantAnna": [{}, {"base_period": "universal"}],
    "LinearDiD": [{}, {"leads": True}],
    "PoissonDiD": [{}, {"leads": True}],
    "SunAbraham": [{}, {"likelihood": "poisson"}],
    "TwoWayFixedEffects": [{}, {"event_study": True}, {"likelihood": "poisson"}, {"vcov": "CR2"}],
    "ImputationDiD": [{}, {"leads": 1, "leave_out": False}, {"likelihood": "poisson"}],
    "HierarchicalCounts": [{"draws": 300, "tune": 300, "chains": 2, "seed": 1}],
}
#: Estimators that analyse counts by their likelihood; all others analyse the outcome linearly.
COUNTS = {"HierarchicalCounts", "PoissonDiD"}

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
#: The effect in the data: in the outcome's own unit for linear estimators, as a logarithm for counts.
EFFECTS = {"linear": -2.0, "counts": -0.4}


def registered() -> list[tuple[str, str]]:
    return [(module, name) for module in REGISTRIES for name in importlib.import_module(module).__all__]


CASES = [(m, name, i) for m, name in registered() for i in range(len(OPTIONS.get(name, [{}])))]
every_case = pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case[1]}-{case[2]}")


def make(case: tuple[str, str, int]) -> Estimator:
    module, name, option = case
    estimator: Estimator = getattr(importlib.import_module(module), name)(**OPTIONS.get(name, [{}])[option])
    return estimator


def kind_of(case: tuple[str, str, int]) -> str:
    options = OPTIONS.get(case[1], [{}])[case[2]]
    counts = case[1] in COUNTS or options.get("likelihood", "linear") != "linear"
    return "counts" if counts else "linear"


# Data with a known effect -------------------------------------------------------------------

N_UNITS, N_PERIODS = 15, 8
#: By how much data are scaled: so far down for linear estimators that a fixed tolerance would show.
SCALED = {"linear": 1e-9, "counts": 1000.0}
#: Cohorts of periods 3 and 5, and never treated units, five of each.
STARTS = np.repeat([3.0, 5.0, np.nan], 5)


def data(kind: str, *, effect: float | None = None) -> pd.DataFrame:
    """Outcomes of each unit and period, numbered from 1."""
    rng = np.random.default_rng(11)
    effect = EFFECTS[kind] if effect is None else effect
    time = np.arange(1, N_PERIODS + 1)
    treated = time >= np.nan_to_num(STARTS, nan=np.inf)[:, None]
    levels = rng.normal(0, 0.3, (N_UNITS, 1)) + 0.05 * np.sin(time)
    if kind == "counts":
        outcome = rng.poisson(60 * np.exp(levels + effect * treated)).astype(float)
    else:
        outcome = 20 + 10 * levels + effect * treated + rng.normal(0, 0.5, levels.shape)
    return pd.DataFrame(
        {
            "area": np.repeat([f"area {i:02d}" for i in range(N_UNITS)], N_PERIODS),
            "time": np.tile(time, N_UNITS),
            "outcome": outcome.ravel(),
            "residents": 1000.0,
            "start": np.repeat(STARTS, N_PERIODS),
        }
    )


def design_of(frame: pd.DataFrame, kind: str) -> StudyDesign:
    panel = Panel(frame, unit="area", period="time", outcomes=["outcome"], exposure="residents")
    measure = "rate" if kind == "counts" else "value"
    return StudyDesign(panel, outcome="outcome", treated_from="start", measure=measure)  # type: ignore[arg-type]


def with_constants(frame: pd.DataFrame, kind: str) -> pd.DataFrame:
    """A level of each unit and of each period added, or multiplied with the exposure for counts."""
    unit = pd.factorize(frame["area"])[0]
    constant = 0.1 * unit + 0.02 * frame["time"]
    if kind == "counts":
        return frame.assign(residents=frame["residents"] * np.exp(constant - constant.mean()))
    return frame.assign(outcome=frame["outcome"] + 30 * constant)


def scaled(frame: pd.DataFrame, kind: str) -> pd.DataFrame:
    """The outcome (the exposure, for counts) in another unit of measurement."""
    column = "residents" if kind == "counts" else "outcome"
    return frame.assign(**{column: SCALED[kind] * frame[column]})


def shuffled_with_always_treated(frame: pd.DataFrame, kind: str) -> pd.DataFrame:
    """Rows and columns in another order, and units that were in the programme from the beginning."""
    del kind
    more = frame[frame["area"].isin(["area 03", "area 12"])]
    always = more.assign(area=more["area"] + " always", start=1.0, outcome=500.0)
    return pd.concat([frame, always]).sample(frac=1, random_state=5)[list(frame.columns[::-1])]


def relabelled(frame: pd.DataFrame, kind: str) -> pd.DataFrame:
    """Other names, and with them another order of the units."""
    del kind
    return frame.assign(area="<b>" + frame["area"].str[::-1] + "</b>")


VARIANTS: dict[str, Callable[[pd.DataFrame, str], pd.DataFrame]] = {
    "as it is": lambda frame, kind: frame,
    "no effect": lambda frame, kind: data(kind, effect=0.0),
    "constants": with_constants,
    "scaled": scaled,
    "relabelled": relabelled,
    "shuffled with always treated": shuffled_with_always_treated,
}


@cache
def fitted(case: tuple[str, str, int], variant: str) -> EffectEstimate:
    kind = kind_of(case)
    return make(case).fit(design_of(VARIANTS[variant](data(kind), kind), kind))


def assert_close(one: EffectEstimate, two: EffectEstimate, *, factor: float = 1.0) -> None:
    """The same effects and standard errors, row by row; for draws within their own noise."""
    left, right = one.tidy(), two.tidy()
    se = left["std_error"].to_numpy()
    if one.interval_kind == "credible":
        # Chains that start elsewhere: with at least 100 effective draws a median is good to
        # 1.25 / sqrt(100) = 0.13 posterior standard deviations; 0.5 is nearly three of their differences.
        left, right = one.overall().tidy(), two.overall().tidy()
        se = left["std_error"].to_numpy()
        assert (np.abs(left["estimate"] * factor - right["estimate"]) < 0.5 * factor * se).all()
        # likewise a standard deviation: within a third
        np.testing.assert_allclose(right["std_error"], factor * se, rtol=1 / 3)
    else:
        # rtol, atol: linear algebra in another order, on numbers of order 10
        np.testing.assert_allclose(
            right["estimate"], factor * left["estimate"], rtol=1e-8, atol=1e-9 * factor
        )
        np.testing.assert_allclose(right["std_error"], factor * se, rtol=1e-8, atol=1e-9 * factor)


# The promises -----------------------------------------------------------------------------


@every_case
def test_is_a_frozen_set_of_few_options(case: tuple[str, str, int]) -> None:
    estimator = make(case)
    assert isinstance(estimator, Estimator)
    assert estimator.name == case[1]
    assert estimator.references
    assert all("https://doi.org/" in reference for reference in estimator.references)
    options = dataclasses.fields(estimator)  # type: ignore[arg-type]
    assert len(options) <= 7
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(estimator, options[0].name, None)
    with pytest.raises(TypeError, match="unexpected keyword"):
        type(estimator)(no_such_option=1)  # type: ignore[call-arg]


@every_case
@pytest.mark.parametrize("variant", ["as it is", "no effect"])
def test_recovers_a_known_effect_and_none(case: tuple[str, str, int], variant: str) -> None:
    truth = 0.0 if variant == "no effect" else EFFECTS[kind_of(case)]
    row = fitted(case, variant).overall().tidy().iloc[0]
    # 3.5 standard errors: one in 2,000 for each of the few fixed data sets
    assert abs(row["estimate"] - truth) < 3.5 * row["std_error"]
    # and the data say something: an interval as wide as the effect would hold anything
    assert 0 < row["std_error"] < 0.25 * abs(EFFECTS[kind_of(case)])


@every_case
def test_unit_and_period_constants_change_nothing(case: tuple[str, str, int]) -> None:
    assert_close(fitted(case, "as it is"), fitted(case, "constants"))


@every_case
def test_scaling_moves_the_effect_as_algebra_says(case: tuple[str, str, int]) -> None:
    factor = 1.0 if kind_of(case) == "counts" else SCALED["linear"]
    assert_close(fitted(case, "as it is"), fitted(case, "scaled"), factor=factor)


@every_case
def test_names_and_order_of_units_do_not_matter(case: tuple[str, str, int]) -> None:
    assert_close(fitted(case, "as it is"), fitted(case, "relabelled"))


@every_case
def test_the_same_data_and_seed_give_the_same_result(case: tuple[str, str, int]) -> None:
    # Rows in another order and units that are left out arrive at the estimator as the same arrays,
    # so this is a second fit of the same data too.
    one, two = (fitted(case, variant) for variant in ("as it is", "shuffled with always treated"))
    pd.testing.assert_frame_equal(one.tidy(), two.tidy(), check_exact=True)
    assert "note-always-treated" in [note.key for note in two.recipe.design.notes]
    assert "area 03 always, area 12 always" in two.summary()


@every_case
def test_inputs_are_unchanged(case: tuple[str, str, int]) -> None:
    kind = kind_of(case)
    frame = data(kind)
    design = fitted(case, "as it is").recipe.design
    fresh = design_of(frame, kind)
    pd.testing.assert_frame_equal(frame, data(kind), check_exact=True)
    copy = design.panel.select(np.ones(design.n_units, dtype=bool))  # whose fingerprint is computed anew
    assert copy.fingerprint == fresh.panel.fingerprint
    assert np.array_equal(design.cohort, fresh.cohort)
    assert np.array_equal(design.y, fresh.y, equal_nan=True)


@every_case
def test_tidy_columns(case: tuple[str, str, int]) -> None:
    estimate = fitted(case, "as it is")
    views = [estimate, estimate.overall()]
    views += [estimate.by_event_time()] if "event_time" in estimate.labels else []
    views += [estimate.by_cohort(), estimate.by_period()] if "cohort" in estimate.labels else []
    for view in views:
        table = view.tidy()
        labels = [c for c in ("unit", "cohort", "period", "event_time") if c in table]
        assert list(table.columns[-len(TIDY) :]) == TIDY
        assert sorted(table.columns[: -len(TIDY)]) == sorted(["term", *labels])
        assert table["term"].is_unique
        assert (table["method"] == case[1]).all()
        assert (table["conf_level"] == 0.95).all()
        assert (table["interval_kind"] == view.interval_kind).all()
        known = table["std_error"].notna()
        assert (table["std_error"][known] > 0).all()
        assert (table["conf_low"] <= table["estimate"])[known].all()
        assert (table["estimate"] <= table["conf_high"])[known].all()
        assert repr(view).startswith(f"EffectEstimate({case[1]}, {view.of}, ")
        assert "&lt;" in view._repr_html_() or "<b>" not in view._repr_html_()


@every_case
def test_carries_its_recipe(case: tuple[str, str, int]) -> None:
    estimate = fitted(case, "as it is")
    assert estimate.recipe.estimator == make(case)
    assert estimate.nobs == N_UNITS * N_PERIODS
    assert estimate.overall().of == "overall"
    assert all(str(note) for note in (*estimate.notes, *estimate.recipe.design.notes))


# Effects that people can use ----------------------------------------------------------------


@cache
def counted(case: tuple[str, str, int]) -> EffectEstimate:
    """Fitted to numbers of incidents, whatever the estimator analyses: areas are of one of two kinds."""
    frame = data("counts")
    unit = pd.factorize(frame["area"])[0]
    frame["kind"] = np.where(unit % 2, "hill", "dale")
    frame["thefts"] = frame["outcome"] + np.random.default_rng(2).integers(0, 30, len(frame))
    panel = Panel(frame, unit="area", period="time", outcomes=["outcome", "thefts"], exposure="residents")
    return make(case).fit(
        StudyDesign(panel, outcome="outcome", treated_from="start", measure="rate", subgroups=["kind"])
    )


@every_case
def test_incidents_averted_sum_up(case: tuple[str, str, int]) -> None:
    estimate = counted(case)
    if estimate.of != "cell":
        with pytest.raises(EstimationError, match="averted are summed over cells"):
            estimate.averted()
        return
    total, change = estimate.averted(), estimate.per_100k()
    # A rate of 1,000 residents for each of 50 treated unit-periods (6 of one cohort, 4 of the other).
    exposure = 1000.0 * 5 * (6 + 4)
    assert total.diagnostics["unit_periods"] == (50.0,)
    if estimate.interval_kind == "credible":
        return  # the median of a sum is not the sum of medians
    # rtol: the same sums in another order
    np.testing.assert_allclose(change.effect, -1e5 * total.effect / exposure, rtol=1e-9)
    np.testing.assert_allclose(change.std_errors, 1e5 * total.std_errors / exposure, rtol=1e-9)
    for by in ("cohort", "period", "event_time"):
        parts = estimate.averted(by)
        assert parts.of == by
        np.testing.assert_allclose(parts.effect.sum(), total.effect[0], rtol=1e-9)
        np.testing.assert_allclose(parts.cov.to_numpy().sum(), total.cov.iloc[0, 0], rtol=1e-8)
    # A fall of a third of some 60 incidents in 50 unit-periods
    assert 0 < total.effect[0] < 50 * 60


@every_case
def test_ratios_of_counts_carry_what_was_expected_without_the_programme(case: tuple[str, str, int]) -> None:
    estimate = counted(case)
    ratios = estimate.of == "cell" and estimate.scale.base == LOG_RATE_RATIO.base
    if not ratios or "unit" in estimate.labels:
        assert estimate.expected.size == 0
        return
    assert estimate.expected.shape == estimate.effect.shape
    # With unit levels the fitted incidents of a cell are those that were counted.
    averted = estimate.averted()
    left = (estimate.expected * np.exp(estimate.effect))[estimate.post]
    assert left.sum() == pytest.approx(averted.diagnostics["observed"][0], rel=1e-8)
    assert estimate.expected[estimate.post].sum() == pytest.approx(
        averted.diagnostics["expected"][0], rel=1e-12
    )
    share = -100 * averted.effect / np.array(averted.diagnostics["expected"])
    np.testing.assert_allclose(estimate.in_total().as_percent().params, share, rtol=1e-8)


#: A model that is drawn from takes some ten seconds for its groups.
GROUPED = [pytest.param(c, marks=pytest.mark.slow) if "bayes" in c[0] else pytest.param(c) for c in CASES]


@pytest.mark.parametrize("case", GROUPED, ids=lambda case: f"{case[1]}-{case[2]}")
def test_groups_are_the_fits_of_their_units(case: tuple[str, str, int]) -> None:
    estimate = counted(case)
    groups = estimate.by_group("kind")
    assert groups.of == "group"
    assert groups.labels["group"].tolist() == ["dale", "hill"]
    assert np.isfinite(groups.effect).all()
    assert groups.diagnostics["treated_units"] == (5, 5)
    difference = groups.difference()
    assert difference.effect[0] == pytest.approx(groups.effect[1] - groups.effect[0], rel=0.2)
    if estimate.interval_kind == "credible":
        return
    parts = [estimate.refit(d) for d in estimate.recipe.design.split("kind").values()]
    each = [part if part.of == "overall" else part.overall() for part in parts]
    # rtol: the same numbers by the same route
    np.testing.assert_allclose(groups.effect, [one.effect[0] for one in each], rtol=1e-12)
    np.testing.assert_allclose(groups.std_errors, [one.std_errors.iloc[0] for one in each], rtol=1e-9)
    # Units are the clusters, and each is in one group only: the groups are independent.
    variance = (groups.std_errors.to_numpy() ** 2).sum()
    assert difference.std_errors.iloc[0] == pytest.approx(np.sqrt(variance), rel=1e-9)
    if estimate.of == "cell":
        averted = estimate.by_group("kind", "averted")
        np.testing.assert_allclose(averted.effect, [part.averted().effect[0] for part in parts], rtol=1e-9)


@every_case
def test_a_family_of_outcomes_is_adjusted(case: tuple[str, str, int]) -> None:
    estimate = counted(case)
    if estimate.interval_kind == "credible":
        with pytest.raises(EstimationError, match="there is no p-value to adjust"):
            adjust_family([estimate.overall()])
        return
    other = estimate.refit(dataclasses.replace(estimate.recipe.design, outcome="thefts", subgroups=()))
    both = [one if one.of == "overall" else one.overall() for one in (estimate, other)]
    method = "romano_wolf" if type(both[0].uncertainty).__name__ == "Influence" else "holm"
    table = adjust_family(both, method)  # type: ignore[arg-type]
    assert table["outcome"].tolist() == ["outcome", "thefts"]
    assert table["method"].tolist() == [method, method]
    assert (table["p_adjusted"] >= table["p_value"]).all()
    assert (table["p_adjusted"] <= np.minimum(1, 2 * table["p_value"]) + 1e-12).all()


@every_case
def test_what_is_before_the_start_can_be_tested(case: tuple[str, str, int]) -> None:
    estimate = counted(case)
    design = estimate.recipe.design
    early = "event_time" in estimate.labels and bool((estimate.labels["event_time"] < 0).any())
    if not early:
        if not isinstance(estimate.recipe.estimator, EstimatorWithLeads):
            return
        estimate = estimate.recipe.estimator.with_leads(design).fit(design)
    path = estimate if estimate.of == "event_time" else estimate.by_event_time()
    assert (path.labels["event_time"] < 0).any()
    test = path.pre_test()
    assert 1 <= test.df <= (path.labels["event_time"] < 0).sum()
    assert 0 <= test.p_value <= 1


def thin(name: str, kind: str) -> pd.DataFrame:
    """Data that hardly allow a comparison, or none."""
    frame = data(kind).astype({"outcome": float})
    early = frame["time"] < 3
    treated = frame["start"].notna()
    if name == "two cells each":
        return frame[frame["area"].isin(["area 00", "area 14"]) & frame["time"].isin([2, 3])]
    if name == "one unit each":
        return frame[frame["area"].isin(["area 00", "area 14"])]
    if name == "nothing before":
        return frame.assign(outcome=frame["outcome"].mask(treated & (frame["time"] < frame["start"])))
    if name == "nothing after":
        return frame.assign(outcome=frame["outcome"].mask(treated & (frame["time"] >= frame["start"])))
    assert name == "no one to compare with"
    only = frame[frame["start"].isna() | (frame["start"] == 3)]
    return only.assign(outcome=only["outcome"].mask(only["start"].isna() & ~early[only.index]))


#: A prior makes one unit enough for a posterior, so that this is too little for linear methods alone.
THIN = [
    (case, name)
    for case in CASES
    if kind_of(case) == "linear"
    for name in ("two cells each", "one unit each")
]
THIN += [
    (case, name) for case in CASES for name in ("nothing before", "nothing after", "no one to compare with")
]


@pytest.mark.parametrize(("case", "name"), THIN, ids=lambda part: part if isinstance(part, str) else part[1])
def test_too_little_data_never_gives_zero(case: tuple[str, str, int], name: str) -> None:
    kind = kind_of(case)
    try:
        table = make(case).fit(design_of(thin(name, kind), kind)).overall().tidy()
    except PreventEvalError as error:
        message = error
    else:
        message = None
        assert name in ("two cells each", "one unit each"), "without a comparison there is no effect"
        # An effect without a spread that is known has no standard error: not one of 0, nor of rounding.
        se = table["std_error"]
        assert (se.isna() | (se > 1e-6)).all()
        assert (table["estimate"] != 0).all()
    assert message is None or len(message.message) > 40


@pytest.mark.parametrize("name", [name for _, name in registered()])
def test_model_card_names_the_class(name: str) -> None:
    cards = {path.parent.name.replace("-", ""): path for path in ROOT.glob("models/*/card.md")}
    assert name.lower() in cards
    assert name in cards[name.lower()].read_text("utf-8")
