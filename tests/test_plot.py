"""Charts in notebooks: the same data as on the pages, on the Axes that were given."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from matplotlib import pyplot as plt
from matplotlib import rcParams
from matplotlib.colors import to_hex

import preventeval as pe
from preventeval import plot
from preventeval.errors import OutputError
from preventeval.report import Facts


@pytest.fixture(scope="module")
def estimate() -> pe.EffectEstimate:
    return pe.CallawaySantAnna().fit(pe.example_design())


@pytest.fixture(scope="module")
def facts() -> Facts:
    also = [pe.TwoWayFixedEffects()]
    evaluation = pe.evaluate(pe.example_design(), also=also, checks=["start_date"])
    return evaluation.facts


@pytest.fixture(autouse=True)
def closed() -> Iterator[None]:
    before = dict(rcParams)
    yield
    plt.close("all")
    assert dict(rcParams) == before


def drawn_points(ax: Any) -> np.ndarray:
    points = [line.get_xydata() for line in ax.lines if line.get_marker() == "o"]
    whole = np.concatenate(points)
    return whole[whole[:, 0].argsort()]


def test_event_study_of_an_estimate(estimate: pe.EffectEstimate) -> None:
    ax = plot.event_study(estimate)
    path = estimate.by_event_time()
    shown = (path.as_percent() if path.scale.is_log else path).params.to_numpy()
    # Nothing is computed in between, so the numbers are the same to the last bit but one.
    np.testing.assert_allclose(drawn_points(ax)[:, 1], shown[np.isfinite(shown)], rtol=1e-15)
    assert ax.get_xlabel() == "Periods since the start of the programme"


def test_event_study_of_facts_is_that_of_the_estimate(estimate: pe.EffectEstimate, facts: Facts) -> None:
    # The facts hold the same estimate; computed twice, so equal up to the order of summation.
    of_facts, of_estimate = plot.event_study(facts), plot.event_study(estimate)
    np.testing.assert_allclose(drawn_points(of_facts), drawn_points(of_estimate), rtol=1e-10, atol=1e-10)


def test_the_reference_period_and_effects_of_few_areas_are_hollow() -> None:
    universal = pe.CallawaySantAnna(base_period="universal").fit(pe.example_design())
    ax = plot.event_study(universal)
    units = universal.treated_units()
    few = set(units.index[units < 5])
    assert few  # the cohorts have four areas each: the first and the last effects rest on one of them
    lines = [line for line in ax.lines if line.get_marker() == "o"]
    white = [line.get_xydata() for line in lines if to_hex(line.get_markerfacecolor()) == "#ffffff"]
    hollow = np.concatenate(white)
    assert set(hollow[:, 0]) == few | {-1}
    assert hollow[hollow[:, 0] == -1, 1].tolist() == [0.0]


def colours_at(ax: Any) -> dict[int, str]:
    """Colour of the point at each event time."""
    lines = [line for line in ax.lines if line.get_marker() == "o"]
    return {int(time): to_hex(line.get_color()) for line in lines for time in line.get_xdata()}


def test_effects_before_the_start_have_a_colour_of_their_own(estimate: pe.EffectEstimate) -> None:
    colours = colours_at(plot.event_study(estimate))
    before = {colour for time, colour in colours.items() if time < 0}
    after = {colour for time, colour in colours.items() if time >= 0}
    assert len(before) == len(after) == 1
    assert before != after


def test_the_band_is_the_simultaneous_one(estimate: pe.EffectEstimate) -> None:
    bars = plot.event_study(estimate).patches
    path = estimate.by_event_time().as_percent()
    band = path.conf_int(simultaneous=True).to_numpy()
    drawn = np.array([[bar.get_y(), bar.get_y() + bar.get_height()] for bar in bars])
    # A bar keeps its lower end and its height: their sum is exact to the last bits.
    np.testing.assert_allclose(drawn, band, rtol=1e-12, atol=1e-12)


def test_the_legend_names_what_is_drawn_and_no_more(estimate: pe.EffectEstimate) -> None:
    def named(source: pe.EffectEstimate, level: float = 0.95) -> list[str]:
        legend = plot.event_study(source, level=level).get_legend()
        assert legend is not None
        return [text.get_text() for text in legend.get_texts()]

    every = [
        "After the start",
        "Before the start, period to period",
        "Fewer than five areas, or set to zero",
    ]
    every += ["90 per cent confidence interval", "Simultaneous band"]
    assert named(estimate, 0.9) == every
    later = estimate.within(earliest=0, latest=3)
    assert named(later, 0.9) == [every[0], *every[3:]]


def test_every_cohort_has_a_panel_of_its_own_effects(estimate: pe.EffectEstimate) -> None:
    panels = plot.cohorts(estimate)
    table = estimate.as_percent().tidy()
    design = estimate.recipe.design
    assert len(panels) == len(design.cohorts) == 3
    for ax, (start, own) in zip(panels, table.groupby("cohort"), strict=True):
        assert ax.get_title(loc="left") == f"Start in {start} (4 areas)"
        points = drawn_points(ax)
        np.testing.assert_array_equal(points[:, 0], own["event_time"])
        np.testing.assert_allclose(points[:, 1], own["estimate"], rtol=1e-15)
    assert len({ax.get_ylim() for ax in panels}) == len({ax.get_xlim() for ax in panels}) == 1


def test_panels_that_no_cohort_fills_are_taken_away() -> None:
    frame = pe.simulate_programme(areas=12, treated=5, months=12)
    starts = {area: f"2019-{month:02}" for month, area in enumerate(frame["area"].unique()[:4], start=5)}
    panel = pe.Panel(
        frame.assign(start=frame["area"].map(starts)), unit="area", period="month", outcomes=["incidents"]
    )
    design = pe.StudyDesign(panel, outcome="incidents", treated_from="start")
    panels = plot.cohorts(pe.CallawaySantAnna().fit(design))
    assert len(panels) == len(panels[0].figure.axes) == 4
    assert panels[0].get_title(loc="left") == "Start in 2019-05 (one area)"


@pytest.mark.parametrize("by", ["event_time", "period"])
def test_the_running_total_ends_with_the_whole(estimate: pe.EffectEstimate, by: Any) -> None:
    ax = plot.cumulative_averted(estimate, by=by)
    (total,) = drawn_points(ax)[-1:, 1]
    # The same cells summed in another order.
    np.testing.assert_allclose(total, estimate.averted().params.iloc[0], rtol=1e-10)
    assert [text.get_text() for text in ax.texts] == [f"{total:,.0f}"]
    low, high = estimate.averted().conf_int().iloc[0]
    ends = ax.collections[0].get_paths()[0].vertices
    last = ends[ends[:, 0] == ends[:, 0].max(), 1]
    np.testing.assert_allclose([last.min(), last.max()], [low, high], rtol=1e-8)


def test_comparisons_behind_a_two_way_coefficient() -> None:
    design = pe.example_design(areas=24, treated=20)
    table = pe.sensitivity.goodman_bacon(design)
    ax = plot.goodman_bacon(table)
    drawn = np.concatenate([points.get_offsets() for points in ax.collections])
    assert sorted(map(tuple, drawn)) == sorted(zip(table["weight"], table["estimate"], strict=True))
    whole = pe.TwoWayFixedEffects().fit(design).effect[0]
    dashed = next(line for line in ax.lines if line.get_linestyle() == "--")
    np.testing.assert_allclose(dashed.get_ydata(), whole, rtol=1e-9)  # two routes to one number
    assert ax.get_ylabel() == "Effect in the comparison (log points)"
    legend = ax.get_legend()
    assert legend is not None
    shares = table.groupby("kind")["weight"].sum()
    assert {text.get_text() for text in legend.get_texts()} == {
        "all together: the coefficient",
        *(f"{kind} ({round(100 * share)})" for kind, share in shares.items()),
    }
    never = table[table["kind"] == "treated against never treated"]
    assert len(plot.goodman_bacon(never).collections) == 1


def test_observed_and_expected(facts: Facts) -> None:
    ax = plot.observed_expected(facts)
    series = facts.primary.series
    assert series is not None
    observed = next(line for line in ax.lines if line.get_label() == "Recorded")
    np.testing.assert_array_equal(observed.get_ydata(), np.array(series.observed, dtype=float))
    assert [text.get_text() for text in ax.texts] == [str(count) for count in series.starts_count]


def test_forest_of_facts_and_of_estimates(facts: Facts, estimate: pe.EffectEstimate) -> None:
    labels = [tick.get_text() for tick in plot.forest(facts).get_yticklabels()]
    assert labels[0] == "CallawaySantAnna"
    assert labels[-1] == "TwoWayFixedEffects"
    other = pe.TwoWayFixedEffects().fit(pe.example_design())
    labels = [tick.get_text() for tick in plot.forest([estimate, other]).get_yticklabels()]
    assert labels == ["CallawaySantAnna", "TwoWayFixedEffects"]


def test_they_draw_on_the_axes_they_are_given(facts: Facts, estimate: pe.EffectEstimate) -> None:
    _, axes = plt.subplots(1, 5)
    assert plot.event_study(estimate, ax=axes[0]) is axes[0]
    assert plot.observed_expected(facts, axes[1]) is axes[1]
    assert plot.forest(facts, axes[2]) is axes[2]
    table = pe.sensitivity.goodman_bacon(pe.example_design())
    assert plot.goodman_bacon(table, axes[3]) is axes[3]
    assert plot.cumulative_averted(estimate, axes[4]) is axes[4]
    assert len(plt.get_fignums()) == 1


def test_a_wider_level_draws_longer_intervals(estimate: pe.EffectEstimate) -> None:
    def length(level: float) -> float:
        drawn = plot.event_study(estimate, level=level).collections
        segments = [segment for lines in drawn for segment in lines.get_segments()]
        return float(sum(abs(end[1] - start[1]) for start, end in segments))

    assert length(0.99) > length(0.8)


def test_what_cannot_be_drawn_says_why(facts: Facts) -> None:
    bare = facts.primary.model_copy(update={"series": None, "others": [], "findings": []})
    bare = bare.model_copy(update={"primary": bare.primary.model_copy(update={"by_event_time": []})})
    with pytest.raises(OutputError, match="no effects by time since the start"):
        plot.event_study(bare)
    with pytest.raises(OutputError, match="no observed and expected values are kept for"):
        plot.observed_expected(bare)
    with pytest.raises(OutputError, match="not two estimates on one scale"):
        plot.forest(bare)
    with pytest.raises(OutputError, match="not by cohort and time since the start"):
        plot.cohorts(pe.TwoWayFixedEffects(event_study=True).fit(pe.example_design()))
