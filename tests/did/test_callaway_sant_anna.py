"""What CallawaySantAnna promises beyond agreement with R."""

from __future__ import annotations

import importlib.util
import pickle
import tracemalloc
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any, get_args

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import preventeval as pe
from preventeval.did._adjustment import Method
from preventeval.did._cells import plan_cells

Array = np.ndarray[Any, np.dtype[Any]]


def loaded(name: str) -> ModuleType:
    """A module that stands beside this one."""
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


slow_reference = loaded("slow_reference")


def simulated(n: int = 60, periods: int = 7, seed: int = 1) -> pd.DataFrame:
    """Starts in periods 3 and 5 and never; an effect of -2; x drives starts and trends."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=n)
    start = np.where(rng.random(n) < 0.5, 0, np.where(x + rng.normal(size=n) > 0, 3, 5))
    unit, period = np.repeat(np.arange(n), periods), np.tile(np.arange(1, periods + 1), n)
    treated = (start[unit] > 0) & (period >= start[unit])
    noise = rng.normal(size=(n, periods)).cumsum(axis=1).ravel()
    return pd.DataFrame(
        {
            "unit": unit,
            "period": period,
            "start": start[unit],
            "x": x[unit],
            "y": rng.normal(size=n)[unit] + 0.3 * period * (1 + x[unit]) - 2.0 * treated + 0.3 * noise,
            "w": rng.uniform(0.5, 2, n)[unit],
            "district": unit % 12,
        }
    )


def design_of(table: pd.DataFrame, **options: Any) -> pe.StudyDesign:
    columns = {"covariates": options.pop("covariates", ()), "weights": options.pop("weights", None)}
    panel = pe.Panel(table, unit="unit", period="period", outcomes=["y"], **columns)
    return pe.StudyDesign(panel, outcome="y", treated_from="start", measure="value", **options)


METHODS = get_args(Method)


@st.composite
def situations(draw: st.DrawFn) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """What a panel is like, what a design asks and how it is estimated."""
    panel = {
        "seed": draw(st.integers(0, 2**32 - 1)),
        "periods": draw(st.integers(3, 5)),
        "gaps": draw(st.sampled_from([0.0, 0.0, 0.12])),
        "covariates": draw(st.sampled_from([(), ("fixed",), ("fixed", "varying")])),
        "missing_covariates": draw(st.booleans()),
        "weights": draw(st.sampled_from([None, "weight"])),
    }
    design = {
        "comparison": draw(st.sampled_from(["not_yet_treated", "never_treated"])),
        "anticipation": draw(st.sampled_from([0, 0, 1])),
        "cluster": draw(st.sampled_from([None, "district"])),
    }
    options = {
        "method": draw(st.sampled_from(METHODS)),
        "base_period": draw(st.sampled_from(["varying", "universal"])),
        "sample": draw(st.sampled_from(["pairwise", "all_rows"])),
    }
    return panel, design, options


def random_design(panel: dict[str, Any], options: dict[str, Any]) -> pe.StudyDesign:
    """36 units that start in period 3 or 4 or never; covariates that hardly drive the starts."""
    rng = np.random.default_rng(panel["seed"])
    n, periods = 36, panel["periods"]
    unit, period = np.repeat(np.arange(n), periods), np.tile(np.arange(1, periods + 1), n)
    fixed = rng.normal(size=n)
    varying = fixed[unit] + rng.normal(size=n * periods)
    if panel["missing_covariates"]:
        varying[rng.random(n * periods) < 0.05] = np.nan
    table = pd.DataFrame(
        {
            "unit": unit,
            "period": period,
            "start": np.tile([0, 0, 3, 4], 9)[unit],
            "y": 5 + rng.normal(size=n)[unit] + fixed[unit] * period + rng.normal(size=n * periods),
            "fixed": fixed[unit],
            "varying": varying,
            "weight": rng.uniform(0.5, 2, n)[unit],
            "district": (unit // 3),
        }
    )
    table = table[rng.random(n * periods) >= panel["gaps"]]
    grid = pe.Panel(
        table,
        unit="unit",
        period="period",
        outcomes=["y"],
        covariates=panel["covariates"],
        weights=panel["weights"],
    )
    return pe.StudyDesign(grid, outcome="y", treated_from="start", measure="value", **options)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(situations())
def test_agrees_with_the_slow_reference(
    situation: tuple[dict[str, Any], dict[str, Any], dict[str, Any]],
) -> None:
    panel, of_design, options = situation
    design = random_design(panel, of_design)
    estimate = pe.CallawaySantAnna(**options).fit(design)
    source = estimate.uncertainty.source  # type: ignore[attr-defined]
    cells, impossible = plan_cells(
        np.unique(design.cohort),
        design.n_periods,
        comparison=design.comparison,
        base_period=options["base_period"],
        anticipation=design.anticipation,
    )
    x = np.concatenate([np.ones((*design.y.shape, 1)), design.covariates], axis=2)
    method = options["method"] if panel["covariates"] else "regression"
    kept = [tuple(key) for key in estimate.labels[["cohort", "period"]].to_numpy()]
    named = {(c.cohort, c.period): c for c in cells}
    assert set(kept) <= set(named)
    # 36 units leave the odd cell without overlap: it is named, and the others stand.
    assert (len(kept) < len(named)) == (estimate.diagnostics["cells_left_out"] > len(impossible))

    def effects(w: Array) -> Array:
        return np.array(
            [
                slow_reference.effect(
                    design.y,
                    x,
                    w,
                    design.cohort == cell.cohort,
                    np.isin(design.cohort, np.unique(design.cohort)[cell.comparison]),
                    cell,
                    method,
                    options["sample"],
                )
                if cell.period != cell.base
                else 0.0
                for cell in (named[key] for key in kept)
            ]
        )

    # Two routes through small and sometimes badly conditioned logits: 1e-8 of numbers of order 1.
    np.testing.assert_allclose(estimate.effect, effects(design.weights), rtol=0, atol=1e-8)
    if method == "doubly_robust_improved" and options["sample"] == "all_rows":
        return  # its influence leaves out terms that vanish in large samples, as R's does
    rows = slow_reference.influence(effects, design.weights)
    sums = np.stack([rows[design.clusters == code].sum(axis=0) for code in source.codes])
    k = len(estimate.effect)
    np.testing.assert_allclose(source.rows(0, source.clusters)[:, :k], sums, rtol=0, atol=1e-8)
    np.testing.assert_allclose(source.cov[:k, :k], sums.T @ sums, rtol=0, atol=1e-8)

    def overall(w: Array) -> Any:
        size = np.array([w @ (design.cohort == cohort) for cohort, _ in kept]) * estimate.post
        return size @ effects(w) / size.sum()

    of_units = slow_reference.influence(overall, design.weights)
    expected = np.bincount(design.clusters, of_units)
    assert estimate.overall().std_errors.iloc[0] == pytest.approx(np.sqrt(expected @ expected), abs=1e-8)


def test_covariance_does_not_hang_on_the_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    design = design_of(simulated(), covariates=["x"], cluster="district")
    whole = pe.CallawaySantAnna().fit(design).cov.to_numpy()
    monkeypatch.setattr("preventeval.did._sources._CHUNK", 100)  # a district has more
    np.testing.assert_allclose(pe.CallawaySantAnna().fit(design).cov.to_numpy(), whole, rtol=1e-12)


@pytest.mark.parametrize("method", METHODS)
def test_influence_is_the_derivative_in_the_weights(method: Any) -> None:
    """The influence of a unit is what a little more of its weight does to the effects."""
    table = simulated()
    design = design_of(table, covariates=["x"])
    estimate = pe.CallawaySantAnna(method=method).fit(design)
    assert isinstance(estimate.uncertainty, pe.Influence)
    rows = estimate.uncertainty.rows(0, 60)[:, : len(estimate.effect)]
    step = 1e-5
    for unit in (0, 17, 41):
        ends = [
            pe.CallawaySantAnna(method=method)
            .fit(
                design_of(
                    table.assign(v=1 + sign * step * (table["unit"] == unit)), covariates=["x"], weights="v"
                )
            )
            .effect
            for sign in (1, -1)
        ]
        # Central differences with a step of 1e-5: error of order 1e-10, rounding 1e-11.
        np.testing.assert_allclose(rows[unit], (ends[0] - ends[1]) / (2 * step), rtol=0, atol=1e-8)


def test_method_does_not_matter_without_covariates() -> None:
    design = design_of(simulated())
    first, *others = (pe.CallawaySantAnna(method=method).fit(design).tidy() for method in METHODS)
    for other in others:
        pd.testing.assert_frame_equal(first, other)


def test_missing_values_leave_other_cells_alone() -> None:
    """A gap touches only the cells that use it: the rest, and all units, stay."""
    table = simulated()
    whole = pe.CallawaySantAnna().fit(design_of(table))
    gap = (table["unit"] == 4) & (table["period"] == 7)
    holed = pe.CallawaySantAnna().fit(design_of(table[~gap]))
    touched = (whole.labels["period"] == 6).to_numpy()
    # Two routes to the same number: rounding only.
    np.testing.assert_allclose(holed.effect[~touched], whole.effect[~touched], rtol=0, atol=1e-12)
    ours, theirs = holed.std_errors.to_numpy(), whole.std_errors.to_numpy()
    np.testing.assert_allclose(ours[~touched], theirs[~touched], rtol=0, atol=1e-12)
    assert (np.abs(holed.effect - whole.effect)[touched] > 1e-6).any()


def test_units_of_weight_zero_change_nothing() -> None:
    table = simulated()
    extra = table[table["unit"] < 5].assign(unit=lambda t: t["unit"] + 1000, y=1e6, w=0.0)
    weighted = pe.CallawaySantAnna().fit(design_of(table, weights="w"))
    with_extra = pe.CallawaySantAnna().fit(design_of(pd.concat([table, extra]), weights="w"))
    for one, other in ((weighted, with_extra), (weighted.overall(), with_extra.overall())):
        # Rounding only: an outcome of a million that leaked in would move the result by far more.
        np.testing.assert_allclose(other.effect, one.effect, rtol=0, atol=1e-11)
        np.testing.assert_allclose(other.std_errors, one.std_errors, rtol=0, atol=1e-11)


def test_universal_base_period_is_zero_without_a_standard_error() -> None:
    estimate = pe.CallawaySantAnna(base_period="universal").fit(design_of(simulated()))
    base = estimate.labels["event_time"].to_numpy() == -1
    assert (estimate.effect[base] == 0).all()
    assert estimate.std_errors[base].isna().all()
    assert estimate.std_errors[~base].notna().all()


def test_anticipation_moves_the_base_period() -> None:
    table = simulated()
    table.loc[(table["start"] > 0) & (table["period"] == table["start"] - 1), "y"] -= 5
    naive = pe.CallawaySantAnna().fit(design_of(table)).overall()
    told = pe.CallawaySantAnna().fit(design_of(table, anticipation=1)).overall()
    assert naive.effect[0] > 1  # the early drop passes for the base, and hides the effect
    assert told.effect[0] == pytest.approx(-2, abs=4 * told.std_errors.iloc[0])


def test_known_effect_is_found_only_with_the_covariate_that_drives_trends() -> None:
    table = simulated(n=2000)
    adjusted = pe.CallawaySantAnna().fit(design_of(table, covariates=["x"])).overall()
    plain = pe.CallawaySantAnna().fit(design_of(table)).overall()
    assert adjusted.effect[0] == pytest.approx(-2, abs=4 * adjusted.std_errors.iloc[0])
    assert abs(plain.effect[0] + 2) > 4 * plain.std_errors.iloc[0]


def test_cells_without_comparison_are_left_out_and_named() -> None:
    table = simulated()
    table = table[table["start"] > 0]
    estimate = pe.CallawaySantAnna().fit(design_of(table))
    labels = estimate.labels
    assert labels.loc[labels["cohort"] == 2, "period"].max() == 3  # until the last cohort starts
    assert labels.loc[labels["cohort"] == 4, "period"].max() == 1  # until the first cohort starts
    (note,) = estimate.notes
    assert "cohort 3 in 5" in str(note)
    assert estimate.diagnostics["cells_left_out"] == 3 + 5


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda t: t.assign(x=1.0), "covariate 'x' is the same for all comparison units"),
        (lambda t: t.assign(x=(t["start"] > 0) + t["x"] * 0.01), "covariates 'x' separate treated"),
        (lambda t: t[(t["start"] > 0) | (t["unit"] == t.loc[t["start"] == 0, "unit"].min())], "too few"),
    ],
    ids=["constant", "separation", "one comparison unit"],
)
def test_covariates_that_cannot_be_adjusted_for(change: Any, words: str) -> None:
    design = design_of(change(simulated()), covariates=["x"], comparison="never_treated")
    with pytest.raises(pe.EstimationError, match=words) as caught:
        pe.CallawaySantAnna().fit(design)
    assert "cohort 3 in 2 to 7" in caught.value.message
    assert caught.value.hint


@pytest.mark.parametrize("sample", ["pairwise", "all_rows"])
def test_one_cohort_without_overlap_leaves_the_others_alone(sample: Any) -> None:
    """R leaves its cells empty as well; the note says which, and which covariate tells them apart."""
    table = simulated(n=200)
    apart = table.assign(z=(table["start"] == 3) + 0.01 * np.sin(table["unit"]))
    options = {"covariates": ["x", "z"], "comparison": "never_treated"}
    estimate = pe.CallawaySantAnna(sample=sample).fit(design_of(apart, **options))
    assert set(estimate.labels["cohort"]) == {4}
    assert estimate.std_errors.notna().all()
    (note,) = (note for note in estimate.notes if note.key == "note-cells-separated")
    assert "the covariates (z)" in str(note)
    assert "cohort 3 in 2, 3 in 3" in str(note)
    assert str(note) in estimate.summary()
    alone = pe.CallawaySantAnna(sample=sample).fit(design_of(apart[apart["start"] != 3], **options))
    np.testing.assert_allclose(estimate.effect, alone.effect, rtol=0, atol=1e-9)  # two logits on other scales
    # A regression of the outcome can do without overlap.
    assert set(
        pe.CallawaySantAnna(method="regression", sample=sample)
        .fit(design_of(apart, **options))
        .labels["cohort"]
    ) == {2, 4}


def test_a_cell_with_too_few_units_for_its_covariates_is_left_out() -> None:
    table = simulated(n=200)
    never = table.loc[table["start"] == 0, "unit"].unique()
    few = table[~(table["unit"].isin(never[2:]) & (table["period"] == 7))]
    estimate = pe.CallawaySantAnna().fit(
        design_of(few.assign(z=np.sin(few["unit"])), covariates=["x", "z"], comparison="never_treated")
    )
    assert 6 not in set(estimate.labels["period"])
    (note,) = (note for note in estimate.notes if note.key == "note-cells-too-few")
    assert "3 in 7, 5 in 7" in str(note)


def test_rows_that_cells_lose_are_counted() -> None:
    table = simulated()
    units = {cohort: table.loc[table["start"] == cohort, "unit"].unique() for cohort in (0, 3)}
    gaps = table["unit"].isin([*units[0][:3], units[3][0]]) & (table["period"] == 7)
    design = design_of(table[~gaps], comparison="never_treated")
    estimate = pe.CallawaySantAnna().fit(design)
    lost = pd.Series(
        estimate.diagnostics["rows_lost"], index=list(zip(*estimate.labels.to_numpy().T[:2], strict=True))
    )
    assert lost[(2, 6)] == 4  # the other row of each of four units
    assert lost[(4, 6)] == 3
    assert lost.sum() == 7
    (note,) = estimate.notes
    rows = 2 * (len(units[0]) + len(units[3])) - 4
    assert f"The most, 4 of {rows} unit-periods, are lost by cohort 3 in 7" in str(note)
    assert str(note) in estimate.summary()
    everything = pe.CallawaySantAnna(sample="all_rows").fit(design)
    assert not any(everything.diagnostics["rows_lost"])
    assert not everything.notes


def test_both_samples_are_the_same_without_gaps_and_covariates() -> None:
    design = design_of(simulated(), weights="w", cluster="district")
    one, other = (pe.CallawaySantAnna(sample=sample).fit(design) for sample in ("pairwise", "all_rows"))  # type: ignore[arg-type]
    pd.testing.assert_frame_equal(one.tidy(), other.tidy(), check_exact=True)


def respondents(n: int = 4000, periods: int = 6, seed: int = 3) -> pd.DataFrame:
    """Repeated cross-sections of 40 districts; an effect of -2 and trends that x drives."""
    rng = np.random.default_rng(seed)
    district, period = rng.integers(0, 40, n), rng.integers(1, periods + 1, n)
    x = rng.normal(size=n) + 0.5 * (district % 4 == 1)
    start = np.array([0, 3, 0, 4])[district % 4]
    y = rng.normal(size=40)[district] + 0.3 * period * (1 + x) - 2.0 * ((start > 0) & (period >= start))
    return pd.DataFrame(
        {
            "unit": np.arange(n),
            "period": period,
            "start": start,
            "district": district,
            "x": x,
            "y": y + rng.normal(size=n),
        }
    )


@pytest.mark.parametrize("method", METHODS)
def test_repeated_cross_sections(method: Any) -> None:
    design = design_of(respondents(), covariates=["x"], cluster="district")
    estimate = pe.CallawaySantAnna(method=method, sample="all_rows").fit(design).overall()
    assert estimate.effect[0] == pytest.approx(-2, abs=4 * estimate.std_errors.iloc[0])
    assert estimate.std_errors.iloc[0] < 0.5  # and the data say something


@pytest.mark.parametrize("covariates", [[], ["x"]])
def test_repeated_cross_sections_have_no_changes_within_units(covariates: list[str]) -> None:
    with pytest.raises(pe.EstimationError, match="observed in one period only") as caught:
        pe.CallawaySantAnna().fit(design_of(respondents(), covariates=covariates))
    assert caught.value.hint is not None
    assert "sample='all_rows'" in caught.value.hint
    assert "average the respondents by area and period" in caught.value.hint


@pytest.mark.parametrize("covariates", [[], ["x"]])
def test_many_respondents_need_no_more_than_their_table(covariates: list[str]) -> None:
    """Each is seen in one of 20 periods: the grid is sparse, and nothing larger than it is made."""
    design = design_of(respondents(n=40_000, periods=20), covariates=covariates, cluster="district")
    tracemalloc.start()
    assert pe.CallawaySantAnna(sample="all_rows").fit(design).overall().std_errors.notna().all()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    # 8 MB of influence values in use at a time, whatever the number of respondents.
    assert peak < (1 + len(covariates)) * design.y.nbytes + 8e6


@pytest.mark.parametrize("periods", [(4, 5), (1, 2, 3, 4, 5, 6, 7)])
def test_totals_of_two_places_are_sent_elsewhere(periods: tuple[int, ...]) -> None:
    table = simulated()
    two = [table.loc[table["start"] == start, "unit"].iloc[0] for start in (0, 5)]
    with pytest.raises(pe.EstimationError, match="nothing to judge the spread of units by") as caught:
        pe.CallawaySantAnna().fit(design_of(table[table["unit"].isin(two) & table["period"].isin(periods)]))
    assert caught.value.hint is not None
    assert "weighted displacement difference" in caught.value.hint
    assert "relative incident rate ratio" in caught.value.hint


def test_nothing_to_estimate_is_an_error() -> None:
    table = simulated()
    early = table[(table["start"] != 5)].assign(start=lambda t: t["start"].replace({3: 2}))
    with pytest.raises(pe.EstimationError, match="no effect can be estimated"):
        pe.CallawaySantAnna().fit(design_of(early, anticipation=1))


@pytest.mark.parametrize("option", [{"method": "dr"}, {"base_period": "first"}, {"sample": "rows"}])
def test_unknown_options_are_refused(option: dict[str, Any]) -> None:
    with pytest.raises(pe.EstimationError, match="choose one of"):
        pe.CallawaySantAnna(**option)


@pytest.mark.parametrize("covariates", [[], ["x"]])
def test_a_million_rows_need_little_memory(covariates: list[str]) -> None:
    """100,000 units × 10 periods: no more than the input itself, covariance and averages included."""
    design = design_of(simulated(n=100_000, periods=10), covariates=covariates)
    _ = design.typical_size  # the design's own, made once
    tracemalloc.start()
    estimate = pe.CallawaySantAnna().fit(design)
    assert np.isfinite(estimate.by_event_time().std_errors).all()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < (1 + len(covariates)) * design.y.nbytes
    # 18 cells for 100,000 units would be 14 MB: what is kept is far less.
    kept = pickle.dumps(replace(estimate.uncertainty.source, data=None))  # type: ignore[attr-defined]
    assert len(kept) < 1e6
