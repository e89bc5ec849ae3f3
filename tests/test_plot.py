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
    faces = {to_hex(line.get_markerfacecolor()): line for line in ax.lines if line.get_marker() == "o"}
    units = universal.treated_units()
    few = set(units.index[units < 5])
    assert few  # the cohorts have four areas each: the first and the last effects rest on one of them
    hollow = faces["#ffffff"].get_xydata()
    assert set(hollow[:, 0]) == few | {-1}
    assert hollow[hollow[:, 0] == -1, 1].tolist() == [0.0]


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
    _, axes = plt.subplots(1, 3)
    assert plot.event_study(estimate, ax=axes[0]) is axes[0]
    assert plot.observed_expected(facts, axes[1]) is axes[1]
    assert plot.forest(facts, axes[2]) is axes[2]
    assert len(plt.get_fignums()) == 1


def test_a_wider_level_draws_longer_intervals(estimate: pe.EffectEstimate) -> None:
    def length(level: float) -> float:
        segments = plot.event_study(estimate, level=level).collections[-1].get_segments()
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
